"""Jobs that have ended, and what is said of them."""

from automl.prediction_job import prediction_job
from pipeline.results import (
    EndedJob,
)
from pipeline.status import Status
from tests.plans import SOURCE, STACK, plan, spec
from tests.prediction_jobs import MODEL as TRAINED
from tests.prediction_jobs import later

SPEC = spec(plan())


def job(status: str = "Completed", secondary: str | None = None, reason: str = "") -> EndedJob:
    return EndedJob.from_description(
        {
            "TrainingJobName": SPEC.job,
            "TrainingJobStatus": status,
            "SecondaryStatus": secondary or status,
            "FailureReason": reason,
            "BillableTimeInSeconds": 360,
            "OutputDataConfig": {"S3OutputPath": "s3://bucket/models/"},
        }
    )


def text(status: Status) -> str:
    return status.to_text("2026-11-21T04:05:06+00:00").decode()


PREDICTING = prediction_job("titanic-later", later(), STACK, SOURCE, TRAINED)
