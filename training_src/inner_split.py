"""How AutoGluon splits the rows that it is given, where it must not do so by chance."""

from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from autogluon.core.utils.utils import default_holdout_frac

from prepare import Prepared
from splits import fold_numbers, hold_out

# The column that has the fold of a row. No feature has a tab in its name, and no name ends in one.
FOLD = "fold\t"
# Presets would fit in folds of their own, and refit before the score.
WITHOUT_FOLDS = {
    "auto_stack": False,
    "num_bag_folds": 0,
    "num_stack_levels": 0,
    "refit_full": False,
    "set_best_to_refit_full": False,
}


@dataclass(frozen=True)
class Given:
    """What AutoGluon gets."""

    rows: pd.DataFrame
    groups: str | None = None
    """The column by which it makes folds, which is no feature then."""
    arguments: dict[str, Any] = field(default_factory=dict)
    """More of them, for `fit`."""


def given_rows(
    rows: pd.DataFrame, folds: int, numbers: pd.Series | None, prepared: Prepared
) -> Given:
    """Return the rows with the folds, or the part to choose models by, that their structure asks.

    Without a structure, AutoGluon splits by chance. `numbers`: by row, the fold that scores it.
    """
    bagging: dict[str, Any] = {"num_bag_folds": folds, "num_stack_levels": 0} if folds else {}
    if numbers is not None:
        # Each model learns from all folds but one.
        return Given(rows.assign(**{FOLD: numbers}), FOLD, bagging)
    if prepared.structure is None:
        return Given(rows, None, bagging)
    goal, structure = rows[prepared.preprocessor.target], prepared.structure.of(rows.index)
    sides = hold_out(goal, prepared.problem, structure, float(default_holdout_frac(len(rows))))
    chosen_by = rows.loc[sides.score]
    return Given(rows.loc[sides.learn], None, {"tuning_data": chosen_by, **WITHOUT_FOLDS})


def folds_by_structure(folds: int, prepared: Prepared) -> tuple[int, pd.Series | None]:
    """Return how many folds there are after all, and by row the one that scores it.

    0 where whole groups make none that can be learned and scored.
    """
    if prepared.structure is None or folds < 2:
        return folds, None
    goal = prepared.rows[prepared.preprocessor.target]
    numbers = fold_numbers(goal, prepared.problem, prepared.structure, folds)
    return (0, None) if numbers is None else (int(numbers.nunique()), numbers)


def groups_of(scored_on: str, scored: pd.DataFrame, prepared: Prepared) -> "pd.Series[str] | None":
    """Return which of the scored rows belong together; None when each stands alone."""
    if prepared.structure is None:
        return None
    if scored_on == "test file":
        return prepared.test_groups
    return prepared.structure.groups.loc[scored.index]
