"""Look before you pay: what cannot be trained, or not be predicted, is refused with a message."""

import re

from automl.target import Target, columns_lacking
from contract.messages import message
from contract.missing import always_missing, is_missing
from pipeline.errors import RefusedError
from pipeline.settings import Settings
from reading.csv_head import TableHead
from reading.identifiers import is_row_name, tells_nothing
from reading.names import plain

MIN_ROWS = 20
CLOCK = re.compile(r"\s*\d{1,4}(:\d{2}){1,2}\s*([ap]m)?\s*", re.IGNORECASE)
DATE = re.compile(r"\s*\d{1,4}([-/])\d{1,2}\1\d{1,4}|\s*\d{1,2}\.\d{1,2}\.\d{4}")
# A number may be followed by a unit.
LETTERS_OF_UNITS = 16


def check_datasets(
    train: TableHead, test: TableHead | None, target: Target, settings: Settings
) -> None:
    """Raise RefusedError for the first thing that makes training pointless."""
    _require_columns_of_settings(train, target, settings)
    _require_one_target_column(train, target)
    _require_features(train, target, settings)
    if train.whole:
        _require_rows_and_classes(train, target, settings)
        _require_groups(train, settings)
    elif train.row_count is not None:
        _require_rows(train.row_count)
    if test is not None:
        _require_test_columns(train, test, target, settings)
    if train.whole:
        _require_something_to_learn(train, target, settings)


def _require_columns_of_settings(train: TableHead, target: Target, settings: Settings) -> None:
    if target.column in settings.ignore_columns or target.column == settings.id_column:
        raise RefusedError(message("target.set_aside", column=target.column))
    for setting in ("group_column", "time_column"):
        if column := getattr(settings, setting):
            _require_column_to_split_by(train, target, setting, column)
    _require_times(train, settings)
    for column in settings.keep_columns:
        if column not in train.columns:
            raise RefusedError(message("data.no_kept_column", column=column, columns=train.columns))
    if settings.id_column and settings.id_column not in train.columns:
        raise RefusedError(
            message("data.no_id_column", column=settings.id_column, columns=train.columns)
        )


def _require_column_to_split_by(
    train: TableHead, target: Target, setting: str, column: str
) -> None:
    if column not in train.columns:
        raise RefusedError(
            message("data.no_split_column", setting=setting, column=column, columns=train.columns)
        )
    if column == target.column:
        raise RefusedError(message("target.splits", setting=setting, column=column))


def _require_times(train: TableHead, settings: Settings) -> None:
    """Refuse what is surely no time, in whatever style: cells without a digit, or all the same."""
    column = settings.time_column
    texts = {text.strip() for text in train.values(column)} - {""} if column else set()
    if texts and not any(character.isdigit() for text in texts for character in text):
        raise RefusedError(message("data.no_time", column=column, value=min(texts)))
    if train.whole and len(texts) == 1:
        raise RefusedError(message("data.one_time", column=column))


def _require_groups(train: TableHead, settings: Settings) -> None:
    """Refuse one group only; a row without a value is a group of its own, whatever marks it."""
    column = settings.group_column
    if column and len({text.strip() for text in train.values(column)}) == 1:
        if train.values(column)[0].strip():
            raise RefusedError(message("data.one_group", column=column))


def _require_one_target_column(train: TableHead, target: Target) -> None:
    written = [plain(name) for name in train.header]
    times = written.count(written[train.columns.index(target.column)])
    if times > 1:
        raise RefusedError(message("target.twice", column=target.column, times=times))


def _features(train: TableHead, target: Target, settings: Settings) -> list[str]:
    aside = {target.column, settings.id_column, *settings.ignore_columns}
    if settings.group_column not in settings.keep_columns:
        aside.add(settings.group_column)
    return [column for column in train.columns if column not in aside]


def _require_features(train: TableHead, target: Target, settings: Settings) -> None:
    if not _features(train, target, settings):
        raise RefusedError(message("data.no_features", column=target.column))


def _require_something_to_learn(train: TableHead, target: Target, settings: Settings) -> None:
    """Raise RefusedError where the job would surely leave out every column."""
    written = dict(zip(train.columns, train.header, strict=True))
    for name in _features(train, target, settings):
        values = train.values(name)
        kept = name in settings.keep_columns and len(set(values)) > 1
        if kept or len(values) < len(train.rows) or not tells_nothing(written[name], values):
            return
    raise RefusedError(message("data.nothing_to_learn", column=target.column))


def _require_rows_and_classes(train: TableHead, target: Target, settings: Settings) -> None:
    marks = always_missing(settings.missing_values)
    cells = train.values(target.column)
    labels = [text for text in cells if not is_missing(text, marks)]
    distinct = set(labels)
    if len(distinct) == 1:
        named = {"column": target.column, "value": labels[0]}
        if dropped := {text.strip() for text in cells if is_missing(text, marks)} - {""}:
            raise RefusedError(
                message("target.one_class_but_marks", **named, marks=tuple(sorted(dropped)))
            )
        raise RefusedError(message("target.one_class", **named))
    if settings.problem_type == "binary" and (number := len(set(map(_label, distinct)))) > 2:
        raise RefusedError(message("target.not_binary", column=target.column, number=number))
    if len(labels) < MIN_ROWS:
        raise RefusedError(
            message("target.few_rows", count=len(labels), column=target.column, fewest=MIN_ROWS)
        )
    # The job learns so many only from numbers.
    if len(distinct) > len(labels) / 2 and all(map(_is_no_number, distinct)):
        counts = {"number": len(distinct), "rows": len(labels)}
        raise RefusedError(message("target.too_many_classes", column=target.column, **counts))


def _label(text: str) -> float | str:
    """Alike for spellings that the job may take as one class."""
    try:
        return float(text)
    except ValueError:
        return text.strip().casefold()


def _is_no_number(text: str) -> bool:
    """Whether a text is surely none, in whatever style: a name, an address, a date, or a time."""
    if DATE.match(text) or CLOCK.fullmatch(text) or not any(map(str.isdigit, text)):
        return True
    return sum(map(str.isalpha, text)) > LETTERS_OF_UNITS


def _require_rows(count: int) -> None:
    if count < MIN_ROWS:
        raise RefusedError(message("data.few_rows", count=count, fewest=MIN_ROWS))


def _require_test_columns(
    train: TableHead, test: TableHead, target: Target, settings: Settings
) -> None:
    written = dict(zip(train.columns, train.header, strict=True))
    needed = [
        name
        for name in _features(train, target, settings)
        if name in settings.keep_columns or not is_row_name(written[name], train.values(name))
    ]
    lacking = columns_lacking(needed, test.columns)
    if lacking:
        raise RefusedError(message("data.test_lacks", count=len(lacking), columns=tuple(lacking)))
