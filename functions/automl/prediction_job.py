"""A test file that came after its model: what the job that predicts it is given."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from automl.budget import plan_budget
from automl.dataset import slug
from automl.files import UploadedFile, text_bytes
from automl.plan import TrainingPlan
from automl.stack import Stack
from automl.training_job import common_spec, described, digest, model_key

PROGRAM = "predict.py"


def is_other_file(used: Mapping[str, Any] | None, test: UploadedFile) -> bool:
    """Whether a job that was given `used` as its test file has not predicted this one."""
    return used is None or used["etag"] != test.etag


def asks_for_predictions(
    given: Mapping[str, Any], status: str, channels: Collection[str], test: UploadedFile | None
) -> bool:
    """Whether a test file came too late for the training job of its dataset.

    A job that has ended without a model can predict nothing.

    The job's channels are believed rather than its job.json: when two functions see the bucket in
    different states, one starts the job and the other may be the last to describe it.
    """
    used = given["test"] if "test" in channels else None
    makes_model = status not in ("Failed", "Stopped")
    return makes_model and test is not None and is_other_file(used, test)


def prediction_job_name(bucket: str, model_job: str, plan: TrainingPlan) -> str:
    """The idempotency key: the same test file for the same model always gives the same name."""
    assert plan.files.test is not None
    identity = [bucket, model_job, plan.files.test.etag]
    return f"{slug(plan.dataset.name)}-{digest(identity)}"


def prediction_spec(
    name: str, plan: TrainingPlan, stack: Stack, source_key: str, model: Mapping[str, Any]
) -> dict[str, Any]:
    """What the job reads as job.json; `model` is that of the training job.

    Raises RefusedError when even this is dearer than the cap.
    """
    assert plan.files.test is not None and plan.test is not None
    settings = replace(plan.settings, training_minutes=0.0)
    budget = plan_budget(
        settings, text_bytes(plan.files.test, plan.test), stack.region, stack.use_spot
    )
    return {
        "kind": "predictions",
        "dataset": plan.dataset.name,
        "file_stem": plan.dataset.name,
        "program": PROGRAM,
        "train": None,
        "test": described(plan.files.test, plan.test),
        "target": model["target"],
        "target_rule": model["target_rule"],
        "model_job": model["job"],
        "model_key": model_key(model["job"]),
        "report_language": settings.report_language,
        "predictions_format": settings.predictions_format,
        **common_spec(name, plan.files, settings, budget, stack, source_key),
    }
