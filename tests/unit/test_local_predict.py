import hashlib
import json
import os
import signal
from pathlib import Path

import pytest

from codefree.predict import (
    LANGUAGE,
    PredictError,
    extract_model,
    predict,
    read_passport,
    whose_code,
)
from codefree.words import ENGLISH, Message, Words, message
from tests.archives import packed
from tests.conftest import alive, eventually

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
    return packed(tmp_path / "model.tar.gz", **{"code/inference.py": INFERENCE})


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
    broken = packed(tmp_path / "m.tar.gz", **{"code/inference.py": "1 / 0\n"})
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
    archive = packed(tmp_path / "evil.tar.gz", **{"../outside.txt": "x"})
    with pytest.raises(PredictError, match=r"is not a model\.tar\.gz"):
        extract_model(archive, tmp_path / "folder")
    assert not (tmp_path / "outside.txt").exists()


def test_code_that_predicts_nothing_is_named(tmp_path: Path) -> None:
    old = packed(tmp_path / "m.tar.gz", **{"code/inference.py": "def model_fn(folder): ...\n"})
    (tmp_path / "rows.csv").write_text("x\n1\n")
    with pytest.raises(PredictError, match="made before models could read files"):
        predict(old, tmp_path / "rows.csv", tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    "statement",
    [
        "print('rows x')",
        "print('rows', 10 ** 4000)",
        "print('done x y')",
        "print('done -5 -7')",
        "print('done \u0661 \u0662')",
        "print('note ' + '[' * 200_000)",
        "sys.stdout.buffer.write(bytes([255, 254, 10]))",
        "os.mkdir(sys.argv[3])",
        "open(sys.argv[3], 'wb').write(bytes([255, 254]))",
        "os.remove(sys.argv[2]); print('done 1 1')",
        "os.remove(sys.argv[2]); os.mkdir(sys.argv[2]); print('done 1 1')",
        "os.remove(sys.argv[2]); os.symlink(__file__, sys.argv[2]); print('done 1 1')",
    ],
)
def test_whatever_the_code_says_it_is_no_prediction_in_words(
    tmp_path: Path, statement: str
) -> None:
    odd = packed(tmp_path / "m.tar.gz", **{"code/inference.py": f"import os, sys\n{statement}\n"})
    (tmp_path / "rows.csv").write_text("x\n1\n")
    with pytest.raises(PredictError):
        predict(odd, tmp_path / "rows.csv", tmp_path / "out.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.tar.gz", "rows.csv"]


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_code_that_never_stops_to_speak_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stream: str
) -> None:
    monkeypatch.setattr("codefree.predict.MOST_SAID_BYTES", 10_000)
    code = f"import sys\nwhile True:\n    print('rows', 1, file=sys.{stream})\n"
    endless = packed(tmp_path / "m.tar.gz", **{"code/inference.py": code})
    (tmp_path / "rows.csv").write_text("x\n1\n")
    with pytest.raises(PredictError) as caught:
        predict(endless, tmp_path / "rows.csv", tmp_path / "out.csv")
    assert caught.value.message.code == "job.model_code_failed"


TELL_ENVIRONMENT = """
import os, sys
from pathlib import Path

Path(sys.argv[2]).write_text("\\n".join(["name", *sorted(os.environ)]) + "\\n")
print("done", len(os.environ), 0)
"""


def test_the_models_code_sees_nothing_of_the_users_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "precious")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    curious = packed(tmp_path / "m.tar.gz", **{"code/inference.py": TELL_ENVIRONMENT})
    (tmp_path / "rows.csv").write_text("x\n1\n")
    predict(curious, tmp_path / "rows.csv", tmp_path / "out.csv")
    seen = {*(tmp_path / "out.csv").read_text().split()} - {"name", "LC_CTYPE"}
    assert seen == {"HOME", "LANG", "PATH", "TMPDIR", LANGUAGE}


LEAVES_A_PROCESS = """
import subprocess, sys
from pathlib import Path

file, into, reason, form = sys.argv[1:]
sleep = [sys.executable, "-c", "import time; time.sleep(10_000)"]
left = subprocess.Popen(sleep, start_new_session={new_session})
Path(into).write_text("process\\n%d\\n" % left.pid)
print("rows", 1)
print("done", 1, 0, end="")
"""


@pytest.mark.parametrize("new_session", [False, True])
def test_a_process_that_the_models_code_leaves_behind_is_not_waited_for(
    tmp_path: Path, new_session: bool
) -> None:
    code = LEAVES_A_PROCESS.format(new_session=new_session)
    leaving = packed(tmp_path / "m.tar.gz", **{"code/inference.py": code})
    (tmp_path / "rows.csv").write_text("x\n1\n")
    heard: list[int] = []
    done = predict(leaving, tmp_path / "rows.csv", tmp_path / "out.csv", tell=heard.append)
    left = int((tmp_path / "out.csv").read_text().split()[1])
    assert (done.rows, heard) == (1, [1])
    if new_session:
        # One that has left the group is beyond us, but does not hold the command up.
        os.kill(left, signal.SIGKILL)
    else:
        eventually(lambda: not alive(left))


def test_it_is_said_whose_code_runs_before_it_runs(tmp_path: Path, model: Path) -> None:
    file, said = tmp_path / "rows.csv", list[tuple[Message, str]]()
    file.write_text("x\n1\n")
    predict(model, file, tmp_path / "out.csv", name_code=lambda *heard: said.append(heard))
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    origin = message("passport.none")
    sentence = message("cli.whose_code", model=str(model), digest=digest, origin=origin)
    assert said == [(sentence, ENGLISH)]


@pytest.mark.parametrize("passport", ["[]", "nonsense", "[" * 200_000, "\ud800"])
def test_a_passport_that_is_none_says_nothing(tmp_path: Path, passport: str) -> None:
    (tmp_path / "passport.json").write_text(passport, "utf-8", "surrogatepass")
    assert read_passport(tmp_path) == {}


@pytest.mark.parametrize(
    ("passport", "words"),
    [
        ('{"job": "toys-1", "dataset": "toys", "target": "y"}', "job toys-1, dataset toys, target"),
        ('{"job": "\\u001b[2Jx\\ny", "dataset": null}', "its passport says job [2Jx y."),
        ('{"job": "' + "x" * 500 + '"}', "x" * 59 + "…."),
        ("{}", "it has no passport."),
    ],
)
def test_a_passport_is_quoted_in_one_short_line(model: Path, passport: str, words: str) -> None:
    said = Words().render(whose_code(model, json.loads(passport)))
    assert words in said
    assert said.isprintable()


@pytest.mark.parametrize(
    ("passport", "asked", "spoken"),
    [
        ('{"report_language": "ko"}', None, "ko"),
        ('{"report_language": "ko"}', "zh-TW", "zh-TW"),
        *((wrong, None, ENGLISH) for wrong in ('{"report_language": 7}', "[]", "nonsense", "{}")),
    ],
)
def test_the_models_code_speaks_the_language_of_its_report_unless_another_is_asked_for(
    tmp_path: Path, passport: str, asked: str | None, spoken: str
) -> None:
    """What it refuses, and how it fails, comes as an error in that language."""
    model = packed(
        tmp_path / "m.tar.gz", **{"code/inference.py": "1 / 0\n", "passport.json": passport}
    )
    (tmp_path / "rows.csv").write_text("x\n1\n")
    with pytest.raises(PredictError) as caught:
        predict(model, tmp_path / "rows.csv", tmp_path / "out.csv", language=asked)
    assert caught.value.message.code == "job.model_code_failed"
    assert str(caught.value) == Words(spoken).render(caught.value.message)


@pytest.mark.parametrize("out", ["rows.csv", "model.tar.gz"])
def test_what_it_reads_is_not_overwritten(tmp_path: Path, model: Path, out: str) -> None:
    (tmp_path / "rows.csv").write_text("x\n1\n")
    before = (tmp_path / out).read_bytes()
    with pytest.raises(PredictError) as caught:
        predict(model, tmp_path / "rows.csv", tmp_path / out)
    assert caught.value.message.code == "cli.would_overwrite"
    assert (tmp_path / out).read_bytes() == before


def test_a_place_that_cannot_be_written_to_is_named_before_the_code_runs(
    tmp_path: Path, model: Path
) -> None:
    (tmp_path / "rows.csv").write_text("x\n1\n")
    said: list[object] = []

    def hear(*heard: object) -> None:
        said.append(heard)

    with pytest.raises(PredictError, match="it is a folder"):
        predict(model, tmp_path / "rows.csv", tmp_path, name_code=hear)
    with pytest.raises(PredictError, match=r"Cannot write /proc/out\.csv: "):
        predict(model, tmp_path / "rows.csv", Path("/proc/out.csv"), name_code=hear)
    assert said == []
