"""Runs of a dataset, as a test has them written down."""

from collections.abc import Mapping
from dataclasses import replace

from contract.live import Challenger, Decision, Live, Version
from contract.runs import Compared, Input, Measured, Run, Runs

SETTINGS: Mapping[str, object] = {
    "target": "Survived",
    "preset": "medium",
    "ignore_columns": [],
    "report_language": "en",
    "training_minutes": 5.0,
}
VERSIONS = {"python": "3.12.3", "autogluon.tabular": "1.6.3"}


def job(number: int) -> str:
    return f"titanic-{number:012x}"


def training(number: int, **more: object) -> Run:
    """A training whose train file is another one every second time."""
    day = f"2026-11-{10 + number:02}"
    train = Input(
        "train", "titanic_train.csv", "data/titanic_train.csv", f"e{number // 2}", rows=700
    )
    test = Input("test", "titanic_test.csv", "data/titanic_test.csv", "t", "ab" * 32, 191)
    run = Run(
        job=job(number),
        made="model",
        state="completed",
        uploaded=f"{day}T04:00:00+00:00",
        ended=f"{day}T04:12:00+00:00",
        data=(train, test),
        settings=SETTINGS,
        seeds={"split": 0},
        versions=VERSIONS,
        measured=Measured("roc_auc", 0.8 + number / 100, "test file", 191, (0.75, 0.93)),
        verdict="green",
        model_job=job(number),
        usd=0.0213,
        billed_seconds=612,
        instance_type="ml.m5.large",
        portable=True,
    )
    return replace(run, **more)  # type: ignore[arg-type]


def prediction(number: int, model: int, **more: object) -> Run:
    """Of a later test file."""
    file = Input("test", "titanic_test.csv", "data/titanic_test.csv", f"later {number}", rows=20)
    run = Run(
        job=f"titanic-pred{number:08x}",
        made="predictions",
        state="completed",
        uploaded=f"2026-11-{10 + number:02}T05:00:00+00:00",
        ended=f"2026-11-{10 + number:02}T05:04:00+00:00",
        data=(file,),
        settings={"target": "Survived", "report_language": "en"},
        model_job=job(model),
    )
    return replace(run, **more)  # type: ignore[arg-type]


def version(number: int) -> Version:
    return Version(job(number), "Survived", training(number).uploaded)


def five_versions() -> tuple[Runs, Live]:
    """The third answers requests, the fourth is on trial, the fifth was held back."""
    longer = {**SETTINGS, "training_minutes": 10.0}
    runs = Runs("titanic").with_runs(
        [
            training(1),
            training(2, settings=longer, portable=False),
            training(3, settings={**longer, "ignore_columns": ["Ticket"]}),
            training(4, versions={**VERSIONS, "autogluon.tabular": "1.6.4"}),
            training(5, champion=Compared(job(3), 0.83, "worse")),
            training(6, state="failed", model_job="", measured=None, portable=False),
            prediction(5, 4),
            prediction(6, 4),
        ]
    )
    held_back = Decision(training(5).ended, "publication", "worse", job(5))
    until = "2026-12-01T04:22:00+00:00"
    return runs, Live(
        champion=version(3),
        challenger=Challenger(version(4), 50.0, until),
        earlier=(version(1),),
        newest=version(5),
        history=(held_back,),
    )
