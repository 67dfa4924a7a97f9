"""The model behind an endpoint, a batch transform or `codefree predict`.

AWS's AutoGluon container calls model_fn once and transform_fn per request; both lie in the model's
code/ folder with the packages that they need. In: CSV with or without a header, JSON, JSON Lines.
Out: one row per input row, `prediction` and `probability_<class>`, as CSV, JSON or JSON Lines.

As a script it predicts a whole file, in a process of its own, because a model's code may be of
another version than the caller's: `python -P code/inference.py FILE INTO REASON excel|plain` prints
`rows N` as it goes and `done N EXPLAINED` at the end; what it refuses it writes to REASON.
"""

import csv
import io
import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

# The container imports this file alone.
sys.path.insert(0, str(Path(__file__).parent))

import pandas as pd
import pyarrow as pa
from autogluon.tabular import TabularPredictor

from model_code.predictions import Model, require_columns, write_predictions
from model_code.rows import load_recipe
from reading.csv_head import DELIMITERS
from reading.errors import UnreadableError

JSON_LINES = ("application/jsonl", "application/jsonlines", "application/x-jsonlines")


def model_fn(model_dir: str) -> Model:
    """Load the predictor and keep its models in memory.

    Raises ValueError when another AutoGluon made it.
    """
    folder = Path(model_dir)
    passport = json.loads((folder / "passport.json").read_text("utf-8"))
    made_by, here = passport["versions"]["autogluon.tabular"], version("autogluon.tabular")
    if made_by != here:
        raise ValueError(
            f"This model was made by AutoGluon {made_by} and loads only there; here is {here}. "
            f"Install it (pip install autogluon.tabular=={made_by}) or train the model again."
        )
    # The same model works in another minor version of Python; AutoGluon would refuse it.
    predictor = TabularPredictor.load(model_dir, require_py_version_match=False, verbosity=0)
    predictor.persist()
    return Model(predictor, load_recipe(folder / "code"))


def transform_fn(
    model: Model,
    request_body: str | bytes,
    input_content_type: str,
    output_content_type: str = "application/json",
) -> tuple[str, str]:
    """Predict the rows of a request; ValueError becomes an HTTP 400 with its text."""
    body = request_body.decode() if isinstance(request_body, bytes) else request_body
    rows = _rows(body, input_content_type, model)
    require_columns(model.recipe, rows.column_names)
    answer = model.answer(model.recipe.features(rows))
    return _written(answer, output_content_type)


def main(file: str, into: str, reason: str, form: str) -> None:
    """Predict all rows of a file with the model that this code belongs to."""
    try:
        model = model_fn(str(Path(__file__).parents[1]))
        written = write_predictions(
            model,
            Path(file),
            Path(into),
            safe=form == "excel",
            tell=lambda rows: print("rows", rows, flush=True),
        )
    except (ValueError, UnreadableError) as error:
        Path(reason).write_text(str(error), encoding="utf-8")
        raise
    print("done", written.rows, written.explained, flush=True)


def _rows(body: str, content_type: str, model: Model) -> pa.Table:
    kind = content_type.split(";")[0].strip().lower()
    if not body.strip():
        raise ValueError("The request is empty; send at least one row.")
    if kind == "text/csv":
        return _csv(body, model)
    if kind == "application/json":
        return _json(body)
    if kind in JSON_LINES:
        return _table([_parsed(line) for line in body.splitlines() if line.strip()])
    raise ValueError(
        f"Rows of type {content_type!r} are not understood; send text/csv, application/json "
        "or application/jsonlines."
    )


def _csv(body: str, model: Model) -> pa.Table:
    """With a header when its first line names columns; else the columns in training order."""
    needed = model.recipe.needed
    rows: list[list[str]] = []
    for delimiter in dict.fromkeys((model.recipe.expected.delimiter, *DELIMITERS)):
        text = io.StringIO(body.removeprefix("\ufeff"), newline="")
        rows = [row for row in csv.reader(text, delimiter=delimiter) if row]
        names = [name.strip() for name in rows[0]]
        if set(names) & set(needed):
            return _of_rows(rows[1:], names, first_line=2)
    text = io.StringIO(body.removeprefix("\ufeff"), newline="")
    rows = [row for row in csv.reader(text, delimiter=model.recipe.expected.delimiter) if row]
    if len(rows[0]) != len(needed):
        raise ValueError(
            f"The CSV has no header and {len(rows[0])} columns where the model has "
            f"{len(needed)}: {', '.join(needed[:20])}."
        )
    return _of_rows(rows, needed, first_line=1)


def _of_rows(rows: list[list[str]], names: list[str], first_line: int) -> pa.Table:
    if not rows:
        raise ValueError("The CSV has column names but no rows.")
    for line, row in enumerate(rows, start=first_line):
        if len(row) != len(names):
            raise ValueError(
                f"The CSV cannot be read: row {line} has {len(row)} fields where {len(names)} are "
                "expected."
            )
    columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    return pa.table(columns, names=names)


def _json(body: str) -> pa.Table:
    content = _parsed(body)
    if isinstance(content, dict):
        content = content.get("instances", content)
    if isinstance(content, dict) and all(isinstance(column, list) for column in content.values()):
        lengths = {len(column) for column in content.values()}
        if len(lengths) > 1:
            raise ValueError("The columns of the JSON have different lengths.")
        return pa.table({name: _texts(column) for name, column in content.items()})
    return _table(content if isinstance(content, list) else [content])


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"The JSON cannot be read: {error}.") from error


def _table(rows: list[Any]) -> pa.Table:
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise ValueError("Each row must be a JSON object of column names and values.")
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pa.table({name: _texts([row.get(name) for row in rows]) for name in names})


def _texts(values: list[Any]) -> pa.Array:
    """JSON's values as a file would have them."""
    return pa.array(["" if value is None else str(value) for value in values], pa.string())


def _written(answer: pd.DataFrame, accept: str) -> tuple[str, str]:
    kind = (accept or "").split(";")[0].split(",")[0].strip().lower()
    if kind == "text/csv":
        return answer.to_csv(index=False, lineterminator="\n"), kind
    if kind in JSON_LINES:
        return answer.to_json(orient="records", lines=True, force_ascii=False), kind
    if kind in ("application/json", "*/*", ""):
        return answer.to_json(orient="records", force_ascii=False), "application/json"
    raise ValueError(
        f"Answers of type {accept!r} cannot be given; ask for text/csv, application/json or "
        "application/jsonlines."
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
