"""How a training job says why it could not go on."""

import errno
import json
from pathlib import Path

import pytest

from contract.layout import FAILURE_MESSAGE
from contract.messages import message, message_from_json, render
from failure import LONGEST, TrainingError, in_words, no_model, reason_of
from job import run_job
from job_spec import Folders

SAID = message("target.one_class", column="\ud800", value="x" * 2000)


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
        caused(TrainingError(message("job.no_model_columns", target="y")), MemoryError()),
    ],
)
def test_every_way_to_run_out_of_memory_is_told_as_that(error: Exception) -> None:
    assert reason_of(error) == message("job.out_of_memory")


def test_a_sentence_for_the_uploader_stays_as_it_is() -> None:
    said = message("target.no_value", column="Cannot allocate memory")
    assert reason_of(TrainingError(said)) == said


def test_a_full_disk_is_told() -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    assert reason_of(full) == message("job.disk_full")


def test_an_unforeseen_error_is_one_line_and_no_traceback() -> None:
    error = KeyError("\n\nx" + "y" * 5000 + '\nTraceback:\n  File "a.py"')
    found = reason_of(ValueError("\n  first line\nTraceback:\n  more"))
    assert found == message("job.unexpected", error="ValueError: first line")
    assert len(in_words(reason_of(error), "en")) < LONGEST + 50
    assert reason_of(ValueError()) == message("job.unexpected", error="ValueError")


def test_a_fit_without_a_model_tells_why() -> None:
    in_time = message("job.no_model_time", target="y", minutes="0.5")
    assert no_model("y", 0.5, []) == in_time
    assert no_model("y", 0.5, ["TimeLimitExceeded", "ValueError"]) == in_time
    assert no_model("y", 10, ["NoValidFeatures"]) == message("job.no_model_columns", target="y")
    errors = ("CatBoostError", "ValueError")
    failed = message("job.no_model_failed", target="y", errors=errors)
    assert no_model("y", 10, ["ValueError", "CatBoostError"]) == failed


def test_the_failure_file_holds_any_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CHANNEL_TRAIN", "CHANNEL_JOB", "MODEL_DIR", "OUTPUT_DIR", "OUTPUT_DATA_DIR"):
        monkeypatch.setenv(f"SM_{name}", str(tmp_path / "output"))

    (tmp_path / "output").mkdir()
    given = {"dataset": "d", "job": "d-0", "target": "y", "target_rule": "", "train": {"key": "k"}}
    language = {"report_language": "ko", "training_minutes": 1}
    (tmp_path / "output/job.json").write_text(json.dumps(given | language))

    def train(_: Folders) -> None:
        raise TrainingError(SAID)

    assert run_job(train) == 1
    assert (tmp_path / "output/failure").read_text("utf-8") == render(SAID, "ko")
    written = json.loads((tmp_path / "checkpoints" / FAILURE_MESSAGE).read_text("utf-8"))
    assert message_from_json(written) == SAID
