"""Rows that seem to belong together, or to change with time, where no setting says so.

Quick models measure what it changes: once with such rows on both sides of a split by chance, once
with them kept apart, on the same rows and with as many rows to learn from.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from sklearn.model_selection import KFold, StratifiedKFold

from choose_columns import ChosenColumns
from failure import TrainingError
from intervals import out_of_fold_spread
from job_spec import JobSpec
from metrics import BETTER, Predictions
from model_code.cells import as_texts
from model_code.column_decisions import Context, decide_column
from model_code.columns import typed
from model_code.notes import Note, note
from model_code.tables import Table
from problem import Problem
from reading.column import CATEGORY, DATE, NUMBER, TEXT
from reading.identifiers import LONGEST_CODE, WHOLE, is_id_name
from sampling import SEED, random_rows
from simple_models import guessed
from splits import Structure, deal, hold_out
from structure import as_numbers, group_keys
from verdict import FEW_SCORED_GROUPS

FEWEST_ROWS, MOST_ROWS, MOST_GROUP_COLUMNS = 100, 4000, 2
ROWS_LOOKED_AT = 20_000
# A column that identifies groups has a value in most rows; each has rows enough to be known by.
FILLED, FEWEST_IN_A_GROUP = 0.8, 2.0
# Words that are no name of an identifier are groups only where there are so many of them.
WORDS_PER_ROW = 0.05
# Of pairs of neighbors in the file, how many rise; of test rows, how many are later than train.
RISING, LATER = 0.95, 0.9
FEWEST_TIMES = 20
# With so many test rows of groups that train has, new rows are of known groups.
KNOWN_GROUPS = 0.5
FOLDS, SHARE, ROUNDS = 5, 0.2, 60
# Of what a model gains over guessing, the least part that matters.
PART_THAT_MATTERS = 0.1


def suspects_of(
    table: Table, chosen: ChosenColumns, spec: JobSpec, context: Context
) -> list[Structure]:
    """The columns that look like groups, and dates that rise; none where the settings name one."""
    if spec.group_column or spec.time_column or len(table.data) < FEWEST_ROWS:
        return []
    if spec.problem_type == "quantile":
        return []
    kinds = {column.name: column.kind for column in chosen.columns}
    groups: list[tuple[int, Structure]] = []
    times = []
    for name, written in zip(table.columns, table.head.header, strict=True):
        if name == spec.target:
            continue
        kind = kinds.get(name) or decide_column(name, table.data[name], context).kind
        if kind == DATE and name in chosen.values:
            times.append(Structure(times=as_numbers(chosen.values[name]).rename(name), dated=True))
        elif _may_be_groups(table.data[name], kind, is_id_name(written)):
            # A key for each cell of a million takes ten times as long as to count their texts.
            texts = pc.count_distinct(as_texts(table.data[name])).as_py()
            if texts < _fewest_groups(FILLED * len(table.data), is_id_name(written)):
                continue
            keys, empty = group_keys(table.data[name], context)
            if kind == NUMBER and not all(map(WHOLE.fullmatch, keys[~empty].unique())):
                continue
            count = int(keys[~empty].nunique())
            if _are_groups(count, int((~empty).sum()), len(keys), is_id_name(written)):
                groups.append((count, Structure(keys.rename(name))))
    groups.sort(key=lambda one: -one[0])
    known = [one for one in times if one.times is not None and one.times.nunique() >= FEWEST_TIMES]
    return [*(one for _, one in groups[:MOST_GROUP_COLUMNS]), *known]


def _may_be_groups(values: pa.ChunkedArray, kind: str, named: bool) -> bool:
    """Whether the first cells may be identifiers, before all are looked at."""
    if kind not in (TEXT, CATEGORY):
        return kind == NUMBER and named
    texts = as_texts(values.slice(0, ROWS_LOOKED_AT))
    if (pc.mean(pc.utf8_length(texts)).as_py() or 0) > LONGEST_CODE:
        return False
    # Rows of one group may stand together.
    return named or pc.count_distinct(texts).as_py() >= WORDS_PER_ROW * len(texts) / 2


def _are_groups(count: int, filled: int, rows: int, named: bool) -> bool:
    if filled < FILLED * rows or filled < FEWEST_IN_A_GROUP * count:
        return False
    return count >= _fewest_groups(filled, named)


def _fewest_groups(filled: float, named: bool) -> float:
    return FEW_SCORED_GROUPS if named else max(FEW_SCORED_GROUPS, WORDS_PER_ROW * filled)


def still_suspected(
    suspects: Sequence[Structure],
    beside: pa.Table | None,
    chosen: ChosenColumns,
    context: Context,
) -> list[Structure]:
    """The suspects that the test file does not clear: its rows are of other groups, or later.

    Without a test file, times are suspected where they rise from row to row.
    """
    columns = {column.name: column for column in chosen.columns}
    found = []
    for one in suspects:
        (name,) = one.columns
        there = beside is not None and name in beside.column_names
        if one.groups is not None:
            if there and beside is not None:
                keys, empty = group_keys(beside[name], context)
                if (keys.isin(one.groups.unique()).to_numpy() & ~empty).mean() >= KNOWN_GROUPS:
                    continue
            found.append(one)
        elif one.times is not None:
            if there and beside is not None:
                later = as_numbers(typed([columns[name]], beside)[name]) >= one.times.quantile(
                    LATER
                )
                if later.mean() < LATER:
                    continue
            elif (one.times.dropna().diff().dropna() >= 0).mean() < RISING:
                continue
            found.append(one)
    return found


def structure_notes(
    suspects: Sequence[Structure],
    rows: pd.DataFrame,
    target: str,
    problem: Problem,
    seconds: float,
) -> list[Note]:
    """A note per suspect whose mixed score is too good, beyond chance and by enough to matter.

    `rows`: features and target of train. No suspect is looked at once the seconds are over.
    """
    end = time.monotonic() + seconds
    found = []
    for one in suspects:
        measured = _measured(one, rows, target, problem, lambda: time.monotonic() > end)
        if measured is None:
            continue
        mixed, apart = measured
        if not _too_good(mixed, apart, rows[target]):
            continue
        code, setting = (
            ("groups_mixed", "group_column")
            if one.times is None
            else ("times_mixed", "time_column")
        )
        line = json.dumps({setting: one.columns[0]}, ensure_ascii=False)
        scores = {"mixed": mixed.score(problem.metric), "apart": apart.score(problem.metric)}
        values = {"column": one.columns[0], "metric": problem.metric, "line": line}
        found.append(note(code, **values, **scores))
    return found


def _too_good(mixed: Predictions, apart: Predictions, train: pd.Series) -> bool:
    metric = mixed.problem.metric
    one, other = mixed.score(metric), apart.score(metric)
    nothing = guessed(mixed.problem, train, mixed.target).score(metric)
    if (
        one is None
        or other is None
        or mixed.compared_with(apart, metric, out_of_fold_spread(FOLDS)) != BETTER
    ):
        return False
    return nothing is None or abs(one - other) >= PART_THAT_MATTERS * abs(one - nothing)


Over = Callable[[], bool]


def _measured(
    one: Structure, rows: pd.DataFrame, target: str, problem: Problem, over: Over
) -> tuple[Predictions, Predictions] | None:
    """Predictions with and without rows of the structure on both sides; None if time is over."""
    cut = _of_groups if one.groups is not None else _in_time
    chosen = _sample(one)
    some, structure = rows.iloc[chosen], one.of(rows.index[chosen])
    pairs = cut(some[target], problem, structure)
    if pairs is None:
        return None
    answers = [_answers(pair, some, target, problem, over) for pair in pairs]
    if any(answer is None for answer in answers):
        return None
    mixed, apart = (answer for answer in answers if answer is not None)
    index = mixed.index.intersection(apart.index)
    first, second = (_predictions(one.loc[index], some, target, problem) for one in (mixed, apart))
    groups = None if structure.groups is None else structure.groups.loc[index]
    return (
        Predictions(problem, first.target, first.predicted, first.probabilities, groups),
        Predictions(problem, second.target, second.predicted, second.probabilities, groups),
    )


def _sample(one: Structure) -> np.ndarray:
    """The places of at most MOST_ROWS rows; of groups, whole ones."""
    if one.groups is None:
        assert one.times is not None
        places = np.flatnonzero(one.times.notna())
        chosen: np.ndarray = places[random_rows(len(places), MOST_ROWS)]
        return chosen
    codes = pd.factorize(one.groups)[0]
    if len(codes) <= MOST_ROWS:
        return np.arange(len(codes))
    sizes = np.bincount(codes)
    order = np.random.default_rng(SEED).permutation(len(sizes))
    kept = order[sizes[order].cumsum() <= MOST_ROWS]
    return np.flatnonzero(np.isin(codes, kept))


# Places of the rows to learn from, and of the rows to score.
Cut = tuple[np.ndarray, np.ndarray]


def _of_groups(
    goal: pd.Series, problem: Problem, structure: Structure
) -> tuple[list[Cut], list[Cut]] | None:
    assert structure.groups is not None
    if structure.count < FEW_SCORED_GROUPS:
        return None
    parts = deal(goal, problem, structure.groups, FOLDS).to_numpy()
    apart = [(np.flatnonzero(parts != n), np.flatnonzero(parts == n)) for n in range(FOLDS)]
    return list(_folds(goal, problem)), apart


def _folds(goal: pd.Series, problem: Problem) -> Iterator[Cut]:
    enough = problem.has_classes and goal.value_counts().min() >= FOLDS
    kind = StratifiedKFold if enough else KFold
    yield from kind(FOLDS, shuffle=True, random_state=SEED).split(goal, goal)


def _in_time(
    goal: pd.Series, problem: Problem, structure: Structure
) -> tuple[list[Cut], list[Cut]] | None:
    """The latest rows, scored by models of earlier rows, and of as many rows of any time."""
    places = pd.Series(np.arange(len(goal)), goal.index)
    try:
        sides = hold_out(goal, problem, structure, SHARE)
    except TrainingError:
        return None
    learn, score = places[sides.learn].to_numpy(), places[sides.score].to_numpy()
    random = np.random.default_rng(SEED)
    mixed = []
    for part in np.array_split(random.permutation(score), FOLDS):
        others = np.setdiff1d(np.concatenate([learn, score]), part)
        mixed.append((np.sort(random.choice(others, len(learn), replace=False)), np.sort(part)))
    return mixed, [(learn, score)]


def _answers(
    cuts: Sequence[Cut], rows: pd.DataFrame, target: str, problem: Problem, over: Over
) -> pd.DataFrame | None:
    """A column per class, or the number, of all scored rows; None if time is over."""
    features, parts = rows.drop(columns=target), []
    classes = sorted(rows[target].astype(str).unique()) if problem.has_classes else []
    goal = rows[target]
    numbers = goal.astype(str).map({name: n for n, name in enumerate(classes)}) if classes else goal
    for learn, score in cuts:
        if over():
            return None
        data = lightgbm.Dataset(features.iloc[learn], numbers.iloc[learn].to_numpy(float))
        model = lightgbm.train(_settings(len(classes)), data, ROUNDS)
        found = np.asarray(model.predict(features.iloc[score]))
        if len(classes) == 2:
            found = np.column_stack([1 - found, found])
        parts.append(pd.DataFrame(found, features.index[score], classes or [target]))
    return pd.concat(parts)


def _settings(classes: int) -> dict[str, Any]:
    quiet = {"verbose": -1, "num_threads": 1, "seed": SEED, "deterministic": True}
    if classes > 2:
        return {**quiet, "objective": "multiclass", "num_class": classes, "num_leaves": 15}
    return {**quiet, "objective": "binary" if classes else "regression"}


def _predictions(
    answers: pd.DataFrame, rows: pd.DataFrame, target: str, problem: Problem
) -> Predictions:
    goal = rows[target].loc[answers.index]
    if problem.has_classes:
        return Predictions(problem, goal, answers.idxmax(axis=1), answers)
    return Predictions(problem, goal, answers[target], None)
