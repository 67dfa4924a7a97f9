"""Which models are tried where minutes are left: a few that are known to differ, then random ones.

All are trees whose models open on every machine and explain themselves: of the three libraries, or
arrays.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from autogluon.tabular.registry import ag_model_registry

from fit import MODEL_TYPES, ROUNDS_OF, usual_settings
from model_code.forest import Forest

SEED = 0
# A model that learns more slowly needs so many times as many rounds, where rounds are limited.
TIMES_AS_MANY_ROUNDS = 3
# Key → class of what AutoGluon does not know by its key.
OWN_KINDS = {Forest.ag_key: Forest}


@dataclass(frozen=True)
class Candidate:
    """A model to try: its kind, by AutoGluon's key, its name's ending, and its settings."""

    kind: str
    suffix: str = ""
    settings: dict[str, Any] = field(default_factory=dict)

    def hyperparameters(self, rows: int) -> dict[Any, dict[str, Any]]:
        """Return what AutoGluon fits this one model by, on so many rows."""
        usual = usual_settings(self.kind, rows)
        rounds = ROUNDS_OF.get(self.kind)
        if rounds in usual:
            usual[rounds] *= TIMES_AS_MANY_ROUNDS
        own = {**usual, **self.settings, "ag_args": {"name_suffix": self.suffix}}
        return {OWN_KINDS.get(self.kind, self.kind): own}


# A forest first: it differs most from boosted trees, and takes a second where they take ten.
FIRST = (
    Candidate(Forest.ag_key),
    Candidate(
        "GBM",
        "Slow",
        {
            "learning_rate": 0.02,
            "num_leaves": 24,
            "feature_fraction": 0.6,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "lambda_l2": 2.0,
        },
    ),
    Candidate("CAT", "Deep", {"depth": 8, "learning_rate": 0.06, "l2_leaf_reg": 5.0}),
    Candidate(
        "XGB",
        "Deep",
        {
            "max_depth": 10,
            "learning_rate": 0.05,
            "subsample": 0.8,
            "colsample_bytree": 0.6,
            "min_child_weight": 3,
        },
    ),
    Candidate("CAT", "Shallow", {"depth": 4, "learning_rate": 0.08}),
    Candidate(
        "GBM",
        "SlowXT",
        {
            "extra_trees": True,
            "learning_rate": 0.03,
            "num_leaves": 64,
            "feature_fraction": 0.8,
        },
    ),
    Candidate(
        "XGB",
        "Shallow",
        {"max_depth": 4, "learning_rate": 0.03, "subsample": 0.7, "colsample_bytree": 0.7},
    ),
)


def name_of(kind: str) -> str:
    """Return what AutoGluon's names of such models begin with."""
    known = OWN_KINDS.get(kind) or ag_model_registry.key_to_cls(kind)
    return str(known.ag_name)


def candidates() -> Iterator[Candidate]:
    """Yield models to try, the same ones in every job, without end."""
    yield from FIRST
    random = np.random.default_rng(SEED)
    number = 0
    while True:
        for kind in MODEL_TYPES:
            number += 1
            yield Candidate(kind, f"Random{number}", _drawn(kind, random))


def _drawn(kind: str, random: np.random.Generator) -> dict[str, Any]:
    rate = float(np.exp(random.uniform(np.log(0.01), np.log(0.12))))
    rows, columns = float(random.uniform(0.6, 1.0)), float(random.uniform(0.4, 1.0))
    regular = float(np.exp(random.uniform(np.log(0.1), np.log(20))))
    if kind == "GBM":
        return {
            "learning_rate": rate,
            "num_leaves": int(np.exp(random.uniform(np.log(8), np.log(160)))),
            "bagging_fraction": rows,
            "bagging_freq": 1,
            "feature_fraction": columns,
            "lambda_l2": regular,
            "min_data_in_leaf": int(random.integers(2, 40)),
            "extra_trees": bool(random.random() < 0.3),
        }
    if kind == "CAT":
        return {
            "learning_rate": max(rate, 0.03),
            "depth": int(random.integers(4, 9)),
            "l2_leaf_reg": regular,
            "random_strength": float(random.uniform(0.5, 4)),
        }
    return {
        "learning_rate": rate,
        "max_depth": int(random.integers(3, 11)),
        "subsample": rows,
        "colsample_bytree": columns,
        "reg_lambda": regular,
        "min_child_weight": float(random.uniform(1, 8)),
    }
