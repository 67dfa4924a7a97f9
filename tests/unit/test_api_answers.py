"""An answer is of the kind that the caller asks for, and arrives."""

import json
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.answer import LONGEST_ANSWER, is_too_long, json_text, preferred_kind
from portable.files import ARRAYS, DESCRIPTION, PortableError
from portable.model import load_model

CSV, JSON = "text/csv", "application/json"
# What Lambda hands over at most.
MOST_BYTES = 6_291_556
HEADERS = {"headers": {"X-Some": "x" * 1000}, "statusCode": 200}


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("text/csv", CSV),
        ("TEXT/CSV; charset=utf-8", CSV),
        ("text/*", CSV),
        ("text/csv, */*", CSV),
        ("*/*, text/csv;q=0.1", JSON),
        ("text/csv;q=0", JSON),
        ("text/csv;q=0, */*;q=0", JSON),
        ("application/json, text/csv", JSON),
        ("text/csv, application/json", CSV),
        ("application/json;q=0.5, text/csv;q=0.9", CSV),
        ("text/csv;q=0.5, application/json", JSON),
        ("text/csv;q=0.5;q=x, application/json;q=oops", JSON),
        ("text/csvx", JSON),
        ("image/png", JSON),
    ],
)
def test_an_accept_header_is_weighed(accept: str, kind: str) -> None:
    assert preferred_kind(accept, (JSON, CSV)) == kind


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(st.characters(), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


def refuse(constant: str) -> None:
    raise AssertionError(constant)


@given(VALUES)
@example([math.nan, {"a": [math.inf, -math.inf]}, (math.nan,)])
@example({"\ud800": "\udfff"})
def test_each_answer_is_json_that_any_reader_takes(content: object) -> None:
    json.loads(json_text(content).encode(), parse_constant=refuse)


@pytest.mark.parametrize("unit", ['"', "\\", "\n", "a", "é", "가", "\x01", "\U0001f600"])
def test_what_is_not_too_long_is_handed_over(unit: str) -> None:
    times, grown = 1, len(json.dumps(unit, ensure_ascii=False).encode()) - 2
    times = LONGEST_ANSWER // grown - 2
    for length in (times, times + 10):
        text = unit * length
        whole = json.dumps({**HEADERS, "body": text}, ensure_ascii=False).encode()
        assert is_too_long(text) == (length > times)
        assert is_too_long(text) or len(whole) <= MOST_BYTES


def test_a_model_of_lists_within_lists_is_damaged() -> None:
    deep = b'{"format":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    with pytest.raises(PortableError):
        load_model({DESCRIPTION: deep, ARRAYS: b""})
