"""What each column holds, decided once on the train file, and applied to every row ever after."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from contract.date_order import DateOrder
from contract.missing import PERHAPS_MISSING, always_missing
from model_code.cells import MOST_OTHERS, as_texts, stored_numbers, written
from model_code.columns import is_missing, numbers_of_column, present, present_values, typed_column
from model_code.date_numbers import may_be_dates, order_of_numbers
from model_code.dates import DateStyle, date_style
from model_code.durations import are_durations, are_minutes
from model_code.number_ranges import range_style
from model_code.number_style import decimal_marks, measure_style, number_style, with_bare
from model_code.numbers import FEW, plain_numbers
from reading.column import ALL_MARKS, CATEGORY, DATE, DURATION, NUMBER, NUMBERS, TEXT, Column
from reading.identifiers import is_id_name, surely_id_name, unique_by_design
from reading.names import composed, was_unnamed
from reading.numbers import NumberStyle
from reading.several_numbers import shape_of
from reading.truth import are_truths

# Ranges and the like that are so few stay categories, which people know by their names.
FEW_CATEGORIES = 10
# Enough to see how a column is written.
VALUES_SAMPLED, ROWS_SAMPLED = 3000, 1000
# A text says something of its own in most rows; a category repeats.
TEXT_DISTINCT_SHARE, TEXT_LENGTH, TEXT_WORDS = 0.3, 12, 2.0
# A model keeps no more categories of a column to match other spellings with.
MOST_CATEGORIES = 5000
FLOAT32_WHOLE = 2**24
# Of 64 bits, with room for what is taken from it.
LARGEST_OFFSET = 2**62
# Of a column's range: what float32 may lose.
LEAST_PRECISION = 1e-6


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


def decide_column(name: str, values: pa.ChunkedArray, context: Context = DEFAULT) -> Column:
    """What most of the values are."""
    return decide_and_type(name, values, context)[0]


def decide_and_type(
    name: str, values: pa.ChunkedArray, context: Context = DEFAULT
) -> tuple[Column, pd.Series]:
    """What most of the values are, and the values so typed: numbers are read once for both."""
    found = _decided(name, values, context)
    if isinstance(found, Column):
        return found, typed_column(found, values, context.points)
    return found


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
    if len(counts) > FEW_CATEGORIES and (found := _several(name, values, counts, context)):
        return found
    return _words(name, texts, context.always)


def _several(
    name: str, values: pa.ChunkedArray, counts: Mapping[str, int], context: Context
) -> Column | tuple[Column, pd.Series] | None:
    """The column where its cells are ranges, or have several numbers each."""
    marks = (*context.always, *context.perhaps)
    if style := range_style(counts, context.decimal):
        column = Column(name, NUMBER, style, wide=True, marks=marks)
        return _number_column(column, values, context.points)
    if shape := shape_of(counts, MOST_OTHERS):
        return Column(name, NUMBERS, NumberStyle(shape.decimal), marks=marks, gaps=shape.gaps)
    return None


def decimal_in_columns(columns: Iterable[pa.ChunkedArray]) -> str | None:
    """The decimal mark that the cells of a file settle; None when they do not."""
    points = commas = 0
    for values in columns:
        if pa.types.is_string(values.type):
            counts = value_counts(as_texts(values.slice(0, ROWS_SAMPLED)), ALL_MARKS)
            found = decimal_marks(counts)
            points += found.decimal == "." and found.dots > len(counts) / 4
            commas += found.decimal == "," and found.commas > len(counts) / 4
    if points == commas:
        return None
    return "." if points > commas else ","


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
    if read is None:
        numbers = numbers_of_column(column, values, points)
    else:
        numbers = present_values(column, read)
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
        offset=int(low) if rounded and high > low and abs(low) < LARGEST_OFFSET else 0,
    )
    if found.offset:
        return found, typed_column(found, values, points)
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
