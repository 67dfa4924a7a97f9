"""What is known of the machine before a command begins."""

import errno
import resource
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from codefree.room import FILES, MEGABYTE, NoRoomError, in_a_sentence, require_disk, require_files
from codefree.serve import tell_full_disk
from codefree.words import LANGUAGES, Words
from contract.memory import memory_left_mb


def test_the_memory_of_the_machine_or_the_container_is_found(tmp_path: Path) -> None:
    meminfo, cgroup = tmp_path / "meminfo", tmp_path / "max"
    meminfo.write_text("MemTotal: 8000000 kB\nMemAvailable: 2048000 kB\nSwapFree: 1024 kB\n")
    assert memory_left_mb(meminfo, cgroup) == 2001
    cgroup.write_text("max\n")
    assert memory_left_mb(meminfo, cgroup) == 2001
    cgroup.write_text(f"{512 * 1024 * 1024}\n")
    assert memory_left_mb(meminfo, cgroup) == 512
    meminfo.write_text("nothing\n")
    assert memory_left_mb(meminfo, cgroup) is None


@pytest.mark.parametrize(
    ("soft", "hard", "raised_to"),
    [(30, 10 * FILES, FILES), (FILES, FILES, None), (10 * FILES, 10 * FILES, None)],
)
def test_a_low_limit_of_open_files_is_raised_where_it_may_be(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, raised_to: int | None
) -> None:
    limits = [(soft, hard)]
    monkeypatch.setattr(resource, "getrlimit", lambda what: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda what, now: limits.append(now))
    require_files()
    assert limits[1:] == ([(raised_to, hard)] if raised_to else [])


def test_files_that_would_not_fit_are_refused_before_they_are_copied(tmp_path: Path) -> None:
    huge = tmp_path / "huge.csv"
    with huge.open("wb") as file:
        # It takes no space itself.
        file.truncate(1 << 42)
    with pytest.raises(NoRoomError, match=r"about 12,583,012 MB are needed"):
        require_disk(tmp_path / "out", (huge,))
    require_disk(tmp_path / "out")


def test_a_disk_that_fills_up_meanwhile_is_said_once_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, known = list[str](), None
    for free in (5 * MEGABYTE, 0, 0, MEGABYTE - 1, 2 * MEGABYTE, 0):
        usage = namedtuple("usage", ["free"])(free)
        monkeypatch.setattr(shutil, "disk_usage", lambda folder, usage=usage: usage)
        known = tell_full_disk(known, lambda what: said.append(what.code), tmp_path)
        assert known == (tmp_path if free < MEGABYTE else None)
    assert said == ["local.disk_full"] * 2


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("can't start new thread"),
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.ENOSPC, "No space left on device", "results/a.csv"),
        PermissionError(errno.EACCES, "Permission denied", "results/a.csv"),
    ],
)
def test_what_gives_out_is_said_in_words(error: Exception, language: str) -> None:
    said = in_a_sentence(error)
    assert said is not None
    assert len(Words(language).render(said)) > 10


def test_other_errors_keep_their_traceback() -> None:
    assert in_a_sentence(RuntimeError("a mistake of ours")) is None
    assert in_a_sentence(FileNotFoundError(errno.ENOENT, "No such file", "x")) is None
