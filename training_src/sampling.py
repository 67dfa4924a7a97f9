"""A part of many rows, chosen by chance and the same one every time."""

import numpy as np

SEED = 0


def random_rows(rows: int, most: int) -> np.ndarray:
    """The places of at most so many rows, in order."""
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(SEED).choice(rows, most, replace=False))
