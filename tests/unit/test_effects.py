"""What columns do to the prediction: one scale, where the rows are, and none that do not matter."""

from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from effects import BINS, EFFECT_POINTS, Effect, effects
from explain import that_matter
from reading.column import CATEGORY, DATE, NUMBER, Column
from report.effect_plots import common_scale, effect_numbers

ROWS = 500
NAMES = ("amount", "day", "kind")


class Preprocessor:
    """Features are called as their columns."""

    target = "y"
    columns = (
        Column("amount", NUMBER),
        Column("day", DATE, offset=19000),
        Column("kind", CATEGORY),
    )
    labels: ClassVar = {"amount": "amount", "day_days": "day", "kind": "kind"}

    def feature_of(self, name: str) -> str:
        return name

    def of_date(self, column: Column, values: pd.Series) -> dict[str, Any]:
        return {"day_days": (values - pd.Timestamp(0)).dt.days - column.offset}


class Predictor:
    """Twice the amount."""

    problem_type, label = "regression", "y"

    def predict(self, rows: pd.DataFrame) -> pd.Series:
        return rows["amount"] * 2.0


def found(rows: pd.DataFrame) -> dict[str, Effect]:
    prepared: Any = type("Prepared", (), {"rows": rows, "preprocessor": Preprocessor()})
    model: Any = type("Model", (), {"predictor": Predictor()})
    return {one.column: one for one in effects(model, prepared, list(NAMES))}


def table() -> pd.DataFrame:
    random = np.random.default_rng(0)
    kinds = pd.Categorical(random.choice(["a", "b", "c"], ROWS, p=[0.6, 0.3, 0.1]))
    return pd.DataFrame(
        {
            "amount": random.normal(size=ROWS),
            "day_days": random.integers(0, 300, ROWS).astype(float),
            "kind": kinds,
            "y": 0.0,
        }
    )


def test_the_rows_of_each_value_add_up_to_all_rows() -> None:
    rows = table()
    for column, one in found(rows).items():
        assert sum(one.rows) == ROWS, column
        assert len(one.rows) == len(one.places) == len(one.values) == len(effect_numbers(one))
    assert dict(zip(found(rows)["kind"].values, found(rows)["kind"].rows, strict=True)) == dict(
        rows["kind"].value_counts()
    )


def test_a_histogram_has_the_rows_between_its_ends() -> None:
    rows = table()
    one = found(rows)["amount"]
    assert len(one.edges) == len(one.counts) + 1 == BINS + 1
    assert len(one.values) == EFFECT_POINTS
    assert (one.edges[0], one.edges[-1]) == (one.places[0], one.places[-1])
    assert sum(one.counts) == rows["amount"].between(one.edges[0], one.edges[-1]).sum()


def test_a_date_is_drawn_where_it_is_in_time() -> None:
    one = found(table())["day"]
    shown = [(pd.Timestamp(str(value)) - pd.Timestamp(0)).days for value in one.values]
    assert shown == pytest.approx(one.places)
    assert one.edges[0] == one.places[0]


def test_missing_values_are_no_rows_of_a_value() -> None:
    rows = table()
    rows.loc[rows.index[:100], "amount"] = np.nan
    assert sum(found(rows)["amount"].rows) == ROWS - 100


curves = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=5)


@given(st.lists(curves, min_size=1, max_size=4))
def test_one_scale_holds_every_curve_with_room_below_for_the_rows(every: list[list[float]]) -> None:
    made = [
        Effect("x", [*curve], [*curve], [1] * len(curve), {"y": curve}, "number", [], [])
        for curve in every
    ]
    low, high = common_scale(made)
    values = [value for curve in every for value in curve]
    assert low < min(values) <= max(values) < high
    assert (min(values) - low) / (high - low) > 0.15


def importance(**columns: tuple[float, float]) -> pd.DataFrame:
    """Column → importance and the low end of its interval."""
    return pd.DataFrame(
        [(name, value, low) for name, (value, low) in columns.items()],
        columns=["feature", "importance", "low"],
    )


def test_a_column_matters_beyond_chance_and_not_just_a_little() -> None:
    unknown = float("nan")
    matters = importance(a=(0.2, 0.1), b=(0.1, -0.01), c=(0.001, 0.0005), d=(-0.1, unknown))
    assert that_matter(matters) == ["a"]
    assert that_matter(importance(a=(0.2, unknown), b=(0.0, unknown))) == ["a"]
    assert that_matter(importance(a=(-0.2, -0.3), b=(-0.3, unknown))) == []
