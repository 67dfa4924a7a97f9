"""What a model's own code/inference.py says, and the portable form by itself."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import inference
from export_portable import export_columns, export_portable
from model_code.predictions import Model
from portable.model import load_model
from reading.request_rows import JSON
from serving.endpoint_answers import asked
from tests.small_models import KINDS, TARGETS, fitted, prepared_of, rows

ROWS_ASKED = 60


class Container:
    """The model's code, called as AWS's container calls it."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def ask(self, body: str, kind: str) -> str:
        text, _ = inference.transform_fn(self._model, body, kind, "text/csv")
        return text


def given(names: Sequence[str]) -> dict[str, list[Any]]:
    table = rows().head(ROWS_ASKED)
    return {name: table[name].tolist() for name in names}


def file_of(folder: Path, target: str) -> Path:
    path = folder / f"{target}_train.csv"
    table = rows()
    table.drop(columns=[one for one in TARGETS if one != target]).to_csv(path, index=False)
    return path


@pytest.mark.parametrize("points", [False, True])
@pytest.mark.parametrize("target", TARGETS)
def test_an_endpoint_says_what_the_portable_form_says(
    tmp_path: Path, target: str, points: bool
) -> None:
    prepared = prepared_of(file_of(tmp_path, target))
    model = fitted(prepared, tmp_path, KINDS["lightgbm"], fit_weighted_ensemble=False)
    export_portable(model.predictor, model.preprocessor, tmp_path / "light", prepared.rows)
    portable = load_model(tmp_path / "light")
    cells = given(portable.names)
    own = portable.predict(cells, points=points)
    answers = asked(Container(model), portable, cells, points)
    assert [str(one) for one in answers.predictions] == [str(one) for one in own.predictions]
    # Six digits each, of numbers in 32 bits that may lie on either side of a half.
    assert answers.probabilities == pytest.approx(own.probabilities, abs=2e-6)
    assert answers.notes == own.notes


@pytest.mark.parametrize("target", TARGETS)
def test_a_model_that_is_not_portable_is_known_by_its_columns(tmp_path: Path, target: str) -> None:
    prepared = prepared_of(file_of(tmp_path, target))
    forest = {"RF": {"n_estimators": 3}}
    model = fitted(prepared, tmp_path, forest, fit_weighted_ensemble=False)
    export_columns(model.predictor, model.preprocessor, tmp_path / "columns", prepared.rows)
    known = load_model(tmp_path / "columns")
    assert not known.members
    assert known.target == target
    cells = given(known.names)
    answers = asked(Container(model), known, cells, points=False)
    text, _ = inference.transform_fn(model, json.dumps(cells), JSON)
    said = [one["prediction"] for one in json.loads(text)]
    assert list(answers.predictions) == (
        [np.float32(one) for one in said] if target == "price" else said
    )
    # Odd cells are told of, whatever predicts.
    odd = {**cells, "city": ["Nowhere"] * ROWS_ASKED}
    assert all(asked(Container(model), known, odd, points=True).notes)
