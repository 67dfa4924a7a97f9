"""What each column holds, decided once on the train file, and applied to every row ever after."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from model_code.dates import as_dates, date_format
from model_code.numbers import PLAIN_NUMBERS, NumberStyle, as_numbers, number_style
from model_code.tables import MISSING
from reading.names import was_unnamed

NUMBER, DATE, CATEGORY, TEXT = "number", "date", "category", "text"
# Enough to see how a column is written.
VALUES_LOOKED_AT, ROWS_LOOKED_AT = 3000, 1000
# A text says something of its own in most rows; a category repeats.
TEXT_DISTINCT_SHARE, TEXT_LENGTH, TEXT_WORDS = 0.3, 12, 2.0
# Above that, float32 would round whole numbers.
FLOAT32_WHOLE = 2**24
ID_NAME = re.compile(
    r"(^|[\s_.-])(id|ids|idx|index|uuid|guid|key|rownames?|row|no|nr|번호|編號|序號)$|ID$|Id$",
)


@dataclass(frozen=True)
class Column:
    """How a column becomes values that models learn from."""

    name: str
    kind: str
    """number, date, category or text."""
    style: NumberStyle = PLAIN_NUMBERS
    format: str = ""
    """Of dates, as strptime has it."""
    wide: bool = False
    """Whether numbers need 64 bits."""

    def typed(self, values: pa.ChunkedArray) -> pd.Series:
        """float, datetime64, category or object; missing where there is no value."""
        if self.kind == NUMBER:
            numbers = _numbers(values, self.style)
            return pd.Series(numbers if self.wide else numbers.astype(np.float32))
        if self.kind == DATE:
            return _dates(values, self.format)
        return _texts(values, as_category=self.kind == CATEGORY)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def column_from_json(content: Mapping[str, Any]) -> Column:
    style = content["style"]
    return Column(**{**content, "style": NumberStyle(**{**style, "signs": tuple(style["signs"])})})


def typed(columns: Sequence[Column], table: pa.Table) -> pd.DataFrame:
    """One row per row of the table, with exactly these columns."""
    return pd.DataFrame({column.name: column.typed(table[column.name]) for column in columns})


def decide_column(name: str, values: pa.ChunkedArray, decimal_commas: bool) -> Column:
    """What most of the values are."""
    kind = values.type
    if pa.types.is_integer(kind) and (found := _dates_as_numbers(values)):
        return Column(name, DATE, format=found)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return Column(name, NUMBER, wide=_needs_64_bits(values))
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return Column(name, DATE, format="ISO8601")
    texts = present(values)
    counts = _counts(texts)
    if not counts:
        return Column(name, CATEGORY)
    if style := number_style(counts, decimal_commas):
        return Column(name, NUMBER, style, wide=_needs_64_bits(as_numbers(texts, style)))
    if found := date_format(counts):
        return Column(name, DATE, format=found)
    return Column(name, TEXT if _is_text(texts, counts) else CATEGORY)


def present(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """The texts that say something."""
    texts = as_texts(values)
    return texts.filter(pc.invert(is_missing(texts)))


def as_texts(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """The cells as texts without outer spaces; missing ones are empty."""
    if pa.types.is_timestamp(values.type):
        values = pc.strftime(values, "%Y-%m-%d %H:%M:%S")
    return pc.utf8_trim_whitespace(pc.fill_null(pc.cast(values, pa.string()), ""))


def is_missing(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Which cells hold no value."""
    return pc.is_in(pc.utf8_lower(texts), value_set=pa.array(MISSING))


def looks_like_id(column: Column, written: str, values: pa.ChunkedArray) -> bool:
    """Whether a column only numbers or names its rows, so that nothing can be learnt from it.

    Row numbers, keys that never repeat, and whole numbers called an id that hardly do.
    """
    rows = len(values)
    if column.kind in (TEXT, DATE) or rows < 2:
        return False
    if column.kind == CATEGORY:
        return _never_repeats(values) and pc.count_distinct(values).as_py() > 20
    if not _whole(column.typed(values.slice(0, ROWS_LOOKED_AT))):
        return False
    numbers = column.typed(values)
    if not _whole(numbers):
        return False
    distinct = numbers.nunique() / rows
    named = was_unnamed(written) or ID_NAME.search(written.strip()) is not None
    steps = numbers.diff().iloc[1:]
    if distinct == 1 and bool((steps == 1).all()):
        return True
    return named and distinct > 0.95


def _whole(numbers: pd.Series) -> bool:
    return not numbers.isna().any() and bool((numbers == numbers.round()).all())


def _never_repeats(values: pa.ChunkedArray) -> bool:
    texts = present(values)
    return len(texts) > 0.95 * len(values) and pc.count_distinct(texts).as_py() == len(texts)


def _numbers(values: pa.ChunkedArray, style: NumberStyle) -> np.ndarray:
    if pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
        numbers = pc.cast(values, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        return np.where(np.isfinite(numbers), numbers, np.nan)
    return as_numbers(as_texts(values), style)


def _dates(values: pa.ChunkedArray, fmt: str) -> pd.Series:
    if pa.types.is_date(values.type) or pa.types.is_timestamp(values.type):
        found = pd.Series(values.to_pandas())
        found = pd.to_datetime(found, errors="coerce")
        return found.dt.tz_localize(None) if found.dt.tz is not None else found
    texts = as_texts(values)
    # Each spelling is parsed once.
    encoded = texts.combine_chunks().dictionary_encode()
    parsed = as_dates(pd.Series(encoded.dictionary.to_pandas(), dtype=object), fmt)
    return pd.Series(parsed.to_numpy()[encoded.indices.to_numpy(zero_copy_only=False)])


def _texts(values: pa.ChunkedArray, as_category: bool) -> pd.Series:
    texts = as_texts(values)
    texts = pc.if_else(is_missing(texts), None, texts)
    if as_category:
        return pd.Series(pc.dictionary_encode(texts).combine_chunks().to_pandas())
    return pd.Series(texts.to_pandas(), dtype=object)


def _counts(texts: pa.ChunkedArray) -> dict[str, int]:
    """Value → how often, of as many values as tell how a column is written."""
    found = pc.value_counts(texts)
    values, counts = found.field(0), found.field(1)
    if len(values) > VALUES_LOOKED_AT:
        chosen = np.linspace(0, len(values) - 1, VALUES_LOOKED_AT).astype(int)
        values, counts = values.take(pa.array(chosen)), counts.take(pa.array(chosen))
    return dict(zip(values.to_pylist(), counts.to_pylist(), strict=True))


def _is_text(texts: pa.ChunkedArray, counts: Mapping[str, int]) -> bool:
    distinct = pc.count_distinct(texts).as_py() / len(texts)
    length = sum(map(len, counts)) / len(counts)
    words = sum(len(value.split()) for value in counts) / len(counts)
    return distinct > TEXT_DISTINCT_SHARE and length > TEXT_LENGTH and words >= TEXT_WORDS


def _dates_as_numbers(values: pa.ChunkedArray) -> str | None:
    """20240131 is a date where all are, and there are several."""
    least, most = pc.min_max(values).as_py().values()
    if least is None or not 19000101 <= least <= most <= 22001231:
        return None
    counts = _counts(as_texts(values.slice(0, 10 * VALUES_LOOKED_AT)))
    return "%Y%m%d" if len(counts) > 1 and date_format(counts) == "%Y%m%d" else None


def _needs_64_bits(values: pa.ChunkedArray | np.ndarray) -> bool:
    numbers = values if isinstance(values, np.ndarray) else _numbers(values, PLAIN_NUMBERS)
    finite = np.abs(numbers[np.isfinite(numbers)])
    return bool(len(finite)) and bool(finite.max() > FLOAT32_WHOLE)
