"""What a model is asked, compared with what it learned from."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from portable.features import Cells
from portable.model import KnownColumn, PortableModel
from portable.odd_cells import odd_cells
from reading.column import CATEGORY, DURATION, NUMBER, TEXT, Column, Value
from reading.dates import MICROSECONDS_PER_DAY
from reading.spread import (
    FEWEST,
    OTHER_MISSING,
    WORTH_A_WARNING,
    Spread,
    farthest,
    spread_of_categories,
    spread_of_numbers,
)
from serving.kept_requests import KeptRequest

EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True)
class ColumnDrift:
    """How the cells of one column differ from those of train."""

    name: str
    kind: str
    distance: float
    """0: distributed alike; 1: nothing in common."""
    is_far: bool
    """Whether the distance is larger than chance makes it."""
    missing_before: float
    missing: float
    """Share of all cells, in train and in requests."""
    odd: float
    """Share of the cells that the model cannot read, or whose category train lacks."""

    @property
    def differs(self) -> bool:
        gap = abs(self.missing - self.missing_before)
        return self.is_far or gap > OTHER_MISSING or self.odd > WORTH_A_WARNING


@dataclass(frozen=True)
class RequestDrift:
    """The kept requests that one model has answered."""

    job: str
    requests: int
    rows: int
    columns: tuple[ColumnDrift, ...]
    """In the model's order; none where there are too few rows."""

    @property
    def differing(self) -> tuple[ColumnDrift, ...]:
        """The farthest first."""
        found = [column for column in self.columns if column.differs]
        return tuple(sorted(found, key=lambda column: -column.distance))


def compare_requests(model: PortableModel, job: str, kept: Sequence[KeptRequest]) -> RequestDrift:
    """Compare the rows that this model has answered with the rows that it learned from."""
    own = [request for request in kept if request.job == job]
    read = [model.read(request.rows, points=request.points) for request in own]
    rows = sum(len(cells[model.names[0]].places) for cells in read) if model.names else 0
    if rows < FEWEST:
        return RequestDrift(job, len(own), rows, ())
    odd = Counter(
        cell.column
        for cells in read
        for row in odd_cells(model.columns, cells)
        for cell in row
        if cell.reason in ("unreadable", "unseen")
    )
    comparisons = sum(len(known.column.spreads) for known in model.columns)
    columns = [
        _compared(known, [cells[known.name] for cells in read], odd[known.name], comparisons)
        for known in model.columns
    ]
    return RequestDrift(job, len(own), rows, tuple(columns))


def _compared(
    known: KnownColumn, parts: Sequence[Cells], odd: int, comparisons: int
) -> ColumnDrift:
    values = [part.values[place] for part in parts for place in part.places.tolist()]
    present = [value for value in values if value is not None and value == value]
    spreads = _spreads(known.column, present)
    return ColumnDrift(
        known.name,
        known.kind,
        *farthest(known.column.spreads, spreads, comparisons),
        known.missing_share,
        1 - len(present) / len(values),
        odd / len(values),
    )


def _spreads(column: Column, values: Sequence[Value]) -> tuple[Spread, ...]:
    """In the units of `Column.spreads`."""
    if column.kind == CATEGORY:
        return (spread_of_categories(Counter(map(str, values))),)
    numbers = [_numbers(column, value) for value in values]
    return tuple(spread_of_numbers(each) for each in zip(*numbers, strict=True))


def _numbers(column: Column, value: Value) -> tuple[float, ...]:
    if isinstance(value, tuple):
        return value
    if isinstance(value, datetime):
        since = value - EPOCH
        whole = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
        return (whole / MICROSECONDS_PER_DAY,)
    if column.kind == TEXT:
        return (float(len(str(value))),)
    assert column.kind in (NUMBER, DURATION)
    number = float(value) if isinstance(value, float) else math.nan
    # As the job types them.
    return (number if column.wide or column.kind == DURATION else float(np.float32(number)),)
