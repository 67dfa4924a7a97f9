"""What engines are asked, and paid, for the texts of a file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.messages import message
from tests.sentences import PAIR
from translation.errors import EngineError
from translation.languages import Pair
from translation.price import ENGINES, Price, characters, parts
from translation.remembering import (
    OutOfMoneyError,
    OutOfTimeError,
    RememberingEngine,
    segments_of,
)
from translation.request import Request
from translation.translate import Failed, translate_all

AMAZON = ENGINES["amazon-translate"]
TEXTS = st.lists(
    st.text("ab 1⟦⟧{}<>%.\n", max_size=40) | st.sampled_from(["see https://a.b/c", "%s of {x}"]),
    max_size=12,
)


@dataclass
class Amazon:
    """Asked segment by segment; each answered one is paid."""

    fails: Callable[[int], bool] = lambda number: False
    loses_marks: bool = False
    name: str = "amazon-translate"
    longest_bytes: int = 100
    by_sentence: bool = False
    asked: int = 0
    paid: list[str] = field(default_factory=list)

    def speaks(self, pair: Pair) -> bool:
        return True

    def translate(self, segments: Sequence[str], pair: Pair) -> list[str | Failed]:
        answered: dict[str, str] = {}
        for segment in segments:
            self.asked += 1
            if self.fails(self.asked):
                error = EngineError(message("engine.amazon_busy"), 429, retry_after=2)
                error.answered = answered
                raise error
            self.paid.append(segment)
            answered[segment] = "x" if self.loses_marks else segment.upper()
        return list(answered.values())


@dataclass
class Notebook:
    """A memory that outlives the engines that use it."""

    most: float = 1e9
    paid: float = 0.0
    held: float = 0.0
    kept: dict[str, str] = field(default_factory=dict)

    def answers(self) -> Mapping[str, str]:
        return self.kept

    def charge(self, usd: float) -> None:
        if self.paid + usd > self.most + 1e-9:
            raise OutOfMoneyError
        self.paid, self.held = self.paid + usd, usd

    def keep(self, answers: Mapping[str, str], usd: float) -> None:
        self.kept |= answers
        self.paid += usd - self.held


def remembering(engine: Amazon, memory: Notebook, seconds: float = 900) -> RememberingEngine:
    return RememberingEngine(engine, AMAZON, memory, lambda: seconds)


@given(TEXTS, st.booleans())
def test_no_engine_is_asked_for_more_than_what_has_its_price(
    texts: list[str], loses_marks: bool
) -> None:
    engine = Amazon(loses_marks=loses_marks)
    priced = set(segments_of(texts, PAIR, engine))
    assert engine.paid == []
    translate_all(Request(tuple(texts), PAIR), [engine])
    assert set(engine.paid) <= priced


@given(TEXTS, st.integers(2, 7))
def test_whatever_fails_each_segment_is_paid_once(texts: list[str], every: int) -> None:
    engine, memory = Amazon(lambda number: number % every == 0), Notebook()
    for _ in range(200):
        try:
            found = translate_all(Request(tuple(texts), PAIR), [remembering(engine, memory)])
            break
        except EngineError:
            continue
    assert len(engine.paid) == len(set(engine.paid))
    assert found == translate_all(Request(tuple(texts), PAIR), [Amazon()])
    assert memory.paid == pytest.approx(characters(engine.paid) * 15e-6)


@given(TEXTS, st.floats(0, 0.001))
def test_what_is_left_of_the_price_is_never_passed(texts: list[str], most: float) -> None:
    engine, memory = Amazon(), Notebook(most)
    try:
        translate_all(Request(tuple(texts), PAIR), [remembering(engine, memory)])
    except OutOfMoneyError:
        assert memory.paid <= most
    assert characters(engine.paid) * 15e-6 <= most + 1e-9


def test_a_run_that_has_too_little_time_left_asks_for_nothing_more() -> None:
    engine, memory = Amazon(), Notebook()
    with pytest.raises(OutOfTimeError):
        translate_all(Request(("a b",), PAIR), [remembering(engine, memory, seconds=100)])
    assert engine.paid == [] and memory.paid == 0


@given(st.lists(st.text(max_size=9000)), st.sampled_from(list(ENGINES.values())))
def test_a_quote_covers_all_parts_and_those_that_may_be_lost(
    segments: list[str], price: Price
) -> None:
    in_parts = list(parts(segments))
    assert [segment for part in in_parts for segment in part] == segments
    assert all(len(part) == 1 or characters(part) <= 5_000 for part in in_parts)
    lost = max((price.most(part) for part in in_parts), default=0.0)
    assert price.quote(segments) >= price.likely(segments) + 2 * lost - 1e-9
    if price is AMAZON:
        assert price.likely(segments) == pytest.approx(characters(segments) * 15e-6)
