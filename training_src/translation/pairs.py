"""Sentence pairs: read, cleaned, and parted into what is learned and what is held out."""

import csv
import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from contract.messages import Message, message
from failure import TrainingError

LONGEST_WORDS, LONGEST_CHARACTERS, MOST_UNEQUAL = 120, 800, 4.0
HELD_OUT_SHARE, HELD_OUT_AT_MOST, HELD_OUT_AT_LEAST = 0.05, 2000, 20
# Of what is held out, to see which weights are best; the rest is scored.
WATCHED_SHARE, WATCHED_AT_MOST = 0.25, 500
# Pairs that share a sentence, one after the other: to hold out more of them would cost too many.
LARGEST_HELD_OUT = 5
_MARKS = re.compile(r"[\W_]+")
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
    watched: list[Pair]
    """Held out to choose the best weights by."""
    held_out: list[Pair]
    """Held out to score them on."""
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
    """Clean the pairs and hold some out, none of whose sentences is learned in either language.

    Sentences that differ only in case, spaces, and marks count as one.
    """
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
    groups = _groups(sorted(kept, key=lambda pair: (pair.source, pair.target)))
    # By their text: what is held out now was hardly learned from an earlier version of the file.
    groups.sort(key=lambda group: _drawn(group, seed))
    wanted = round(len(groups) * HELD_OUT_SHARE)
    wanted = max(HELD_OUT_AT_LEAST, min(HELD_OUT_AT_MOST, wanted))
    watched = min(WATCHED_AT_MOST, max(HELD_OUT_AT_LEAST, round(wanted * WATCHED_SHARE)))
    if len(groups) < 2 * (wanted + watched):
        raise TrainingError(message("pairs.too_alike", count=len(groups)))
    # Large groups last.
    aside = sorted(groups, key=lambda group: len(group) > LARGEST_HELD_OUT)[: wanted + watched]
    taken = {pair for group in aside for pair in group}
    first = [group[0] for group in aside]
    return Pairs(
        learned=[pair for group in groups for pair in group if pair not in taken],
        watched=first[wanted:],
        held_out=first[:wanted],
        left_aside=left_aside,
    )


def _drawn(group: Sequence[Pair], seed: int) -> str:
    """Looks like chance, and follows from the pairs' text."""
    first = min(pair.source for pair in group)
    return hashlib.sha256(f"{seed} {first}".encode()).hexdigest()


def _groups(pairs: Sequence[Pair]) -> list[list[Pair]]:
    """Pairs that share a sentence, directly or through others, stand together."""
    leaders = list(range(len(pairs)))

    def leader(place: int) -> int:
        while leaders[place] != place:
            leaders[place] = leaders[leaders[place]]
            place = leaders[place]
        return place

    first: dict[tuple[str, str], int] = {}
    for place, pair in enumerate(pairs):
        for side, sentence in (("source", pair.source), ("target", pair.target)):
            known = first.setdefault((side, _key(sentence)), place)
            leaders[leader(place)] = leader(known)
    groups: defaultdict[int, list[Pair]] = defaultdict(list)
    for place, pair in enumerate(pairs):
        groups[leader(place)].append(pair)
    return list(groups.values())


def _key(sentence: str) -> str:
    """The sentence without case, spaces, and marks; itself where it has nothing else."""
    return _MARKS.sub("", sentence.casefold()) or sentence


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
    """In NFC: one letter, one way to write it."""
    return " ".join(unicodedata.normalize("NFC", text).split())
