"""What each column holds, decided once on the train file, and applied to every row ever after.

Every file is read as texts, or as the numbers and timestamps that it stores; the same code types
the rows of train and all later ones, and a cell's value depends on that cell and its column alone.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from contract.date_order import DateOrder
from contract.missing import ALWAYS_MISSING, PERHAPS_MISSING, always_missing
from model_code.cells import (
    as_texts,
    combined,
    distinct,
    naive,
    separated_by_commas,
    spread,
    stored_numbers,
    written,
)
from model_code.date_numbers import may_be_dates, order_of_numbers
from model_code.dates import DateStyle, as_dates, date_style
from model_code.durations import are_durations, are_minutes, as_seconds
from model_code.numbers import (
    FEW,
    PLAIN_NUMBERS,
    NumberStyle,
    as_numbers,
    decimal_marks,
    measure_style,
    number_style,
    of_bare,
    plain_numbers,
    style_from_json,
    with_bare,
)
from model_code.truth import are_truths, truth
from reading.identifiers import is_id_name, surely_id_name, unique_by_design
from reading.names import composed, key_of, unique_keys, was_unnamed

NUMBER, DURATION, DATE, CATEGORY, TEXT = "number", "duration", "date", "category", "text"
# Enough to see how a column is written.
VALUES_SAMPLED, ROWS_SAMPLED = 3000, 1000
# A text says something of its own in most rows; a category repeats.
TEXT_DISTINCT_SHARE, TEXT_LENGTH, TEXT_WORDS = 0.3, 12, 2.0
# A model keeps no more categories of a column to match other spellings with.
MOST_CATEGORIES = 5000
FLOAT32_WHOLE, FLOAT64_WHOLE = 2**24, 2**53
# Of a column's range: what float32 may lose.
LEAST_PRECISION = 1e-6


@dataclass(frozen=True)
class Column:
    """How a column becomes values that models learn from."""

    name: str
    kind: str
    """number, duration, date, category or text."""
    style: NumberStyle = PLAIN_NUMBERS
    order: DateOrder = "month_first"
    """Of dates that are written with three numbers."""
    ordered: bool = False
    """Whether any date of train is written so."""
    in_doubt: bool = False
    """Whether the cells leave the order, or what a decimal mark is, open."""
    truths: bool = False
    """Whether numbers may be written as words for true and false."""
    wide: bool = False
    """Whether numbers need 64 bits."""
    offset: int = 0
    """What is taken from numbers that float32 would round, and from the days of dates."""
    timed: bool = False
    """Whether dates have a time of day."""
    minutes: bool = False
    """Whether 40:05 is a duration of 40 minutes."""
    marks: tuple[str, ...] = ALWAYS_MISSING
    """What counts as missing, in small letters."""
    categories: tuple[str, ...] = ()
    """Those of train; none where they are too many to keep."""
    missing_share: float = 0.0
    """Of the rows of train."""

    @cached_property
    def spellings(self) -> Mapping[str, str]:
        """Key of a category → the category, where no other has that key."""
        return unique_keys(self.categories)

    @cached_property
    def marked(self) -> np.ndarray:
        """The marks that are values of this kind, such as -999 or 1900-01-01."""
        if set(self.marks) <= _WORDS or self.kind not in (NUMBER, DURATION, DATE):
            return np.array([])
        found = self._parsed(pa.chunked_array([pa.array(self.marks, pa.string())]))
        return found[~pd.isna(found)]

    def typed(self, values: pa.ChunkedArray, points: bool = False) -> pd.Series:
        """Convert to float, datetime64[us], category, or object; shape (n_rows,).

        `points` tells that `.` marks decimals in this file, whatever the column's style.
        """
        if self.kind == NUMBER:
            numbers = self._numbers(values, points)
            return pd.Series(numbers if self.wide else numbers.astype(np.float32))
        if self.kind == DURATION:
            seconds = _of_cells(values, lambda texts: as_seconds(texts, self.minutes), _as_floats)
            return pd.Series(self._present(seconds))
        if self.kind == DATE:
            return self._dates(values)
        return self._texts(values)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def means_missing(self, texts: pa.ChunkedArray) -> np.ndarray:
        """Which cells say that there is no value, in whatever spelling; shape (n_rows,)."""
        found = np.asarray(is_missing(texts, self.marks))
        if len(self.marked):
            found = found | np.isin(self._parsed(texts), self.marked)
        return found

    def _parsed(self, texts: pa.ChunkedArray) -> np.ndarray:
        """What the texts are as values of this kind, without an offset."""
        if self.kind == NUMBER:
            return as_numbers(texts, self.style)
        return (
            as_seconds(texts) if self.kind == DURATION else as_dates(texts, self.order).to_numpy()
        )

    def _present(self, values: np.ndarray, offset: int = 0) -> np.ndarray:
        """The values, without the ones that mark a missing one."""
        if not len(self.marked):
            return values
        empty = np.datetime64("NaT") if values.dtype.kind == "M" else np.nan
        marked = self.marked - offset if offset else self.marked
        present: np.ndarray = np.where(np.isin(values, marked), empty, values)
        return present

    def _numbers(self, values: pa.ChunkedArray, points: bool) -> np.ndarray:
        style = self.style.in_file(points)
        found = _of_cells(
            values,
            lambda texts: self._read_numbers(texts, style),
            lambda stored: of_bare(_as_floats(stored, self.offset), style),
        )
        return self._present(found, self.offset)

    def _read_numbers(self, texts: pa.ChunkedArray, style: NumberStyle) -> np.ndarray:
        if abs(self.offset) >= FLOAT64_WHOLE:
            return _of_whole(texts, self.offset, style)
        numbers = as_numbers(texts, style) - self.offset
        if self.truths and np.isnan(numbers).any():
            unread = np.isnan(numbers)
            words = distinct(texts.filter(pa.array(unread)))
            # None, where a word is neither, becomes NaN.
            found = np.array([truth(word) for word in words.dictionary.to_pylist()], np.float64)
            numbers[unread] = spread(found, words)
        return numbers

    def _dates(self, values: pa.ChunkedArray) -> pd.Series:
        if pa.types.is_timestamp(values.type):
            found = naive(values).to_numpy().astype("datetime64[us]")
        else:
            found = as_dates(as_texts(values), self.order).to_numpy()
        return pd.Series(self._present(found))

    def _texts(self, values: pa.ChunkedArray) -> pd.Series:
        texts = as_texts(values)
        texts = pc.if_else(is_missing(texts, self.marks), None, texts)
        if self.kind == TEXT:
            return pd.Series(texts.to_pandas(), dtype=object)
        encoded = combined(texts).dictionary_encode()
        names = list(map(composed, encoded.dictionary.to_pylist()))
        if self.categories:
            known = set(self.categories)
            names = [n if n in known else self.spellings.get(key_of(n), n) for n in names]
        codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
        distinct = list(dict.fromkeys(names))
        if len(distinct) < len(names):
            place = {name: number for number, name in enumerate(distinct)}
            moved = np.array([*(place[name] for name in names), -1])
            codes = moved[codes]
        return pd.Series(pd.Categorical.from_codes(codes, pd.Index(distinct, dtype=object)))


@dataclass(frozen=True)
class Context:
    """What a file, its twin and the settings say of how its columns are written."""

    decimal: str = "."
    """What marks a fraction, where a column's cells leave it open."""
    decimal_in_doubt: bool = False
    """Whether nothing but the file's separator says so."""
    missing_values: tuple[str, ...] | None = None
    """From the settings: these and no other words are missing."""
    date_order: DateOrder | None = None
    """From the settings."""
    points: bool = False
    """Whether `.` marks decimals in this file, whatever a column's style."""
    others: Callable[[str], Iterable[str]] = lambda name: ()
    """The distinct texts of a column in the test file, by its name."""

    @property
    def always(self) -> tuple[str, ...]:
        """What is missing in every column."""
        return always_missing(self.missing_values)

    @property
    def perhaps(self) -> tuple[str, ...]:
        """What is missing where the rest are numbers, dates or times."""
        return PERHAPS_MISSING if self.missing_values is None else ()


DEFAULT = Context()


def column_from_json(content: Mapping[str, Any]) -> Column:
    known = {f.name for f in fields(Column)} & set(content)
    style = content["style"]
    return Column(
        **{
            **{name: content[name] for name in known},
            "style": style_from_json(style),
            "marks": tuple(content["marks"]),
            "categories": tuple(content["categories"]),
        }
    )


def typed(columns: Sequence[Column], table: pa.Table) -> pd.DataFrame:
    """One row per row of the table, with exactly these columns."""
    points = separated_by_commas(table)
    return pd.DataFrame(
        {column.name: column.typed(table[column.name], points) for column in columns}
    )


def decide_column(name: str, values: pa.ChunkedArray, context: Context = DEFAULT) -> Column:
    """What most of the values are."""
    return decide_and_type(name, values, context)[0]


def decide_and_type(
    name: str, values: pa.ChunkedArray, context: Context = DEFAULT
) -> tuple[Column, pd.Series]:
    """What most of the values are, and the values so typed: numbers are read once for both."""
    found = _decided(name, values, context)
    return (found, found.typed(values, context.points)) if isinstance(found, Column) else found


def _decided(
    name: str, values: pa.ChunkedArray, context: Context
) -> Column | tuple[Column, pd.Series]:
    marks = (*context.always, *context.perhaps)
    if pa.types.is_timestamp(values.type):
        return Column(name, DATE, marks=marks)
    stored = stored_numbers(values)
    if stored is not None and not pa.types.is_struct(values.type):
        sample = value_counts(as_texts(values.slice(0, 10 * VALUES_SAMPLED)), marks)
        if order := order_of_numbers(name, sample):
            return Column(name, DATE, order=order, marks=marks)
        column = Column(name, NUMBER, wide=True, marks=marks)
        return _number_column(column, values, context.points)
    if context.decimal == "." and (found := _plain_numbers(name, values, marks)):
        return found
    texts = as_texts(values)
    counts = value_counts(texts, marks)
    if not counts:
        return Column(name, CATEGORY, marks=context.always)
    if are_truths(counts):
        return Column(name, NUMBER, truths=True, marks=marks)
    words = context.missing_values is None
    if style := number_style(counts, context.decimal, words):
        if order := order_of_numbers(name, counts):
            return Column(name, DATE, order=order, marks=marks)
        doubt = decimal_marks(counts).in_doubt and context.decimal_in_doubt
        style = with_bare(style, counts, lambda: context.others(name))
        column = Column(name, NUMBER, style, in_doubt=doubt, wide=True, marks=marks)
        return _number_column(column, values, context.points)
    if are_durations(counts):
        return Column(name, DURATION, minutes=are_minutes(counts), marks=marks)
    if found_dates := _date_style(name, texts, counts, context):
        return Column(
            name,
            DATE,
            order=found_dates.order,
            ordered=found_dates.matters,
            in_doubt=found_dates.in_doubt,
            marks=marks,
        )
    if style := measure_style(counts, context.decimal, words):
        return _number_column(
            Column(name, NUMBER, style, wide=True, marks=marks), values, context.points
        )
    return _words(name, texts, context.always)


def decimal_in_columns(columns: Iterable[pa.ChunkedArray]) -> str | None:
    """The decimal mark that the cells of a file settle; None when they do not."""
    points = commas = 0
    for values in columns:
        if pa.types.is_string(values.type):
            counts = value_counts(as_texts(values.slice(0, ROWS_SAMPLED)), _ALL_MARKS)
            found = decimal_marks(counts)
            points += found.decimal == "." and found.dots > len(counts) / 4
            commas += found.decimal == "," and found.commas > len(counts) / 4
    if points == commas:
        return None
    return "." if points > commas else ","


def present(values: pa.ChunkedArray, marks: Sequence[str] = ALWAYS_MISSING) -> pa.ChunkedArray:
    """The texts that say something."""
    texts = as_texts(values)
    return texts.filter(pc.invert(is_missing(texts, marks)))


def is_missing(texts: pa.ChunkedArray, marks: Sequence[str] = ALWAYS_MISSING) -> pa.ChunkedArray:
    """Which cells hold no value."""
    # The marks that are no ASCII have no case.
    return pc.is_in(pc.ascii_lower(texts), value_set=pa.array(marks, pa.string()))


def value_counts(texts: pa.ChunkedArray, marks: Sequence[str] = ()) -> dict[str, int]:
    """Value → how often, of as many present values as tell how a column is written."""
    found = pc.value_counts(texts)
    values, counts = found.field(0), found.field(1)
    if marks:
        kept = pc.invert(is_missing(values, marks))
        values, counts = values.filter(kept), counts.filter(kept)
    if len(values) > VALUES_SAMPLED:
        chosen = np.linspace(0, len(values) - 1, VALUES_SAMPLED).astype(int)
        values, counts = values.take(pa.array(chosen)), counts.take(pa.array(chosen))
    return dict(zip(values.to_pylist(), counts.to_pylist(), strict=True))


def looks_like_id(
    column: Column, written: str, values: pa.ChunkedArray, numbers: pd.Series
) -> bool:
    """True if a column only numbers or names its rows, so that nothing can be learned from it.

    Row numbers, keys that never repeat, and whole numbers called an ID that hardly do. `numbers`
    are the values typed, if they are numbers.
    """
    rows = len(values)
    if column.kind not in (CATEGORY, NUMBER) or column.truths or rows < 2:
        return False
    if column.kind == CATEGORY:
        return _never_repeats(values) and pc.count_distinct(values).as_py() > 20
    if not _whole(numbers.iloc[:ROWS_SAMPLED]) or not _whole(numbers):
        return False
    distinct = numbers.nunique() / rows
    unnamed = was_unnamed(written)
    steps = numbers.diff().iloc[1:]
    if distinct == 1 and bool((steps == 1).all()):
        # Years rise by one as well, but they do not begin at the beginning.
        first = int(numbers.iloc[0]) + column.offset
        return unnamed or first in (0, 1) or is_id_name(written)
    designed = unique_by_design(rows, float(numbers.min()), float(numbers.max()))
    if unnamed or is_id_name(written):
        return distinct > 0.95 and (unnamed or surely_id_name(written) or designed)
    return distinct == 1 and written.strip().upper().endswith("ID") and designed


def _plain_numbers(
    name: str, values: pa.ChunkedArray, marks: tuple[str, ...]
) -> Column | tuple[Column, pd.Series] | None:
    """The column, if all its cells are plain numbers; seen at once, without counting values."""
    texts = written(values)
    read = plain_numbers(texts, pc.equal(texts, ""))
    if read is None:
        texts = as_texts(values)
        read = plain_numbers(texts, is_missing(texts, marks))
    if read is None or np.isnan(read).all():
        return None
    # The first cells of nearly every column tell already that it has no dates.
    if may_be_dates(value_counts(texts.slice(0, FEW), marks)):
        counts = value_counts(texts.slice(0, 10 * VALUES_SAMPLED), marks)
        if order := order_of_numbers(name, counts):
            return Column(name, DATE, order=order, marks=marks)
    # Plain numbers mean the same with points and without.
    column = Column(name, NUMBER, wide=True, marks=marks)
    return _number_column(column, texts, points=False, read=read)


def _number_column(
    column: Column, values: pa.ChunkedArray, points: bool, read: np.ndarray | None = None
) -> tuple[Column, pd.Series]:
    """The column with as many bits as its numbers need, and the numbers."""
    numbers = column._numbers(values, points) if read is None else column._present(read)
    present = np.isfinite(numbers)
    numbers = numbers if present.all() else np.where(present, numbers, np.nan)
    finite = numbers if present.all() else numbers[present]
    if not len(finite):
        return replace(column, wide=False), pd.Series(numbers.astype(np.float32))
    low, high = float(finite.min()), float(finite.max())
    small = numbers.astype(np.float32)
    lost = float(np.nanmax(np.abs(numbers - small)))
    rounded = lost > LEAST_PRECISION * (high - low)
    whole = max(abs(low), abs(high)) > FLOAT32_WHOLE and bool((finite == finite.round()).all())
    found = replace(
        column,
        truths={low, high} == {0.0, 1.0} and bool(np.isin(finite, (0.0, 1.0)).all()),
        wide=rounded or whole,
        offset=int(low) if rounded and high > low else 0,
    )
    if found.offset:
        return found, found.typed(values, points)
    return found, pd.Series(numbers if found.wide else small)


def _words(name: str, texts: pa.ChunkedArray, marks: tuple[str, ...]) -> Column:
    """A column of texts or of categories."""
    said = present(texts, marks)
    counts = value_counts(said)
    if counts and _is_text(said, counts):
        return Column(name, TEXT, marks=marks)
    distinct = list(dict.fromkeys(map(composed, pc.unique(said).to_pylist())))
    known = tuple(distinct) if len(distinct) <= MOST_CATEGORIES else ()
    return Column(name, CATEGORY, marks=marks, categories=known)


def _date_style(
    name: str, texts: pa.ChunkedArray, counts: Mapping[str, int], context: Context
) -> DateStyle | None:
    """How dates are written: seen in a sample, and in doubt in all cells of both files."""
    style = date_style(counts, asked=context.date_order)
    if style is None or not (style.in_doubt or not style.matters):
        return style
    every = pc.unique(texts).to_pylist() if style.in_doubt else []
    return date_style(counts, [*every, *context.others(name)], context.date_order)


def _whole(numbers: pd.Series) -> bool:
    return not numbers.isna().any() and bool((numbers == numbers.round()).all())


def _never_repeats(values: pa.ChunkedArray) -> bool:
    # Most columns repeat a value among their first ones.
    for texts in map(present, (values.slice(0, ROWS_SAMPLED), values)):
        if pc.count_distinct(texts).as_py() < len(texts):
            return False
    return len(texts) > 0.95 * len(values)


def _is_text(texts: pa.ChunkedArray, counts: Mapping[str, int]) -> bool:
    distinct = pc.count_distinct(texts).as_py() / len(texts)
    length = sum(map(len, counts)) / len(counts)
    words = sum(len(value.split()) for value in counts) / len(counts)
    return distinct > TEXT_DISTINCT_SHARE and length > TEXT_LENGTH and words >= TEXT_WORDS


def _of_cells(
    values: pa.ChunkedArray,
    read: Callable[[pa.ChunkedArray], np.ndarray],
    as_stored: Callable[[pa.ChunkedArray], np.ndarray],
) -> np.ndarray:
    """Numbers that the file stores, and texts, each in its own way."""
    stored = stored_numbers(values)
    if stored is None:
        return read(written(values))
    numbers = as_stored(stored)
    if pa.types.is_struct(values.type):
        texts = ~np.asarray(pc.is_valid(stored))
        if texts.any():
            numbers[texts] = read(written(values).filter(pa.array(texts)))
    return numbers


def _as_floats(stored: pa.ChunkedArray, offset: int = 0) -> np.ndarray:
    """Stored numbers without an offset; NaN where one is not finite."""
    if pa.types.is_integer(stored.type) and offset:
        stored = pc.subtract(pc.cast(stored, pa.int64(), safe=False), pa.scalar(offset, pa.int64()))
        offset = 0
    cells = combined(pc.cast(stored, pa.float64(), safe=False))
    numbers = cells.to_numpy(zero_copy_only=False)
    found: np.ndarray = np.where(np.isfinite(numbers), numbers, np.nan) - offset
    return found


def _of_whole(texts: pa.ChunkedArray, offset: int, style: NumberStyle) -> np.ndarray:
    """Whole numbers above 2**53, which float64 would round before the offset is taken."""
    texts = pc.utf8_trim_whitespace(texts)
    whole = pc.match_substring_regex(texts, r"^-?\d{1,18}$")
    exact = pc.cast(pc.if_else(whole, texts, None), pa.int64())
    found = _as_floats(exact, offset)
    other = as_numbers(pc.if_else(whole, "", texts), style) - offset
    numbers: np.ndarray = np.where(np.isnan(found), other, found)
    return numbers


_ALL_MARKS = (*ALWAYS_MISSING, *PERHAPS_MISSING)
# None of them is a number, a date or a time.
_WORDS = frozenset(_ALL_MARKS)
