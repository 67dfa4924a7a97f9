"""Describe the job that predicts a test file whose model exists already."""

from collections.abc import Mapping
from dataclasses import replace

from automl.plan import TrainingPlan
from contract.job import ModelJob, PredictionsJob
from contract.layout import model_key
from pipeline.budget import plan_budget
from pipeline.files import UploadedFile, text_bytes
from pipeline.stack import Stack
from pipeline.training_job import common_job, described, name_of, was_given


def asks_for_predictions(
    given: ModelJob, status: str, channels: Mapping[str, str], test: UploadedFile | None
) -> bool:
    """True if a test file came too late for the training job of its dataset.

    A job that has ended without a model can predict nothing.
    """
    makes_model = status not in ("Failed", "Stopped")
    return makes_model and test is not None and not was_given(given, channels, test)


def prediction_job_name(bucket: str, model_job: str, plan: TrainingPlan) -> str:
    """Return the idempotency key: the same test file and model always give the same name."""
    assert plan.files.test is not None
    identity = [bucket, model_job, plan.files.test.etag]
    return name_of(plan.dataset.name, identity)


def prediction_job(
    name: str, plan: TrainingPlan, stack: Stack, source_key: str, model: ModelJob
) -> PredictionsJob:
    """What the job reads as job.json; `model` is that of the training job.

    Raises RefusedError when even this exceeds the cap.
    """
    assert plan.files.test is not None and plan.test is not None
    settings = replace(plan.settings, training_minutes=0.0)
    budget = plan_budget(
        settings,
        text_bytes(plan.files.test, plan.test),
        stack.region,
        stack.use_spot,
        plan.translation_usd + plan.query_usd,
    )
    owner = (plan.dataset.name, plan.dataset.name)
    common = common_job(name, owner, plan.files, settings, budget, stack, source_key)
    common = replace(common, translation_usd=plan.translation_usd, query_usd=plan.query_usd)
    return PredictionsJob(
        **vars(common),
        test=described(plan.files.test, plan.test),
        target=model.target,
        target_rule=model.target_rule,
        model_job=model.job,
        model_key=model_key(model.job),
        report_language=settings.report_language,
        predictions_format=settings.predictions_format,
        reason_columns=settings.reason_columns,
    )
