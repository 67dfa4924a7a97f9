"""report.json: every number of the report, for programs; docs/report.schema.json describes it."""

import math
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

import numpy as np
import pandas as pd

from contract.messages import message_to_json
from report.findings import Findings
from report.language import Language
from report.sentences import sentences

VERSION = 1


def report_content(found: Findings) -> dict[str, Any]:
    """The numbers as they are, not rounded; what the report does not have is empty or null."""
    spec, tables = found.spec, found.tables
    preprocessor = found.prepared.preprocessor
    content = {
        "version": VERSION,
        "dataset": spec.dataset,
        "train": spec.train.name,
        "test": spec.test.name if spec.test else None,
        "language": spec.report_language,
        "sentences": sentences(found, Language(spec.report_language)),
        "verdict": found.verdict.to_json(),
        "notes": [message_to_json(one) for one in found.in_order],
        "performance": found.performance,
        "pictures": _pictures(found),
        "brier": _brier(found),
        "thresholds": [
            {**asdict(one), "precision": one.precision, "recall": one.recall}
            for one in tables.thresholds
        ],
        "lift": tables.lifts,
        "classes": tables.classes,
        "mistakes": tables.mistakes,
        "coverage": tables.coverage,
        "importance": [] if found.importance is None else found.importance.to_dict("records"),
        "effects": found.effects,
        "slices": found.slices,
        "notable_rows": found.notable,
        "learning_curve": found.learning,
        "leaderboard": found.leaderboard.to_dict("records"),
        "columns": [
            {"name": one.name, "kind": one.kind, "missing": one.missing_share}
            for one in preprocessor.columns
        ],
        "left_out": found.prepared.left_out,
        "what_if": None if found.what_if is None else found.what_if.to_json(),
        "seconds": found.seconds,
        "passport": found.passport,
    }
    made: dict[str, Any] = plain(content)
    return made


def _brier(found: Findings) -> dict[str, float] | None:
    one = found.tables.brier
    return None if one is None else {**asdict(one), "skill": one.skill}


def _pictures(found: Findings) -> dict[str, Any]:
    """The numbers behind each picture of how right and how wrong the predictions are."""
    tables = found.tables.pictures
    made: dict[str, Any] = {
        key: table.to_dict("records") for key, table in tables.items() if key != "confusion"
    }
    if (matrix := tables.get("confusion")) is not None:
        made["confusion"] = {"classes": list(matrix), "rows": matrix.to_numpy().tolist()}
    return made


def plain(value: Any) -> Any:
    """The same as JSON holds it: what is no number is null."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return None if value is pd.NA else value
