"""From the files of a dataset to the plan of its training job, or a refusal in words."""

from dataclasses import dataclass

from automl.budget import Budget, plan_budget
from automl.checks import check_datasets
from automl.dataset import Dataset
from automl.files import UploadedFiles, table_head, text_bytes
from automl.settings import Settings, apply_settings_file
from automl.stack import Stack
from automl.target import Target, choose_target
from reading.csv_head import Expected, TableHead


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


def plan_training(dataset: Dataset, files: UploadedFiles, stack: Stack) -> TrainingPlan:
    """Look before you pay; raises RefusedError with a sentence for the uploader."""
    settings = stack.defaults
    if files.settings is not None:
        settings = apply_settings_file(settings, files.settings.sample, files.settings.key)
    train = table_head(files.train)
    test = None
    if files.test is not None:
        test = table_head(files.test, Expected(train.columns, train.delimiter))
    target = choose_target(
        train.named, test.columns if test else None, settings.target, stack.target_column
    )
    check_datasets(train, test, target, settings)
    size = _text_bytes(files, train, test)
    budget = plan_budget(settings, size, stack.region, stack.use_spot)
    return TrainingPlan(dataset, files, train, test, target, settings, budget)


def _text_bytes(files: UploadedFiles, train: TableHead, test: TableHead | None) -> int:
    tests = text_bytes(files.test, test) if files.test and test else 0
    return text_bytes(files.train, train) + tests
