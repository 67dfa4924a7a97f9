"""Reasons add up, as they are shown."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.special import expit, softmax

from model_code.amounts import MINUS, STRONGEST, row_reasons
from model_code.reasons import _shares_of_many, _shares_of_two
from model_code.text_scores import WORDS_SHOWN, learn_text_scores

NUMBER = rf"[+{MINUS}]?[\d,]+(?:\.\d+)?"
AMOUNT = re.compile(rf" ([+{MINUS}][\d,]+(?:\.\d+)?)(?:;|$)")
WAY = re.compile(rf"({NUMBER})%? → ({NUMBER})%?(?::|$)")


def number(text: str) -> float:
    return float(text.replace(MINUS, "-").replace(",", ""))


def reasons(
    base: float, said: float, moved: list[float], *, is_share: bool, name: str = "column"
) -> str:
    names = [f"{name} {n}" for n in range(len(moved))]
    frame, cells = pd.DataFrame([moved], columns=names), {name: ["a; b"] for name in names}
    (text,) = row_reasons(np.array([base]), np.array([said]), frame, cells, {}, is_share=is_share)
    return text


def parts(text: str) -> tuple[float, float, list[float]]:
    way = WAY.match(text)
    assert way
    start, end = map(number, way.groups())
    return start, end, [number(found) for found in AMOUNT.findall(text, way.end())]


SHARES = st.floats(0, 1)
NUMBERS = st.floats(-1e9, 1e9)


@given(SHARES, SHARES, st.lists(st.floats(-1, 1), min_size=1, max_size=6))
def test_points_of_probability_add_up_to_the_digit(
    base: float, said: float, moved: list[float]
) -> None:
    text = reasons(base, said, moved, is_share=True)
    start, end, amounts = parts(text)
    assert start + sum(amounts) == pytest.approx(end, abs=1e-6)
    assert len(amounts) <= STRONGEST + 1 and 0.0 not in amounts
    assert (end == 100) == (said == 1) and (end == 0) == (said == 0)


@given(NUMBERS, NUMBERS, st.lists(NUMBERS, min_size=1, max_size=6))
@example(5e-324, 0.0, [1.0])
def test_amounts_of_a_number_add_up_to_the_digit(
    base: float, said: float, moved: list[float]
) -> None:
    text = reasons(base, said, moved, is_share=False)
    start, end, amounts = parts(text)
    assert start + sum(amounts) == pytest.approx(end, rel=1e-9, abs=1e-4)
    assert end == pytest.approx(said, abs=1e-3 * max(abs(base), abs(said), 1))
    assert not text.startswith(("-", "+", "="))


def test_what_moves_nothing_is_not_said() -> None:
    text = reasons(0.4, 0.6, [0.2, 0.0003, 0.0], is_share=True)
    assert text == "40.0% → 60.0%: column 0 = a; b +20.0"
    assert reasons(0.4, 0.4, [0.0], is_share=True) == "40.0% → 40.0%"


def test_shares_of_two_classes_add_up_to_the_probability() -> None:
    random = np.random.default_rng(0)
    values = random.normal(0, 3, (500, 7))
    values[0, :-1] = 0
    found = _shares_of_two(values)
    assert np.allclose(found.sum(axis=1), expit(values.sum(axis=1)))
    assert np.all(np.sign(found[:, :-1]) == np.sign(values[:, :-1]))


@pytest.mark.parametrize("classes", [2, 3, 26])
def test_shares_of_many_classes_add_up_to_the_probability(classes: int) -> None:
    random = np.random.default_rng(0)
    values, chosen = random.normal(0, 2, (500, classes, 7)), random.integers(0, classes, 500)
    found = _shares_of_many(values, chosen)
    expected = softmax(values.sum(axis=2), axis=1)[np.arange(500), chosen]
    assert np.allclose(found.sum(axis=1), expected, atol=1e-6)
    two = np.stack([np.zeros_like(values[:, 0]), values[:, 0]], axis=1)
    assert np.allclose(_shares_of_many(two, np.ones(500, int)), _shares_of_two(values[:, 0]))


@pytest.mark.parametrize(
    ("good", "bad", "text", "words"),
    [
        (
            "a wonderful, wonderful film about trains and about the people who build them all",
            "a terrible, boring film about trains and about the people who build them all now",
            "Wonderful people, terrible film about the trains and about all that they are for",
            ("Wonderful", "terrible"),
        ),
        ("정말 좋아요", "너무 싫어요", "좋아요 하지만 싫어요", ("좋아요", "싫어요")),
    ],
)
def test_a_text_is_explained_by_its_own_whole_words(
    good: str, bad: str, text: str, words: tuple[str, str]
) -> None:
    texts, target = pd.Series([good, bad] * 30), pd.Series(["yes", "no"] * 30)
    learned = learn_text_scores("review", texts, target, has_classes=True)
    assert learned
    ((raising, lowering),) = learned[0].words_of([text], np.array([[0, 1]]))
    assert (words[0] in raising.split(", "), words[1] in lowering.split(", ")) == (True, True)
    assert all(one in text for one in (*raising.split(", "), *lowering.split(", ")))
    assert len(raising.split(", ")) <= WORDS_SHOWN
    ((none, _),) = learned[0].words_of([""], np.array([[0, 1]]))
    assert none == ""
