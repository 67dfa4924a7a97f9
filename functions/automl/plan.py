"""From the files of a dataset to the plan of its training job, or a refusal in words."""

from dataclasses import dataclass

from automl.checks import check_datasets
from automl.dataset import Dataset
from automl.target import Target, choose_target
from contract.bounds import ENDPOINTS
from contract.messages import message
from pipeline.budget import Budget, plan_budget
from pipeline.errors import RefusedError
from pipeline.files import UploadedFiles, table_head, text_bytes
from pipeline.settings import Settings, apply_settings_file
from pipeline.stack import Stack
from reading.csv_head import TableHead, expected_like
from reading.identifiers import are_identifiers


@dataclass(frozen=True)
class TrainingPlan:
    """Everything that decides what a training job does and may cost."""

    dataset: Dataset
    files: UploadedFiles
    train: TableHead
    test: TableHead | None
    target: Target
    settings: Settings
    budget: Budget
    translation_usd: float = 0.0
    """What translating columns of the files has cost."""
    query_usd: float = 0.0
    """What the queries have cost that gave the rows."""


def plan_training(
    dataset: Dataset,
    files: UploadedFiles,
    stack: Stack,
    translation_usd: float = 0.0,
    query_usd: float = 0.0,
) -> TrainingPlan:
    """Look before you pay; raises RefusedError with a sentence for the uploader."""
    settings = stack.defaults
    if files.settings is not None:
        settings = apply_settings_file(settings, files.settings.sample, files.settings.key)
    require_servable(settings, stack)
    train = table_head(files.train, encoding=settings.encoding)
    test = None
    if files.test is not None:
        test = table_head(files.test, expected_like(train))
    target = choose_target(
        train.named or train.columns,
        test.columns if test else None,
        settings.target,
        stack.target_column,
        _identifiers(train),
    )
    check_datasets(train, test, target, settings)
    size = _text_bytes(files, train, test)
    paid = translation_usd + query_usd
    budget = plan_budget(settings, size, stack.region, stack.use_spot, paid)
    return TrainingPlan(
        dataset, files, train, test, target, settings, budget, translation_usd, query_usd
    )


def require_servable(settings: Settings, stack: Stack) -> None:
    """Raise RefusedError for an endpoint that could not be made, before a model is paid for."""
    if settings.serve not in ENDPOINTS:
        return
    if stack.guard_rails.subnets:
        raise RefusedError(message("settings.serverless_in_subnets"))
    if settings.problem_type == "quantile":
        raise RefusedError(message("settings.serve_quantile", serve=settings.serve))


def _identifiers(train: TableHead) -> set[str]:
    """The columns whose values, as far as the head shows them, only name their rows."""
    return {name for name in train.columns if are_identifiers(name, train.values(name))}


def _text_bytes(files: UploadedFiles, train: TableHead, test: TableHead | None) -> int:
    tests = text_bytes(files.test, test) if files.test and test else 0
    return text_bytes(files.train, train) + tests
