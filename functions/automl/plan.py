"""From the files of a dataset to the plan of its training job, or a refusal in words."""

from dataclasses import dataclass

from automl.budget import Budget, plan_budget
from automl.checks import check_datasets
from automl.csv_head import CsvHead, read_csv_head
from automl.dataset import Dataset
from automl.settings import Settings, apply_settings_file
from automl.stack import Stack
from automl.target import Target, choose_target


@dataclass(frozen=True)
class UploadedFile:
    """One object as it is now: its first bytes and what S3 says of it."""

    key: str
    size: int
    """In bytes."""
    etag: str
    version: str
    """Another one for every upload, of the same bytes too."""
    uploaded: str
    """When, in ISO 8601."""
    head: bytes

    @property
    def whole(self) -> bool:
        return len(self.head) == self.size


@dataclass(frozen=True)
class UploadedFiles:
    """The files of one dataset, seen together; without a train file there is nothing to plan."""

    train: UploadedFile
    test: UploadedFile | None
    settings: UploadedFile | None

    @property
    def uploaded(self) -> str:
        """When the newest of them came."""
        return max(file.uploaded for file in (self.train, self.test, self.settings) if file)

    @property
    def versions(self) -> dict[str, str | None]:
        """What tells a fresh upload, of whichever file, from an event delivered again."""
        return {
            "train": self.train.version,
            "test": self.test.version if self.test else None,
            "settings": self.settings.version if self.settings else None,
        }


@dataclass(frozen=True)
class TrainingPlan:
    """Everything that decides what a training job does and may cost."""

    dataset: Dataset
    files: UploadedFiles
    train: CsvHead
    test: CsvHead | None
    target: Target
    settings: Settings
    budget: Budget


def plan_training(dataset: Dataset, files: UploadedFiles, stack: Stack) -> TrainingPlan:
    """Look before you pay; raises RefusedError with a sentence for the uploader."""
    settings = stack.defaults
    if files.settings is not None:
        settings = apply_settings_file(settings, files.settings.head, files.settings.key)
    train = _head(files.train)
    test = _head(files.test, train) if files.test else None
    target = choose_target(
        train.columns, test.columns if test else None, settings.target, stack.target_column
    )
    check_datasets(train, test, target, settings)
    dataset_bytes = files.train.size + (files.test.size if files.test else 0)
    budget = plan_budget(settings, dataset_bytes, stack.region)
    return TrainingPlan(dataset, files, train, test, target, settings, budget)


def _head(file: UploadedFile, train: CsvHead | None = None) -> CsvHead:
    return read_csv_head(file.head, file.whole, file.key, train)
