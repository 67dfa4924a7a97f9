"""Measure how sure the translator that comes along may be, and write it beside its model.

`.venv/bin/python scripts/measure_confidence.py` counts on `evaluation/tatoeba_dev.tsv`, writes
`translator/en-de/confidence.json`, and prints how well that holds on sentences of another file.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "functions"), str(ROOT / "training_src")]

from translation import calibration  # noqa: E402
from translation.inference import confidence, load  # noqa: E402
from translation.pairs import read_pairs  # noqa: E402
from translation.score import Example, score  # noqa: E402

FOLDER = ROOT / "translator/en-de"
COUNTED, CHECKED = "tatoeba_dev.tsv", "tatoeba_eval300.tsv"
LEVELS = (0.0, 0.5, 0.7, 0.9)


def main() -> None:
    found = examples(COUNTED)
    measured = calibration.measure(found)
    calibration.write(measured, FOLDER)
    assert measured is not None
    print(f"{COUNTED}: AUC {measured.auc:.2f}, mean error {measured.error:.3f}")
    print(f"{CHECKED}:")
    for least, most in zip(LEVELS, [*LEVELS[1:], 1.01], strict=True):
        said = [
            (sure, one.chrf >= calibration.GOOD_CHRF)
            for one in examples(CHECKED)
            if least <= (sure := confidence(one.likely, measured.points) or 0) < most
        ]
        if said:
            mean = sum(sure for sure, _ in said) / len(said)
            good = sum(is_good for _, is_good in said) / len(said)
            print(f"  confidence {mean:.2f}: {good:.2f} good of {len(said)}")
    below, all_of_them = of_other_language(CHECKED, LEVELS[1])
    print(f"  German as English: {below} of {all_of_them} below {LEVELS[1]}")


def of_other_language(file: str, least: float) -> tuple[int, int]:
    """How many sentences of the target language, handed in as source, are below; of how many."""
    pairs = read_pairs(FOLDER / "evaluation" / file, "utf-8", "\t")
    rated = load(FOLDER).rated([pair.target for pair in pairs])
    return sum((one.confidence or 0) < least for one in rated), len(rated)


def examples(file: str) -> list[Example]:
    pairs = read_pairs(FOLDER / "evaluation" / file, "utf-8", "\t")
    return score(load(FOLDER), pairs, "de").examples


if __name__ == "__main__":
    main()
