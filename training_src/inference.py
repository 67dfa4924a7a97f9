"""The model behind an endpoint, a batch transform or `codefree predict`.

AWS's AutoGluon container calls model_fn once and transform_fn per request; it stands alone in the
model's code/ folder. In: CSV with or without a header, JSON, JSON Lines. Out: one row per input
row, `prediction` and `probability_<class>`, as CSV, JSON or JSON Lines.
"""

import io
import json
from typing import Any

import pandas as pd
from autogluon.tabular import TabularPredictor

MISSING = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "none", "n/a", "#N/A", "<NA>"]


def model_fn(model_dir: str) -> TabularPredictor:
    """Load the predictor and keep its models in memory."""
    predictor = TabularPredictor.load(model_dir)
    predictor.persist()
    return predictor


def transform_fn(
    model: TabularPredictor,
    request_body: str | bytes,
    input_content_type: str,
    output_content_type: str = "application/json",
) -> tuple[str, str]:
    """Predict the rows of a request; ValueError becomes an HTTP 400 with its text."""
    body = request_body.decode() if isinstance(request_body, bytes) else request_body
    rows = _with_types(_rows(body, input_content_type, model.original_features), model)
    answer = predicted(model, rows)
    return _written(answer, output_content_type)


def _rows(body: str, content_type: str, features: list[str]) -> pd.DataFrame:
    kind = content_type.split(";")[0].strip().lower()
    if not body.strip():
        raise ValueError("The request is empty; send at least one row.")
    if kind == "text/csv":
        rows = _csv(body, features)
    elif kind == "application/json":
        rows = _json(body)
    elif kind in ("application/jsonl", "application/jsonlines", "application/x-jsonlines"):
        rows = _frame([_parsed(line) for line in body.splitlines() if line.strip()])
    else:
        raise ValueError(
            f"Rows of type {content_type!r} are not understood; send text/csv, application/json "
            "or application/jsonlines."
        )
    lacking = [name for name in features if name not in rows.columns]
    if lacking:
        raise ValueError(f"The rows lack {len(lacking)} columns: {', '.join(lacking[:20])}.")
    return rows[features]


def _csv(body: str, features: list[str]) -> pd.DataFrame:
    """With a header when its first line names features; else the columns in training order."""
    text = body.removeprefix("\ufeff")
    try:
        rows = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False, index_col=False)
        if not set(features) & set(rows.columns):
            rows = pd.read_csv(
                io.StringIO(text), dtype=str, keep_default_na=False, header=None, index_col=False
            )
            if len(rows.columns) != len(features):
                raise ValueError(
                    f"The CSV has no header and {len(rows.columns)} columns where the model has "
                    f"{len(features)}: {', '.join(features[:20])}."
                )
            rows.columns = pd.Index(features)
    except pd.errors.ParserError as error:
        raise ValueError(f"The CSV cannot be read: {error}") from error
    return rows


def _json(body: str) -> pd.DataFrame:
    content = _parsed(body)
    if isinstance(content, dict):
        content = content.get("instances", content)
    if isinstance(content, dict) and all(isinstance(column, list) for column in content.values()):
        lengths = {len(column) for column in content.values()}
        if len(lengths) > 1:
            raise ValueError("The columns of the JSON have different lengths.")
        return pd.DataFrame(content)
    return _frame(content if isinstance(content, list) else [content])


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"The JSON cannot be read: {error}.") from error


def _frame(rows: list[Any]) -> pd.DataFrame:
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise ValueError("Each row must be a JSON object of column names and values.")
    return pd.DataFrame(rows)


def _with_types(rows: pd.DataFrame, model: TabularPredictor) -> pd.DataFrame:
    """Numbers where the model was trained on numbers; what is no number counts as missing."""
    types = model.feature_metadata_in.type_map_raw
    typed = {}
    for name in rows.columns:
        column = rows[name].where(~rows[name].isin(MISSING))
        if types.get(name) in ("int", "float"):
            typed[name] = pd.to_numeric(column, errors="coerce").astype(float)
        else:
            typed[name] = column.map(str, na_action="ignore").astype(object)
    return pd.DataFrame(typed, index=rows.index)


def predicted(model: TabularPredictor, rows: pd.DataFrame) -> pd.DataFrame:
    """`prediction` and a probability per class, or the quantiles, of each row."""
    answer: pd.DataFrame | pd.Series
    if model.problem_type in ("binary", "multiclass"):
        # Probabilities once, classes from them: asked apart, every model runs twice.
        probabilities: pd.DataFrame = model.predict_proba(rows)
        labels: pd.Series = model.predict_from_proba(probabilities).rename("prediction")
        return pd.concat([labels, probabilities.add_prefix("probability_")], axis=1)
    answer = model.predict(rows)
    if isinstance(answer, pd.DataFrame):
        return answer.add_prefix("quantile_")
    return answer.to_frame("prediction")


def _written(answer: pd.DataFrame, accept: str) -> tuple[str, str]:
    kind = (accept or "").split(";")[0].split(",")[0].strip().lower()
    if kind == "text/csv":
        return answer.to_csv(index=False, lineterminator="\n"), kind
    if kind in ("application/jsonl", "application/jsonlines", "application/x-jsonlines"):
        return answer.to_json(orient="records", lines=True, force_ascii=False), kind
    if kind in ("application/json", "*/*", ""):
        return answer.to_json(orient="records", force_ascii=False), "application/json"
    raise ValueError(
        f"Answers of type {accept!r} cannot be given; ask for text/csv, application/json or "
        "application/jsonlines."
    )
