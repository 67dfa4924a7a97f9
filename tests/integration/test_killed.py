"""`kill -9`, and what the system does when memory runs out, at any moment of a command."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from codefree.words import Words
from tests.conftest import PATIENCE_SECONDS, eventually
from tests.console import ROOT, start

PROC = Path("/proc")
pytestmark = pytest.mark.skipif(not PROC.exists(), reason="looks into Linux's /proc")
ROWS = "x,y,label\n" + "".join(f"{n},{n % 7},{n % 2}\n" for n in range(40))
# A command is up after some seconds, on a busy machine later.
MOMENTS = [random.Random(seed).uniform(0, 8) for seed in range(3)]


def about(folder: Path) -> set[str]:
    """Commands of all processes that know the folder: as theirs, or by a variable."""
    found = set()
    for process in PROC.glob("[0-9]*"):
        try:
            where = str((process / "cwd").readlink())
            known = (process / "environ").read_text("utf-8", "replace")
            command = (process / "cmdline").read_text("utf-8", "replace")
        except OSError:
            continue
        if str(folder) in f"{where} {known} {command}":
            found.add(command.replace("\0", " "))
    return found


def require_nothing_left(folder: Path) -> None:
    eventually(lambda: not about(folder), progress=lambda: about(folder))
    assert list((folder / "tmp").iterdir()) == []


def arguments(command: str, folder: Path) -> list[str]:
    if command == "up":
        return ["up", "--port", "0", "--api-port", "0"]
    (folder / "toys_train.csv").write_text(ROWS)
    return ["run", "toys_train.csv", "--name", "sleeps"]


@pytest.mark.parametrize("command", ["run", "up"])
@pytest.mark.parametrize("moment", MOMENTS, ids="{:.1f} s".format)
def test_a_killed_command_leaves_nothing(tmp_path: Path, command: str, moment: float) -> None:
    process = start(tmp_path, *arguments(command, tmp_path))
    time.sleep(moment)
    process.kill()
    process.communicate(timeout=PATIENCE_SECONDS)
    require_nothing_left(tmp_path)


def test_a_killed_notebook_ends_its_training(tmp_path: Path) -> None:
    (tmp_path / "toys_train.csv").write_text(ROWS)
    (tmp_path / "tmp").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", "import codefree; codefree.train('toys_train.csv', minutes=5)"],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "TMPDIR": str(tmp_path / "tmp"),
            "PYTHONUNBUFFERED": "1",
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for said in process.stdout:
        if said.startswith(Words()("cli.job_starts")):
            break
    eventually(lambda: any("train.py" in one for one in about(tmp_path)))
    process.kill()
    process.communicate(timeout=PATIENCE_SECONDS)
    require_nothing_left(tmp_path)


@pytest.mark.parametrize(
    ("command", "line"),
    [("run", Words()("stage.fitting")), ("up", "endpoint codefree-automl-en-de is in service")],
)
def test_a_command_that_is_killed_at_work_leaves_nothing(
    tmp_path: Path, command: str, line: str
) -> None:
    process = start(tmp_path, *arguments(command, tmp_path))
    assert process.stderr is not None
    for said in process.stderr:
        if said.startswith(line):
            break
    assert any("model_server.py" in one or "train.py" in one for one in about(tmp_path))
    process.kill()
    process.communicate(timeout=PATIENCE_SECONDS)
    require_nothing_left(tmp_path)
