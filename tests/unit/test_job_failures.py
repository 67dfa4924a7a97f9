"""How a training job says why it could not go on."""

import errno
from pathlib import Path

import pytest

from failure import LONGEST, TrainingError, in_words, no_model
from job import run_job
from job_spec import Folders

MEMORY = "OutOfMemory: the machine ran out of memory."


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("std::bad_alloc"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        ValueError("Unable to allocate 12.0 GiB for an array with shape (9, 9)"),
        caused(TrainingError("AutoGluon could not train."), MemoryError()),
    ],
)
def test_every_way_to_run_out_of_memory_is_told_as_that(error: Exception) -> None:
    assert in_words(error) == MEMORY


def test_a_sentence_for_the_uploader_stays_as_it_is() -> None:
    sentence = "The column 'Cannot allocate memory' has one value."
    assert in_words(TrainingError(sentence)) == sentence


def test_a_full_disk_is_told() -> None:
    assert in_words(OSError(errno.ENOSPC, "No space left on device")).startswith("The machine's d")


def test_an_unforeseen_error_is_one_line_and_no_traceback() -> None:
    error = KeyError("\n\nx" + "y" * 5000 + '\nTraceback:\n  File "a.py"')
    told = in_words(ValueError("\n  first line\nTraceback:\n  more"))
    assert told == "Something unforeseen broke: ValueError: first line"
    assert len(in_words(error)) < LONGEST + 50
    assert in_words(ValueError()) == "Something unforeseen broke: ValueError"


def test_a_fit_without_a_model_tells_why() -> None:
    assert "within 0.5 training minutes. Set more training_minutes" in no_model("y", 0.5, [])
    assert "within 10 training minutes" in no_model("y", 10, ["TimeLimitExceeded", "ValueError"])
    assert "no column is left" in no_model("y", 10, ["NoValidFeatures"])
    assert "(CatBoostError, ValueError)" in no_model("y", 10, ["ValueError", "CatBoostError"])


def test_the_failure_file_holds_any_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CHANNEL_TRAIN", "CHANNEL_JOB", "MODEL_DIR", "OUTPUT_DIR", "OUTPUT_DATA_DIR"):
        monkeypatch.setenv(f"SM_{name}", str(tmp_path / "output"))

    def train(_: Folders) -> None:
        raise TrainingError("The column '\ud800' " + "x" * 2000)

    assert run_job(train) == 1
    told = (tmp_path / "output/failure").read_text("utf-8")
    assert told.startswith("The column '?' xxx") and len(told) == 1000
