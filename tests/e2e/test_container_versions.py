"""A model goes from AWS's container to a laptop and back, whose packages have other versions."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from codefree.predict import predict
from model_code.plain_models import Linear
from portable.model import load_model
from tests.opt_ml import ROOT, SAMPLES, OptMl, opt_ml, pack

CONTAINER = ROOT / ".venv-container/bin/python"
pytestmark = pytest.mark.skipif(
    not CONTAINER.exists(), reason="no Python 3.12: make .venv-container/ready"
)
TRAIN_ROWS, TEST_ROWS = 500, 200


def titanic(folder: Path, target: str) -> OptMl:
    """A job with free text, the passengers' names, and a test file that lacks the target."""
    rows = pd.read_csv(SAMPLES / "titanic_train.csv", dtype=str, keep_default_na=False)
    test = rows[TRAIN_ROWS : TRAIN_ROWS + TEST_ROWS].drop(columns=target)
    train = rows[:TRAIN_ROWS].to_csv(index=False)
    return opt_ml(folder, train, test.to_csv(index=False), target=target, training_minutes=0.2)


def trained(job: OptMl) -> pd.DataFrame:
    """What the job itself says of the test rows."""
    assert job.train() == 0, (job.root / "log").read_text()[-2000:]
    assert (job.model / "code/text_scores.npz").exists()
    return answers(job.result("test_prediction.csv"))


def answers(file: Path) -> pd.DataFrame:
    """The predictions file without the rows' own columns and the reasons."""
    found = pd.read_csv(file, encoding="utf-8-sig")
    return found[[name for name in found if name.startswith(("prediction", "probability_"))]]


def assert_same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    assert len(found) == TEST_ROWS
    pd.testing.assert_frame_equal(found, expected, check_dtype=False, rtol=1e-6, atol=1e-6)


def assert_portable(job: OptMl, expected: pd.DataFrame) -> None:
    """The model has a portable form, which predicts here what the job has predicted."""
    passport = json.loads((job.model / "passport.json").read_text())
    assert passport["light"]["checked_rows"] > 100, passport["light"]
    model = load_model(job.model / "light")
    file = job.root / "input/data/test/sample_test.csv"
    rows = pd.read_csv(file, dtype=str, keep_default_na=False).to_dict("list")
    found = model.predict(rows, points=True)
    if model.problem == "number":
        assert np.allclose(found.predictions, expected["prediction"], rtol=1e-6)
    else:
        assert found.predictions == expected["prediction"].astype(str).tolist()


def test_what_the_container_has_trained_predicts_the_same_on_a_laptop(tmp_path: Path) -> None:
    job = replace(titanic(tmp_path, "Survived"), python=str(CONTAINER))
    expected = trained(job)
    made_by = json.loads((job.model / "passport.json").read_text())["versions"]
    assert made_by["python"].startswith("3.12.")
    image = (ROOT / "requirements/image.constraints").read_text().splitlines()
    assert f"scikit-learn=={made_by['scikit-learn']}" in image
    file = job.root / "input/data/test/sample_test.csv"
    predict(pack(job, tmp_path / "model.tar.gz"), file, tmp_path / "out.csv")
    assert_same(answers(tmp_path / "out.csv"), expected)
    assert expected["probability_1"].nunique() > 10
    assert_portable(job, expected)


def test_a_linear_model_of_the_container_predicts_the_same_on_a_laptop(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    rows = pd.DataFrame(random.normal(size=(TRAIN_ROWS + TEST_ROWS, 4)), columns=list("abcd"))
    rows["kind"] = random.choice(["new", "used"], len(rows))
    rows["price"] = rows.a + 2 * rows.b - rows.c + (rows.kind == "new")
    train, test = rows[:TRAIN_ROWS], rows[TRAIN_ROWS:].drop(columns="price")
    texts = (part.to_csv(index=False) for part in (train, test))
    made = opt_ml(tmp_path, *texts, target="price", training_minutes=0.2)
    job = replace(made, python=str(CONTAINER))
    assert job.train() == 0, (job.root / "log").read_text()[-2000:]
    assert list((job.model / "models").glob(f"{Linear.ag_name}*"))
    assert_portable(job, answers(job.result("test_prediction.csv")))
    file = job.root / "input/data/test/sample_test.csv"
    predict(pack(job, tmp_path / "model.tar.gz"), file, tmp_path / "out.csv")
    assert_same(answers(tmp_path / "out.csv"), answers(job.result("test_prediction.csv")))
    reasons = pd.read_csv(tmp_path / "out.csv", encoding="utf-8-sig")["reasons"]
    assert reasons[(test.b.abs() > 2).to_numpy()].str.contains("b = ").all()


def test_what_a_laptop_has_trained_predicts_the_same_in_the_container(tmp_path: Path) -> None:
    job = titanic(tmp_path, "Fare")
    expected = trained(job)
    assert_portable(job, expected)
    files = (job.root / "input/data/test/sample_test.csv", tmp_path / "out.csv")
    command = [CONTAINER, "-P", job.model / "code/inference.py", *files, tmp_path / "reason"]
    done = subprocess.run([*command, "excel"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert_same(answers(tmp_path / "out.csv"), expected)
    assert np.ptp(expected["prediction"]) > 10
