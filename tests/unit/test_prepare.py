"""From the files of a job to what is fitted and scored."""

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

import prepare as prepare_module
from prepare import Prepared, prepare
from problem import matched_labels
from tests.job_specs import job_spec

# Some have three decimals, so that a mark before them may part thousands.
PRICES = [1.875, 12.5, 1234.25, 2.125, 40.0, 7.75] * 10
ROWS = pd.DataFrame({"size": [price / 10 for price in PRICES], "price": PRICES})


def german(number: float) -> str:
    return f"{number:.4f}".rstrip("0").rstrip(".").replace(".", ",")


def prepared(train: Path, test: Path) -> Prepared:
    return prepare(job_spec(train=train, test=test, target="price"))


@pytest.fixture
def train(tmp_path: Path) -> Path:
    file = tmp_path / "x_train.csv"
    ROWS.map(german).to_csv(file, sep=";", index=False)
    return file


@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx", "german"])
def test_a_target_is_the_same_number_in_every_kind_of_file(train: Path, kind: str) -> None:
    test = train.with_name(f"x_test.{'csv' if kind == 'german' else kind}")
    if kind == "parquet":
        ROWS.to_parquet(test, index=False)
    elif kind == "xlsx":
        ROWS.to_excel(test, index=False)
    elif kind == "german":
        ROWS.map(german).to_csv(test, sep=";", index=False)
    else:
        ROWS.to_csv(test, index=False)
    found = prepared(train, test)
    assert found.rows["price"].tolist() == pytest.approx(PRICES)
    assert found.test_target is not None and found.test is not None
    assert found.test_target.tolist() == pytest.approx(PRICES)
    features = found.rows.drop(columns="price")
    pd.testing.assert_frame_equal(found.test, features, check_exact=False)


def test_train_is_read_by_its_own_marks_where_commas_separate_it(tmp_path: Path) -> None:
    """Decimal commas in quotes, and a cell from a program: 1.875 is no thousands."""
    rows = [f'"{german(price)}",{n % 2}' for n, price in enumerate(PRICES)]
    train, test = tmp_path / "x_train.csv", tmp_path / "x_test.csv"
    train.write_text("\n".join(["price,y", *rows, "1.875,1"]))
    test.write_text("\n".join(["price", "1.875"]))
    found = prepare(job_spec(train=train, test=test, target="y"))
    assert found.test is not None
    assert found.rows.iloc[-1, 0] == found.test.iloc[0, 0] == 1.875


def rows_of(folder: Path, cells: dict[str, list[str]], **settings: object) -> Prepared:
    """What a job makes of these columns, whose target is `y`."""
    train = folder / "x_train.csv"
    pd.DataFrame(cells).to_csv(train, index=False)
    return prepare(job_spec(train=train, target="y", **settings))


def test_blank_rows_of_a_test_file_stay_in_their_places_and_are_named(tmp_path: Path) -> None:
    """Spreadsheets leave rows of delimiters below a table."""
    train, test = tmp_path / "x_train.csv", tmp_path / "x_test.csv"
    train.write_text("a,b,y\n" + "".join(f"{n % 7},{'uv'[n % 2]},{n % 2}\n" for n in range(40)))
    test.write_text("a,b\n1,u\n,\n3,v\n" + ",\n" * 30)
    found = prepare(job_spec(train=train, test=test, target="y"))
    assert found.test is not None
    assert found.test.notna().any(axis=1).tolist() == [True, False, True, *[False] * 30]
    (said,) = [note.values for note in found.notes if note.code == "note.empty_rows"]
    assert (said["count"], said["row"]) == (31, 2)


def test_rows_whose_target_is_a_number_that_the_settings_call_missing_are_left_out(
    tmp_path: Path,
) -> None:
    cells = {"x": [str(n % 7) for n in range(60)], "y": [f"{n}.5" for n in range(58)]}
    cells["y"] += ["-999", "-999.0"]
    assert len(rows_of(tmp_path, cells).rows) == 60
    found = rows_of(tmp_path, cells, missing_values=("-999",))
    assert len(found.rows) == 58
    assert "note.no_target" in [note.code for note in found.notes]


@pytest.mark.parametrize(
    ("train", "test"),
    [
        (("01", "02"), ("1", "2")),
        (("1", "2"), ("01", "02")),
        (("+1", "-1"), ("1", "-1.0")),
        (("1e5", "2e5"), ("100000", "200000")),
        (("10%", "20%"), ("0.1", "0.2")),
        (("<=50K", ">50K"), ("<=50K.", ">50K.")),
        (("no", "yes"), (" NO", "TRUE")),
        (("tak", "nie"), ("1", "0")),
        (("01", "02", "03"), ("1", "2", "3")),
        (("=up", " -down", "a, b"), ("=up", "-down", "A,  B")),
    ],
)
def test_a_class_is_known_in_every_spelling_and_returned_as_train_writes_it(
    tmp_path: Path, train: tuple[str, ...], test: tuple[str, ...]
) -> None:
    files = tmp_path / "x_train.csv", tmp_path / "x_test.csv"
    for file, labels in zip(files, (train, test), strict=True):
        rows = {"x": [str(n * n % 17) for n in range(60)], "y": list(labels) * (60 // len(labels))}
        pd.DataFrame(rows).to_csv(file, index=False)
    found = prepare(job_spec(train=files[0], test=files[1], target="y"))
    assert found.problem.classes == tuple(sorted(label.strip() for label in train))
    assert found.test_target is not None
    assert found.test_target.tolist() == found.rows["y"].tolist()


def test_classes_that_are_one_number_in_two_spellings_match_no_third(tmp_path: Path) -> None:
    classes = matched_labels(pd.Series(["1.0", "1", "01", "001"]), ["1", "01"])
    assert classes.tolist() == ["1", "1", "01", "001"]


@pytest.mark.parametrize(
    ("labels", "positive"),
    [
        *((("+1", "-1"), "+1"), (("9", "10"), "10"), (("no", "yes"), "yes")),
        *((("-", "+"), "+"), (("50%", "100%"), "100%")),
    ],
)
def test_the_greater_of_two_numbers_or_signs_is_the_positive_class(
    tmp_path: Path, labels: tuple[str, str], positive: str
) -> None:
    cells = {"x": [str(n % 7) for n in range(60)], "y": list(labels) * 30}
    assert rows_of(tmp_path, cells).problem.positive_class == positive


def test_texts_that_hardly_repeat_are_named(tmp_path: Path) -> None:
    """Whatever no reader knows, such as numbers with flags, is at least told."""
    flagged = [f"{n % 41}.5 {'abc'[n % 41 % 3]}" for n in range(60)]
    cells = {"x": flagged, "c": ["u", "v", "w"] * 20, "y": ["p", "q"] * 30}
    (told,) = [n for n in rows_of(tmp_path, cells).notes if n.code == "read.rare_categories"]
    assert told.values["columns"] == ("x",)


def test_numbers_of_nines_far_from_all_others_are_named_however_long(tmp_path: Path) -> None:
    for nines in ("-999", "99999", "9999999"):
        cells = {"x": [*(f"{n % 7}.5" for n in range(56)), *[nines] * 4], "y": ["p", "q"] * 30}
        assert "note.placeholders" in [note.code for note in rows_of(tmp_path, cells).notes]


@pytest.mark.parametrize("cells", [("NA", "NULL"), ("", "na", "#N/A"), ("?", "?")])
def test_a_column_of_nothing_but_marks_is_left_out(tmp_path: Path, cells: tuple[str, ...]) -> None:
    rows = {
        "x": [str(n % 7) for n in range(60)],
        "void": [cells[n % len(cells)] for n in range(60)],
    }
    found = rows_of(tmp_path, {**rows, "y": ["no", "yes"] * 30})
    assert found.left_out == {"void": "constant_column"}


def test_the_cells_of_the_file_are_gone_before_the_test_file_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, test = tmp_path / "x_train.csv", tmp_path / "x_test.csv"
    cells = pd.DataFrame({"x": [f"{n % 7}{'0' * 500}" for n in range(2000)]})
    cells.assign(y=["p", "q"] * 1000).to_csv(train, index=False)
    cells.head(10).to_csv(test, index=False)
    before, held = pa.total_allocated_bytes(), list[int]()
    read_test = prepare_module.read_test

    def look(*arguments: Any) -> Any:
        held.append(pa.total_allocated_bytes() - before)
        return read_test(*arguments)

    monkeypatch.setattr(prepare_module, "read_test", look)
    prepare(job_spec(train=train, test=test, target="y"))
    assert held and held[0] < train.stat().st_size / 10
