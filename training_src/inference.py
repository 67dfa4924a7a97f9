"""The model behind an endpoint, a batch transform or `codefree predict`.

AWS's AutoGluon container calls model_fn once and transform_fn per request; both lie in the model's
code/ folder with the packages that they need. In: CSV with or without a header, JSON, JSON Lines.
Out: one row per input row, `prediction` and `probability_<class>`, as CSV, JSON or JSON Lines.

As a script it predicts a whole file, in a process of its own, because a model's code may be of
another version than the caller's: `python -P code/inference.py FILE INTO REASON excel|plain`. It
prints `rows N` as it goes, `note JSON` for what is odd in the rows, and `done N EXPLAINED` at the
end; what it refuses it writes to REASON. The environment's CODEFREE_LANGUAGE is the language of
notes and refusals.
"""

import json
import os
import sys
from importlib.metadata import version
from pathlib import Path

# The container imports this file alone.
sys.path.insert(0, str(Path(__file__).parent))

import pandas as pd
from autogluon.tabular import TabularPredictor

from contract.bounds import LANGUAGE_VARIABLE, REASON_COLUMNS_VARIABLE, WITH_REASON_COLUMNS
from contract.messages import (
    ENGLISH,
    Message,
    known_language,
    message,
    message_to_json,
    render,
)
from model_code.cell_checks import CellChecks
from model_code.columns import typed
from model_code.predictions import Model, answer_csv, require_columns, write_predictions
from model_code.preprocessor import load_preprocessor
from model_code.requests import request_rows
from reading.errors import RowsError, UnreadableError
from reading.request_rows import JSON_LINES, as_text


class OtherVersionError(ValueError):
    """Raised when a model does not load with the AutoGluon that is installed."""

    def __init__(self, message: Message) -> None:
        super().__init__(message)
        self.message = message


def model_fn(model_dir: str) -> Model:
    """Load the predictor and keep its models in memory.

    Raises OtherVersionError when another AutoGluon made it.
    """
    folder = Path(model_dir)
    passport = json.loads((folder / "passport.json").read_text("utf-8"))
    made_by, here = passport["versions"]["autogluon.tabular"], version("autogluon.tabular")
    if made_by != here:
        raise OtherVersionError(message("model.other_version", made_by=made_by, here=here))
    # The same model works in another minor version of Python; AutoGluon would refuse it.
    predictor = TabularPredictor.load(model_dir, require_py_version_match=False, verbosity=0)
    predictor.persist()
    language = known_language(passport.get("report_language"))
    return Model(predictor, load_preprocessor(folder / "code"), language)


def transform_fn(
    model: Model,
    request_body: str | bytes,
    input_content_type: str,
    output_content_type: str = "application/json",
) -> tuple[str, str]:
    """Predict the rows of a request; ValueError becomes an HTTP 400 with its text.

    The text is in the language of the model's report.
    """
    try:
        return _answered(model, request_body, input_content_type, output_content_type)
    except RowsError as error:
        raise ValueError(render(error.message, model.language)) from error


def _answered(
    model: Model, request_body: str | bytes, input_content_type: str, output_content_type: str
) -> tuple[str, str]:
    body = as_text(request_body)
    preprocessor = model.preprocessor
    rows = request_rows(
        body, input_content_type, preprocessor.needed, preprocessor.expected.delimiter
    )
    require_columns(preprocessor, rows.column_names)
    values, checks = typed(preprocessor.columns, rows), CellChecks(preprocessor.columns)
    checks.add(rows, values)
    for note in checks.notes():
        # An answer has no place for it; the endpoint's log has.
        print(render(note), file=sys.stderr, flush=True)
    answer = model.answer(preprocessor.made_from(values))
    return _written(answer, output_content_type)


def main(file: str, into: str, reason: str, form: str) -> None:
    """Predict all rows of a file with the model that this code belongs to."""
    language = os.environ.get(LANGUAGE_VARIABLE, ENGLISH)
    reason_columns = bool(os.environ.get(REASON_COLUMNS_VARIABLE))
    try:
        model = model_fn(str(Path(__file__).parents[1]))
        written = write_predictions(
            model,
            Path(file),
            Path(into),
            safe=form == "excel",
            reason_columns=reason_columns,
            tell=lambda rows: print("rows", rows, flush=True),
        )
    except (RowsError, OtherVersionError, UnreadableError) as error:
        Path(reason).write_text(render(error.message, language), encoding="utf-8")
        raise
    for note in written.notes:
        text = render(note, language)
        print("note", json.dumps({**message_to_json(note), "text": text}), flush=True)
    if reason_columns:
        print(WITH_REASON_COLUMNS, flush=True)
    print("done", written.rows, written.explained, flush=True)


def _written(answer: pd.DataFrame, accept: str) -> tuple[str, str]:
    kind = (accept or "").split(";")[0].split(",")[0].strip().lower()
    if kind == "text/csv":
        return answer_csv(answer), kind
    if kind in JSON_LINES:
        return answer.to_json(orient="records", lines=True, force_ascii=False), kind
    if kind in ("application/json", "*/*", ""):
        return answer.to_json(orient="records", force_ascii=False), "application/json"
    raise RowsError(message("request.answer_type", kind=accept))


if __name__ == "__main__":
    main(*sys.argv[1:])
