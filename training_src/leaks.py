"""Columns that give the target away, as a person would notice them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from contract.messages import Message, message
from model_code.notes import WARNINGS, Note, note
from problem import Problem
from roc import roc_area
from sampling import SEED, random_rows

LEAK = f"{WARNINGS}leak"
ROWS_LOOKED_AT = 20_000
BINS = 64
# What one column alone must not reach on rows that it was not looked at before. The second is the
# Matthews correlation, which a copy of the target with errors has; of the 139 columns of eleven
# public datasets none has more than 0.76, and none an R² of more than 0.88.
LEAK_AUC, LEAK_MCC, LEAK_R2 = 0.985, 0.85, 0.97
# So few rows reach that by chance, and must be almost all right.
FEWEST_ROWS_WITH_ERRORS, LEAK_MCC_OF_FEW = 100, 0.985
FEWEST_ON_A_LINE = 10
# Values of one class: so many rows, so pure, and such a part of the class. Of the public datasets
# none has more than 0.35 of a class in values of its own.
FEWEST_PURE_ROWS, PURE, SHARE_OF_CLASS, CHANCE = 100, 0.99, 0.4, 0.01
# Where most rows are of one class, many values are; a column filled for them alone tells more.
USUAL, ALMOST_ALL = 0.5, 0.9


@dataclass(frozen=True)
class Suspect:
    """A column, and what is suspicious in it."""

    column: str
    why: Message


def find_leaks(
    rows: pd.DataFrame, target: pd.Series, problem: Problem, groups: pd.Series | None = None
) -> list[Suspect]:
    """Look at one column after the other, on at most ROWS_LOOKED_AT rows.

    Of each group, on one row only: a column that tells customers apart knows each one's other rows,
    which no new customer has.
    """
    chosen = _looked_at(len(rows), groups)
    goal = target.iloc[chosen].to_numpy()
    found = []
    for name in rows.columns:
        values = rows[name].iloc[chosen]
        bins = _bins(values)
        why = _alone(str(name), values, bins, goal, problem)
        if why is None and problem.has_classes:
            why = _filled_for_one_class(str(name), values, goal)
            why = why or _values_of_one_class(str(name), values, bins, goal, rows.shape[1])
        if why is not None:
            found.append(Suspect(str(name), why))
    return found


def leak_note(suspects: Sequence[Suspect], columns: Sequence[str], ignored: Sequence[str]) -> Note:
    """Tell what is suspicious; `columns` are the suspects, and `ignored` are left out already."""
    line = json.dumps(
        {"ignore_columns": list(dict.fromkeys([*ignored, *columns]))}, ensure_ascii=False
    )
    return note(
        "leak", columns=tuple(one.why for one in suspects), line=line, suspects=tuple(columns)
    )


def scored_leak_note(leak: Note, metric: str, score: float, without: float) -> Note:
    """The same with what a linear model gets with and without the suspects."""
    return note("leak_tested", **leak.values, metric=metric, score=score, without=without)


def _alone(
    name: str, values: pd.Series, bins: np.ndarray, goal: np.ndarray, problem: Problem
) -> Message | None:
    """How good the column alone is on the rows that were not learned from, if suspicious."""
    learn = _learned_from(goal)
    if not problem.has_classes:
        r2 = max(_r2_of_bins(bins, goal.astype(float), learn), _r2_of_line(values, goal))
        return _reaches(name, "R²", r2) if r2 > LEAK_R2 else None
    classes, shares = _class_shares(bins, goal)
    rest = goal[~learn]
    if len(classes) == 2 and len(np.unique(rest)) == 2:
        area = roc_area(rest == classes[1], shares[1][~learn])
        if area > LEAK_AUC:
            return _reaches(name, "ROC AUC", area)
    agreement = _agreement(bins, goal)
    limit = LEAK_MCC if len(rest) >= FEWEST_ROWS_WITH_ERRORS else LEAK_MCC_OF_FEW
    return _reaches(name, "MCC", agreement) if agreement > limit else None


def strength(
    values: pd.Series, target: pd.Series, problem: Problem, groups: pd.Series | None = None
) -> float:
    """Return the Matthews correlation, or R², that a column reaches alone; at most 1.

    `groups`: as for `find_leaks`.
    """
    chosen = _looked_at(len(values), groups)
    bins, goal = _bins(values.iloc[chosen]), target.iloc[chosen].to_numpy()
    if problem.has_classes:
        return _agreement(bins, goal)
    return _r2_of_bins(bins, goal.astype(float), _learned_from(goal))


def _looked_at(rows: int, groups: pd.Series | None) -> np.ndarray:
    """The places of the rows that are looked at, in order."""
    if groups is None:
        return random_rows(rows, ROWS_LOOKED_AT)
    order = np.random.default_rng(SEED).permutation(rows)
    first = np.sort(order[~groups.iloc[order].duplicated().to_numpy()])
    chosen: np.ndarray = first[random_rows(len(first), ROWS_LOOKED_AT)]
    return chosen


def _learned_from(goal: np.ndarray) -> np.ndarray:
    """Every other row; the rest is what is looked at."""
    every_other: np.ndarray = np.arange(len(goal)) % 2 == 0
    return every_other


def _class_shares(bins: np.ndarray, goal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The classes, and the share of each in the bin of each row; shape (n_classes, n_rows)."""
    classes, learn = np.unique(goal), _learned_from(goal)
    hits = [(goal == label).astype(float) for label in classes]
    return classes, np.stack([_bin_means(bins, hit, learn) for hit in hits])


def _agreement(bins: np.ndarray, goal: np.ndarray) -> float:
    classes, shares = _class_shares(bins, goal)
    rest = ~_learned_from(goal)
    said = shares.argmax(axis=0)[rest]
    return matthews(np.searchsorted(classes, goal[rest]), said, len(classes))


def matthews(true: np.ndarray, said: np.ndarray, classes: int) -> float:
    """Return the Matthews correlation of class numbers; 0 where either has one class only.

    scikit-learn checks its input for longer than it takes to count.
    """
    right, rows = int((true == said).sum()), len(true)
    counts = [np.bincount(numbers, minlength=classes).astype(float) for numbers in (true, said)]
    spread = [rows**2 - float(count @ count) for count in counts]
    both = float(np.sqrt(spread[0] * spread[1]))
    return (right * rows - float(counts[0] @ counts[1])) / both if both else 0.0


def _reaches(name: str, measure: str, value: float) -> Message:
    return message("leak.alone", column=name, measure=measure, value=f"{value:.3f}")


def _filled_for_one_class(name: str, values: pd.Series, goal: np.ndarray) -> Message | None:
    """A column that is filled in, or empty, for one class only."""
    empty = values.isna().to_numpy()
    for code, these in (("leak.filled", ~empty), ("leak.empty", empty)):
        count = int(these.sum())
        if count < FEWEST_PURE_ROWS or count == len(goal):
            continue
        labels, counts = np.unique(goal[these], return_counts=True)
        usual = labels[counts.argmax()]
        of_class = goal == usual
        pure, covered = counts.max() / count, counts.max() / of_class.sum()
        if pure >= PURE and covered >= SHARE_OF_CLASS and of_class.mean() <= ALMOST_ALL:
            percent = f"{100 * covered:.0f}"
            return message(code, column=name, name=str(usual), percent=percent, count=count)
    return None


def _values_of_one_class(
    name: str, values: pd.Series, bins: np.ndarray, goal: np.ndarray, columns: int
) -> Message | None:
    """Values or ranges that hold a large part of a class and hardly a row of another.

    Each of them must be purer than chance makes any one of so many.
    """
    counts = np.bincount(bins)
    for label in np.unique(goal):
        of_class = goal == label
        share = of_class.mean()
        if share > USUAL:
            continue
        inside = np.bincount(bins, weights=of_class)
        pure = inside >= PURE * counts
        # Bins of a number beside each other are one range.
        ranges = np.cumsum(~pure) if _is_ordered(values) else np.arange(len(counts))
        rows = np.bincount(ranges, weights=counts * pure)
        beyond = rows * np.log(share) < np.log(CHANCE / BINS**2 / columns)
        count = int(rows[beyond].sum())
        covered = np.bincount(ranges, weights=inside * pure)[beyond].sum() / of_class.sum()
        if count >= FEWEST_PURE_ROWS and covered >= SHARE_OF_CLASS:
            percent = f"{100 * covered:.0f}"
            return message(
                "leak.values", column=name, name=str(label), percent=percent, count=count
            )
    return None


def _is_ordered(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values) or values.dtype.kind == "M"


def _r2_of_bins(bins: np.ndarray, goal: np.ndarray, learn: np.ndarray) -> float:
    error = ((goal - _bin_means(bins, goal, learn))[~learn] ** 2).sum()
    total = ((goal - goal[learn].mean())[~learn] ** 2).sum()
    return float(1 - error / total) if total else 0.0


def _r2_of_line(values: pd.Series, goal: np.ndarray) -> float:
    """R² of a line through a number column."""
    if not pd.api.types.is_numeric_dtype(values) or values.nunique() < FEWEST_ON_A_LINE:
        return 0.0
    return float(pd.Series(goal.astype(float), values.index).corr(values)) ** 2


def _bin_means(bins: np.ndarray, values: np.ndarray, learn: np.ndarray) -> np.ndarray:
    """The mean of the rows learned from in the bin of each row, drawn to the whole mean where they
    are few."""
    size = int(bins.max()) + 1
    counts = np.bincount(bins[learn], minlength=size)
    sums = np.bincount(bins[learn], weights=values[learn], minlength=size)
    means: np.ndarray = ((sums + values[learn].mean()) / (counts + 1))[bins]
    return means


def _bins(values: pd.Series) -> np.ndarray:
    """Up to 64 bins of about equal size, the 63 usual categories, and one for the missing."""
    if _is_ordered(values):
        ranks = values.rank(method="average", pct=True)
        return np.where(ranks.isna(), 0, 1 + ranks.fillna(0) * (BINS - 2)).astype(int)
    usual = values.value_counts().index[: BINS - 1]
    codes: np.ndarray = pd.Categorical(values.astype(object), categories=usual.astype(object)).codes
    return codes.astype(int) + 1
