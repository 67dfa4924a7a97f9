"""report.json holds numbers as JSON has them, and its schema leaves nothing open."""

import json
from typing import Any

import jsonschema_rs
import numpy as np
import pandas as pd
import pytest

from learning_curve import LearningPoint
from reading.column import CATEGORY, DATE, DURATION, NUMBER, NUMBERS, TEXT
from report.content import plain
from tests.template_facts import ROOT

POINT = LearningPoint(3, 0.5, (0.1, 0.9))
SCHEMA: dict[str, Any] = json.loads((ROOT / "docs/report.schema.json").read_text("utf-8"))


@pytest.mark.parametrize(
    ("value", "as_json"),
    [
        (float("nan"), None),
        (np.float64("inf"), None),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (pd.NA, None),
        ((1, (2.0, None)), [1, [2.0, None]]),
        ({1: POINT}, {"1": {"rows": 3, "score": 0.5, "interval": [0.1, 0.9]}}),
    ],
)
def test_what_is_no_number_is_null(value: Any, as_json: Any) -> None:
    assert plain(value) == as_json
    json.dumps(plain(value), allow_nan=False)


def objects(schema: Any) -> list[dict[str, Any]]:
    """All schemas of objects with properties inside a schema."""
    if isinstance(schema, list):
        return [one for part in schema for one in objects(part)]
    if not isinstance(schema, dict):
        return []
    own = [schema] if "properties" in schema and schema.get("type") == "object" else []
    return own + [one for part in schema.values() for one in objects(part)]


def test_the_schema_is_one_and_names_every_key() -> None:
    jsonschema_rs.meta.validate(SCHEMA)
    assert len(objects(SCHEMA)) > 20
    open_ones = [one for one in objects(SCHEMA) if one.get("additionalProperties") is not False]
    # These two grow with what other files hold.
    known = (SCHEMA["properties"]["performance"], SCHEMA["properties"]["leaderboard"]["items"])
    assert all(one in known for one in open_ones)


def test_the_schema_knows_every_kind_of_column() -> None:
    kinds = SCHEMA["properties"]["columns"]["items"]["properties"]["kind"]["enum"]
    assert set(kinds) == {NUMBER, NUMBERS, DURATION, DATE, CATEGORY, TEXT}
