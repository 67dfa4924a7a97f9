"""The predictions file: every row as it was given, and what the model says of it."""

import csv
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from autogluon.tabular import TabularPredictor

from model_code.reasons import ROWS_AT_A_TIME, Reasons
from model_code.rows import Recipe
from model_code.tables import chunks, look_at
from reading.names import column_names

# What a spreadsheet takes for the beginning of a formula.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
# At least so many rows get reasons, if need be from fewer trees.
ROWS_EXPLAINED, ROWS_TIMED = 10_000, 120
SHARE_PLANNED = 0.7
UTF8, UTF8_WITH_MARK = "utf-8", "utf-8-sig"


@dataclass(frozen=True)
class Written:
    """What became of a predictions file."""

    rows: int
    explained: int
    """The first so many rows have reasons."""
    made_safe: int
    """So many cells of the input got an apostrophe in front."""
    seconds: float
    seconds_of_reasons: float
    failure_of_reasons: str | None
    """Why there are none."""


class Model:
    """A predictor and how rows become its features."""

    def __init__(self, predictor: TabularPredictor, recipe: Recipe) -> None:
        self.predictor, self.recipe = predictor, recipe
        self.reasons = Reasons(predictor, recipe)

    def answer(self, features: pd.DataFrame) -> pd.DataFrame:
        """`prediction` and a probability per class, or the quantiles, of each row."""
        if self.predictor.problem_type in ("binary", "multiclass"):
            # Probabilities once, classes from them: asked apart, every model runs twice.
            return self.answer_from(self.predictor.predict_proba(features))
        return self.answer_from(self.predictor.predict(features))

    def answer_from(self, found: pd.DataFrame | pd.Series) -> pd.DataFrame:
        """The same from what the predictor said."""
        if self.predictor.problem_type in ("binary", "multiclass"):
            labels: pd.Series = self.predictor.predict_from_proba(found).rename("prediction")
            return pd.concat([labels, found.add_prefix("probability_")], axis=1)
        if isinstance(found, pd.DataFrame):
            return found.add_prefix("quantile_")
        return found.to_frame("prediction")


def write_predictions(
    model: Model,
    file: Path,
    into: Path,
    *,
    safe: bool = True,
    seconds_for_reasons: float = 60.0,
    known: pd.DataFrame | None = None,
    tell: Callable[[int], None] = lambda rows: None,
) -> Written:
    """Predict all rows of a file in parts; the same number and order of rows, always.

    `known` has the answers where they are known already, by row. `tell` hears the number of rows
    done. Raises UnreadableError when the file is none, and ValueError when it lacks columns.
    """
    start = time.monotonic()
    head = look_at(file, model.recipe.expected)
    require_columns(model.recipe, list(head.columns))
    rows = made_safe = 0
    explainer = _Explainer(model, seconds_for_reasons)
    with into.open("w", encoding=UTF8_WITH_MARK if safe else UTF8, newline="") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        for part in chunks(file, head):
            features = model.recipe.features(part)
            answer = (
                model.answer(features)
                if known is None
                else known.iloc[rows : rows + part.num_rows].reset_index(drop=True)
            )
            reasons = explainer.explain(features, part, answer)
            if not rows:
                names = [*head.header, *answer.columns, "reasons"]
                new = column_names(names)[len(head.header) :]
                writer.writerow([*head.header, *new])
            made_safe += _write(writer, part, answer, reasons, safe)
            rows += part.num_rows
            tell(rows)
    return Written(
        rows,
        explainer.explained,
        made_safe,
        time.monotonic() - start,
        explainer.seconds,
        explainer.failure,
    )


def require_columns(recipe: Recipe, names: list[str]) -> None:
    lacking = [name for name in recipe.needed if name not in names]
    if lacking:
        raise ValueError(f"The rows lack {len(lacking)} columns: {', '.join(lacking[:20])}.")


class _Explainer:
    """Reasons for one row after the other, until the time is over or something breaks."""

    def __init__(self, model: Model, seconds: float) -> None:
        self._model, self._budget = model, seconds
        self._over = not model.reasons.possible
        self._reasons: Reasons | None = None
        self.explained = 0
        self.seconds = 0.0
        self.failure: str | None = None

    def _choose(self, features: pd.DataFrame) -> None:
        """Take what is quick enough for all rows, or for as many as are promised."""
        start = time.monotonic()
        self._reasons = self._model.reasons
        if not self._over:
            rows = min(len(features), ROWS_EXPLAINED)
            self._reasons = self._reasons.within(
                self._budget * SHARE_PLANNED, rows, features.head(ROWS_TIMED)
            )
        self.seconds += time.monotonic() - start

    def explain(self, features: pd.DataFrame, part: pa.Table, answer: pd.DataFrame) -> list[str]:
        """A text per row, empty from where it was over."""
        if self._reasons is None:
            self._choose(features)
        told: list[str] = []
        for first in range(0, len(features), ROWS_AT_A_TIME):
            start = time.monotonic()
            self._over = self._over or self.seconds > self._budget
            if self._over:
                break
            few = slice(first, first + ROWS_AT_A_TIME)
            rows = part.slice(first, ROWS_AT_A_TIME)
            try:
                assert self._reasons is not None
                told += self._reasons.texts(features.iloc[few], rows, answer.iloc[few])
            # Whatever breaks in three libraries must not cost the predictions.
            except Exception as error:
                traceback.print_exc()
                self.failure, self._over = str(error) or type(error).__name__, True
            self.seconds += time.monotonic() - start
        self.explained += len(told)
        return told + [""] * (len(features) - len(told))


def _write(
    writer: Any,
    part: pa.Table,
    answer: pd.DataFrame,
    reasons: list[str],
    safe: bool,
) -> int:
    """The number of cells of the input that had to be made safe."""
    given = [part[name].to_pylist() for name in part.column_names]
    made_safe = 0
    if safe:
        before = given
        given = [[safe_cell(cell) for cell in column] for column in given]
        made_safe = sum(
            old != new
            for a, b in zip(before, given, strict=True)
            for old, new in zip(a, b, strict=True)
        )
    said = [_cells(answer[name], safe) for name in answer.columns]
    why = [safe_cell(text) if safe else text for text in reasons]
    writer.writerows(zip(*given, *said, why, strict=True))
    return made_safe


def _cells(values: pd.Series, safe: bool) -> list[object]:
    cells = values.astype(object).where(values.notna(), "").tolist()
    return [safe_cell(cell) if safe and isinstance(cell, str) else cell for cell in cells]


def safe_cell(text: str) -> str:
    """With an apostrophe in front when a spreadsheet would calculate it; numbers stay."""
    if not text or text[0] not in FORMULA_SIGNS or len(text) == 1 or _is_number(text):
        return text
    return f"'{text}"


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True
