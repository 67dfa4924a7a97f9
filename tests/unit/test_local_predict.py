import io
import tarfile
from pathlib import Path

import pytest

from local.predict import PredictError, extract_model, predict

INFERENCE = """
import sys
from pathlib import Path

file, into, reason, form = sys.argv[1:]
header, *lines = Path(file).read_text("utf-8").splitlines()
if "x" not in header.split(","):
    Path(reason).write_text("The column x is missing.")
    sys.exit(1)
rows = [f"{header},prediction", *(f"{line},yes" for line in lines)]
Path(into).write_text("\\n".join(rows) + "\\n", "utf-8")
print("rows", len(lines))
print("done", len(lines), 1)
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return packed(tmp_path / "model.tar.gz", "code/inference.py", INFERENCE)


def packed(tarball: Path, name: str, text: str) -> Path:
    with tarfile.open(tarball, "w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(text.encode())
        archive.addfile(member, io.BytesIO(text.encode()))
    return tarball


def test_texts_of_the_file_come_back_as_they_were(tmp_path: Path, model: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text('x,name\n007,"Doe, Jane"\n1.50,\n')
    heard: list[int] = []
    done = predict(model, file, tmp_path / "out.csv", tell=heard.append)
    assert (done.rows, done.explained, heard) == (2, 1, [2])
    assert (tmp_path / "out.csv").read_text("utf-8") == (
        'x,name,prediction\n007,"Doe, Jane",yes\n1.50,,yes\n'
    )


def test_what_the_model_refuses_is_told_in_its_own_words(tmp_path: Path, model: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("y,z\n1,2\n")
    with pytest.raises(PredictError, match=r"^The column x is missing\.$"):
        predict(model, file, tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_what_was_there_stays_when_the_model_breaks(tmp_path: Path) -> None:
    broken = packed(tmp_path / "m.tar.gz", "code/inference.py", "1 / 0\n")
    (tmp_path / "rows.csv").write_text("x\n1\n")
    (tmp_path / "out.csv").write_text("precious")
    with pytest.raises(PredictError, match="own code failed"):
        predict(broken, tmp_path / "rows.csv", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.tar.gz", "out.csv", "rows.csv"]


@pytest.mark.parametrize(("file", "out"), [("nothing.csv", "out.csv"), ("rows.csv", "no/out.csv")])
def test_a_file_or_folder_that_is_not_there_is_named(
    tmp_path: Path, model: Path, file: str, out: str
) -> None:
    (tmp_path / "rows.csv").write_text("x\n1\n")
    with pytest.raises(PredictError, match="there is no"):
        predict(model, tmp_path / file, tmp_path / out)


def test_archive_that_reaches_outside_is_refused(tmp_path: Path) -> None:
    archive = packed(tmp_path / "evil.tar.gz", "../outside.txt", "x")
    with pytest.raises(PredictError, match=r"is not a model\.tar\.gz"):
        extract_model(archive, tmp_path / "folder")
    assert not (tmp_path / "outside.txt").exists()


def test_code_that_predicts_nothing_is_named(tmp_path: Path) -> None:
    old = packed(tmp_path / "m.tar.gz", "code/inference.py", "def model_fn(folder): ...\n")
    (tmp_path / "rows.csv").write_text("x\n1\n")
    with pytest.raises(PredictError, match="made before models could read files"):
        predict(old, tmp_path / "rows.csv", tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()
