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
        filled = [text or "" for text in texts]
        lengths = [(len(text), len(GAPS.findall(text)) + 1) for text in filled]
        scores = self._scores(filled).astype(F32)
        return np.hstack([scores, np.array(lengths, F32).reshape(-1, 2)])

    def _scores(self, texts: Sequence[str]) -> np.ndarray:
        """As scikit-learn adds up: piece after piece; shape (n_texts, n_scores)."""
        line, place, often = self._pieces(texts)
        found = ((np.log(often) + F32(1)) * self.idf[place]).astype(F32)
        # Squares in float32, their sum in double.
        length = np.sqrt(np.bincount(line, found * found, len(texts)))[line]
        found = (found / np.where(length > 0, length, 1)).astype(F32)
        kind = np.result_type(F32, self.weights.dtype)
        total = np.zeros((len(self.weights), len(texts)), kind)
        for score, weights in zip(total, self.weights, strict=True):
            np.add.at(score, line, (found.astype(kind) * weights[place]).astype(kind))
        return np.asarray(total.T + self.intercepts)

    def _pieces(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The known pieces of all texts: of which text, which piece, and how often."""
        cut, known = CUTS[self.analyzer], self._places
        lines, places, often = list[int](), list[int](), list[int]()
        for line, text in enumerate(texts):
            pieces = map(known.get, cut(text.lower(), *self.ngrams))
            counts = Counter(place for place in pieces if place is not None)
            ordered = sorted(counts)
            lines += [line] * len(ordered)
            places += ordered
            often += map(counts.__getitem__, ordered)
        return np.array(lines, np.intp), np.array(places, np.intp), np.array(often, F32)

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
