"""What MLflow is told of a run: all that can be compared, within what MLflow takes."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.layout import REPORT, model_key, results_folder
from contract.mlflow_run import (
    JOB_TAG,
    LONGEST_KEY,
    LONGEST_VALUE,
    MOST_IN_BATCH,
    MlflowRun,
    mlflow_run,
)
from contract.runs import Input, Measured, Run, Runs
from tests.run_lists import five_versions, job, prediction, training

# Half of a character, too, which JSON's escapes can hold.
TEXTS = st.text(max_size=300) | st.sampled_from(["\ud800", "a\0b", "../..", "", "x" * 9_000, "."])


def told(run: Run) -> MlflowRun:
    return mlflow_run(Runs("titanic", (run,)), run, "bucket")


def test_parameters_metrics_and_tags_say_what_the_list_says() -> None:
    run = five_versions()[0].all[4]
    found, measured = told(run), run.measured
    assert measured and measured.interval and run.champion
    assert (found.experiment, found.name, found.status) == ("titanic", run.job, "FINISHED")
    assert found.metrics == {
        measured.metric: measured.score,
        f"{measured.metric}.low": measured.interval[0],
        f"{measured.metric}.high": measured.interval[1],
        "scored_rows": measured.rows,
        "champion_score": run.champion.score,
        "usd": run.usd,
        "billed_seconds": run.billed_seconds,
    }
    assert found.params["target"] == run.settings["target"]
    assert found.params["training_minutes"] == "5.0"
    assert found.params["test.sha256"] == run.data[1].sha256
    assert found.params["seed.split"] == "0"
    folder = f"s3://bucket/{results_folder('titanic', run.job)}"
    assert found.tags["codefree.report"] == f"{folder}{REPORT}"
    assert found.tags["codefree.model"] == f"s3://bucket/{model_key(run.job)}"
    assert found.tags["codefree.compared_with"] == job(3)
    assert found.tags["version.autogluon.tabular"] == "1.6.3"
    assert found.ended - found.started == 12 * 60 * 1000


def test_a_prediction_names_the_job_whose_model_it_used() -> None:
    found = told(prediction(5, 4))
    assert found.tags["codefree.model_job"] == job(4)
    assert (found.tags["codefree.made"], found.metrics) == ("predictions", {"billed_seconds": 0})


@pytest.mark.parametrize(
    ("state", "status"), [("completed", "FINISHED"), ("failed", "FAILED"), ("stopped", "KILLED")]
)
def test_a_run_ends_in_mlflow_as_its_job_did(state: str, status: str) -> None:
    assert told(training(1, state=state)).status == status


def test_a_job_that_never_ran_began_and_ended_at_once() -> None:
    assert told(training(1, uploaded="", ended="")).started == 0
    found = told(training(1, uploaded=""))
    assert found.started == found.ended > 0


def test_the_search_names_one_job() -> None:
    assert told(training(1)).search == f'tags.`{JOB_TAG}` = "{job(1)}"'


@given(TEXTS, st.floats())
@settings(max_examples=60, deadline=None)
def test_whatever_a_run_holds_fits_into_mlflow(name: str, number: float) -> None:
    many = {f"{name}{n}": name for n in range(2 * MOST_IN_BATCH)}
    run = training(
        1,
        data=(Input("train", name, name, name, name, 3, name),),
        settings={name: [name], "other": name},
        seeds={name: 3},
        versions=many,
        measured=Measured(name, number, name, 3, (number, 0.5)),
        verdict=name,
        usd=number,
    )
    found = told(run)
    assert len(found.params) <= MOST_IN_BATCH and len(found.tags) <= MOST_IN_BATCH
    for key in (*found.params, *found.metrics, *found.tags):
        assert 0 < len(key) <= LONGEST_KEY
        assert not key.startswith((".", "/")) and "/" not in key
    for value in (*found.params.values(), *found.tags.values()):
        assert len(value) <= LONGEST_VALUE and "\0" not in value
        value.encode()
    assert all(map(math.isfinite, found.metrics.values()))
    assert found.tags[JOB_TAG] == run.job
