"""The files of a job appear among the results whole, on whatever disk those are."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from contract.layout import INDEX, PROGRESS, is_mark
from job_spec import Folders
from progress import Progress
from results import Results


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    made = Folders({}, tmp_path / "model", tmp_path / "output", tmp_path / "output/data")
    made.make()
    return made


@pytest.fixture
def seen(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """What SageMaker could copy at the moments at which a file comes over from another disk."""
    moments: list[set[str]] = []

    def look() -> None:
        names = {path.name for path in folders.results.iterdir()}
        moments.append({name for name in names if not is_mark(name)})

    def rename(source: Any, target: Any) -> None:
        raise OSError(18, "Invalid cross-device link")

    def copy(source: Any, target: Any) -> Any:
        Path(target).write_bytes(b"half")
        look()
        copied = shutil.copyfile(source, target)
        look()
        return copied

    real = shutil.move
    monkeypatch.setattr(os, "rename", rename)
    monkeypatch.setattr(shutil, "move", lambda source, target: real(source, target, copy))
    return moments


def test_half_a_file_is_never_among_the_results(folders: Folders, seen: list[set[str]]) -> None:
    results = Results(folders, "titanic")
    results.write("titanic_leaderboard.csv", "a,b\n")
    results.write("report.html", "<p>")
    results.close()
    # Each came when the ones before it were there, and not itself.
    first, second = "titanic_leaderboard.csv", "report.html"
    assert seen == [set(), set(), {first}, {first}, {first, second}, {first, second}]
    assert {path.name for path in folders.results.iterdir()} == {first, second, INDEX}
    assert results.path(first).read_text() == "a,b\n"


def test_progress_is_replaced_in_one_step(folders: Folders, seen: list[set[str]]) -> None:
    progress = Progress(folders)
    progress.enter("fitting")
    progress.enter("done")
    assert seen[0] == set()
    assert [path.name for path in folders.results.iterdir()] == [PROGRESS]
