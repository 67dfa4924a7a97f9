"""The predictions file: every row as it was given, and what the model says of it."""

import csv
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from autogluon.tabular import TabularPredictor

from contract.messages import ENGLISH, message
from contract.spreadsheet import FORMULA, SIGNED_NUMBER, safe_row
from model_code.amounts import STRONGEST, RowReasons, joined_reasons, no_reasons
from model_code.cell_checks import CellChecks
from model_code.columns import typed
from model_code.notes import Note, part_failed
from model_code.preprocessor import Preprocessor
from model_code.reasons import ROWS_AT_A_TIME, STEPS_PER_SECOND, Reasons
from model_code.tables import chunks, look_at, texts_of
from reading.errors import RowsError
from reading.names import column_names

# At least so many rows get reasons, if need be from fewer trees.
ROWS_EXPLAINED = 10_000
SHARE_PLANNED = 0.7
DIGITS_OF_PROBABILITY, DIGITS_OF_AMOUNT = 6, 9
# Names of the columns of reasons for programs, each with its amount.
REASON_COLUMNS = tuple(
    name for n in range(1, STRONGEST + 1) for name in (f"reason_{n}", f"reason_{n}_amount")
)
UTF8, UTF8_WITH_MARK = "utf-8", "utf-8-sig"


@dataclass(frozen=True)
class Written:
    """What became of a predictions file."""

    rows: int
    explained: int
    """The first so many rows have reasons."""
    made_safe: int
    """So many cells of the input got an apostrophe in front."""
    seconds_of_reasons: float
    failure_of_reasons: Note | None
    """Why there are none."""
    notes: list[Note]
    """What is odd in the rows; none where the answers were known already."""


@dataclass(frozen=True)
class Lines:
    """Some rows of the file."""

    text: str
    made_safe: int


class Model:
    """A predictor, how rows become its features, and the language that it refuses them in."""

    def __init__(
        self, predictor: TabularPredictor, preprocessor: Preprocessor, language: str = ENGLISH
    ) -> None:
        self.predictor, self.preprocessor, self.language = predictor, preprocessor, language
        self.reasons = Reasons(predictor, preprocessor)

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
            shown = found.round(DIGITS_OF_PROBABILITY).add_prefix("probability_")
            return pd.concat([labels, shown], axis=1)
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
    reason_columns: bool = False,
    tell: Callable[[int], None] = lambda rows: None,
) -> Written:
    """Predict all rows of a file in parts; the same number and order of rows, always.

    `known` has the answers where they are known already, by row. `reason_columns` adds each reason
    as a column and its amount, for programs. `tell` hears the number of rows done.
    Raises UnreadableError when the file is none, and RowsError when it lacks columns.
    """
    head = look_at(file, model.preprocessor.expected)
    require_columns(model.preprocessor, list(head.columns))
    rows = run = 0
    explainer = _Explainer(model, seconds_for_reasons)
    checks, notes = CellChecks(model.preprocessor.columns), list[Note]()
    with into.open("w", encoding=UTF8_WITH_MARK if safe else UTF8, newline="") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        for part in chunks(file, head, notes):
            features: pd.DataFrame | None = None
            if known is None:
                values = typed(model.preprocessor.columns, part)
                checks.add(part, values)
                features = model.preprocessor.made_from(values)
                answer = model.answer(features)
            else:
                answer = known.iloc[rows : rows + part.num_rows].reset_index(drop=True)
            reasons = explainer.explain(part, answer, features)
            if not rows:
                more = REASON_COLUMNS if reason_columns else ()
                names = [*head.header, *answer.columns, "reasons", *more]
                new = column_names(names)[len(head.header) :]
                header = [*head.header, *new]
                writer.writerow(safe_row(header) if safe else header)
            lines = _lines(part, answer, reasons, safe, reason_columns)
            opened.write(lines.text)
            run += lines.made_safe
            rows += part.num_rows
            tell(rows)
    notes = [] if known is not None else [*notes, *checks.notes()]
    return Written(rows, explainer.explained, run, explainer.seconds, explainer.failure, notes)


def require_columns(preprocessor: Preprocessor, names: list[str]) -> None:
    if lacking := preprocessor.lacking(names):
        raise RowsError(message("data.rows_lack", count=len(lacking), columns=tuple(lacking)))


class _Explainer:
    """Reasons for one row after the other, until the time is over or something breaks."""

    def __init__(self, model: Model, seconds: float) -> None:
        self._model, self._budget = model, seconds
        self._over = not model.reasons.possible
        self._reasons: Reasons | None = None
        self.explained = 0
        self.seconds = 0.0
        self.failure: Note | None = None

    def explain(
        self, part: pa.Table, answer: pd.DataFrame, features: pd.DataFrame | None
    ) -> RowReasons:
        """Reasons per row, none from where it was over; makes lacking features only if need be."""
        reasons = no_reasons(0)
        start = time.monotonic()
        if not self._over:
            try:
                if features is None:
                    features = self._model.preprocessor.features(part)
                reasons = self._reasons_of(part, answer, features)
            # Whatever breaks in three libraries must not cost the predictions.
            except Exception as error:
                traceback.print_exc()
                self.failure, self._over = part_failed("reasons", error), True
        self.seconds += time.monotonic() - start
        self.explained += len(reasons.texts)
        return reasons.and_none(part.num_rows - len(reasons.texts))

    def _reasons_of(
        self, part: pa.Table, answer: pd.DataFrame, features: pd.DataFrame
    ) -> RowReasons:
        end = time.monotonic() + self._budget - self.seconds
        if self._reasons is None:
            rows = min(len(features), ROWS_EXPLAINED)
            steps = self._budget * SHARE_PLANNED * STEPS_PER_SECOND
            self._reasons = self._model.reasons.within(steps, rows)
        reasons = [no_reasons(0)]
        for first in range(0, len(features), ROWS_AT_A_TIME):
            if time.monotonic() > end:
                self._over = True
                break
            few = slice(first, first + ROWS_AT_A_TIME)
            rows_of = part.slice(first, ROWS_AT_A_TIME)
            reasons.append(self._reasons.of_rows(features.iloc[few], rows_of, answer.iloc[few]))
        return joined_reasons(reasons)


def _lines(
    part: pa.Table, answer: pd.DataFrame, reasons: RowReasons, safe: bool, reason_columns: bool
) -> Lines:
    """The rows as lines of CSV, and how many cells of the input had to be made safe."""
    given = texts_of(part)
    said = [_as_texts(answer[name]) for name in answer.columns]
    why = [pa.array(reasons.texts, pa.string())]
    if reason_columns:
        for names, amounts in zip(reasons.columns.T, reasons.amounts.T, strict=True):
            why += [
                pa.array(names, pa.string()),
                _as_texts(pd.Series(amounts.round(DIGITS_OF_AMOUNT))),
            ]
    columns = [*given, *said, *why]
    count = 0
    if safe:
        count = sum(int(pc.sum(would_run(column)).as_py() or 0) for column in given)
        # The prediction is a label, which must stay the label that train has.
        columns = [*map(made_safe, given), *said, *map(made_safe, why)]
    return Lines(_joined(columns), count)


def answer_csv(answer: pd.DataFrame) -> str:
    """The answers as CSV with a header."""
    header = [str(_quoted(pa.array([str(name)]))[0]) for name in answer.columns]
    columns = [_as_texts(answer[name]) for name in answer.columns]
    return f"{','.join(header)}\n{_joined(columns)}"


def _joined(columns: list[pa.StringArray]) -> str:
    """Lines of CSV, by columns: sixty times as fast as a writer of rows."""
    joined = pc.binary_join_element_wise(*map(_quoted, columns), ",")
    return "\n".join(joined.to_pylist()) + "\n"


def would_run(cells: pa.StringArray) -> pa.BooleanArray:
    """Which cells a spreadsheet would run: `contract.spreadsheet.would_run` a column at a time."""
    signed = pc.match_substring_regex(cells, f"^{FORMULA}")
    return pc.and_(signed, pc.invert(pc.match_substring_regex(cells, f"^{SIGNED_NUMBER}$")))


def made_safe(cells: pa.StringArray) -> pa.StringArray:
    """With an apostrophe in front of those cells."""
    mask = would_run(cells)
    if not pc.any(mask).as_py():
        return cells
    return pc.if_else(mask, pc.binary_join_element_wise("'", cells, ""), cells)


def _quoted(cells: pa.StringArray) -> pa.StringArray:
    """Only cells that need quotes get them."""
    mask = pc.match_substring_regex(cells, '[",\n\r]')
    if not pc.any(mask).as_py():
        return cells
    doubled = pc.replace_substring(cells, '"', '""')
    return pc.if_else(mask, pc.binary_join_element_wise('"', doubled, '"', ""), cells)


def _as_texts(values: pd.Series) -> pa.StringArray:
    found = pa.array(values.astype(str) if values.dtype == object else values)
    return pc.fill_null(pc.cast(found, pa.string()), "")
