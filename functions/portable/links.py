"""From scores to probabilities, in the precision of each library."""

from collections.abc import Callable
from typing import Literal

import numpy as np

Problem = Literal["binary", "multiclass", "number"]
F32 = np.float32
# AutoGluon keeps probabilities so far from 0 and 1 where a metric takes their logarithm.
CLIPPED = 1e-7
# XGBoost's: beyond, e to this power is no float32.
LARGEST_POWER = F32(88.7)

Link = Callable[[np.ndarray], np.ndarray]
"""From scores of shape (n_scores, n_rows) to float32: (n_rows,), or (n_classes, n_rows) of
several classes."""


def as_floats(values: np.ndarray) -> np.ndarray:
    """The values in float32; what is too large for it is infinite."""
    with np.errstate(over="ignore"):
        return np.asarray(values.astype(F32))


def number(scores: np.ndarray) -> np.ndarray:
    """The number itself."""
    return np.asarray(scores[0].astype(F32))


def sigmoid(scores: np.ndarray) -> np.ndarray:
    """The probability of the second class, from log-odds in double."""
    with np.errstate(over="ignore"):
        return np.asarray((1 / (1 + np.exp(-scores[0]))).astype(F32))


def softmax(scores: np.ndarray) -> np.ndarray:
    """The probability of each class, from scores in double."""
    powers = np.exp(scores - scores.max(axis=0))
    return np.asarray((powers / _added(powers)).astype(F32))


def sigmoid_of_floats(scores: np.ndarray) -> np.ndarray:
    """The same as XGBoost calculates it, in float32."""
    power = _expf(np.minimum(-scores[0], LARGEST_POWER))
    return np.asarray(F32(1) / (power + F32(1) + F32(1e-16)))


def softmax_of_floats(scores: np.ndarray) -> np.ndarray:
    """The same as XGBoost calculates it, in float32, with a sum in double."""
    powers = _expf(scores - scores.max(axis=0))
    return np.asarray(powers / _added(powers).astype(F32))


LINKS: dict[Problem, Link] = {"number": number, "binary": sigmoid, "multiclass": softmax}
FLOAT_LINKS: dict[Problem, Link] = {
    "number": number,
    "binary": sigmoid_of_floats,
    "multiclass": softmax_of_floats,
}
# Of scores that are probabilities already.
SHARE_LINKS: dict[Problem, Link] = {"number": number, "binary": number, "multiclass": as_floats}


def clipped(found: np.ndarray) -> np.ndarray:
    """Probabilities as AutoGluon keeps them from 0 and 1, for all rows of a call at once."""
    if found.ndim == 1:
        most, least = found > 1 - CLIPPED, found < CLIPPED
        if most.any():
            found = ~most * found + most * (1 - CLIPPED * np.exp(-(found - (1 - CLIPPED))))
        if least.any():
            found = ~least * found + least * CLIPPED * np.exp(-(CLIPPED - found))
        return found
    if found.min(initial=1) < CLIPPED:
        found = np.clip(found, CLIPPED, None)
        return np.asarray(found / found.sum(axis=0))
    return found


def _expf(scores: np.ndarray) -> np.ndarray:
    """As the C library rounds it; numpy's own for float32 is one bit off now and then."""
    return np.asarray(np.exp(scores.astype(np.float64)).astype(F32))


def _added(powers: np.ndarray) -> np.ndarray:
    """Class after class, in double."""
    whole = np.zeros(powers.shape[1])
    for power in powers:
        whole += power
    return whole
