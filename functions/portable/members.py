"""What each member of an ensemble says of rows: scores, or probabilities."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from portable.files import Arrays
from portable.trees import Forest, forest_of

Described = Mapping[str, Any]
Problem = Literal["binary", "multiclass", "number"]
F32 = np.float32
# AutoGluon keeps probabilities so far from 0 and 1 where a metric takes their logarithm.
CLIPPED = 1e-7


class Member(Protocol):
    """A model of the ensemble, or one of its folds."""

    def scores(self, x: np.ndarray) -> np.ndarray:
        """Log-odds or numbers, shape (n_scores, n_rows); x is (n_features, n_rows)."""

    def answers(self, scores: np.ndarray, problem: Problem) -> np.ndarray:
        """Probabilities or numbers in float32: (n_rows,), or (n_classes, n_rows) of several."""


@dataclass(frozen=True)
class LightGBM:
    """Thresholds, leaves, and sums in double."""

    forest: Forest
    n_scores: int
    sigmoid: float = 1.0

    def scores(self, x: np.ndarray) -> np.ndarray:
        return self.forest.scores(x, np.zeros(self.n_scores))

    def answers(self, scores: np.ndarray, problem: Problem) -> np.ndarray:
        if problem == "number":
            return np.asarray(scores[0].astype(F32))
        if problem == "binary":
            return _sigmoid(self.sigmoid * scores[0])
        return _softmax(scores)


@dataclass(frozen=True)
class XGBoost:
    """Everything in float32; a zero is missing where AutoGluon gives it a sparse matrix."""

    forest: Forest
    start: np.ndarray
    zero_is_missing: bool

    def scores(self, x: np.ndarray) -> np.ndarray:
        rounded = x.astype(F32)
        if self.zero_is_missing:
            rounded[self._numbers_at_zero(rounded)] = np.nan
        return self.forest.scores(rounded, self.start)

    def _numbers_at_zero(self, x: np.ndarray) -> np.ndarray:
        """Not of categories, where 0 is the place of the first."""
        zero = x == 0
        zero[self.forest.splits.feature[self.forest.splits.sets]] = False
        return np.asarray(zero)

    def answers(self, scores: np.ndarray, problem: Problem) -> np.ndarray:
        if problem == "number":
            return np.asarray(scores[0])
        if problem == "binary":
            most = np.minimum(-scores[0], F32(88.7))
            return np.asarray(F32(1) / (_expf(most) + F32(1) + F32(1e-16)))
        powers = _expf(scores - scores.max(axis=0))
        whole = np.zeros(scores.shape[1])
        for power in powers:
            whole += power
        return np.asarray(powers / whole.astype(F32))


def _sigmoid(scores: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        found: np.ndarray = (1 / (1 + np.exp(-scores))).astype(F32)
    return found


def _softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=0))
    whole = np.zeros(scores.shape[1])
    for power in powers:
        whole += power
    found: np.ndarray = (powers / whole).astype(F32)
    return found


def _expf(scores: np.ndarray) -> np.ndarray:
    """As the C library rounds it; numpy's own for float32 is one bit off now and then."""
    found: np.ndarray = np.exp(scores.astype(np.float64)).astype(F32)
    return found


def clipped(found: np.ndarray, problem: Problem) -> np.ndarray:
    """As AutoGluon keeps probabilities from 0 and 1, for all rows of a call at once."""
    if problem == "binary":
        most, least = found > 1 - CLIPPED, found < CLIPPED
        if most.any():
            found = ~most * found + most * (1 - CLIPPED * np.exp(-(found - (1 - CLIPPED))))
        if least.any():
            found = ~least * found + least * CLIPPED * np.exp(-(CLIPPED - found))
        return found
    if found.min() < CLIPPED:
        found = np.clip(found, CLIPPED, None)
        return np.asarray(found / found.sum(axis=0))
    return found


def _lightgbm(described: Described, forest: Forest, n_scores: int) -> Member:
    return LightGBM(forest, n_scores, described["sigmoid"])


def _xgboost(described: Described, forest: Forest, n_scores: int) -> Member:
    del n_scores
    return XGBoost(forest, np.asarray(described["start"], F32), described["zero_is_missing"])


# By what a description calls it.
MEMBERS = {"lightgbm": _lightgbm, "xgboost": _xgboost}


def member_of(described: Described, arrays: Arrays, prefix: str, n_scores: int) -> Member:
    """The member that a description and the arrays of this prefix make.

    A kind that is not known raises KeyError.
    """
    return MEMBERS[described["kind"]](described, forest_of(arrays, prefix), n_scores)
