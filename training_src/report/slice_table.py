"""Parts of the rows as the report shows them."""

from collections.abc import Sequence
from dataclasses import dataclass

from metrics import ALIKE
from problem import Problem
from report.language import Language
from report.pictures import cell
from slices import Slice


@dataclass(frozen=True)
class SliceRow:
    """One part, as it is written."""

    column: str
    value: str
    cells: list[str]
    """Rows, score, interval; actual and predicted where there are such means."""
    marks: list[str]
    """What chance does not explain."""


def slice_rows(slices: Sequence[Slice], problem: Problem, say: Language) -> list[SliceRow]:
    """A row for each part, in the order of the strongest columns."""
    return [
        SliceRow(
            one.column,
            say("missing_value") if one.value is None else one.value,
            [
                f"{one.rows:,}",
                _number(one.score),
                "–" if one.interval is None else " – ".join(map(cell, one.interval)),
                *([] if problem.type == "multiclass" else _means(one, problem)),
            ],
            [say(f"slice_{mark}") for mark in (one.against_rest, one.bias) if mark != ALIKE],
        )
        for one in slices
    ]


def _means(one: Slice, problem: Problem) -> list[str]:
    means = (one.actual, one.predicted)
    if problem.type != "binary":
        return [*map(_number, means)]
    return ["–" if mean is None else f"{100 * mean:.1f}%" for mean in means]


def _number(value: float | None) -> str:
    return "–" if value is None else cell(value)
