import json
from dataclasses import replace

import pytest

from automl.model_job import job_name
from contract.job import job_from_json
from contract.layout import job_folder, job_json_key, manifest_key
from pipeline.training_job import attempt_name, job_files, pinned, pins, training_request
from tests.plans import STACK, assert_valid, plan, spec, uploaded


def test_the_same_dataset_version_always_gives_the_same_job() -> None:
    again = replace(
        plan(), files=replace(plan().files, train=replace(plan().files.train, version="v2"))
    )
    assert job_name("bucket", plan()) == job_name("bucket", again)


def test_other_bytes_settings_targets_and_buckets_give_other_jobs() -> None:
    other_bytes = replace(plan(), files=replace(plan().files, train=uploaded("data/x", "a,y\n")))
    names = {
        job_name("bucket", plan()),
        job_name("other", plan()),
        job_name("bucket", other_bytes),
        job_name("bucket", plan(test=False, settings='{"target": "a"}')),
        job_name("bucket", plan(settings='{"preset": "best", "max_cost_usd": 9}')),
    }
    assert len(names) == 5


def test_another_language_or_format_makes_other_files_and_so_another_job() -> None:
    names = {
        job_name("bucket", plan(settings=settings))
        for settings in ("", '{"report_language": "ko"}', '{"predictions_format": "plain"}')
    }
    assert len(names) == 3


def test_a_bigger_cap_or_machine_is_no_other_model() -> None:
    dearer = plan(settings='{"max_cost_usd": 5, "instance_type": "ml.m5.xlarge"}')
    assert job_name("bucket", dearer) == job_name("bucket", plan())


@pytest.mark.parametrize("name", ["titanic", "값" * 40, "x; echo INJECTED; #", "a" * 200, "-"])
def test_every_name_and_attempt_fits_what_sagemaker_takes(name: str) -> None:
    second = attempt_name(job_name("bucket", plan(name)), 12)
    assert second.endswith("-a12")
    assert_valid(training_request("bucket", replace(spec(plan(name)), job=second), STACK))


def test_an_uploaded_name_never_reaches_a_hyperparameter() -> None:
    hostile = "x; echo INJECTED; #"
    request = training_request("bucket", spec(plan(hostile)), STACK)
    assert "INJECTED;" not in json.dumps(request["HyperParameters"])
    assert set(request["HyperParameters"]) == {
        "sagemaker_program",
        "sagemaker_submit_directory",
        "sagemaker_container_log_level",
        "sagemaker_region",
        "sagemaker_job_name",
    }


def test_the_whole_request_is_what_sagemaker_is_to_do() -> None:
    given = spec(plan())
    name = given.job
    request = training_request("bucket", given, STACK)
    assert_valid(request)
    channels = {
        channel["ChannelName"]: channel["DataSource"]["S3DataSource"]
        for channel in request.pop("InputDataConfig")
    }
    assert channels == {
        **{
            channel: {
                "S3DataType": "ManifestFile",
                "S3Uri": f"s3://bucket/jobs/{name}/{channel}.manifest",
                "S3DataDistributionType": "FullyReplicated",
            }
            for channel in ("train", "job", "test")
        },
        "code": {
            "S3DataType": "S3Prefix",
            "S3Uri": "s3://bucket/source/0123abcd/",
            "S3DataDistributionType": "FullyReplicated",
        },
    }
    assert request == {
        "TrainingJobName": name,
        "RoleArn": STACK.role_arn,
        "AlgorithmSpecification": {
            "TrainingImage": STACK.image_uri,
            "TrainingInputMode": "File",
        },
        "HyperParameters": {
            "sagemaker_program": '"train.py"',
            "sagemaker_submit_directory": '"/opt/ml/input/data/code/sourcedir.tar.gz"',
            "sagemaker_container_log_level": "20",
            "sagemaker_region": '"us-east-1"',
            "sagemaker_job_name": f'"{name}"',
        },
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/models/"},
        "CheckpointConfig": {"S3Uri": f"s3://bucket/models/{name}/checkpoints/"},
        "ResourceConfig": {
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 31,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 1501},
        "Environment": {
            "GOMP_SPINCOUNT": "1000",
            "MALLOC_MMAP_MAX_": "0",
            "MALLOC_TRIM_THRESHOLD_": "1099511627776",
        },
        "EnableManagedSpotTraining": False,
        "EnableNetworkIsolation": True,
        "ProfilerConfig": {"DisableProfiler": True},
        "Tags": [
            {"Key": "codefree-automl:stack", "Value": "codefree-automl"},
            {"Key": "codefree-automl:dataset", "Value": "titanic"},
        ],
    }


def test_without_a_test_file_the_job_has_no_test_channel() -> None:
    given = spec(plan(test=False, settings='{"target": "y"}'))
    channels = training_request("bucket", given, STACK)["InputDataConfig"]
    assert [channel["ChannelName"] for channel in channels] == ["train", "job", "code"]


def test_spot_waits_longer_than_it_runs() -> None:
    stack = replace(STACK, use_spot=True)
    request = training_request("bucket", spec(plan(stack=stack), stack), stack)
    stopping = request["StoppingCondition"]
    assert stopping["MaxWaitTimeInSeconds"] > stopping["MaxRuntimeInSeconds"]
    assert_valid(request)


def test_each_manifest_names_exactly_one_object() -> None:
    name = "sales (1) a+b 값"
    given = spec(plan(name))
    files = job_files("bucket", given)
    assert json.loads(files[manifest_key(given.job, "train")]) == [
        {"prefix": "s3://bucket/data/"},
        f"{name}_train.csv",
    ]
    assert json.loads(files[manifest_key(given.job, "job")]) == [
        {"prefix": f"s3://bucket/{job_folder(given.job)}"},
        "job.json",
    ]
    assert job_from_json(files[job_json_key(given.job)]) == given
    assert set(files) == {
        job_json_key(given.job),
        *(manifest_key(given.job, channel) for channel in ("train", "test", "job")),
    }


def test_a_job_reads_copies_of_exactly_the_bytes_that_were_looked_at() -> None:
    name = "sales (1) a+b 값"
    given = pinned(spec(plan(name)))
    files = job_files("bucket", given)
    request = training_request("bucket", given, STACK)
    assert_valid(request)
    uris = [c["DataSource"]["S3DataSource"]["S3Uri"] for c in request["InputDataConfig"]]
    named = []
    for key in files.keys() - {job_json_key(given.job)}:
        assert f"s3://bucket/{key}" in uris
        start, file = json.loads(files[key])
        named.append(start["prefix"].removeprefix("s3://bucket/") + file)
    copies = {copy: file.key for file, copy in pins(given)}
    assert sorted(named) == sorted([*copies, job_json_key(given.job)])
    assert set(copies.values()) == {f"data/{name}_train.csv", f"data/{name}_test.csv"}
    assert all(copy.startswith(job_folder(given.job)) for copy in copies)
    assert job_from_json(files[job_json_key(given.job)]) == given


def test_a_job_whose_files_were_translated_goes_back_to_the_upload() -> None:
    train = spec(plan()).train
    copy = replace(train, key=f"translated/0123456789ab/{train.file}", stored_etag="another")
    assert (copy.upload_key, copy.etag_of_key) == (train.key, "another")
    assert (train.upload_key, train.etag_of_key) == (train.key, train.etag)


def test_job_json_says_what_was_found_and_what_it_may_cost() -> None:
    given = spec(plan())
    assert given.target == "y"
    assert given.target_rule == "rule.lacking"
    assert (given.train.encoding, given.train.delimiter) == ("utf-8", ",")
    assert (given.report_language, given.predictions_format) == ("en", "excel")
    assert 0 < given.worst_case_usd <= given.max_cost_usd
    assert given.results_folder == f"results/titanic/{given.job}/"
