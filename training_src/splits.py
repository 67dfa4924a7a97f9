"""Which rows teach and which are scored, where rows of one customer or of one time belong together.

Every split of train rows comes from here when the settings name a column for it.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from contract.messages import message
from failure import TrainingError
from problem import Problem
from sampling import SEED

# From the usual share of held-out rows up to a half, until both sides have what they need.
LARGER, LARGEST_SHARE = 1.5, 0.5


@dataclass(frozen=True)
class Structure:
    """What the settings say of rows that do not stand alone; as long as the rows."""

    groups: "pd.Series[str] | None" = None
    """Rows with the same text are never on both sides of a split."""
    times: "pd.Series[float] | None" = None
    """Later rows never teach earlier ones; a row without a time is on neither side."""
    dated: bool = False
    """Whether times are days since 1970."""

    def of(self, index: pd.Index) -> "Structure":
        """The same of some rows."""
        groups = None if self.groups is None else self.groups.loc[index]
        times = None if self.times is None else self.times.loc[index]
        return Structure(groups, times, self.dated)

    @property
    def columns(self) -> list[str]:
        """The columns that it is made of."""
        return [str(one.name) for one in (self.groups, self.times) if one is not None]

    @property
    def count(self) -> int:
        """How many groups there are."""
        return 0 if self.groups is None else int(self.groups.nunique())

    def written(self, time: float) -> str:
        """A time as people write it."""
        if not self.dated:
            return f"{time:g}"
        moment = pd.Timestamp(0) + pd.Timedelta(days=time)
        whole = moment == moment.normalize()
        return f"{moment:%Y-%m-%d}" if whole else f"{moment:%Y-%m-%d %H:%M:%S}"


@dataclass(frozen=True)
class Sides:
    """Labels of the rows to learn from, and of the rows to score."""

    learn: pd.Index
    score: pd.Index


def hold_out(goal: pd.Series, problem: Problem, structure: Structure, share: float) -> Sides:
    """Hold out about this share of the rows, by whole groups, or the latest.

    Of groups, every class can be learned; of two classes, both are on both sides. Raises
    TrainingError where no cut does that.
    """
    while True:
        for sides in _cuts(goal, problem, structure, share):
            if sides is not None:
                return sides
        if share >= LARGEST_SHARE:
            raise TrainingError(message("split.one_class", column=str(goal.name)))
        share = min(share * LARGER, LARGEST_SHARE)


def _cuts(
    goal: pd.Series, problem: Problem, structure: Structure, share: float
) -> Iterator[Sides | None]:
    """Every way to hold out this share; None where a side lacks what it needs."""
    if structure.times is not None:
        yield _latest(goal, problem, structure, share)
    elif structure.groups is not None:
        parts = deal(goal, problem, structure.groups, max(2, round(1 / share)))
        for part in np.unique(parts):
            yield _all_learned(goal, problem, structure.groups, (parts == part).to_numpy())


def _latest(goal: pd.Series, problem: Problem, structure: Structure, share: float) -> Sides | None:
    """The sides of a cut in time; rows of the same time are on the same side.

    A group with rows on both sides stays on one of them, chosen by chance; its other rows are on
    none.
    """
    assert structure.times is not None
    times = structure.times.to_numpy()
    start = _start_of_latest(times[~np.isnan(times)], share)
    if start is None:
        return None
    score, learn = times >= start, times < start
    if structure.groups is not None:
        groups = structure.groups.to_numpy()
        both = np.intersect1d(groups[score], groups[learn])
        scored = np.random.default_rng(SEED).permutation(both)[: (len(both) + 1) // 2]
        learn &= ~np.isin(groups, scored)
        score &= ~np.isin(groups, np.setdiff1d(both, scored))
    if not learn.any() or not score.any():
        return None
    if problem.has_classes and goal[learn].nunique() < 2:
        return None
    if problem.type == "binary" and goal[score].nunique() < 2:
        return None
    return Sides(goal.index[learn], goal.index[score])


def _start_of_latest(times: np.ndarray, share: float) -> float | None:
    """The time from which on about this share of the rows is; None where all have the same."""
    starts, counts = np.unique(times, return_counts=True)
    if len(starts) < 2:
        return None
    later = counts[::-1].cumsum()[::-1] / len(times)
    return float(starts[1:][np.abs(later[1:] - share).argmin()])


def time_blocks(times: pd.Series, blocks: int) -> np.ndarray:
    """By row, a number that rises with its time, the same for the same time; -1 without a time."""
    ranks = times.rank(method="min", pct=True).to_numpy()
    found = np.where(np.isnan(ranks), -1, np.ceil(np.nan_to_num(ranks) * blocks) - 1)
    return found.astype(int)


def fold_numbers(
    goal: pd.Series, problem: Problem, structure: Structure, folds: int
) -> pd.Series | None:
    """By row, the number of the fold that scores it; None where no number of folds works.

    A group is in one fold. Every class is learned for each fold; where each fold needs every class
    to be scored, it has them.
    """
    assert structure.groups is not None
    for count in range(min(folds, structure.count), 1, -1):
        parts = deal(goal, problem, structure.groups, count)
        if not problem.has_classes:
            return parts
        table = pd.crosstab(parts, goal.astype(str)).to_numpy() > 0
        # CatBoost and XGBoost fail where a class has no row to learn from.
        learned = (table.sum(axis=0) > 1).all()
        alone = problem.type == "binary" or problem.fit_metric.startswith("roc_auc")
        if learned and (table.all() or not alone):
            return parts
    return None


def deal(goal: pd.Series, problem: Problem, groups: pd.Series, parts: int) -> pd.Series:
    """By row, a number below `parts`: alike in rows, and in rows with the rarer classes."""
    codes, keys = pd.factorize(groups)
    sizes = np.bincount(codes)
    kinds = np.zeros(len(keys), int)
    if problem.has_classes:
        # By how many rows have its class; the rarest class of a group is what it is worth most for.
        ranks = goal.map(goal.value_counts().rank(method="first")).to_numpy(float)
        kinds = pd.Series(ranks).groupby(codes).min().to_numpy(int)
    chance = np.random.default_rng(SEED).permutation(len(keys))
    part_of, loads = np.zeros(len(keys), int), np.zeros(parts)
    for kind in np.unique(kinds):
        these = np.flatnonzero(kinds == kind)
        # The largest first, always to the part that has least of this kind, then of all.
        heap = [(0, float(loads[part]), part) for part in range(parts)]
        heapq.heapify(heap)
        for group in these[np.lexsort((chance[these], -sizes[these]))]:
            own, load, part = heapq.heappop(heap)
            part_of[group] = part
            loads[part] += sizes[group]
            heapq.heappush(heap, (own + int(sizes[group]), load + float(sizes[group]), part))
    return pd.Series(part_of[codes], goal.index)


def _all_learned(
    goal: pd.Series, problem: Problem, groups: pd.Series, held_out: np.ndarray
) -> Sides | None:
    """The sides of a cut, after groups with a class that only they have went over to learn."""
    if problem.has_classes:
        lost = set(goal[held_out]) - set(goal[~held_out])
        if lost:
            needed = groups[held_out & goal.isin(lost).to_numpy()].unique()
            held_out = held_out & ~groups.isin(needed).to_numpy()
        if problem.type == "binary" and goal[held_out].nunique() < 2:
            return None
    if not held_out.any() or held_out.all():
        return None
    return Sides(goal.index[~held_out], goal.index[held_out])
