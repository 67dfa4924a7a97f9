"""Confidence is measured, carried with the model, and told with its reason."""

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.messages import message
from translation import calibration
from translation.answer import translations_body
from translation.confidence import Rated
from translation.errors import EngineError
from translation.inference import CONFIDENCE, confidence
from translation.languages import AMAZON_LANGUAGES, Pair, Spoken
from translation.pairs import Pair as SentencePair
from translation.request import Limits, read_request
from translation.score import Example
from translation.scripts import is_of_other_script
from translation.second_opinion import with_second_opinion
from translation.translate import Engine, Translation, translate_all

PAIR = Pair("en", "de")
SPOKEN = Spoken((PAIR,), others=False)
LIMITS = Limits(10, 10_000, 0.5)
FOLDER = Path(__file__).parents[2] / "translator/en-de"


class Sure:
    """As sure of each text as its number says; a text without one is not rated."""

    by_sentence, longest_bytes = True, 1000

    def __init__(self, name: str = "sagemaker", known: dict[str, float] | None = None) -> None:
        self.name, self.known = name, known or {}
        self.asked: list[str] = []

    def speaks(self, pair: Pair) -> bool:
        return pair == PAIR

    def translate(self, segments: Sequence[str], pair: Pair) -> list[str]:
        self.asked += segments
        return [Rated(one, self.known[one]) if one in self.known else one for one in segments]


class Broken(Sure):
    def translate(self, segments: Sequence[str], pair: Pair) -> list[str]:
        raise EngineError(message("engine.busy"))


def translated(engine: Engine, *texts: str, **more: object) -> list[Translation]:
    content = {"sentences": [{"query": text} for text in texts], **more}
    return translate_all(read_request(content, LIMITS, SPOKEN), [engine])


def test_a_text_is_as_sure_as_its_least_sure_sentence() -> None:
    engine = Sure(known={"One.": 0.9, "Two.": 0.6, "Three.": 0.2})
    both, low, unrated = translated(engine, "One. Two.", "One.\nThree.", "Four. 12")
    assert (both.confidence, both.doubt) == (0.6, None)
    assert low.confidence == 0.2 and low.doubt and low.doubt.code == "doubt.confidence"
    assert (unrated.confidence, unrated.doubt) == (None, None)


@pytest.mark.parametrize(
    ("text", "language", "other"),
    [
        ("나는 너를 사랑해.", "en", True),
        ("I love 김치 and 불고기.", "en", False),
        ("I love you.", "ko", True),
        ("LGの新製品です。", "ja", False),
        ("ﾃｽﾄです", "ja", False),
        ("\uff28\uff45\uff4c\uff4c\uff4f", "en", False),
        ("Привет", "sr", False),
        ("Привет", "bg", False),
        ("Привет", "de", True),
        ("12 + 3 = 15 €", "ko", False),
        ("Привет", "xx", False),
        ("", "en", False),
    ],
)
def test_a_text_in_another_script_is_doubtful(text: str, language: str, other: bool) -> None:
    assert is_of_other_script(text, language) is other


@given(st.text(), st.sampled_from(sorted(AMAZON_LANGUAGES)))
def test_any_text_can_be_looked_at(text: str, language: str) -> None:
    is_of_other_script(text, language)


def test_what_is_in_another_script_is_unsure_whatever_its_confidence() -> None:
    (one,) = translated(Sure(known={"나는 너를 사랑해.": 0.9}), "나는 너를 사랑해.")
    assert one.doubt and one.doubt.code == "doubt.script"


def test_a_request_says_how_sure_is_sure_enough() -> None:
    engine = Sure(known={"Two.": 0.6})
    content = {"text": "Two.", "min_confidence": 0.7}
    request = read_request(content, LIMITS, SPOKEN)
    (entry,) = translations_body(request, translate_all(request, [engine]), False)["translations"]  # type: ignore[misc,attr-defined]
    assert entry["confidence"] == 0.6 and entry["unsure"] is True and "60%" in entry["reason"]


def test_only_what_is_unsure_is_asked_of_another_engine() -> None:
    own, paid = Sure(known={"A b.": 0.9, "C d.": 0.1}), Sure("amazon-translate")
    content = {"sentences": [{"query": "A b."}, {"query": "C d."}]}
    request = read_request(content, LIMITS, SPOKEN)
    first = translate_all(request, [own])
    found = with_second_opinion(request, first, [own, paid])
    assert paid.asked == ["C d."]
    assert [one.engine for one in found] == ["sagemaker", "amazon-translate"]
    # Where the other engine does not work, what there is stays, and stays unsure.
    assert with_second_opinion(request, first, [own, Broken("amazon-translate")]) == first


POINTS = st.lists(st.tuples(st.floats(-5, 0), st.booleans()), min_size=1, max_size=2000).map(sorted)


@given(POINTS, st.lists(st.floats(-9, 0)))
def test_confidence_rises_with_likeliness_and_is_a_share(
    rated: list[tuple[float, bool]], asked: list[float]
) -> None:
    points = calibration.points_of(rated)
    said = [confidence(likely, points) for likely in sorted(asked)]
    assert all(one is not None and 0 <= one <= 1 for one in said)
    assert all(a <= b + 1e-9 for a, b in pairwise(said))  # type: ignore[operator]
    assert confidence(-1.0, ()) is None


def test_what_was_counted_holds_for_others() -> None:
    """Of sentences whose chance to be good is known."""
    draw = random.Random(0)

    def drawn(count: int) -> list[tuple[float, bool]]:
        likely = [-2 * draw.random() for _ in range(count)]
        return sorted((one, draw.random() < 1 + one / 2) for one in likely)

    points = calibration.points_of(drawn(2000))
    off = [abs((confidence(-one / 10, points) or 0) - (1 - one / 20)) for one in range(2, 19)]
    assert max(off) < 0.12


def test_too_few_pairs_give_no_confidence() -> None:
    pair = SentencePair("A", "B")
    examples = [Example(pair, "B", 100.0 * (at % 2), -at) for at in range(calibration.FEWEST_PAIRS)]
    assert calibration.measure(examples[1:]) is None
    assert calibration.measure(examples) is not None
    # Where all are good, nothing was measured that tells good from bad.
    assert calibration.measure([replace(one, chrf=100.0) for one in examples]) is None


def test_the_translator_that_comes_along_has_its_own_measurement() -> None:
    found = json.loads((FOLDER / CONFIDENCE).read_text("utf-8"))
    assert found["pairs"] > 1000 and found["auc"] > 0.7 and found["error"] < 0.1
    shares = [share for _, share in found["points"]]
    assert shares == sorted(shares)
