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

from contract.messages import message_to_json, render
from contract.spreadsheet import safe_row
from model_code.notes import Note, note
from translation.inference import Translator
from translation.job import TranslatorSpec
from translation.learn import Look
from translation.pairs import Pair

# BLEU counts words, and these languages write none apart, or glue endings to them. sacrebleu's
# tokenizers of Japanese and Korean want MeCab and its dictionaries, which AWS's container lacks.
BY_CHARACTER = ("ja", "ko", "th")
OWN_TOKENIZERS = {"zh": "zh", **dict.fromkeys(BY_CHARACTER, "char")}
USUAL_TOKENIZER = "13a"
WEAK_BLEU, FEW_EPOCHS = 15.0, 3


@dataclass(frozen=True)
class Example:
    """One held-out pair, its translation, and how like the reference that is (chrF, 0 to 100)."""

    pair: Pair
    translation: str
    chrf: float
    likely: float = 0.0
    """As the translator finds it: the mean logarithm of its pieces' probabilities."""


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
    rated = translator.rated([pair.source for pair in held_out])
    seconds = time.monotonic() - began
    translations = [one.text for one in rated]
    references = [[pair.target for pair in held_out]]
    bleu = BLEU(tokenize=tokenizer_of(target))
    chrf = CHRF()
    examples = [
        Example(pair, one.text, chrf.sentence_score(one.text, [pair.target]).score, one.likely)
        for pair, one in zip(held_out, rated, strict=True)
    ]
    return Scored(
        bleu=bleu.corpus_score(translations, references).score,
        bleu_signature=str(bleu.get_signature()),
        chrf=chrf.corpus_score(translations, references).score,
        sentences_per_second=len(held_out) / max(seconds, 1e-9),
        examples=sorted(examples, key=lambda example: -example.chrf),
    )


def tokenizer_of(language: str) -> str:
    """The name of sacrebleu's tokenizer for texts in that language."""
    return OWN_TOKENIZERS.get(language.split("-")[0], USUAL_TOKENIZER)


def examples_csv(scored: Scored) -> str:
    """source, target, translation, chrf; worst first, for those who look for what goes wrong."""
    written = io.StringIO()
    rows = csv.writer(written, lineterminator="\n")
    rows.writerow(["source", "target", "translation", "chrf"])
    for example in reversed(scored.examples):
        cells = (example.pair.source, example.pair.target, example.translation)
        rows.writerow(safe_row([*cells, f"{example.chrf:.1f}"]))
    return written.getvalue()


def performance(
    scored: Scored, spec: TranslatorSpec, model: str, last: Look | None, notes: Sequence[Note] = ()
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
        "warnings": [render(one, spec.report_language) for one in (*notes, *_notes(scored, last))],
        "notes": [message_to_json(one) for one in (*notes, *_notes(scored, last))],
    }


def _notes(scored: Scored, last: Look | None) -> list[Note]:
    notes = []
    if scored.bleu < WEAK_BLEU:
        notes.append(note("weak_bleu", bleu=f"{scored.bleu:.1f}"))
    if last and last.epochs < FEW_EPOCHS:
        notes.append(note("few_epochs", epochs=f"{last.epochs:.1f}"))
    return notes
