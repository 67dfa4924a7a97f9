"""A job whose machine was taken away: how long it may train when it is started again."""

import itertools
import json
import threading
from pathlib import Path

import pytest

import progress as progress_module
from job_spec import Folders
from pipeline import budget
from pipeline.budget import cost_usd, plan_budget
from pipeline.results import ended
from pipeline.settings import Settings
from progress import Progress
from restart import FIT_OVERRUN, EarlierRuns, earlier_runs
from tests.conftest import eventually
from tests.ended_jobs import SPEC, job
from tests.messages import codes, said

MINUTES = 600.0


def progress_in(root: Path) -> Progress:
    folders = Folders({}, root, root / "output", root)
    folders.results.mkdir(exist_ok=True)
    folders.unfinished.mkdir(parents=True, exist_ok=True)
    return Progress(folders)


def test_the_first_run_has_all_its_minutes_and_nothing_to_tell(tmp_path: Path) -> None:
    first = earlier_runs(tmp_path)
    assert first == EarlierRuns(0, 0.0)
    assert (first.leave(MINUTES), first.leave(1)) == (MINUTES, 1)
    assert first.notes(MINUTES) == []


def test_each_run_adds_to_what_the_ones_before_have_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In a job the first run is over when the second begins.
    monkeypatch.setattr(progress_module, "BEAT_SECONDS", threading.TIMEOUT_MAX)
    results = tmp_path / "checkpoints"
    for runs, (ran, together) in enumerate([(100.0, 100.0), (40.0, 140.0)], start=1):
        progress_in(tmp_path).enter("fitting")
        progress = json.loads((results / "progress.json").read_text())
        (results / "progress.json").write_text(json.dumps({**progress, "seconds": ran}))
        assert earlier_runs(results) == EarlierRuns(runs, together)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"seconds": "x"}', '{"seconds": null}']
)
def test_a_progress_file_that_cannot_be_read_is_no_earlier_run(
    tmp_path: Path, content: str
) -> None:
    (tmp_path / "progress.json").write_text(content)
    assert earlier_runs(tmp_path) == EarlierRuns()


def test_a_run_that_is_cut_off_has_told_how_long_it_ran(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress_module, "BEAT_SECONDS", 0.05)
    running = progress_in(tmp_path)
    running.enter("fitting")
    results = tmp_path / "checkpoints"
    assert eventually(lambda: earlier_runs(results).seconds > 0.1)
    running.enter("done")
    assert [path.name for path in results.iterdir()] == ["progress.json"]


@pytest.mark.parametrize(
    ("used", "left"),
    [(180, 420), (400, 200), (590, 200), (600, 200), (750, 100), (900, 5), (5000, 5)],
)
def test_what_is_left_is_never_less_than_ends_with_a_model(used: float, left: float) -> None:
    assert EarlierRuns(1, used).leave(MINUTES) == pytest.approx(left)


def test_what_was_lost_and_what_was_left_are_told() -> None:
    (note,) = EarlierRuns(1, 180).notes(MINUTES)
    assert note.values == {"used": "3.0", "left": "7.0", "all": "10.0"}


def test_the_job_and_the_stack_reckon_with_the_same_overrun() -> None:
    assert FIT_OVERRUN == budget.FIT_OVERRUN


@pytest.mark.parametrize(
    ("minutes", "cuts"),
    [*itertools.product((0.5, 1, 10, 60), itertools.product((0.1, 0.4, 0.9), repeat=2))],
)
def test_a_job_that_is_interrupted_ends_by_itself_within_its_runtime_and_its_worst_case(
    minutes: float, cuts: tuple[float, ...]
) -> None:
    """Each run is cut off at a share of its fit; the last one overruns as much as it may."""
    settings = Settings(training_minutes=minutes)
    planned = plan_budget(settings, 10**6, "us-east-1")
    ran = 0.0
    for interruption, share in enumerate(cuts):
        ran += EarlierRuns(interruption, ran).leave(minutes * 60) * share
    last = EarlierRuns(len(cuts), ran).leave(minutes * 60)
    outside = budget.MINUTES_OUTSIDE_FIT * 60
    assert ran + last * FIT_OVERRUN + outside <= planned.max_runtime_seconds
    bill = cost_usd(planned.instance.usd_per_hour, planned.max_runtime_seconds, planned.volume_gb)
    assert bill <= planned.worst_case_usd <= settings.max_cost_usd


def test_a_job_that_did_not_end_by_itself_tells_that_it_was_interrupted() -> None:
    described = job("Stopped", "MaxRuntimeExceeded")
    assert "detail.spot_interrupted" not in codes(ended(described, SPEC, None, []))
    for often in (1, 3):
        phases = [{"Status": "Training"}, {"Status": "Interrupted"}] * often
        interrupted = type(described).from_description(
            {
                "TrainingJobName": SPEC.job,
                "TrainingJobStatus": "Stopped",
                "SecondaryStatus": "MaxRuntimeExceeded",
                "SecondaryStatusTransitions": phases,
                "OutputDataConfig": {"S3OutputPath": "s3://bucket/models/"},
            }
        )
        note = said(ended(interrupted, SPEC, None, []), "detail.spot_interrupted")
        assert note.values["count"] == often
