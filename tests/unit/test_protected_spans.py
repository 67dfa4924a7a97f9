import re
from collections.abc import Callable, Sequence

import pytest

from tests.sentences import PAIR, PROTECTED, sentences
from translation.errors import EngineError
from translation.languages import Pair
from translation.protected_spans import mask
from translation.request import Request
from translation.translate import Failed, Translation, translate_all


class Engine:
    """Translates by a function, and keeps what it was asked."""

    name = "test"
    longest_bytes = 1000
    by_sentence = True

    def __init__(self, change: Callable[[str], str | Failed]) -> None:
        self.change = change
        self.asked: list[str] = []

    def speaks(self, pair: Pair) -> bool:
        return True

    def translate(self, segments: Sequence[str], pair: Pair) -> list[str | Failed]:
        self.asked.extend(segments)
        return [self.change(segment) for segment in segments]


def translated(text: str, engine: Engine, glossary: dict[str, str] | None = None) -> Translation:
    return translate_all(Request((text,), PAIR, glossary or {}), [engine])[0]


def reversed_words(text: str) -> str:
    return " ".join(reversed(text.split()))


ENGINES: dict[str, Callable[[str], str]] = {
    "keeps every mark": str.upper,
    "moves the marks": reversed_words,
    "loses the marks": lambda text: re.sub("⟦.⟧", "", text) or "x",
    "doubles the marks": lambda text: f"{text} {text}",
    "breaks the marks": lambda text: text.replace("⟦", "⟦ "),
    "invents marks": lambda text: f"{text} ⟦9⟧",
    "puts spaces around marks": lambda text: text.replace("⟦", " ⟦").replace("⟧", "⟧ "),
    "answers with marks alone": lambda text: "⟦0⟧",
}


@pytest.mark.parametrize("engine", ENGINES)
def test_every_protected_span_survives_whatever_the_engine_does(engine: str) -> None:
    for text, spans in sentences():
        answer = translated(text, Engine(ENGINES[engine])).translation
        assert answer is not None
        for span in set(spans):
            assert answer.count(span) >= spans.count(span), (text, answer)


@pytest.mark.parametrize("span", PROTECTED)
def test_a_span_is_found_whole_and_alone(span: str) -> None:
    assert mask(f"see {span} now", {}).kept == (span,)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Go to https://example.com/a.", ("https://example.com/a",)),
        ("(see https://example.com/a)", ("https://example.com/a",)),
        ("100% sure", ("100%",)),
        ("a < b and c > d", ()),
        ("It costs $5, or 5.", ("5", "5")),
        ("no spans here", ()),
        ("50 % of", ("50",)),
        ("2 < 3", ("2", "3")),
    ],
)
def test_only_what_must_stay_is_protected(text: str, kept: tuple[str, ...]) -> None:
    assert mask(text, {}).kept == kept


def test_a_mark_that_touched_a_word_touches_one_again() -> None:
    engine = Engine(lambda text: text.replace("⟦", " ⟦").replace("⟧", "⟧ "))

    assert translated("<b>bold</b>", engine).translation == "<b>bold</b>"


def test_the_longest_term_of_a_glossary_wins() -> None:
    glossary = {"machine": "Maschine", "machine learning": "maschinelles Lernen"}

    answer = translated("Machine learning by machine", Engine(str), glossary)

    assert answer.translation == "maschinelles Lernen by Maschine"


def test_repeats_are_asked_once() -> None:
    engine = Engine(str.upper)
    request = Request(("One. Two.", "One.", "Two. One."), PAIR)

    answers = translate_all(request, [engine])

    assert [answer.translation for answer in answers] == ["ONE. TWO.", "ONE.", "TWO. ONE."]
    assert engine.asked == ["One.", "Two."]


def test_a_sentence_without_words_is_not_asked() -> None:
    engine = Engine(str.upper)

    assert (
        translated("42 😀 https://example.com", engine).translation == "42 😀 https://example.com"
    )
    assert engine.asked == []


def test_a_failed_unit_fails_its_own_text_alone() -> None:
    engine = Engine(lambda text: Failed("no") if "Bad" in text else text)
    request = Request(("Good. Bad.", "Good."), PAIR)

    first, second = translate_all(request, [engine])

    assert (first.translation, first.error) == (None, "no")
    assert second.translation == "Good."


def test_the_second_engine_steps_in_for_the_first() -> None:
    class Broken(Engine):
        def translate(self, segments: Sequence[str], pair: Pair) -> list[str | Failed]:
            raise EngineError("down")

    request = Request(("one",), PAIR)

    assert translate_all(request, [Broken(str), Engine(str.upper)])[0].translation == "ONE"
    with pytest.raises(EngineError):
        translate_all(request, [Broken(str), Broken(str)])
