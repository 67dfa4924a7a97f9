"""The translator that comes along: as good as its card says, and it carries what must stay."""

import csv
import importlib.util
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from codefree.default_translator import FOLDER, INFERENCE
from tests.sentences import PAIR, sentences
from translation.languages import Pair
from translation.request import Request
from translation.translate import translate_all

LARGEST = 25_000_000
CODEFREE = Path(sys.executable).with_name("codefree")


class OwnEngine:
    name = "own"
    longest_bytes = 1000
    by_sentence = True

    def __init__(self) -> None:
        spec = importlib.util.spec_from_file_location("inference", INFERENCE)
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        # dataclasses look their module up.
        sys.modules["inference"] = module
        spec.loader.exec_module(module)
        del sys.modules["inference"]
        self.translator: Any = module.load(FOLDER)

    def speaks(self, pair: Pair) -> bool:
        return True

    def translate(self, segments: Sequence[str], pair: Pair) -> list[str]:
        answers: list[str] = self.translator.translate(list(segments))
        return answers


@pytest.fixture(scope="module")
def engine() -> OwnEngine:
    return OwnEngine()


def test_it_is_small_enough_to_ship() -> None:
    assert sum(file.stat().st_size for file in FOLDER.iterdir() if file.is_file()) < LARGEST


@pytest.mark.parametrize("file", ["tatoeba_eval300", "tatoeba_dev"])
def test_it_is_good_enough_to_be_useful(engine: OwnEngine, file: str) -> None:
    with (FOLDER / "evaluation" / f"{file}.tsv").open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened, delimiter="\t", quoting=csv.QUOTE_NONE))
    translations = engine.translate([row["source"] for row in rows], PAIR)
    references = [[row["target"] for row in rows]]

    assert BLEU().corpus_score(translations, references).score >= 30
    assert CHRF().corpus_score(translations, references).score >= 50


def test_everything_that_must_stay_stays(engine: OwnEngine) -> None:
    made = sentences(seed=1)
    request = Request(tuple(text for text, _ in made), PAIR)

    for (text, spans), answer in zip(made, translate_all(request, [engine]), strict=True):
        assert answer.translation is not None
        for span in set(spans):
            assert answer.translation.count(span) >= spans.count(span), (text, answer.translation)


def test_marks_are_mostly_carried_by_the_translator_itself(engine: OwnEngine) -> None:
    texts = [f"{who} sold {what} to me." for who in ("⟦0⟧", "Mr. ⟦0⟧") for what in ("⟦1⟧", "a ⟦1⟧")]

    carried = ["⟦0⟧" in answer and "⟦1⟧" in answer for answer in engine.translate(texts, PAIR)]
    assert sum(carried) >= len(texts) / 2


@pytest.mark.parametrize(
    ("text", "word"),
    [("I love you", "liebe"), ("I LOVE YOU!", ""), ("Good morning.\n\nThank you.", "Morgen")],
)
def test_the_command_translates(text: str, word: str) -> None:
    command = [CODEFREE, "translate", text]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/")

    assert done.returncode == 0, done.stderr
    assert word in done.stdout
    assert done.stdout.count("\n") == text.count("\n") + 1


def test_the_command_reads_what_is_piped_in_and_refuses_other_languages() -> None:
    piped = subprocess.run(
        [CODEFREE, "translate"], input="Thank you.", capture_output=True, text=True
    )
    other = subprocess.run(
        [CODEFREE, "translate", "hi", "--target", "fr"], capture_output=True, text=True
    )

    assert "ank" in piped.stdout
    assert other.returncode == 1
    assert "This service translates en to de" in other.stderr.replace("\n", " ")
