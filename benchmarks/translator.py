"""The translator that comes along: how good, how fast, and what its 8-bit weights cost.

Translates both evaluation files twice in one run, with 8-bit and with 32-bit weights, and prints
BLEU, chrF, sentences per second, milliseconds for one sentence and the time to load.

    .venv/bin/python benchmarks/translator.py
"""

import csv
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "translator" / "en-de"
ONE_AT_A_TIME = 100

sys.path.insert(0, str(ROOT / "training_src"))

from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from translation.inference import Translator, load


@dataclass(frozen=True)
class Measured:
    """One model on one file."""

    bleu: float
    chrf: float
    sentences_per_second: float
    milliseconds: float
    """For a sentence alone, median."""


def main() -> None:
    files = sorted((FOLDER / "evaluation").glob("*.tsv"))
    table = Table("file", "weights", "BLEU", "chrF", "sentences/s", "ms alone", "load ms")
    for kind in ("int8", "float32"):
        began = time.perf_counter()
        translator = load(FOLDER, kind)
        loading = (time.perf_counter() - began) * 1000
        for file in files:
            measured = measure(translator, file)
            table.add_row(
                file.stem,
                kind,
                f"{measured.bleu:.2f}",
                f"{measured.chrf:.2f}",
                f"{measured.sentences_per_second:.0f}",
                f"{measured.milliseconds:.1f}",
                f"{loading:.0f}",
            )
    Console().print(table)


def measure(translator: Translator, file: Path) -> Measured:
    with file.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened, delimiter="\t", quoting=csv.QUOTE_NONE))
    sources, targets = [row["source"] for row in rows], [row["target"] for row in rows]
    began = time.perf_counter()
    translations = translator.translate(sources)
    seconds = time.perf_counter() - began
    alone = []
    for source in sources[:ONE_AT_A_TIME]:
        began = time.perf_counter()
        translator.translate([source])
        alone.append((time.perf_counter() - began) * 1000)
    return Measured(
        bleu=BLEU().corpus_score(translations, [targets]).score,
        chrf=CHRF().corpus_score(translations, [targets]).score,
        sentences_per_second=len(rows) / seconds,
        milliseconds=statistics.median(alone),
    )


if __name__ == "__main__":
    main()
