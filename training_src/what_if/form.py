"""The fields of the form: what they offer, what they begin with, and what is within train."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from contract.visible import visible
from portable.model import Bound
from reading.column import CATEGORY, DATE, DURATION, NUMBER, NUMBERS
from reading.numbers import PERCENT
from report.language import Language
from what_if.columns import UNSEEN, FormColumn, FormValue, milliseconds, moment_of

SECONDS_PER_MINUTE, SECONDS_PER_HOUR = 60, 3600
# How the field of a duration is written.
CLOCK = "h:mm:ss"


@dataclass(frozen=True)
class Input:
    """One input or list of a field."""

    id: str
    label: str
    value: str
    """What it begins with; empty where it is missing."""
    low: float | None = None
    """Of train, in the unit of the field."""
    high: float | None = None
    low_text: str = ""
    high_text: str = ""


@dataclass(frozen=True)
class Field:
    """What the form asks about one column."""

    place: int
    name: str
    kind: str
    """How the page reads it."""
    inputs: tuple[Input, ...]
    several: bool
    unit: str
    options: tuple[tuple[str, str], ...] | None
    """Value and text, where there is a list to choose from."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Of an input."""


def form_fields(
    columns: Sequence[FormColumn], typical: Sequence[FormValue], say: Language
) -> list[Field]:
    """A field for each column, in their order; `typical` is what they begin with."""
    return [
        _field(place, column, value, say)
        for place, (column, value) in enumerate(zip(columns, typical, strict=True))
    ]


def _field(place: int, column: FormColumn, value: FormValue, say: Language) -> Field:
    inner = column.column
    values = value if isinstance(value, list) else [value]
    several = len(values) > 1
    bounds = list(_bounds(column))
    inputs = tuple(
        Input(
            f"what_if_{place}_{number}",
            f"{inner.name} [{number + 1}]" if several else inner.name,
            _text(column, one),
            *bounds[number % len(bounds)],
        )
        for number, one in enumerate(values)
    )
    # Of several numbers, each is one.
    kind = inner.kind if inner.kind in (CATEGORY, DATE, DURATION) else "number"
    unit = CLOCK if inner.kind == DURATION else PERCENT if column.is_percent else inner.style.unit
    return Field(
        place,
        inner.name,
        kind,
        inputs,
        inner.kind == NUMBERS,
        visible(unit) if kind in ("number", DURATION) else "",
        _options(column, say),
        _attributes(column),
    )


def _options(column: FormColumn, say: Language) -> tuple[tuple[str, str], ...] | None:
    none = ("", say("missing_value"))
    if column.column.kind == CATEGORY:
        named = [(str(place), name) for place, name in enumerate(column.options)]
        return none, (str(UNSEEN), say("what_if_another_value")), *named
    if _is_truth(column):
        return none, ("0", say("what_if_no")), ("1", say("what_if_yes"))
    return None


def _is_truth(column: FormColumn) -> bool:
    """Whether train has nothing but words for true and false, or 0 and 1."""
    return column.column.truths and (column.known.low, column.known.high) == (0, 1)


def _attributes(column: FormColumn) -> dict[str, str]:
    kind = column.column.kind
    if kind == DATE and column.column.timed:
        return {"type": "datetime-local", "step": "1"}
    if kind == DATE:
        return {"type": "date"}
    if kind == DURATION:
        always = {"data-seconds": "1"} if column.column.minutes else {}
        return {"type": "text", **always}
    return {"type": "number", "step": "any", "inputmode": "text" if _falls(column) else "decimal"}


def _falls(column: FormColumn) -> bool:
    """Whether train has negative numbers; some phones have no minus among their decimals."""
    return any(isinstance(one, float) and one < 0 for one in _each(column.known.low))


def _bounds(column: FormColumn) -> Iterator[tuple[float | None, float | None, str, str]]:
    """The least and the greatest value of train, of each number; as the field counts."""
    lows, highs = (_each(end) for end in (column.known.low, column.known.high))
    for low, high in zip(lows, highs, strict=True):
        if low is None or high is None or column.column.kind == CATEGORY:
            yield None, None, "", ""
        else:
            least, most = (_in_field(column, end) for end in (low, high))
            yield least, most, _shown(column, least), _shown(column, most)


def _each(bound: Bound) -> Sequence[Bound]:
    return bound if isinstance(bound, tuple) else (bound,)


def _in_field(column: FormColumn, bound: Bound) -> float:
    if column.column.kind == DATE:
        assert not isinstance(bound, float | tuple | None)
        return milliseconds(bound)
    assert isinstance(bound, float | int)
    number = _in_train(bound, column)
    return round(100 * number, 10) if column.is_percent else number


def _in_train(value: float, column: FormColumn) -> float:
    """A number as train writes it, where the model keeps it as float32."""
    kept = column.column.wide or column.column.offset or column.column.kind != NUMBER
    return value if kept else float(str(np.float32(value)))


def _shown(column: FormColumn, value: float) -> str:
    """A bound in words."""
    return _text(column, value).replace("T", " ")


def _text(column: FormColumn, value: float) -> str:
    """A value as an input has it."""
    kind = column.column.kind
    if math.isnan(value):
        return ""
    if kind == DATE:
        moment = moment_of(value)
        return moment.isoformat(timespec="seconds") if column.column.timed else f"{moment.date()}"
    if kind == DURATION:
        return _clock(value)
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def _clock(seconds: float) -> str:
    sign, size = "-" if seconds < 0 else "", round(abs(seconds), 3)
    hours, rest = divmod(size, SECONDS_PER_HOUR)
    minutes, rest = divmod(rest, SECONDS_PER_MINUTE)
    whole = f"{sign}{int(hours)}:{int(minutes):02}:{int(rest):02}"
    return whole if rest == int(rest) else f"{whole}{f'{rest % 1:.3f}'[1:]}"
