"""Later rows whose values are spread otherwise than those of train."""

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from model_code.cell_checks import CellChecks
from model_code.columns import typed
from model_code.row_sample import MOST_ROWS, RowSample, spreads_of
from reading.column import CATEGORY, DATE, NUMBER, NUMBERS, TEXT, Column, column_from_json
from reading.spread import (
    FAR,
    FEWEST,
    MOST_POINTS,
    MOST_SHARES,
    distance,
    is_far,
    spread_of_categories,
    spread_of_numbers,
)

COLUMNS = [
    Column("n", NUMBER),
    Column("d", DATE),
    Column("c", CATEGORY, categories=("a", "b", "c")),
    Column("t", TEXT),
    Column("s", NUMBERS, gaps=("", "x", "")),
]
ROWS = 400
random = np.random.default_rng(7)


def rows(rows: int, shift: float = 0.0, weights: tuple[float, ...] = (0.5, 0.3, 0.2)) -> pa.Table:
    days = pd.Timestamp(2024, 1, 1) + pd.to_timedelta(random.integers(0, 300, rows), "D")
    days += pd.Timedelta(days=300 * shift)
    numbers = random.normal(shift, 1, (3, rows))
    return pa.table(
        {
            "n": [f"{number:.3f}" for number in numbers[0]],
            "d": days.strftime("%Y-%m-%d").tolist(),
            "c": random.choice(list("abc"), rows, p=weights).tolist(),
            "t": ["word " * int(5 + 20 * shift + random.integers(3)) for _ in range(rows)],
            "s": [f"{abs(a):.2f}x{abs(b):.2f}" for a, b in numbers[1:].T],
        }
    )


def learned(train: pa.Table) -> list[Column]:
    """The columns, with the spreads of train, as a model keeps them."""
    values = {name: series for name, series in typed(COLUMNS, train).items()}
    spreads = spreads_of(COLUMNS, values, train.num_rows)
    kept = [
        replace(
            column,
            spreads=spreads[column.name],
            missing_share=float(values[column.name].isna().mean()),
        )
        for column in COLUMNS
    ]
    return [column_from_json(json.loads(json.dumps(column.to_json()))) for column in kept]


def notes_on(columns: list[Column], later: pa.Table, parts: int = 3) -> dict[str, object]:
    checks = CellChecks(columns)
    for part in np.array_split(np.arange(later.num_rows), parts):
        piece = later.take(pa.array(part))
        checks.add(piece, typed(columns, piece))
    return {note.code: note.values for note in checks.notes()}


def test_rows_of_the_same_kind_are_no_drift() -> None:
    columns = learned(rows(ROWS))
    assert [len(column.spreads) for column in columns] == [1, 1, 1, 1, 2]
    assert notes_on(columns, rows(ROWS)) == {}


def test_each_kind_of_column_that_moved_is_named_with_its_distance() -> None:
    columns = learned(rows(ROWS))
    moved = notes_on(columns, rows(ROWS, 3.0, (0.1, 0.1, 0.8)))
    assert list(moved) == ["note.drift"]
    (named,) = moved["note.drift"].values()  # type: ignore[attr-defined]
    assert sorted(name.split()[0] for name in named) == sorted(c.name for c in COLUMNS)
    far = [float(name.split("(")[1].rstrip(")")) for name in named]
    assert far == sorted(far, reverse=True) and min(far) > FAR


def test_too_few_rows_say_nothing() -> None:
    columns = learned(rows(ROWS))
    assert notes_on(columns, rows(FEWEST - 1, 3.0)) == {}


def test_models_of_earlier_versions_know_no_spreads() -> None:
    columns = [replace(column, spreads=()) for column in learned(rows(ROWS))]
    earlier = [
        {name: value for name, value in column.to_json().items() if name != "spreads"}
        for column in columns
    ]
    assert [column_from_json(one) for one in earlier] == columns
    assert notes_on(columns, rows(ROWS, 3.0)) == {}


@pytest.mark.parametrize("empty_later", [True, False])
def test_a_column_that_is_empty_in_one_file_is_named_either_way(empty_later: bool) -> None:
    full = rows(ROWS)
    empty = full.set_column(0, "n", pa.array(["", "1"] * (ROWS // 2)))
    columns = learned(full if empty_later else empty)
    found = notes_on(columns, empty if empty_later else full)
    values = found["note.other_missing_share"]
    assert values["column"] == "n"  # type: ignore[index]
    assert {values["percent"], values["before"]} == {0.0, 50.0}  # type: ignore[index]


numbers = st.lists(
    st.one_of(st.floats(-5, 5), st.integers(-3, 3).map(float)), min_size=FEWEST, max_size=400
)


@given(numbers, numbers)
def test_the_distance_of_numbers_is_that_of_scipy_within_two_steps(
    before: list[float], after: list[float]
) -> None:
    found = distance(spread_of_numbers(before), spread_of_numbers(after))
    exact = float(ks_2samp(before, after, method="asymp").statistic)
    assert found == pytest.approx(exact, abs=2 / MOST_POINTS + 1e-9)


@given(st.lists(st.sampled_from("abcdefgh"), min_size=FEWEST), st.data())
def test_the_distance_of_categories_is_their_total_variation(
    before: list[str], data: st.DataObject
) -> None:
    after = data.draw(st.lists(st.sampled_from("abcdefgh"), min_size=FEWEST))
    found = distance(
        spread_of_categories(Counter(before), len("abcdefgh") + MOST_SHARES),
        spread_of_categories(Counter(after)),
    )
    names = set(before) | set(after)
    exact = sum(abs(before.count(n) / len(before) - after.count(n) / len(after)) for n in names) / 2
    # Categories that train lacks count as one.
    assert found <= exact + 1e-9
    if set(after) <= set(before) and len(set(before)) * 20 <= len(before):
        assert found == pytest.approx(exact)


def test_many_categories_of_one_frequency_are_no_drift() -> None:
    names = [f"k{n}" for n in range(4 * MOST_SHARES)]
    before = Counter(random.choice(names, 20_000).tolist())
    after = Counter(random.choice(names, 20_000).tolist())
    assert not is_far(spread_of_categories(before, MOST_SHARES), spread_of_categories(after), 1)


def test_names_that_hardly_repeat_are_never_compared() -> None:
    before = spread_of_categories(Counter(f"name {n}" for n in range(500)), MOST_SHARES)
    after = spread_of_categories(Counter(f"other {n}" for n in range(500)))
    assert distance(before, after) == 0


@settings(max_examples=20)
@given(st.integers(2, 64), st.integers(1, 5))
def test_a_pattern_in_the_order_of_rows_fools_no_sample(period: int, parts: int) -> None:
    """Every nth row is 1: a sample at equal steps could have all of them, or none."""
    n = 5 * MOST_ROWS
    values = pd.Series((np.arange(n) % period == 0).astype(float))
    sample = RowSample(COLUMNS[:1])
    for chosen in np.array_split(np.arange(n), parts):
        part = values.iloc[chosen]
        sample.add({"n": part}, len(part))
    (found,) = sample.spreads(COLUMNS[0])
    assert MOST_ROWS / 3 < found.size <= MOST_ROWS
    assert np.mean(found.points) == pytest.approx(1 / period, abs=0.03)
