"""What a translator learns from: reading, cleaning, holding out, variants."""

import random
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from failure import TrainingError
from tests.messages import raises
from translation.pairs import Pair, part, read_pairs
from translation.variants import masked, variant, without_end


def write(folder: Path, content: str) -> Path:
    path = folder / "en-de_train.tsv"
    path.write_text(content, encoding="utf-8", newline="")
    return path


def test_columns_are_found_by_name_and_quotes_in_a_tsv_belong_to_the_text(tmp_path: Path) -> None:
    path = write(tmp_path, 'id\ttarget\tsource\r\n1\t"Ja"\t"Yes\r\n2\tNein\tNo \r\n')

    assert read_pairs(path, "utf-8", "\t") == [Pair('"Yes', '"Ja"'), Pair("No", "Nein")]


def test_a_csv_may_quote(tmp_path: Path) -> None:
    path = write(tmp_path, 'source,target\n"Yes, I do.","Ja,\nsicher."\n')

    assert read_pairs(path, "utf-8", ",") == [Pair("Yes, I do.", "Ja, sicher.")]


def test_a_line_that_lacks_a_column_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, "source\ttarget\na\tb\nbroken\n")

    with raises(TrainingError, "pairs.damaged_line", line=3):
        read_pairs(path, "utf-8", "\t")


def test_nothing_that_is_held_out_is_learned() -> None:
    pairs = [Pair(f"source {n % 300}", f"target {n}") for n in range(900)]

    parted = part(pairs, seed=0)

    assert len(parted.held_out) == 20
    held_out = {pair.source for pair in parted.held_out}
    assert held_out.isdisjoint(pair.source for pair in parted.learned)
    assert parted == part(pairs, seed=0)


def test_what_is_left_aside_is_counted() -> None:
    pairs = [Pair(f"source {n}", f"target {n}") for n in range(200)]
    odd = [pairs[0], Pair("", "x"), Pair("a", "b" * 500), Pair("word " * 200, "x")]

    parted = part([*pairs, *odd], seed=0)

    assert parted.left_aside == {
        "empty": 1,
        "too_long": 1,
        "unequal": 1,
        "repeated": 1,
    }


def test_too_few_pairs_are_refused_in_words() -> None:
    with raises(TrainingError, "pairs.few_left", count=1):
        part([Pair("a", "b")] * 500, seed=0)


def test_marks_stand_for_the_same_word_on_both_sides() -> None:
    pair = Pair("Tom saw Mary in 1999.", "Tom sah Mary 1999.")

    for seed in range(20):
        changed = masked(pair, random.Random(seed))
        assert sorted(m for m in "⟦⟧" if m in changed.source) == ["⟦", "⟧"]
        assert changed.source.count("⟦") == changed.target.count("⟦")


def test_a_word_that_stands_on_one_side_only_is_not_masked() -> None:
    pair = Pair("Tom saw it.", "Er sah es.")

    assert masked(pair, random.Random(0)) == pair


def test_variants_keep_both_sides_alike() -> None:
    assert without_end(Pair("Yes!", "Ja!")) == Pair("Yes", "Ja")
    assert without_end(Pair("...", "...")) == Pair("...", "...")
    seen = {variant(Pair("Tom is here.", "Tom ist hier."), random.Random(n)) for n in range(300)}
    assert Pair("tom is here.", "Tom ist hier.") in seen
    assert Pair("⟦0⟧ is here.", "⟦0⟧ ist hier.") in seen


@settings(max_examples=30)
@given(st.randoms(use_true_random=False))
def test_no_sentence_of_a_held_out_pair_is_learned_in_any_spelling(drawn: random.Random) -> None:
    def sentence(most: int) -> str:
        return "".join(drawn.choices("aA äÄß.,!中가", k=2)) + f" {drawn.randrange(most)}"

    pairs = [Pair(sentence(150).strip(), sentence(140).strip()) for _ in range(300)]
    try:
        parted = part(pairs, seed=0)
    except TrainingError:
        return

    def letters(sentence: str) -> str:
        return "".join(c for c in sentence.casefold() if c.isalnum()) or sentence

    aside = [*parted.watched, *parted.held_out]
    for side in ("source", "target"):
        learned = {letters(getattr(pair, side)) for pair in parted.learned}
        assert learned.isdisjoint(letters(getattr(pair, side)) for pair in aside)
    assert {pair.source for pair in parted.watched}.isdisjoint(p.source for p in parted.held_out)


def test_pairs_that_all_share_a_sentence_are_refused_in_words() -> None:
    with raises(TrainingError, "pairs.too_alike", count=1):
        part([Pair(f"source {n}", "the same") for n in range(300)], seed=0)
