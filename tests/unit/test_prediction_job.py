"""What the job that predicts a later test file is given."""

import json
from dataclasses import replace

import pytest

from automl.errors import RefusedError
from automl.plan import TrainingPlan
from automl.prediction_job import (
    asks_for_predictions,
    is_other_file,
    prediction_job_name,
    prediction_spec,
)
from automl.training_job import job_files, training_request
from tests.unit.test_training_job import SOURCE, STACK, plan, spec

MODEL = spec(plan(test=False, settings='{"target": "y"}'))


def later(**settings: float) -> TrainingPlan:
    text = json.dumps({"target": "y", **settings})
    return plan(settings=text)


def test_a_test_file_is_late_when_the_job_was_not_given_it() -> None:
    test = later().files.test
    assert test is not None
    given = spec(plan())
    assert asks_for_predictions(MODEL, "Completed", ["train", "job"], test)
    assert not asks_for_predictions(given, "Completed", ["train", "test", "job"], test)
    assert not asks_for_predictions(given, "Completed", ["train", "job"], None)
    # The last function to describe the job need not be the one that started it.
    assert asks_for_predictions(given, "InProgress", ["train", "job"], test)
    assert is_other_file(given["test"], replace(test, etag="other bytes"))
    assert not is_other_file(given["test"], replace(test, version="v2"))


def test_nobody_waits_for_a_model_that_will_never_be() -> None:
    test = later().files.test
    for status in ("Failed", "Stopped"):
        assert not asks_for_predictions(spec(plan()), status, ["train", "job"], test)


def test_the_same_test_file_for_the_same_model_always_gives_the_same_job() -> None:
    one, test = later(), later().files.test
    assert test is not None
    name = prediction_job_name("bucket", MODEL["job"], one)
    again = replace(one, files=replace(one.files, test=replace(test, version="v2")))
    other = replace(one, files=replace(one.files, test=replace(test, etag="other bytes")))
    assert prediction_job_name("bucket", MODEL["job"], again) == name
    assert len({name, MODEL["job"]}) == 2
    assert prediction_job_name("bucket", MODEL["job"], other) != name
    assert prediction_job_name("bucket", "another-model", one) != name


def test_it_is_given_the_model_and_the_test_file_and_nothing_else() -> None:
    made = prediction_spec("titanic-0123", later(), STACK, SOURCE, MODEL)
    request = training_request("bucket", made, STACK)
    channels = {channel["ChannelName"] for channel in request["InputDataConfig"]}
    assert channels == {"test", "model", "job", "code"}
    assert request["HyperParameters"]["sagemaker_program"] == '"predict.py"'
    manifest = json.loads(job_files("bucket", made)["jobs/titanic-0123/model.manifest"])
    assert manifest == [
        {"prefix": f"s3://bucket/models/{MODEL['job']}/output/"},
        "model.tar.gz",
    ]


def test_predicting_is_cheaper_than_training_and_its_cap_holds_too() -> None:
    made = prediction_spec("name", later(), STACK, SOURCE, MODEL)
    assert made["worst_case_usd"] < MODEL["worst_case_usd"]
    with pytest.raises(RefusedError, match="max_cost_usd"):
        prediction_spec(
            "name", replace(later(), settings=replace(later().settings, max_cost_usd=0.01)),
            STACK, SOURCE, MODEL,
        )  # fmt: skip


def test_a_new_model_is_compared_with_the_one_before_only_where_the_target_is_known() -> None:
    def channels(known: bool) -> set[str]:
        given = {**spec(plan()), "model_before": "models/old/output/model.tar.gz"}
        request = training_request("bucket", {**given, "test_has_target": known}, STACK)
        return {channel["ChannelName"] for channel in request["InputDataConfig"]}

    assert channels(known=True) - channels(known=False) == {"champion"}
