"""The pieces that a translator reads and writes: none of its data's characters is lost."""

import random
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from translation import learn
from translation.network import Network, Shape
from translation.pairs import Pair
from translation.variants import MARKS
from translation.vocabulary import OFTEN, UNKNOWN, learn_vocabulary, subwords_of

SAMPLE = Path(__file__).parents[2] / "samples/en-de_train.tsv"


def sample() -> list[Pair]:
    lines = SAMPLE.read_text("utf-8").splitlines()[1:]
    return [Pair(*line.split("\t")[:2]) for line in lines]


def of_many_signs(pairs: int) -> list[Pair]:
    """Sentences of a script with thousands of signs, some of them rare."""
    drawn = random.Random(0)
    signs = [chr(number) for number in range(0x4E00, 0x4E00 + 3000)]
    often = [1 / (rank + 1) for rank in range(len(signs))]
    return [Pair("".join(drawn.choices(signs, often, k=12)), f"sentence {n}") for n in range(pairs)]


@pytest.mark.parametrize("pairs", [sample(), of_many_signs(3000)], ids=["en-de", "many signs"])
def test_every_character_survives_and_a_common_one_is_a_piece(pairs: list[Pair]) -> None:
    subwords = subwords_of(learn_vocabulary(pairs, 1))
    counts = Counter(c for pair in pairs for side in (pair.source, pair.target) for c in side)
    for character, count in counts.items():
        if character.isspace():
            continue
        assert subwords.decode(subwords.encode(character)) == character
        if count >= OFTEN:
            assert subwords.piece_to_id(character) != UNKNOWN, character
    for pair in pairs[:300]:
        for side in (pair.source, pair.target):
            pieces = subwords.encode(side, out_type=str)
            assert subwords.decode(pieces) == " ".join(side.split())
            assert UNKNOWN not in subwords.encode(side)


SUBWORDS = subwords_of(learn_vocabulary(sample(), 1))


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1))
def test_whatever_is_written_comes_back(text: str) -> None:
    composed = unicodedata.normalize("NFC", text)
    assert SUBWORDS.decode(SUBWORDS.encode(composed, out_type=str)) == composed


@pytest.mark.parametrize("mark", MARKS)
def test_a_mark_is_one_piece(mark: str) -> None:
    assert SUBWORDS.encode(f"a {mark} b", out_type=str).count(mark) == 1


@given(st.text("0123456789", min_size=1, max_size=12))
def test_digits_stand_alone(digits: str) -> None:
    pieces = SUBWORDS.encode(digits, out_type=str)
    # A digit that the data hardly has is a byte.
    assert len([piece for piece in pieces if piece.strip("▁")]) == len(digits)


def test_the_weights_that_lose_least_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    losses = iter([3.0, float("nan"), 1.0, 2.0])
    monkeypatch.setattr(learn, "held_out_loss", lambda *_: next(losses))
    network, best = Network(Shape(8)), learn.Best([], SUBWORDS, torch.device("cpu"))
    for look in range(4):
        with torch.no_grad():
            network.bias.fill_(look)
        best.look_at(network)
    assert best.weights["bias"].unique().tolist() == [2.0]
