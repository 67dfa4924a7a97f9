"""Child processes and folders of a process that is killed, and of one whose guardian dies, too."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from codefree import processes
from codefree.folders import sweep, temporary_folder
from tests.conftest import PATIENCE_SECONDS, alive, eventually

ROOT = Path(__file__).parents[2]
# Prints its folder, its child, the child's child and its guardian, and waits.
PARENT = """
import subprocess, sys
from codefree import processes
from codefree.folders import temporary_folder
CHILD = (
    "import subprocess, sys; "
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(1000)']); "
    "print(child.pid, flush=True); child.wait()"
)
with temporary_folder() as folder:
    (folder / "rows.csv").write_text("private")
    child = processes.start([sys.executable, "-c", CHILD], stdout=subprocess.PIPE, text=True)
    print(folder, child.pid, child.stdout.readline().strip(), processes._own[-1]._process.pid)
    sys.stdout.flush()
    sys.stdin.read()
    processes.end_group(child)
"""


@contextmanager
def parent(temporary: Path) -> Iterator[tuple["subprocess.Popen[str]", Path, list[int]]]:
    """The process, its folder, and the processes behind it; the last is the guardian."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        folder, *numbers = process.stdout.readline().split()
        yield process, Path(folder), [int(number) for number in numbers]
        process.kill()


def test_a_killed_process_takes_its_children_and_folders_along(tmp_path: Path) -> None:
    with parent(tmp_path) as (process, folder, others):
        assert (folder / "rows.csv").exists()
        assert all(map(alive, others))
        process.kill()
        eventually(lambda: not any(map(alive, others)))
    assert list(tmp_path.iterdir()) == []


def test_an_ended_process_leaves_no_guardian(tmp_path: Path) -> None:
    with parent(tmp_path) as (process, _, others):
        process.communicate()
        assert process.returncode == 0
        assert not any(map(alive, others))
    assert list(tmp_path.iterdir()) == []


def test_what_nothing_could_remove_the_next_one_removes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    other = tmp_path / "codefree-of another user"
    other.mkdir()
    with parent(tmp_path) as (process, folder, others), parent(tmp_path) as (_, kept, _):
        os.kill(others[-1], signal.SIGKILL)
        process.kill()
        process.wait()
        assert (folder / "rows.csv").exists()
        with temporary_folder() as own:
            assert {*tmp_path.iterdir()} == {own, kept, other}
            sweep()
            assert own.exists()
        os.killpg(others[0], signal.SIGKILL)


HALF_WRITTEN = """
import sys
from pathlib import Path
from codefree import processes
with processes.removed_when_killed(Path("out.csv.new")):
    Path("out.csv.new").write_text("private")
    print("written", flush=True)
    sys.stdin.read()
"""


def test_a_half_written_file_is_removed_when_its_process_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HALF_WRITTEN],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == b"written\n"
        assert [path.name for path in tmp_path.iterdir()] == ["out.csv.new"]
        process.kill()
        eventually(lambda: not any(tmp_path.iterdir()))


def test_a_child_starts_also_when_the_guardian_has_been_killed() -> None:
    with processes.started([sys.executable, "-c", ""]) as child:
        assert child.wait() == 0
    before = processes._own[-1]
    os.kill(before._process.pid, signal.SIGKILL)
    before._process.wait()
    with processes.started([sys.executable, "-c", "raise SystemExit(3)"]) as child:
        assert child.wait() == 3
    assert processes._own[-1] is not before


FORKING = """
import os, sys
from codefree import processes
with processes.started([sys.executable, "-c", ""]):
    pass
if not os.fork():
    # As a pool's worker that outlives its parent, with all of its files.
    sys.stdin.read()
    os._exit(0)
"""


def test_a_fork_does_not_keep_a_process_from_its_end() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", FORKING],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
    ) as process:
        assert process.wait(PATIENCE_SECONDS) == 0
