"""Numbers as people write them: 1,234.5 · 1.234,5 · 12 % · $5 · 3만원 is none · (7)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

# Longer ones first: «US$» before «$».
SIGNS = (
    *("US$", "NT$", "HK$", "USD", "EUR", "GBP", "KRW", "TWD", "CHF", "JPY", "CNY"),
    *("$", "€", "£", "¥", "￥", "₩", "%", "원", "円", "元", "圓"),
)
SPACES = (" ", "\xa0", "\u202f", "'", "’")
PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
SHAPES: Mapping[str, tuple[str, str, re.Pattern[str]]] = {
    # name: decimal mark, group mark, what it looks like
    "1234.5": (".", "", PLAIN),
    "1,234.5": (".", ",", re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?|[+-]?\d+(\.\d+)?")),
    "1234,5": (",", "", re.compile(r"[+-]?\d+(,\d+)?([eE][+-]?\d+)?")),
    "1.234,5": (",", ".", re.compile(r"[+-]?\d{1,3}(\.\d{3})+(,\d+)?|[+-]?\d+(,\d+)?")),
}
# Where that few values are no numbers, they are slips or words for «unknown».
MOST_OTHERS = 0.05


@dataclass(frozen=True)
class NumberStyle:
    """How the numbers of a column are written."""

    decimal: str = "."
    group: str = ""
    signs: tuple[str, ...] = ()
    """Currencies, units and spaces, which are left out."""
    brackets: bool = False
    """Whether (5) means -5."""

    @property
    def plain(self) -> bool:
        return self == PLAIN_NUMBERS


PLAIN_NUMBERS = NumberStyle()


def number_style(counts: Mapping[str, int], decimal_commas: bool) -> NumberStyle | None:
    """The style in which nearly all of these values are numbers; None when they are no numbers.

    `counts` has how often each value occurs. `decimal_commas` settles what `1,234` means.
    """
    signs = tuple(
        sign for sign in (*SIGNS, *SPACES) if any(sign in value.strip() for value in counts)
    )
    brackets = any(value.strip().startswith("(") for value in counts)
    bare = [(_bare(value, signs, brackets), count) for value, count in counts.items()]
    order = ["1234.5", "1234,5", "1.234,5", "1,234.5"] if decimal_commas else list(SHAPES)
    shares = {name: _share(SHAPES[name][2], bare) for name in order}
    best = max(order, key=lambda name: shares[name])
    if shares[best] < 1 - MOST_OTHERS:
        return None
    decimal, group, _ = SHAPES[best]
    return NumberStyle(decimal, group, signs, brackets)


def as_numbers(text: pa.ChunkedArray, style: NumberStyle) -> np.ndarray:
    """Float64 of each cell; NaN where there is no value or no number."""
    bare = pc.utf8_trim_whitespace(text)
    if not style.plain:
        bare = _all_bare(bare, style)
    try:
        # Empty texts would fail.
        numbers = pc.cast(pc.if_else(pc.equal(bare, ""), None, bare), pa.float64())
        return np.asarray(numbers.to_numpy(zero_copy_only=False), dtype=np.float64)
    except pa.ArrowInvalid:
        found = pd.to_numeric(bare.to_pandas(), errors="coerce").to_numpy(np.float64)
        return np.where(np.isfinite(found), found, np.nan)


def numbers_of(values: "pd.Series[str]", style: NumberStyle) -> "pd.Series[float]":
    """The same of a series, with its index."""
    text = pa.chunked_array([pa.array(values.astype(str), pa.string())])
    return pd.Series(as_numbers(text, style), index=values.index)


def _all_bare(text: pa.ChunkedArray, style: NumberStyle) -> pa.ChunkedArray:
    for mark in (*style.signs, *([style.group] if style.group else [])):
        text = pc.replace_substring(text, mark, "")
    if style.decimal != ".":
        text = pc.replace_substring(text, style.decimal, ".")
    if style.brackets:
        text = pc.replace_substring(pc.replace_substring(text, "(", "-"), ")", "")
    return text


def _bare(value: str, signs: tuple[str, ...], brackets: bool) -> str:
    for mark in signs:
        value = value.replace(mark, "")
    return value.strip().replace("(", "-").replace(")", "") if brackets else value.strip()


def _share(shape: re.Pattern[str], values: list[tuple[str, int]]) -> float:
    matching = sum(count for value, count in values if shape.fullmatch(value))
    return matching / max(1, sum(count for _, count in values))
