"""How good a translator is: BLEU and chrF on pairs that it has not learned."""

import csv
import io
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from translation.inference import Translator
from translation.job import TranslatorSpec
from translation.learn import Look
from translation.pairs import Pair

# BLEU counts words, and these languages write none apart.
BY_CHARACTER = ("zh", "ja", "ko", "th")
WEAK_BLEU, FEW_EPOCHS = 15.0, 3


@dataclass(frozen=True)
class Example:
    """One held-out pair, its translation, and how like the reference that is (chrF, 0 to 100)."""

    pair: Pair
    translation: str
    chrf: float


@dataclass(frozen=True)
class Scored:
    """Corpus scores from 0 to 100, higher is better, and every example, best first."""

    bleu: float
    bleu_signature: str
    chrf: float
    sentences_per_second: float
    examples: list[Example]


def score(translator: Translator, held_out: Sequence[Pair], target: str) -> Scored:
    """Translate the held-out sentences and compare; `target` chooses BLEU's tokenizer."""
    began = time.monotonic()
    translations = translator.translate([pair.source for pair in held_out])
    seconds = time.monotonic() - began
    references = [[pair.target for pair in held_out]]
    bleu = BLEU(tokenize="char" if target in BY_CHARACTER else "13a")
    chrf = CHRF()
    examples = [
        Example(pair, translation, chrf.sentence_score(translation, [pair.target]).score)
        for pair, translation in zip(held_out, translations, strict=True)
    ]
    return Scored(
        bleu=bleu.corpus_score(translations, references).score,
        bleu_signature=str(bleu.get_signature()),
        chrf=chrf.corpus_score(translations, references).score,
        sentences_per_second=len(held_out) / max(seconds, 1e-9),
        examples=sorted(examples, key=lambda example: -example.chrf),
    )


def examples_csv(scored: Scored) -> str:
    """source, target, translation, chrf; worst first, for those who look for what goes wrong."""
    written = io.StringIO()
    rows = csv.writer(written, lineterminator="\n")
    rows.writerow(["source", "target", "translation", "chrf"])
    for example in reversed(scored.examples):
        cells = (example.pair.source, example.pair.target, example.translation)
        rows.writerow([*map(_plain, cells), f"{example.chrf:.1f}"])
    return written.getvalue()


def performance(
    scored: Scored, spec: TranslatorSpec, model: str, last: Look | None
) -> dict[str, Any]:
    """For programs, and for STATUS.txt."""
    return {
        "metric": "BLEU",
        "score": round(scored.bleu, 2),
        "chrf": round(scored.chrf, 2),
        "bleu_signature": scored.bleu_signature,
        "higher_is_better": True,
        "scored_on": "hold-out",
        "rows": len(scored.examples),
        "pair": str(spec.pair),
        "best_model": model,
        "epochs": round(last.epochs, 2) if last else 0,
        "sentences_per_second": round(scored.sentences_per_second, 1),
        "median_sentence_chrf": round(statistics.median(e.chrf for e in scored.examples), 2),
        "warnings": _warnings(scored, spec, last),
    }


def _warnings(scored: Scored, spec: TranslatorSpec, last: Look | None) -> list[str]:
    warnings = []
    if scored.bleu < WEAK_BLEU:
        warnings.append(
            f"A BLEU of {scored.bleu:.1f} is weak: most translations will be wrong. More sentence "
            "pairs and more training_minutes help most."
        )
    if last and last.epochs < FEW_EPOCHS:
        warnings.append(
            f"Every pair was seen only {last.epochs:.1f} times; set more training_minutes."
        )
    return warnings


def _plain(text: str) -> str:
    """A cell that a spreadsheet takes for a formula gets an apostrophe."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t")) else text
