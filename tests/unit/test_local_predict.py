import io
import tarfile
from pathlib import Path

import pytest

from local.predict import PredictError, extract_model, parse_csv, predict

INFERENCE = """
def model_fn(model_dir):
    return model_dir

def transform_fn(model, body, content_type, accept):
    header, *lines = body.splitlines()
    if "x" not in header.split(","):
        raise ValueError("The column x is missing.")
    return "prediction\\n" + "yes\\n" * len(lines), accept
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


@pytest.mark.parametrize(
    ("content", "cell"),
    [
        ("x,y\n1,é\n".encode(), "é"),
        ("\ufeffx;y\n1;é\n".encode(), "é"),
        ("x\ty\n1\té\n".encode("utf-16"), "é"),
        ("x,y\n1,서울특별시 마포구 합정동\n".encode("cp949"), "서울특별시 마포구 합정동"),
        (b'x,y\n1,"a,\nb;c"\n', "a,\nb;c"),
    ],
)
def test_csv_is_read_in_any_usual_encoding_and_delimiter(content: bytes, cell: str) -> None:
    table = parse_csv(content, "rows.csv")
    assert (table.columns, table.rows) == (["x", "y"], [["1", cell]])


def test_texts_of_the_file_come_back_as_they_were(tmp_path: Path, model: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text('x,name\n007,"Doe, Jane"\n1.50,\n')
    assert predict(model, file, tmp_path / "out.csv") == 2
    assert (tmp_path / "out.csv").read_text("utf-8-sig") == (
        'x,name,prediction\n007,"Doe, Jane",yes\n1.50,,yes\n'
    )


def test_what_the_model_refuses_is_told_in_its_own_words(tmp_path: Path, model: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("y,z\n1,2\n")
    with pytest.raises(PredictError, match=r"^The column x is missing\.$"):
        predict(model, file, tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_row_of_another_length_is_refused_with_its_number() -> None:
    with pytest.raises(PredictError, match=r"rows\.csv, row 3: 3 fields where the header has 2\."):
        parse_csv(b"x,y\n1,2\n1,2,3\n", "rows.csv")


def test_archive_that_reaches_outside_is_refused(tmp_path: Path) -> None:
    archive = packed(tmp_path / "evil.tar.gz", "../outside.txt", "x")
    with pytest.raises(PredictError, match=r"is not a model\.tar\.gz"):
        extract_model(archive, tmp_path / "folder")
    assert not (tmp_path / "outside.txt").exists()
