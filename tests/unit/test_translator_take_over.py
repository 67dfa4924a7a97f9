"""Nothing worse takes over: what a new translator has to show before it serves."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.messages import is_known
from translation import take_over
from translation.pairs import Pair
from translation.score import Example, Scored
from translation.take_over import LEAST_BLEU, compare, decide, fault_of

WORDS = "der die das Haus Baum Weg geht steht liegt heute morgen über grün süß Äpfel Fuß".split()
BEFORE = Path("model.tar.gz")


def references(rows: int = 200) -> list[str]:
    drawn = random.Random(1)
    return [" ".join(drawn.choices(WORDS, k=8)) for _ in range(rows)]


def damaged(texts: list[str], share: float, seed: int = 2) -> list[str]:
    """The same with so many words replaced by others."""
    drawn = random.Random(seed)
    return [
        " ".join(drawn.choice(WORDS) if drawn.random() < share else word for word in text.split())
        for text in texts
    ]


def scored(translations: list[str], bleu: float = 40.0) -> Scored:
    examples = [
        Example(Pair(f"sentence {n}", reference), translation, 50.0)
        for n, (reference, translation) in enumerate(zip(references(), translations, strict=True))
    ]
    return Scored(bleu, "signature", 50.0, 100.0, examples)


def served(monkeypatch: pytest.MonkeyPatch, translations: list[str]) -> None:
    """The translator that serves writes these."""
    monkeypatch.setattr(take_over, "_translated", lambda packed, texts: translations)


GOOD, WORSE = damaged(references(), 0.2), damaged(references(), 0.4)


@pytest.mark.parametrize(
    ("new", "before", "wanted", "takes_over", "code"),
    [
        (GOOD, WORSE, "if_not_worse", True, "take_over.not_worse"),
        (GOOD, damaged(references(), 0.2, 3), "if_not_worse", True, "take_over.not_worse"),
        (WORSE, GOOD, "if_not_worse", False, "take_over.worse"),
        (WORSE, GOOD, "always", True, "take_over.worse"),
        (GOOD, WORSE, "never", False, "take_over.never"),
    ],
)
def test_a_translator_takes_over_unless_it_is_worse_beyond_chance(
    new: list[str],
    before: list[str],
    wanted: take_over.TakeOver,
    takes_over: bool,
    code: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    served(monkeypatch, before)
    decision = decide(wanted, scored(new), "de", BEFORE)
    assert decision.takes_over is takes_over
    assert decision.why is not None and decision.why.code == code
    assert decision.to_json("ko")["text"]


def test_the_first_translator_of_a_pair_has_nothing_to_beat() -> None:
    assert decide("if_not_worse", scored(WORSE), "de", None).to_json("en") == {"takes_over": True}


def test_one_that_cannot_be_compared_is_held_back(tmp_path: Path) -> None:
    packed = tmp_path / "model.tar.gz"
    packed.write_bytes(b"no archive")
    decision = decide("if_not_worse", scored(GOOD), "de", packed)
    assert not decision.takes_over
    assert decision.why is not None and decision.why.code == "take_over.not_compared"


FAULTS = {
    "empty": ["" if n % 10 == 0 else text for n, text in enumerate(GOOD)],
    "loops": [text + " ja" * 9 if n % 5 == 0 else text for n, text in enumerate(GOOD)],
    "alike": ["der Äpfel süß über grün Fuß" if n % 3 == 0 else t for n, t in enumerate(GOOD)],
    "letters": [text.replace("Ä", "A") for text in GOOD],
}


@pytest.mark.parametrize("fault", FAULTS)
def test_translations_that_are_worthless_never_take_over(fault: str) -> None:
    found = fault_of(scored(FAULTS[fault]))
    assert found is not None and found.code == f"take_over.{fault}" and is_known(found.code)
    assert not decide("always", scored(FAULTS[fault]), "de", None).takes_over


@pytest.mark.parametrize(("bleu", "weak"), [(LEAST_BLEU - 0.1, True), (LEAST_BLEU, False)])
def test_under_the_least_bleu_none_takes_over(bleu: float, weak: bool) -> None:
    assert (fault_of(scored(GOOD, bleu)) is not None) is weak


def test_good_translations_have_no_fault() -> None:
    assert fault_of(scored(references())) is None
    # What people repeat may be repeated.
    same = [Example(Pair("ha " * 9, "ha " * 9), "ha " * 9, 99.0)] * 50
    assert fault_of(Scored(90.0, "signature", 90.0, 1.0, same)) is None


def test_rare_letters_of_a_script_with_many_may_be_missing() -> None:
    drawn = random.Random(5)
    signs = [chr(0x4E00 + number) for number in range(400)]
    texts = ["".join(drawn.choices(signs, k=6)) for _ in range(20)]
    examples = [Example(Pair(f"s {n}", text), text[:-1], 60.0) for n, text in enumerate(texts)]
    assert fault_of(Scored(61.0, "signature", 60.0, 1.0, examples)) is None


@given(st.integers(0, 10**6))
def test_equal_translators_are_hardly_ever_called_worse(seed: int) -> None:
    wanted = references(100)
    found = compare(damaged(wanted, 0.3, seed), damaged(wanted, 0.3, seed), wanted, "de")
    assert not found.worse and found.before == found.now
