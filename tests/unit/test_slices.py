"""Parts of the rows: what is weak is named, and noise hardly ever is."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from metrics import ALIKE, WORSE, Predictions
from problem import Problem
from reading.column import CATEGORY, DATE, NUMBER, TEXT, Column
from slices import (
    FEWEST_ROWS,
    MOST_COLUMNS,
    MOST_VALUES,
    QUARTERS,
    TOO_LOW,
    beyond_chance,
    find_slices,
    parts_of,
)

PLENTY = 600.0
GROUPS = ("a", "b", "c", "d")


def binary(chance: np.ndarray, actual: np.ndarray, metric: str = "roc_auc") -> Predictions:
    problem = Problem("binary", metric, metric, positive_class="yes")
    table = pd.DataFrame({"no": 1 - chance, "yes": chance})
    target = pd.Series(np.where(actual, "yes", "no"))
    return Predictions(problem, target, table.idxmax(axis=1), table)


def regression(actual: np.ndarray, said: np.ndarray) -> Predictions:
    metric = "root_mean_squared_error"
    return Predictions(
        Problem("regression", metric, metric), pd.Series(actual), pd.Series(said), None
    )


def honest(kind: str, seed: int, rows: int = 400) -> tuple[Predictions, str]:
    """Predictions that are equally good whatever the group."""
    random = np.random.default_rng(seed)
    if kind == "root_mean_squared_error":
        said = random.normal(size=rows)
        return regression(said + random.normal(size=rows), said), kind
    chance = random.beta(1, 1, rows)
    return binary(chance, random.uniform(size=rows) < chance, kind), kind


def groups(seed: int, rows: int) -> pd.Series:
    return pd.Series(np.random.default_rng(1000 + seed).choice(GROUPS, rows))


@pytest.mark.parametrize(
    ("metric", "tries"), [("roc_auc", 30), ("accuracy", 30), ("root_mean_squared_error", 30)]
)
def test_of_honest_noise_at_most_one_report_in_twenty_marks_anything(
    metric: str, tries: int
) -> None:
    marked = 0
    for seed in range(tries):
        predictions, name = honest(metric, seed)
        parts = {f"column {n}": groups(10 * seed + n, len(predictions)) for n in range(2)}
        found = find_slices(predictions, parts, name, PLENTY)
        assert len(found) == 2 * len(GROUPS)
        marked += any(one.against_rest != ALIKE or one.bias != ALIKE for one in found)
    # Two standard errors above what is promised.
    assert marked <= 0.05 * tries + 2 * np.sqrt(tries * 0.05 * 0.95)


def test_a_weak_part_is_marked_and_the_others_are_not_called_weak() -> None:
    random = np.random.default_rng(0)
    rows = 800
    part = groups(0, rows)
    weak = (part == "c").to_numpy()
    said = random.normal(size=rows)
    actual = said + random.normal(size=rows) * np.where(weak, 3.0, 1.0)
    found = find_slices(regression(actual, said), {"g": part}, "root_mean_squared_error", PLENTY)
    assert [one.value for one in found if one.against_rest == WORSE] == ["c"]
    for one in found:
        assert one.interval is not None and one.score is not None
        assert one.interval[0] < one.score < one.interval[1]


def test_who_is_predicted_too_low_is_marked_although_the_score_is_the_same() -> None:
    random = np.random.default_rng(0)
    chance = random.beta(2, 2, 1000)
    part = groups(0, len(chance))
    off = np.where(part == "b", 0.25, 0.0)
    actual = random.uniform(size=len(chance)) < np.clip(chance + off, 0, 1)
    found = find_slices(binary(chance, actual), {"g": part}, "roc_auc", PLENTY)
    assert {one.value: one.bias for one in found}["b"] == TOO_LOW
    marked = next(one for one in found if one.value == "b")
    assert marked.actual is not None and marked.predicted is not None
    assert marked.predicted < marked.actual - 0.15


def test_parts_too_small_or_of_one_class_have_no_claim() -> None:
    chance = np.linspace(0.01, 0.99, 300)
    part = pd.Series(["many"] * 200 + ["one class"] * 90 + ["few"] * 10)
    found = find_slices(binary(chance, chance > 0.5), {"g": part}, "roc_auc", PLENTY)
    assert all(one.rows >= FEWEST_ROWS for one in found)
    alone = next(one for one in found if one.value == "one class")
    assert (alone.score, alone.interval, alone.against_rest) == (None, None, ALIKE)


def test_missing_values_are_a_part_of_their_own() -> None:
    predictions, metric = honest("accuracy", 0)
    part = groups(0, len(predictions)).where(np.arange(len(predictions)) % 3 > 0)
    found = find_slices(predictions, {"g": part}, metric, PLENTY)
    assert {one.value for one in found} == {*GROUPS, None}
    assert sum(one.rows for one in found) == len(predictions)


def test_without_time_the_strongest_column_is_looked_at_and_no_more() -> None:
    predictions, metric = honest("accuracy", 0)
    parts = {name: groups(n, len(predictions)) for n, name in enumerate(("first", "second"))}
    assert {one.column for one in find_slices(predictions, parts, metric, 0.0)} == {"first"}


def test_the_more_is_tested_the_rarer_a_difference_has_to_be() -> None:
    assert beyond_chance([0.03]) == [True]
    assert beyond_chance([0.03, 0.5]) == [False, False]
    assert beyond_chance([0.001, 0.015, 0.5]) == [True, True, False]
    assert beyond_chance([]) == []


class Preprocessor:
    columns = (
        Column("amount", NUMBER),
        Column("text", TEXT),
        Column("kind", CATEGORY),
        Column("day", DATE, offset=19000),
        Column("class", NUMBER),
        Column("other", NUMBER),
    )

    def feature_of(self, name: str) -> str:
        return name


def parts(days: int) -> dict[str, pd.Series]:
    random, rows = np.random.default_rng(0), 400
    table = pd.DataFrame(
        {
            "amount": random.normal(size=rows),
            "kind": pd.Categorical(random.choice(["x", "y"], rows)),
            "day_days": random.integers(0, days, rows),
            "class": random.integers(1, 4, rows),
            "other": random.normal(size=rows),
        }
    )
    preprocessor: Any = Preprocessor()
    return parts_of(table, preprocessor, [one.name for one in Preprocessor.columns])


def test_categories_come_first_then_numbers_by_quarters_and_one_date() -> None:
    found = parts(700)
    assert list(found) == ["kind", "class", "amount", "day"]
    assert len(found) == MOST_COLUMNS + 1
    assert set(found["class"]) == {"1", "2", "3"}
    counts = found["amount"].value_counts()
    assert len(counts) == QUARTERS and counts.max() - counts.min() <= 1


@pytest.mark.parametrize("days", [20, 100, 600, 2000, 20_000])
def test_a_date_has_a_few_periods_or_ranges(days: int) -> None:
    values = parts(days)["day"]
    assert values.notna().all()
    assert 1 < values.nunique() <= 2 * MOST_VALUES
    assert all("2022" <= str(value)[:4] <= "2077" for value in values)
