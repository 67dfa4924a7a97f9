"""Questions about features, each with the answer left or right."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from portable.files import Arrays

# From so many rows on, splits are taken one by one.
MANY_ROWS = 100


@dataclass(frozen=True)
class Splits:
    """Questions about features, each with the answer left or right."""

    feature: np.ndarray
    """Which feature each looks at, int32."""
    threshold: np.ndarray
    """Left up to here, float64; of sets, no number."""
    missing_left: np.ndarray
    """Where a missing value goes, and a category that train lacks."""
    first_word: np.ndarray
    """Of sets: where in `words` their bits begin, int32; -1 of numbers."""
    n_words: np.ndarray
    words: np.ndarray
    """A bit per category that goes left, uint32."""

    @cached_property
    def sets(self) -> np.ndarray:
        """Places of the splits by category."""
        return np.flatnonzero(self.first_word >= 0)

    def part(self, nodes: slice) -> "Splits":
        """Some of them."""
        return Splits(
            self.feature[nodes],
            self.threshold[nodes],
            self.missing_left[nodes],
            self.first_word[nodes],
            self.n_words[nodes],
            self.words,
        )

    def left(self, places: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Whether each value goes left at the split of that place; of places' shape."""
        missing = np.isnan(values)
        found: np.ndarray = np.where(
            missing, self.missing_left[places], values <= self.threshold[places]
        )
        if len(self.sets):
            by_set = (self.first_word[places] >= 0) & ~missing
            if by_set.any():
                found[by_set] = self._in_set(places[by_set], values[by_set])
        return found

    def left_of(self, places: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Whether each of these splits sends each row to the left, shape (n_splits, n_rows)."""
        if x.shape[1] < MANY_ROWS:
            values = x[self.feature[places]]
            return self.left(np.broadcast_to(places[:, None], values.shape), values)
        found = np.empty((len(places), x.shape[1]), bool)
        missing: dict[int, np.ndarray] = {}
        for line, place in enumerate(places.tolist()):
            feature = int(self.feature[place])
            if feature not in missing:
                missing[feature] = np.isnan(x[feature])
            if self.first_word[place] >= 0:
                sides = self._sides(place)
                codes = np.where(missing[feature], len(sides) - 1, x[feature]).astype(np.intp)
                found[line] = sides.take(codes)
            else:
                np.less_equal(x[feature], self.threshold[place], out=found[line])
                if self.missing_left[place]:
                    found[line] |= missing[feature]
        return found

    def _sides(self, place: int) -> np.ndarray:
        """Whether each category goes left, and behind them a missing one."""
        codes = np.append(np.arange(32.0 * self.n_words[place]), np.nan)
        return self.left(np.full(len(codes), place), codes)

    def _in_set(self, places: np.ndarray, values: np.ndarray) -> np.ndarray:
        codes = values.astype(np.int64)
        word = codes >> 5
        known = word < self.n_words[places]
        at = np.where(known, self.first_word[places] + word, 0)
        bits = (self.words[at] >> (codes & 31).astype(np.uint32)) & 1
        return np.asarray(known & bits.astype(bool))


def splits_of(arrays: Arrays, prefix: str) -> Splits:
    """The splits whose arrays have this prefix."""
    names = ("feature", "threshold", "missing_left", "first_word", "n_words", "words")
    return Splits(*(arrays[f"{prefix}.{name}"] for name in names))
