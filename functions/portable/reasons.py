"""What each column adds to a prediction, in the unit of the target or as a share of probability.

Log-odds become shares along the straight line from the average row to this one (Aumann and
Shapley), so that they add up to what the model says. What a forest adds is in shares already.
"""

import numpy as np

from portable.links import Problem
from portable.shap import Explained

# Of the line between two rows; more change nothing that is shown.
NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(48)
LEAST_MOVE = 1e-6


def shares(explained: Explained, problem: Problem, classes: np.ndarray) -> np.ndarray:
    """Turn scores into what is predicted; shape (n_features + 1, n_rows).

    The last line is the average prediction. `classes` has the class to explain of each row.
    """
    moved, start = explained.added, explained.expected
    if problem == "number" or explained.in_shares:
        return _with_start(moved[classes, :, np.arange(moved.shape[2])].T, start[classes])
    if problem == "binary":
        return _of_two(moved[0], float(start[0]))
    return _of_many(moved, start, classes)


def _with_start(moved: np.ndarray, start: np.ndarray) -> np.ndarray:
    return np.vstack([moved, start])


def _of_two(moved: np.ndarray, start: float) -> np.ndarray:
    total, chance = moved.sum(axis=0), _chance(np.array(start))
    still = np.abs(total) < LEAST_MOVE
    steep = (_chance(start + total) - chance) / np.where(still, 1.0, total)
    slope = np.where(still, chance * (1 - chance), steep)
    return _with_start(moved * slope, np.full(len(total), chance))


def _of_many(moved: np.ndarray, start: np.ndarray, classes: np.ndarray) -> np.ndarray:
    total, rows = moved.sum(axis=1), np.arange(moved.shape[2])
    weights = np.zeros_like(total)
    for node, weight in zip(NODES, NODE_WEIGHTS, strict=True):
        chances = _chances(start[:, None] + (1 + node) / 2 * total)
        own = chances[classes, rows]
        weights -= weight / 2 * own * chances
        weights[classes, rows] += weight / 2 * own
    found = np.einsum("kr,kfr->fr", weights, moved)
    return _with_start(found, _chances(start[:, None])[classes, 0])


def _chance(scores: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-scores)))


def _chances(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=0))
    return np.asarray(powers / powers.sum(axis=0))
