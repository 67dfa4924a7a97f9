"""Rows of the form: a typical one, and some by chance, with what the model says of them."""

import math
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from model_code.preprocessor import Preprocessor
from portable.features import DAYS
from portable.model import PortableModel
from reading.column import CATEGORY, DATE, NUMBER, NUMBERS
from refused import need
from what_if.columns import UNSEEN, FormColumn, FormValue

MILLISECONDS_PER_DAY = 86_400_000
# Enough to tell whether a browser calculates as this machine does.
CHECKED_ROWS, SEED = 20, 0
MISSING, ODD = 0.1, 0.1
# A value is missing in the typical row where most rows of train lack it.
MOSTLY = 0.5
DIGITS = 6


class TrainRows:
    """The rows of train as the fields of the form have them."""

    def __init__(
        self, rows: pd.DataFrame, preprocessor: Preprocessor, columns: Sequence[FormColumn]
    ) -> None:
        self._columns = columns
        self._values = [_values(column, rows, preprocessor) for column in columns]

    def typical(self) -> list[FormValue]:
        """The middle of numbers and dates, and the most frequent category."""
        return list(map(_typical, self._columns, self._values))

    def by_chance(self, count: int = CHECKED_ROWS, seed: int = SEED) -> list[list[FormValue]]:
        """Rows whose values come from one row each, and odd values."""
        dice = random.Random(seed)
        return [
            [
                _some(column, values, dice)
                for column, values in zip(self._columns, self._values, strict=True)
            ]
            for _ in range(count)
        ]


def _values(column: FormColumn, rows: pd.DataFrame, preprocessor: Preprocessor) -> np.ndarray:
    """Of each row, NaN where it is missing; shape (n_rows, n_numbers)."""
    inner = column.column
    feature = preprocessor.feature_of(inner.name)
    names = [feature]
    if inner.kind == NUMBERS:
        names = preprocessor.features_of_several(inner)
    elif inner.kind == DATE:
        names = [f"{feature}_{DAYS}"]
    need(set(names) <= set(rows.columns), "a column of no feature")
    if inner.kind == CATEGORY:
        texts = rows[feature].astype(object)
        places = pd.Index(column.options).get_indexer(pd.Index(texts)).astype(float)
        return np.where(texts.isna(), np.nan, places)[:, None]
    found = rows[names].to_numpy(float) + inner.offset
    if inner.kind == DATE:
        return np.round(found * MILLISECONDS_PER_DAY)
    return 100 * found if column.is_percent else found


def _typical(column: FormColumn, values: np.ndarray) -> FormValue:
    whole = np.isfinite(values).all(axis=1)
    if whole.mean() < MOSTLY:
        return [math.nan] * column.n_numbers if column.column.kind == NUMBERS else math.nan
    present = values[whole]
    if column.column.kind == CATEGORY:
        return float(pd.Series(present[:, 0]).mode().iloc[0])
    middle = np.quantile(present, 0.5, axis=0, method="closest_observation")
    if column.column.kind == NUMBERS:
        return list(map(tidy, middle))
    if column.column.kind == DATE:
        step = 1000 if column.column.timed else MILLISECONDS_PER_DAY
        return float(middle[0] // step * step)
    return tidy(middle[0])


def tidy(value: float) -> float:
    """A number without the noise of float32; whole ones stay as they are."""
    return float(value) if value == round(value) else float(f"{value:.{DIGITS}g}")


def _some(column: FormColumn, values: np.ndarray, dice: random.Random) -> FormValue:
    chance = dice.random()
    kind = column.column.kind
    found = list(map(float, values[dice.randrange(len(values))]))
    if chance < MISSING:
        found = [math.nan] * len(found)
    elif chance < MISSING + ODD:
        found = [UNSEEN] if kind == CATEGORY else _far(column, found)
    if kind == NUMBERS:
        return list(map(tidy, found)) if all(map(math.isfinite, found)) else [math.nan] * len(found)
    if kind == DATE and not column.column.timed:
        return found[0] // MILLISECONDS_PER_DAY * MILLISECONDS_PER_DAY
    return tidy(found[0]) if kind == NUMBER and math.isfinite(found[0]) else found[0]


def _far(column: FormColumn, values: Sequence[float]) -> list[float]:
    if column.column.kind == DATE:
        return [value + 4000 * MILLISECONDS_PER_DAY for value in values]
    return [2 * value + 7 for value in values]


def answers(
    model: PortableModel, columns: Sequence[FormColumn], rows: Sequence[Sequence[FormValue]]
) -> list[dict[str, Any]]:
    """What the portable model says of each row by itself, read from cells.

    `row` has the values that the form sends, `place` that of the label, and `said` the number or
    the probabilities.
    """
    found = []
    for row in rows:
        cells = {column.name: column.cell(one) for column, one in zip(columns, row, strict=True)}
        answer = model.predict([cells], points=True)
        made: dict[str, Any] = {"row": list(map(_json, row))}
        if model.problem == "number":
            made["said"] = [float(answer.predictions[0])]
        else:
            made["said"] = list(map(float, answer.probabilities[0]))
            made["place"] = model.labels.index(answer.predictions[0])
        found.append(made)
    return found


def _json(value: FormValue) -> Any:
    """JSON has no NaN."""
    if isinstance(value, list):
        return list(map(_json, value))
    return None if math.isnan(value) else value
