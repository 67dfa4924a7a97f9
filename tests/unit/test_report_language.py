"""Every language of the report says everything, and asks for the same values."""

import json
import re
import string
from pathlib import Path

import pytest

from automl.target import choose_target
from report.language import LANGUAGES, TEXTS, Language
from report.page import how_good

SOURCE = Path(TEXTS).parents[1]


def texts(name: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((TEXTS / f"{name}.json").read_text("utf-8"))
    return found


def values(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_language_has_every_text_with_the_values_of_the_english_one(name: str) -> None:
    english, other = texts("en"), texts(name)
    assert list(other) == list(english)
    # A language may leave a value out where its grammar has no place for it, but knows no other.
    unknown = {key: values(other[key]) - values(english[key]) for key in english}
    assert not {key: names for key, names in unknown.items() if names}


def test_every_note_that_the_code_takes_has_a_text() -> None:
    code = "".join(path.read_text("utf-8") for path in SOURCE.rglob("*.py"))
    noted = set(re.findall(r'note\(\s*"(\w+)"', code))
    assert len(noted) > 20
    assert {f"note_{key}" for key in noted} <= set(texts("en"))


def test_a_language_that_there_is_not_is_english() -> None:
    assert Language("tlh")("perfect") == "perfect"


@pytest.mark.parametrize(
    ("train", "test", "from_settings", "from_stack"),
    [
        (["a", "b"], None, "b", ""),
        (["a", "b"], None, None, "b"),
        (["a", "b"], ["a"], None, ""),
        (["a", "Class"], None, None, ""),
    ],
)
def test_how_the_target_was_found_is_told_in_every_language(
    train: list[str], test: list[str] | None, from_settings: str | None, from_stack: str
) -> None:
    target = choose_target(train, test, from_settings, from_stack)
    told = [Language(name).rule(target.rule, target.column) for name in LANGUAGES]
    assert told[0] == target.rule
    assert len(set(told)) == len(LANGUAGES)


def test_a_rule_that_somebody_else_made_up_stays_as_it_is() -> None:
    assert Language("ko").rule("it was named", "x") == "it was named"


@pytest.mark.parametrize(
    ("score", "told"), [(1.0, 100), (0.9964, 99), (0.994, 99), (0.775, 78), (0.004, 1), (0.0, 0)]
)
def test_all_and_none_are_said_only_of_all_and_none(score: float, told: int) -> None:
    performance = {"metric": "accuracy", "score": score, "target": "y", "positive_class": None}
    said = how_good(performance, Language("en"))
    assert said == f"It is right in {told} of 100 rows that it has never seen."
