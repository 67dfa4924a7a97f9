"""The training job of a dataset's model: its name, and what it is given."""

from dataclasses import asdict, replace

from automl.plan import TrainingPlan
from contract.job import ModelJob
from pipeline.settings import Settings
from pipeline.stack import Stack
from pipeline.training_job import common_job, described, name_of

# These change how a job runs, not which model comes out.
NOT_PART_OF_THE_MODEL = ("max_cost_usd", "max_cost_usd_in_settings", "instance_type", "target")
# Settings of later releases count only where they are used: the names of jobs stay what they were.
COUNTED_WHERE_USED = (
    *("keep_columns", "missing_values", "merge_classes", "date_order", "encoding"),
    *("threshold", "miss_costs", "group_column", "time_column", "reason_columns"),
    "keep_requests",
    "take_over",
    "serve",
    "what_if",
)


def job_name(bucket: str, plan: TrainingPlan) -> str:
    """The idempotency key: the same dataset version always gives the same name."""
    unused = asdict(Settings())
    chosen = {
        name: value
        for name, value in asdict(plan.settings).items()
        if name not in NOT_PART_OF_THE_MODEL
        and not (name in COUNTED_WHERE_USED and value == unused[name])
    }
    identity = [bucket, plan.dataset.name, plan.files.train.etag, plan.target.column, chosen]
    return name_of(plan.dataset.name, identity)


def model_job(
    name: str, plan: TrainingPlan, stack: Stack, source_key: str, model_before: str | None = None
) -> ModelJob:
    """What the job reads as job.json, and what anyone reads later as the model's passport.

    `model_before` is the key of the model that the dataset has already.
    """
    settings, owner = plan.settings, (plan.dataset.name, plan.dataset.name)
    common = common_job(name, owner, plan.files, settings, plan.budget, stack, source_key)
    common = replace(common, translation_usd=plan.translation_usd, query_usd=plan.query_usd)
    return ModelJob(
        **vars(common),
        train=described(plan.files.train, plan.train),
        test=described(plan.files.test, plan.test) if plan.files.test and plan.test else None,
        test_has_target=bool(plan.test and plan.target.column in plan.test.columns),
        model_before=model_before,
        target=plan.target.column,
        target_rule=plan.target.rule,
        problem_type=settings.problem_type,
        eval_metric=settings.eval_metric,
        preset=settings.preset,
        ignore_columns=settings.ignore_columns,
        id_column=settings.id_column,
        positive_class=settings.positive_class,
        keep_columns=settings.keep_columns,
        missing_values=settings.missing_values,
        merge_classes=settings.merge_classes,
        threshold=settings.threshold,
        miss_costs=settings.miss_costs,
        group_column=settings.group_column,
        time_column=settings.time_column,
        date_order=settings.date_order,
        encoding=settings.encoding,
        report_language=settings.report_language,
        predictions_format=settings.predictions_format,
        reason_columns=settings.reason_columns,
        keep_requests=settings.keep_requests,
        take_over=settings.take_over,
        serve=settings.serve,
        what_if=settings.what_if,
    )
