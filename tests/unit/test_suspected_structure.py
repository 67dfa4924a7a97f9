"""What looks like groups or time is measured, and said only where it changes the score."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from contract.messages import render
from model_code.notes import Note
from pipeline.settings import Settings, apply_settings_file
from prepare import Prepared, prepare
from suspected_structure import FEWEST_ROWS, structure_notes
from tests.job_specs import job_spec
from verdict import SEVERITIES, YELLOW

SECONDS = 60.0


def prepared(
    folder: Path, train: pd.DataFrame, test: pd.DataFrame | None = None, **chosen: object
) -> Prepared:
    paths = {"train": folder / "x_train.csv"}
    train.to_csv(paths["train"], index=False)
    if test is not None:
        paths["test"] = folder / "x_test.csv"
        test.to_csv(paths["test"], index=False)
    return prepare(job_spec(**paths, target="y", **chosen))


def said(found: Prepared, seconds: float = SECONDS) -> list[Note]:
    return structure_notes(found.suspects, found.rows, "y", found.problem, seconds)


def customers(
    effect: float, kind: str, seed: int = 0, name: str = "customer_id", first: int = 0
) -> pd.DataFrame:
    """Customers that their age tells apart, with a liking of their own, more or less."""
    random = np.random.default_rng(seed)
    who = np.repeat(np.arange(60), 8)
    chance = effect * random.normal(size=60)[who] + random.normal(size=len(who))
    visit = random.normal(size=len(who))
    chance += visit
    labels = {
        "binary": np.where(chance > 0, "yes", "no"),
        "multiclass": np.array(["a", "b", "c"])[np.digitize(chance, [-0.7, 0.7])],
        "regression": chance.round(4),
    }
    rows = pd.DataFrame(
        {
            name: [f"C{n + first}" for n in who],
            "age": random.uniform(20, 70, 60).round(2)[who],
            "visit": visit.round(3),
            "y": labels[kind],
        }
    )
    return rows.iloc[random.permutation(len(rows))]


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_customers_that_give_each_other_away_are_named_with_both_scores(
    tmp_path: Path, kind: str
) -> None:
    (note,) = said(prepared(tmp_path, customers(2.5, kind)))
    assert note.code == "note.groups_mixed" and note.values["column"] == "customer_id"
    worse = note.values["mixed"] - note.values["apart"]
    assert worse < 0 if kind == "regression" else worse > 0.05
    # What the report says to paste are settings.
    line = note.values["line"]
    assert apply_settings_file(Settings(), line.encode(), "x").group_column == "customer_id"
    assert line in render(note)
    assert SEVERITIES[note.code] == YELLOW


@pytest.mark.parametrize("kind", ["binary", "regression"])
@pytest.mark.parametrize("seed", range(4))
def test_customers_that_are_like_all_others_are_looked_at_and_no_matter(
    tmp_path: Path, kind: str, seed: int
) -> None:
    found = prepared(tmp_path, customers(0.0, kind, seed))
    assert len(found.suspects) == 1
    assert said(found) == []


@pytest.mark.parametrize(
    "chosen",
    [{"ignore_columns": ("customer_id",)}, {"id_column": "customer_id"}],
    ids=["ignored", "identifier"],
)
def test_a_column_that_is_not_learned_from_is_suspected_too(
    tmp_path: Path, chosen: dict[str, object]
) -> None:
    assert len(said(prepared(tmp_path, customers(2.5, "binary"), **chosen))) == 1


@pytest.mark.parametrize("chosen", [{"group_column": "customer_id"}, {"time_column": "visit"}])
def test_settings_leave_nothing_to_suspect(tmp_path: Path, chosen: dict[str, object]) -> None:
    assert not prepared(tmp_path, customers(2.5, "binary"), **chosen).suspects


def test_test_rows_of_the_same_customers_clear_them(tmp_path: Path) -> None:
    train = customers(2.5, "binary")
    known, new = (customers(2.5, "binary", 7, first=n).drop(columns="y") for n in (0, 500))
    assert not prepared(tmp_path, train, known).suspects
    assert len(prepared(tmp_path, train, new).suspects) == 1


@pytest.mark.parametrize(
    ("cells", "suspected"),
    [
        ([f"K{n % 40}" for n in range(400)], True),
        # Few values are categories, and values that do not repeat are no groups.
        ([f"K{n % 12}" for n in range(400)], False),
        ([f"K{n}" for n in range(400)], False),
        # Whole numbers are identifiers only under such a name.
        ([str(1000 + n % 40) for n in range(400)], False),
        ([f"K{n % 40}" if n % 2 else "" for n in range(400)], False),
    ],
)
def test_what_repeats_like_an_identifier_is_suspected(
    tmp_path: Path, cells: list[str], suspected: bool
) -> None:
    rows = customers(0, "binary").head(400).drop(columns="customer_id").assign(owner=cells)
    assert bool(prepared(tmp_path, rows).suspects) == suspected


def test_whole_numbers_that_are_called_an_id_are_suspected(tmp_path: Path) -> None:
    rows = customers(0, "binary")
    numbered = rows.assign(customer_id=rows["customer_id"].str[1:].astype(int))
    assert len(prepared(tmp_path, numbered).suspects) == 1
    measured = numbered.assign(customer_id=numbered["customer_id"] + 0.5)
    assert not prepared(tmp_path, measured).suspects
    assert not prepared(tmp_path, rows.head(FEWEST_ROWS - 1)).suspects


def days(mood: float, seed: int = 0, year: int = 2024) -> pd.DataFrame:
    """Five visits a day; every three days may have a mood that no earlier day tells."""
    random = np.random.default_rng(seed)
    day = np.repeat(np.arange(120), 5)
    visit = random.normal(size=600)
    chance = mood * random.normal(size=40)[day // 3] + visit + random.normal(size=600)
    dates = pd.Timestamp(year=year, month=3, day=1) + pd.to_timedelta(day, unit="D")
    cells = {"day": dates.strftime("%Y-%m-%d"), "visit": visit.round(3)}
    return pd.DataFrame({**cells, "y": np.where(chance > 0, "yes", "no")})


def test_days_that_give_earlier_ones_away_are_named_with_both_scores(tmp_path: Path) -> None:
    (note,) = said(prepared(tmp_path, days(2.5, seed=1)))
    assert note.code == "note.times_mixed"
    assert note.values["mixed"] > note.values["apart"] + 0.05
    assert json.loads(note.values["line"]) == {"time_column": "day"}
    assert note.values["line"] in render(note)


@pytest.mark.parametrize("seed", range(4))
def test_days_that_are_like_all_others_are_looked_at_and_no_matter(
    tmp_path: Path, seed: int
) -> None:
    found = prepared(tmp_path, days(0.0, seed))
    assert len(found.suspects) == 1
    assert said(found) == []


def test_dates_are_suspected_where_they_rise_or_test_rows_are_later(tmp_path: Path) -> None:
    train = days(2.5)
    shuffled = train.sample(frac=1, random_state=0)
    same, later = (days(0, 1, year).drop(columns="y") for year in (2024, 2025))
    assert not prepared(tmp_path, shuffled).suspects
    assert not prepared(tmp_path, train, same).suspects
    assert len(prepared(tmp_path, shuffled, later).suspects) == 1


def test_nothing_is_said_when_there_is_no_time_to_measure(tmp_path: Path) -> None:
    assert said(prepared(tmp_path, customers(2.5, "binary")), seconds=-1) == []
