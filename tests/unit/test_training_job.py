import json
import re
from dataclasses import replace
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from automl.dataset import Dataset
from automl.files import UploadedFile, UploadedFiles
from automl.plan import TrainingPlan, plan_training
from automl.settings import Settings
from automl.stack import Stack
from automl.training_job import (
    attempt_name,
    job_files,
    job_name,
    job_spec,
    results_folder,
    training_request,
)

STACK = Stack(
    name="codefree-automl",
    region="us-east-1",
    defaults=Settings(),
    target_column="",
    use_spot=False,
    network_isolation=True,
    image_uri="763104351884.dkr.ecr.us-east-1.amazonaws.com/autogluon:1.6.3-cpu-amzn2023",
    role_arn="arn:aws:iam::123456789012:role/codefree-automl-TrainingJobRole",
)
SOURCE = "source/0123abcd/sourcedir.tar.gz"
ROWS = "".join(f"{n},{n % 7},{n % 2}\n" for n in range(40))


def uploaded(key: str, content: str, version: str = "v1") -> UploadedFile:
    head = content.encode()
    return UploadedFile(
        key, len(head), f"etag of {key}", version, "2026-11-21T04:00:00+00:00", head
    )


def plan(
    name: str = "titanic", test: bool = True, settings: str = "", stack: Stack = STACK
) -> TrainingPlan:
    dataset = Dataset(name)
    files = UploadedFiles(
        train=uploaded(dataset.train_keys[0], f"id,a,y\n{ROWS}"),
        test=uploaded(dataset.test_keys[0], "id,a\n1,2\n") if test else None,
        settings=uploaded(dataset.settings_key, settings) if settings else None,
    )
    return plan_training(dataset, files, stack)


def spec(plan_: TrainingPlan, stack: Stack = STACK) -> dict[str, Any]:
    return job_spec(job_name("bucket", plan_), plan_, stack, SOURCE)


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
    assert_valid(training_request("bucket", {**spec(plan(name)), "job": second}, STACK))


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
    name = given["job"]
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
        "CheckpointConfig": {"S3Uri": f"s3://bucket/results/titanic/{name}/"},
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
    folder = f"jobs/{given['job']}/"
    assert json.loads(files[f"{folder}train.manifest"]) == [
        {"prefix": "s3://bucket/data/"},
        f"{name}_train.csv",
    ]
    assert json.loads(files[f"{folder}job.manifest"]) == [
        {"prefix": f"s3://bucket/{folder}"},
        "job.json",
    ]
    assert json.loads(files[f"{folder}job.json"]) == given
    assert set(files) == {
        f"{folder}{file}"
        for file in ("job.json", "train.manifest", "test.manifest", "job.manifest")
    }


def test_job_json_says_what_was_found_and_what_it_may_cost() -> None:
    given = spec(plan())
    assert given["target"] == "y"
    assert given["target_rule"] == "it is the only column that the test file lacks"
    assert (given["train"]["encoding"], given["train"]["delimiter"]) == ("utf-8", ",")
    assert (given["report_language"], given["predictions_format"]) == ("en", "excel")
    assert 0 < given["worst_case_usd"] <= given["max_cost_usd"]
    assert results_folder(given) == f"results/titanic/{given['job']}/"


def assert_valid(request: dict[str, Any]) -> None:
    """Against botocore's own model of the API, patterns included."""
    model = ServiceModel(Loader().load_service_model("sagemaker", "service-2"))
    shape = model.operation_model("CreateTrainingJob").input_shape
    report = ParamValidator().validate(request, shape)
    assert not report.has_errors(), report.generate_report()
    pattern = shape.members["TrainingJobName"].metadata["pattern"]
    assert re.fullmatch(pattern, request["TrainingJobName"])
