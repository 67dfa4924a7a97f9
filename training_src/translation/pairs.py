"""Sentence pairs: read, cleaned, and parted into what is learned and what is held out."""

import csv
import random
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Literal

from contract.messages import Message, message
from failure import TrainingError

LONGEST_WORDS, LONGEST_CHARACTERS, MOST_UNEQUAL = 120, 800, 4.0
HELD_OUT_SHARE, HELD_OUT_AT_MOST, HELD_OUT_AT_LEAST = 0.05, 2000, 20
FEWEST_PAIRS = 100


@dataclass(frozen=True)
class Pair:
    """A sentence and its translation, both stripped and on one line."""

    source: str
    target: str


@dataclass(frozen=True)
class Pairs:
    """What is learned from, what is held out, and how many lines were left aside and why."""

    learned: list[Pair]
    held_out: list[Pair]
    left_aside: dict[str, int]


def read_pairs(path: Path, encoding: str, delimiter: str) -> list[Pair]:
    """The columns `source` and `target` of a CSV or TSV file.

    Raises TrainingError with the line of what cannot be read.
    """
    # Quotation marks in a TSV belong to the sentences.
    quoting: Literal[0, 3] = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
    with path.open(encoding=encoding, newline="") as file:
        rows = csv.reader(file, delimiter=delimiter, quoting=quoting)
        header = [name.strip().lower() for name in next(rows, [])]
        try:
            source, target = header.index("source"), header.index("target")
        except ValueError:
            wrong = message(
                "pairs.no_columns" if header else "pairs.no_header", columns=tuple(header)
            )
            raise _unreadable(path, wrong) from None
        pairs = []
        try:
            for row in rows:
                if row:
                    pairs.append(Pair(_one_line(row[source]), _one_line(row[target])))
        except (IndexError, csv.Error, UnicodeDecodeError) as error:
            raise _unreadable(path, message("pairs.damaged_line", line=rows.line_num)) from error
    return pairs


def _unreadable(path: Path, reason: Message) -> TrainingError:
    return TrainingError(message("file.unreadable", file=path.name, reason=reason))


def part(pairs: Iterable[Pair], seed: int) -> Pairs:
    """Clean the pairs and hold some out, none of whose source sentences is learned."""
    left_aside = {"empty": 0, "too_long": 0, "unequal": 0, "repeated": 0}
    kept: dict[Pair, None] = {}
    for pair in pairs:
        reason = _unfit(pair) or ("repeated" if pair in kept else None)
        if reason:
            left_aside[reason] += 1
        else:
            kept[pair] = None
    if len(kept) < FEWEST_PAIRS:
        raise TrainingError(message("pairs.few_left", count=len(kept), fewest=FEWEST_PAIRS))
    by_source = sorted(kept, key=lambda pair: pair.source)
    groups = [list(group) for _, group in groupby(by_source, key=lambda pair: pair.source)]
    random.Random(seed).shuffle(groups)
    wanted = round(len(groups) * HELD_OUT_SHARE)
    wanted = max(HELD_OUT_AT_LEAST, min(HELD_OUT_AT_MOST, wanted))
    return Pairs(
        learned=[pair for group in groups[wanted:] for pair in group],
        held_out=[group[0] for group in groups[:wanted]],
        left_aside=left_aside,
    )


def _unfit(pair: Pair) -> str | None:
    lengths = sorted((len(pair.source), len(pair.target)))
    words = max(len(pair.source.split()), len(pair.target.split()))
    if not lengths[0]:
        return "empty"
    if words > LONGEST_WORDS or lengths[1] > LONGEST_CHARACTERS:
        return "too_long"
    if lengths[1] > MOST_UNEQUAL * lengths[0] + 20:
        return "unequal"
    return None


def _one_line(text: str) -> str:
    return " ".join(text.split())
