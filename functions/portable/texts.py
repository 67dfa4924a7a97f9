"""What a free text says of the target: a linear model over its words, or pieces of words."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from portable.links import F32

# scikit-learn's: words of two letters and more.
WORD, SPACES, GAPS = re.compile(r"(?u)\b\w\w+\b"), re.compile(r"\s\s+"), re.compile(r"\s+")


@dataclass(frozen=True)
class TextScores:
    """Of one column: how its texts are cut, and what the pieces weigh."""

    analyzer: str
    """`word`, or `char_wb` for pieces of words."""
    ngrams: tuple[int, int]
    """The fewest and the most words or letters of a piece."""
    terms: tuple[str, ...]
    idf: np.ndarray
    """Shape (n_terms,)."""
    weights: np.ndarray
    """Shape (n_scores, n_terms)."""
    intercepts: np.ndarray
    """Shape (n_scores,)."""

    def of(self, texts: Sequence[str | None]) -> np.ndarray:
        """Scores, length, and number of words of each text, float32; shape (n_texts, n_scores + 2).

        A missing text is an empty one.
        """
        found = np.empty((len(texts), len(self.weights) + 2), F32)
        for row, text in zip(found, texts, strict=True):
            row[:-2] = self._scores(text or "")
            row[-2:] = len(text or ""), len(GAPS.findall(text or "")) + 1
        return found

    def _scores(self, text: str) -> np.ndarray:
        places, shares = self.pieces(text)
        if not len(places):
            return self.intercepts
        kind = np.result_type(F32, self.weights.dtype)
        weighted = (shares.astype(kind) * self.weights[:, places]).astype(kind)
        return np.asarray(np.add.accumulate(weighted, axis=1)[:, -1] + self.intercepts)

    def pieces(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """The places of its known pieces, in order, and what share of the text each is."""
        pieces = CUTS[self.analyzer](text.lower(), *self.ngrams)
        counts = Counter(
            place for piece in pieces if (place := self._places.get(piece)) is not None
        )
        places = np.array(sorted(counts), np.intp)
        often = np.array([counts[place] for place in places.tolist()], F32)
        found = ((np.log(often) + F32(1)) * self.idf[places]).astype(F32)
        if not len(found):
            return places, found
        # As scikit-learn does it: squares in float32, their sum in double.
        length = np.sqrt(np.add.accumulate((found * found).astype(np.float64))[-1])
        return places, (found / length).astype(F32) if length else found

    @cached_property
    def _places(self) -> dict[str, int]:
        return {term: place for place, term in enumerate(self.terms)}


def words(text: str, fewest: int, most: int) -> Iterator[str]:
    """Words, and so many of them that stand side by side."""
    found = WORD.findall(text)
    for size in range(fewest, most + 1):
        for first in range(len(found) - size + 1):
            yield " ".join(found[first : first + size])


def pieces_of_words(text: str, fewest: int, most: int) -> Iterator[str]:
    """So many letters of each word, which has a space at both ends."""
    for word in SPACES.sub(" ", text).split():
        padded = f" {word} "
        for size in range(fewest, most + 1):
            yield padded[:size]
            for first in range(1, len(padded) - size + 1):
                yield padded[first : first + size]
            if size >= len(padded):
                # A short word counts once.
                break


CUTS: dict[str, Callable[[str, int, int], Iterator[str]]] = {
    "word": words,
    "char_wb": pieces_of_words,
}
