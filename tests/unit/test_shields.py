import random
import re
from collections.abc import Callable, Sequence

import pytest

from translation.errors import EngineError
from translation.languages import Pair
from translation.request import Request
from translation.shields import shield
from translation.translate import Failed, Translation, translate_all

PAIR = Pair("en", "de")
PROTECTED = [
    "https://example.com/a?b=c&d=%20#e",
    "http://localhost:8080/x_y/",
    "www.example.org",
    "someone.else+tag@mail.example.co.uk",
    "{{ user.name }}",
    "{{count}}",
    "{0}",
    "${HOME}",
    "%{name}",
    "%1$s",
    "%s",
    "%(total)d",
    "%.2f",
    "{% if x %}",
    "<b>",
    "</b>",
    '<a href="https://example.com">',
    "<br/>",
    "&nbsp;",
    "&#39;",
    "`rm -rf`",
    "1,234.56",
    "3.14",
    "50%",
    "2026-11-21",
    "12:30",
    "+49",
    "B2B",
    "1990s",
    "-5",
    "😀",
    "👩‍💻",
    "👍🏽",
    "❤️",
    "🇩🇪",
    "⟦0⟧",
    "⟦7⟧",
]
WORDS = "the cat sees a red house and goes home today because Tom is late".split()


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

    def translate(self, units: Sequence[str], pair: Pair) -> list[str | Failed]:
        self.asked.extend(units)
        return [self.change(unit) for unit in units]


def sentences(seed: int = 0) -> list[tuple[str, list[str]]]:
    """300 sentences of words with up to 14 protected spans in them."""
    rng = random.Random(seed)
    made = []
    for _ in range(300):
        spans = [rng.choice(PROTECTED) for _ in range(rng.choice([1, 1, 2, 3, 14]))]
        parts = [*rng.sample(WORDS, rng.randint(0, 8)), *spans]
        rng.shuffle(parts)
        ordered = [part for part in parts if part in spans]
        made.append((" ".join(parts) + rng.choice([".", "!", "", "?"]), ordered))
    return made


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
    assert shield(f"see {span} now", {}).kept == (span,)


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
    assert shield(text, {}).kept == kept


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
        def translate(self, units: Sequence[str], pair: Pair) -> list[str | Failed]:
            raise EngineError("down")

    request = Request(("one",), PAIR)

    assert translate_all(request, [Broken(str), Engine(str.upper)])[0].translation == "ONE"
    with pytest.raises(EngineError):
        translate_all(request, [Broken(str), Broken(str)])
