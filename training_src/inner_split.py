"""How AutoGluon splits the rows that it is given, where it must not do so by chance."""

from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from autogluon.core.utils.utils import default_holdout_frac
from autogluon.tabular import TabularPredictor

from prepare import Prepared
from splits import Structure, fold_numbers, hold_out

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

    @property
    def index(self) -> pd.Index:
        """The labels of all rows that it learns from or chooses by."""
        chosen_by = self.arguments.get("tuning_data")
        return self.rows.index if chosen_by is None else self.rows.index.union(chosen_by.index)


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
    if prepared.structure.times is not None:
        # Of folds in time, the earliest rows are never scored, and a refit would be of few models.
        return 0, None
    goal = prepared.rows[prepared.preprocessor.target]
    numbers = fold_numbers(goal, prepared.problem, prepared.structure, folds)
    return (0, None) if numbers is None else (int(numbers.nunique()), numbers)


def learnable(unseen: pd.DataFrame, predictor: TabularPredictor) -> pd.DataFrame | None:
    """Return the rows that a model can be fitted on once more: of classes that it knows."""
    if predictor.problem_type in ("binary", "multiclass") and len(unseen):
        unseen = unseen[unseen[predictor.label].isin(predictor.class_labels)]
    return unseen if len(unseen) else None


def groups_of(scored_on: str, scored: pd.DataFrame, prepared: Prepared) -> "pd.Series[str] | None":
    """Return which of the scored rows belong together; None when each stands alone."""
    known = _structure_of(scored_on, scored, prepared)
    return None if known is None else known.groups


def split_facts(
    learned: pd.Index, scored_on: str, scored: pd.DataFrame, prepared: Prepared
) -> dict[str, Any] | None:
    """Return by which columns rows were kept apart, and how; None where chance parted them.

    Times are written as the column is read: dates in ISO 8601, or numbers.
    """
    structure, known = prepared.structure, _structure_of(scored_on, scored, prepared)
    if structure is None or known is None:
        return None
    facts: dict[str, Any] = {}
    if known.groups is not None:
        facts |= {"group_column": known.groups.name, "groups": known.count}
    if structure.times is not None and known.times is not None:
        until, start = structure.times.loc[learned].max(), known.times.min()
        facts |= {
            "time_column": known.times.name,
            "learned_until": structure.written(until),
            "scored_from": structure.written(start),
        }
    return facts


def _structure_of(scored_on: str, scored: pd.DataFrame, prepared: Prepared) -> Structure | None:
    known = prepared.test_structure if scored_on == "test file" else prepared.structure
    return None if known is None else known.of(scored.index)
