"""What the job that predicts a later test file is given."""

import json
from dataclasses import replace

import pytest

from automl.prediction_job import asks_for_predictions, prediction_job, prediction_job_name
from contract.job import ModelJob
from contract.layout import manifest_key, model_key
from pipeline.errors import RefusedError
from pipeline.files import is_other_file
from pipeline.training_job import job_files, pinned, training_request
from tests.plans import SOURCE, STACK, plan, spec
from tests.prediction_jobs import MODEL, later

# Channels of a job of an earlier version, whose files were not copied.
ALL = dict.fromkeys(("train", "test", "job"), "")
WITHOUT_TEST = dict.fromkeys(("train", "job"), "")


def test_a_test_file_is_late_when_the_job_was_not_given_it() -> None:
    test = later().files.test
    assert test is not None
    given = spec(plan())
    assert asks_for_predictions(MODEL, "Completed", WITHOUT_TEST, test)
    assert not asks_for_predictions(given, "Completed", ALL, test)
    assert not asks_for_predictions(given, "Completed", WITHOUT_TEST, None)
    # The last function to describe the job need not be the one that started it.
    assert asks_for_predictions(given, "InProgress", WITHOUT_TEST, test)
    assert is_other_file(given.test, replace(test, etag="other bytes"))
    assert not is_other_file(given.test, replace(test, version="v2"))


def test_which_test_file_a_job_has_is_told_by_its_channel_not_by_the_last_description() -> None:
    test = later().files.test
    assert test is not None
    given = pinned(spec(plan()))
    assert isinstance(given, ModelJob)
    request = training_request("bucket", given, STACK)
    channels = {
        channel["ChannelName"]: channel["DataSource"]["S3DataSource"]["S3Uri"]
        for channel in request["InputDataConfig"]
    }
    other = replace(test, etag="other bytes")
    assert not asks_for_predictions(given, "Completed", channels, test)
    assert asks_for_predictions(given, "Completed", channels, other)
    assert given.test is not None
    described_later = replace(given, test=replace(given.test, etag=other.etag))
    assert not asks_for_predictions(described_later, "Completed", channels, test)
    assert asks_for_predictions(described_later, "Completed", channels, other)


def test_nobody_waits_for_a_model_that_will_never_be() -> None:
    test = later().files.test
    for status in ("Failed", "Stopped"):
        assert not asks_for_predictions(spec(plan()), status, WITHOUT_TEST, test)


def test_the_same_test_file_for_the_same_model_always_gives_the_same_job() -> None:
    one, test = later(), later().files.test
    assert test is not None
    name = prediction_job_name("bucket", MODEL.job, one)
    again = replace(one, files=replace(one.files, test=replace(test, version="v2")))
    other = replace(one, files=replace(one.files, test=replace(test, etag="other bytes")))
    assert prediction_job_name("bucket", MODEL.job, again) == name
    assert len({name, MODEL.job}) == 2
    assert prediction_job_name("bucket", MODEL.job, other) != name
    assert prediction_job_name("bucket", "another-model", one) != name


def test_it_is_given_the_model_and_the_test_file_and_nothing_else() -> None:
    made = prediction_job("titanic-0123", later(), STACK, SOURCE, MODEL)
    request = training_request("bucket", made, STACK)
    channels = {channel["ChannelName"] for channel in request["InputDataConfig"]}
    assert channels == {"test", "model", "job", "code"}
    assert request["HyperParameters"]["sagemaker_program"] == '"predict.py"'
    manifest = json.loads(job_files("bucket", made)[manifest_key("titanic-0123", "model")])
    assert manifest == [
        {"prefix": f"s3://bucket/models/{MODEL.job}/output/"},
        "model.tar.gz",
    ]


def test_predicting_is_cheaper_than_training_and_its_cap_holds_too() -> None:
    made = prediction_job("name", later(), STACK, SOURCE, MODEL)
    assert made.worst_case_usd < MODEL.worst_case_usd
    with pytest.raises(RefusedError, match="max_cost_usd"):
        prediction_job(
            "name", replace(later(), settings=replace(later().settings, max_cost_usd=0.01)),
            STACK, SOURCE, MODEL,
        )  # fmt: skip


def test_a_new_model_is_compared_with_the_one_before_only_where_the_target_is_known() -> None:
    def channels(known: bool) -> set[str]:
        given = replace(spec(plan()), model_before=model_key("old"), test_has_target=known)
        request = training_request("bucket", given, STACK)
        return {channel["ChannelName"] for channel in request["InputDataConfig"]}

    assert channels(known=True) - channels(known=False) == {"champion"}
