"""What callers get back: predictions, and what there is to predict."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

import numpy as np

from contract.messages import ENGLISH, message, metric_name, render
from portable.model import Answers, Bound, KnownColumn, Reasons
from portable.odd_cells import OddCell
from reading.column import CATEGORY, DATE, NUMBER
from serving.live_model import Listed, LiveModel, Quality

# As in the predictions file.
DIGITS_OF_PROBABILITY = 6
# Of reasons.
DIGITS = 9
JsonValue = object
ODD: Mapping[str, str] = {
    "unreadable": "api.cell_unreadable",
    "unseen": "api.cell_unseen",
    "below": "api.cell_below",
    "above": "api.cell_above",
}


def predictions_body(
    live: LiveModel, answers: Answers, reasons: Reasons | None = None, language: str = ENGLISH
) -> dict[str, JsonValue]:
    """One entry per row, in order, with its reasons if there are any."""
    rows = range(len(answers.predictions))
    return {
        "dataset": live.listed.dataset,
        "job": live.listed.job,
        "target": live.model.target,
        "predictions": [
            _entry(live, answers, row, language) | _why(live, answers, reasons, row) for row in rows
        ],
    }


def predictions_csv(live: LiveModel, answers: Answers) -> str:
    """The columns that the predictions file adds, without the reasons."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["prediction", *(f"probability_{label}" for label in live.model.labels)])
    for row, prediction in enumerate(answers.predictions):
        writer.writerow([_plain(prediction), *_probabilities(answers, row)])
    return text.getvalue()


def datasets_body(found: Sequence[Listed], after: str | None) -> dict[str, JsonValue]:
    """The datasets that have a model; `next` asks for the ones that follow."""
    body: dict[str, JsonValue] = {"datasets": [asdict(one) for one in found]}
    return body | ({"next": after} if after else {})


def dataset_body(
    live: LiveModel, quality: Quality, language: str = ENGLISH
) -> dict[str, JsonValue]:
    """What the model predicts, how well, and from which columns."""
    model = live.model
    return {
        **asdict(live.listed),
        "problem": model.problem,
        "labels": list(model.labels),
        "threshold": model.threshold,
        "score": _score(quality.score, language),
        "verdict": _verdict(quality, language),
        "columns": [_column(column) for column in model.columns],
        "row_schema": row_schema(live),
    }


def _score(score: Mapping[str, JsonValue] | None, language: str) -> dict[str, JsonValue] | None:
    if score is None:
        return None
    return {**score, "metric_name": metric_name(str(score["metric"]), language)}


def _verdict(quality: Quality, language: str) -> dict[str, JsonValue] | None:
    color = quality.verdict
    if color is None:
        return None
    return {
        "color": color,
        "text": render(message(f"verdict.{color}"), language),
        "against": [render(one, language) for one in quality.against],
    }


def row_schema(live: LiveModel) -> dict[str, JsonValue]:
    """JSON Schema of one row, as the model takes it."""
    columns = live.model.columns
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": live.listed.dataset,
        "type": "object",
        "required": [column.name for column in columns],
        "properties": {column.name: _cell_schema(column) for column in columns},
    }


def _entry(live: LiveModel, answers: Answers, row: int, language: str) -> dict[str, JsonValue]:
    entry: dict[str, JsonValue] = {"prediction": _plain(answers.predictions[row])}
    if live.model.labels:
        found = zip(live.model.labels, _probabilities(answers, row), strict=True)
        entry["probabilities"] = dict(found)
    if odd := answers.notes[row]:
        entry["warnings"] = [_warning(cell, language) for cell in odd]
    return entry


def _why(
    live: LiveModel, answers: Answers, reasons: Reasons | None, row: int
) -> dict[str, JsonValue]:
    """What moves a row from where the model starts to its prediction, the strongest column first.

    The base, all amounts and the rest add up to the probability of the label `of`, or to the
    number.
    """
    if reasons is None:
        return {}
    label, said = _explained(live, answers, row)
    base, amounts = float(reasons.base[row]), reasons.amounts[row]
    order = np.argsort(-np.abs(amounts), kind="stable")
    columns = [
        {"column": live.model.names[place], "amount": round(float(amounts[place]), DIGITS)}
        for place in order.tolist()
        if amounts[place]
    ]
    why: dict[str, JsonValue] = {"of": label} if label else {}
    rest = round(said - base - float(amounts.sum()), DIGITS)
    return {"reasons": why | {"base": round(base, DIGITS), "columns": columns, "rest": rest}}


def _explained(live: LiveModel, answers: Answers, row: int) -> tuple[str | None, float]:
    """The label whose probability is explained, and it; or no label, and the number."""
    prediction = answers.predictions[row]
    if not isinstance(prediction, str):
        return None, float(prediction)
    label = live.model.positive or prediction
    return label, float(answers.probabilities[row, live.model.labels.index(label)])


def _plain(prediction: str | np.floating) -> str | float:
    """A label, or a number with as many digits as tell it from its neighbors in 32 bits."""
    return prediction if isinstance(prediction, str) else float(str(prediction))


def _probabilities(answers: Answers, row: int) -> list[float]:
    found = answers.probabilities[row].round(DIGITS_OF_PROBABILITY)
    return [float(str(probability)) for probability in found]


def _warning(odd: OddCell, language: str) -> dict[str, JsonValue]:
    said = message(ODD[odd.reason], column=odd.column, cell=odd.text)
    text = render(said, language)
    return {"column": odd.column, "cell": odd.text, "code": said.code, "text": text}


def _column(column: KnownColumn) -> dict[str, JsonValue]:
    return {
        "name": column.name,
        "kind": column.kind,
        "categories": list(column.categories),
        "low": _bound(column.low),
        "high": _bound(column.high),
        "missing_share": column.missing_share,
    }


def _bound(value: Bound) -> JsonValue:
    if isinstance(value, tuple):
        return list(value)
    return value.isoformat() if isinstance(value, datetime) else value


def _cell_schema(column: KnownColumn) -> dict[str, JsonValue]:
    kinds = ["string", "number", "boolean", "null"]
    schema: dict[str, JsonValue] = {"type": kinds, "description": column.kind}
    if column.kind in (NUMBER, DATE) and column.low is not None:
        schema["examples"] = [_bound(column.low), _bound(column.high)]
    if column.kind == CATEGORY and column.categories:
        schema["examples"] = list(column.categories[:20])
    return schema
