"""The packed model is asked, by its own code, for what the trained one answers."""

import inspect
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from autogluon.tabular import TabularPredictor

from check_model import check_model
from failure import TrainingError
from model_code.predictions import Model
from model_code.preprocessor import FILE, Preprocessor
from pack import pack, versions
from prepare import prepare
from reading.numbers import PLAIN_NUMBERS
from tests.job_specs import job_spec

ROWS = 300
CODE = Path(inspect.getfile(pack)).parent


def train_file(folder: Path) -> Path:
    """A number, a date and a category, written as a German program writes them."""
    random = np.random.default_rng(0)
    size, day = random.uniform(1, 5, ROWS), random.integers(0, 300, ROWS)
    color = random.choice(["red", "green", "blue"], ROWS)
    late = size + day / 100 + 2 * (color == "red") > 5
    frame = pd.DataFrame(
        {
            "size": [f"{value:.3f}".replace(".", ",") for value in size],
            "day": (pd.Timestamp("2024-01-01") + pd.to_timedelta(day, "D")).strftime("%d.%m.%Y"),
            "color": color,
            "y": np.where(late, "late", "in time"),
        }
    )
    file = folder / "x_train.csv"
    frame.to_csv(file, sep=";", index=False)
    return file


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Model, Path]:
    """The model's folder, the model as it was trained, and its train file."""
    folder = tmp_path_factory.mktemp("packed")
    train = train_file(folder)
    return folder / "model", pack_model(train, folder / "model", rounds=10), train


def pack_model(train: Path, folder: Path, rounds: int) -> Model:
    """Fit and pack into the folder; the model as it was trained."""
    prepared = prepare(job_spec(train=train))
    predictor = TabularPredictor("y", path=str(folder.with_name("fitted")), verbosity=0)
    predictor.fit(prepared.rows, hyperparameters={"GBM": {"num_boost_round": rounds}})
    pack(predictor, prepared.preprocessor, folder, {"versions": versions()})
    return Model(predictor, prepared.preprocessor)


def change_column(folder: Path, name: str, **changes: Any) -> None:
    file = folder / "code" / FILE
    content = json.loads(file.read_text("utf-8"))
    (column,) = (column for column in content["columns"] if column["name"] == name)
    assert changes.keys() <= column.keys()
    column.update(changes)
    file.write_text(json.dumps(content), "utf-8")


def reads_numbers_otherwise(folder: Path, _: Path) -> None:
    change_column(folder, "size", style=asdict(PLAIN_NUMBERS))


def takes_a_category_for_missing(folder: Path, _: Path) -> None:
    change_column(folder, "color", marks=["red"])


def counts_days_from_another_day(folder: Path, _: Path) -> None:
    change_column(folder, "day", offset=0)


def types_by_other_code(folder: Path, _: Path) -> None:
    code = folder / "code" / Path(inspect.getfile(Preprocessor)).relative_to(CODE)
    change = (
        "own = Preprocessor.made_from\nPreprocessor.made_from = lambda *of: own(*of).iloc[::-1]"
    )
    code.write_text(f"{code.read_text('utf-8')}\n{change}\n", "utf-8")


def has_learned_something_else(folder: Path, train: Path) -> None:
    pack_model(train, folder, rounds=2)


@pytest.mark.parametrize(
    "change",
    [
        reads_numbers_otherwise,
        takes_a_category_for_missing,
        counts_days_from_another_day,
        types_by_other_code,
        has_learned_something_else,
    ],
)
def test_a_job_fails_when_its_packed_model(
    packed: tuple[Path, Model, Path], tmp_path: Path, change: Callable[[Path, Path], None]
) -> None:
    folder, model, train = packed
    changed = shutil.copytree(folder, tmp_path / "model")
    change(changed, train)
    with pytest.raises(TrainingError) as caught:
        check_model(changed, model, train)
    assert caught.value.message.code == "job.model_differs"


def test_a_model_that_answers_as_it_was_trained_passes(packed: tuple[Path, Model, Path]) -> None:
    check_model(*packed)
