"""Look before you pay: what cannot be trained, or not be predicted, is refused in words."""

from automl.errors import RefusedError
from automl.settings import Settings
from automl.target import Target, columns_lacking, listed
from reading.csv_head import TableHead
from reading.names import plain

MIN_ROWS = 20
# What pandas and AutoGluon take for a missing value.
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "#n/a", "<na>"})


def check_datasets(
    train: TableHead, test: TableHead | None, target: Target, settings: Settings
) -> None:
    """Raise RefusedError for the first thing that makes training pointless."""
    _require_columns_of_settings(train, target, settings)
    _require_one_target_column(train, target)
    _require_features(train, target, settings)
    if train.whole:
        _require_rows_and_classes(train, target)
    elif train.row_count is not None:
        _require_rows(train.row_count)
    if test is not None:
        _require_test_columns(train, test, target, settings)


def _require_columns_of_settings(train: TableHead, target: Target, settings: Settings) -> None:
    if target.column in settings.ignore_columns or target.column == settings.id_column:
        raise RefusedError(
            f"The settings file sets the target {target.column!r} aside (ignore_columns or "
            "id_column); take it out there, or name another target."
        )
    if settings.id_column and settings.id_column not in train.columns:
        raise RefusedError(
            f"The train file has no column {settings.id_column!r}, which the settings file names "
            f"as id_column; it has {listed(train.columns)}."
        )


def _require_one_target_column(train: TableHead, target: Target) -> None:
    written = [plain(name) for name in train.header]
    times = written.count(written[train.columns.index(target.column)])
    if times > 1:
        raise RefusedError(
            f"The train file has the target {target.column!r} {times} times; keep one of them."
        )


def _features(train: TableHead, target: Target, settings: Settings) -> list[str]:
    aside = {target.column, settings.id_column, *settings.ignore_columns}
    return [column for column in train.columns if column not in aside]


def _require_features(train: TableHead, target: Target, settings: Settings) -> None:
    if not _features(train, target, settings):
        raise RefusedError(
            f"Beside the target {target.column!r} the train file has no column to learn from."
        )


def _require_rows_and_classes(train: TableHead, target: Target) -> None:
    labels = [text for text in train.values(target.column) if text.strip().lower() not in MISSING]
    if len(set(labels)) == 1:
        raise RefusedError(
            f"The target {target.column!r} is {labels[0][:80]!r} in every row, so there is nothing "
            "to learn; add rows with another value."
        )
    if len(labels) < MIN_ROWS:
        raise RefusedError(
            f"The train file has {len(labels)} rows with a value in the target {target.column!r}; "
            f"at least {MIN_ROWS} are needed."
        )


def _require_rows(count: int) -> None:
    if count < MIN_ROWS:
        raise RefusedError(f"The train file has {count} rows; at least {MIN_ROWS} are needed.")


def _require_test_columns(
    train: TableHead, test: TableHead, target: Target, settings: Settings
) -> None:
    named = set(train.named)
    needed = [name for name in _features(train, target, settings) if name in named]
    lacking = columns_lacking(needed, test.columns)
    if lacking:
        raise RefusedError(
            f"The test file lacks {len(lacking)} of the train file's columns: {listed(lacking)}. "
            "Add them, or name them in ignore_columns of the settings file."
        )
