"""Training jobs of the embedded AWS: requests, quota, contract of the container, ends."""

import errno
import io
import json
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from codefree.cloud import Cloud, Settings
from codefree.ml_folder import has_other_disk
from contract.layout import is_mark
from tests.clouds import own_cloud
from tests.conftest import eventually

TEMPLATE = Path(__file__).parent / "small_stack" / "template.yaml"
SCRIPT = """
import json, os, pathlib, sys, time
root = pathlib.Path(os.environ["SM_OUTPUT_DIR"]).parent
assert pathlib.Path.cwd() == root / "code"
"""
SLEEPS = "time.sleep(600)"
Start = Callable[..., str]


@pytest.fixture(scope="module")
def stack() -> Iterator[Cloud]:
    with own_cloud(Settings(template=TEMPLATE)) as cloud:
        yield cloud


@pytest.fixture
def start(stack: Cloud) -> Iterator[Start]:
    """Starts a job that runs a script; what still runs after the test is stopped."""
    s3, sagemaker = stack.endpoint.client("s3"), stack.endpoint.client("sagemaker")
    started = []

    def start_job(script: str, name: str = "", **changes: Any) -> str:
        name = name or f"job-{uuid4().hex[:12]}"
        s3.put_object(
            Bucket=stack.bucket, Key=f"source/{name}/sourcedir.tar.gz", Body=tarball(script)
        )
        sagemaker.create_training_job(**{**request(stack, name), **changes})
        started.append(name)
        return name

    yield start_job
    for name in started:
        with suppress(ClientError):
            sagemaker.stop_training_job(TrainingJobName=name)
        ended(stack, name)


def request(stack: Cloud, name: str) -> dict[str, Any]:
    """The least that CreateTrainingJob takes."""
    bucket = stack.bucket
    values = {
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": "/opt/ml/input/data/code/sourcedir.tar.gz",
    }
    return {
        "TrainingJobName": name,
        "RoleArn": stack.resources["Role"].arn,
        "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
        "HyperParameters": {key: json.dumps(value) for key, value in values.items()},
        "InputDataConfig": [channel("code", "S3Prefix", f"s3://{bucket}/source/{name}/")],
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/models/"},
        "CheckpointConfig": {"S3Uri": f"s3://{bucket}/results/{name}/"},
        "ResourceConfig": {
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 10,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "EnableNetworkIsolation": True,
    }


def channel(name: str, kind: str, uri: str) -> dict[str, Any]:
    return {"ChannelName": name, "DataSource": {"S3DataSource": {"S3DataType": kind, "S3Uri": uri}}}


def tarball(script: str) -> bytes:
    content = (SCRIPT + script).encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("train.py")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def ended(stack: Cloud, name: str) -> dict[str, Any]:
    sagemaker = stack.endpoint.client("sagemaker")

    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = sagemaker.describe_training_job(TrainingJobName=name)
        return found if found["TrainingJobStatus"] in ("Completed", "Failed", "Stopped") else None

    return eventually(look)


def read(stack: Cloud, key: str) -> bytes:
    body: bytes = (
        stack.endpoint.client("s3").get_object(Bucket=stack.bucket, Key=key)["Body"].read()
    )
    return body


def all_keys(stack: Cloud, prefix: str) -> list[str]:
    listed = stack.endpoint.client("s3").list_objects_v2(Bucket=stack.bucket, Prefix=prefix)
    return [entry["Key"] for entry in listed.get("Contents", [])]


def keys(stack: Cloud, prefix: str) -> list[str]:
    """Without the marks that SageMaker leaves."""
    return [key for key in all_keys(stack, prefix) if not is_mark(key)]


def packed_names(content: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return archive.getnames()


def error_code(raised: pytest.ExceptionInfo[ClientError]) -> str:
    return str(raised.value.response["Error"]["Code"])


def test_completed_job_leaves_results_model_and_output_in_the_bucket(
    stack: Cloud, start: Start
) -> None:
    name = start(
        'pathlib.Path(os.environ["SM_MODEL_DIR"], "model.txt").write_text("m")\n'
        'pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"], "table.csv").write_text("t")\n'
        '(root / "checkpoints" / "sub").mkdir()\n'
        '(root / "checkpoints" / "sub" / "report.html").write_text("r")\n'
    )
    job = ended(stack, name)
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Completed"
    phases = [transition["Status"] for transition in job["SecondaryStatusTransitions"]]
    assert phases == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert job["BillableTimeInSeconds"] >= 1
    assert read(stack, f"results/{name}/sub/report.html") == b"r"
    model_key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix(f"s3://{stack.bucket}/")
    assert packed_names(read(stack, model_key)) == ["model.txt"]
    assert packed_names(read(stack, f"models/{name}/output/output.tar.gz")) == ["table.csv"]


def test_results_appear_while_the_job_runs(stack: Cloud, start: Start) -> None:
    name = start('(root / "checkpoints" / "progress.json").write_text("{}")\n' + SLEEPS)
    assert eventually(lambda: keys(stack, f"results/{name}/")) == [f"results/{name}/progress.json"]


def test_what_is_copied_is_marked_beside_it_and_unfinished_files_are_left_alone(
    stack: Cloud, start: Start
) -> None:
    name = start(
        'checkpoints = root / "checkpoints"\n'
        '(checkpoints / "table.csv").write_text("t")\n'
        '(checkpoints / "half.csv.sagemaker-ignore").write_text("ha")\n'
        'while not (checkpoints / "table.csv.sagemaker-uploaded").exists(): time.sleep(0.05)\n'
    )
    assert ended(stack, name)["TrainingJobStatus"] == "Completed"
    marks = [f"results/{name}/table.csv", f"results/{name}/table.csv.sagemaker-uploaded"]
    assert all_keys(stack, f"results/{name}/") == marks


@pytest.mark.skipif(not has_other_disk(Path(tempfile.gettempdir())), reason="one disk only")
def test_checkpoints_are_on_a_disk_of_their_own(stack: Cloud, start: Start) -> None:
    """So that what is renamed into them is not there at once, as in AWS's container."""
    name = start(
        '(root / "output" / "table.csv").write_text("t")\n'
        "try:\n"
        '    os.rename(root / "output" / "table.csv", root / "checkpoints" / "table.csv")\n'
        "except OSError as error:\n"
        '    (root / "checkpoints" / "errno").write_text(str(error.errno))\n'
        '(root / "checkpoints" / "place").write_text(str((root / "checkpoints").resolve()))\n'
    )
    assert ended(stack, name)["TrainingJobStatus"] == "Completed"
    assert read(stack, f"results/{name}/errno") == str(errno.EXDEV).encode()
    place = Path(read(stack, f"results/{name}/place").decode())
    assert eventually(lambda: not place.exists())


AGAIN = """
checkpoints = root / "checkpoints"
if not (checkpoints / "first").exists():
    (root / "tmp" / "lost").touch()
    (checkpoints / "first").write_text("1")
    time.sleep(600)
assert not (root / "tmp" / "lost").exists()
(checkpoints / "second").write_text("2")
"""


def test_a_job_whose_machine_is_taken_away_starts_again_with_its_checkpoints(
    stack: Cloud, start: Start
) -> None:
    name = start(AGAIN)
    assert eventually(lambda: keys(stack, f"results/{name}/"))
    stack.sagemaker.interrupt(name)
    job = ended(stack, name)
    assert job["TrainingJobStatus"] == "Completed"
    phases = [transition["Status"] for transition in job["SecondaryStatusTransitions"]]
    run = ["Starting", "Downloading", "Training"]
    assert phases == [*run, "Interrupted", *run, "Uploading", "Completed"]
    assert keys(stack, f"results/{name}/") == [f"results/{name}/first", f"results/{name}/second"]


def test_the_time_limit_counts_all_machines_of_a_job(stack: Cloud, start: Start) -> None:
    name = start(
        '(root / "checkpoints" / str(time.time())).touch()\n' + SLEEPS,
        StoppingCondition={"MaxRuntimeInSeconds": 6},
    )
    assert eventually(lambda: keys(stack, f"results/{name}/"))
    stack.sagemaker.interrupt(name)
    assert eventually(lambda: len(keys(stack, f"results/{name}/")) == 2)
    job = ended(stack, name)
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    lasted = job["TrainingEndTime"] - job["CreationTime"]
    assert job["BillableTimeInSeconds"] <= lasted.total_seconds() + 1 < 12


def test_only_what_the_manifest_names_is_downloaded(stack: Cloud, start: Start) -> None:
    s3 = stack.endpoint.client("s3")
    for key in ("in/a.csv", "in/a.csv.bak", "in/b.csv"):
        s3.put_object(Bucket=stack.bucket, Key=key, Body=key.encode())
    manifest = [{"prefix": f"s3://{stack.bucket}/in/"}, "a.csv"]
    s3.put_object(Bucket=stack.bucket, Key="a.manifest", Body=json.dumps(manifest).encode())
    name = f"job-{uuid4().hex[:12]}"
    start(
        'names = sorted(p.name for p in pathlib.Path(os.environ["SM_CHANNEL_TRAIN"]).iterdir())\n'
        '(root / "checkpoints" / "names.json").write_text(json.dumps(names))\n',
        name,
        InputDataConfig=[
            *request(stack, name)["InputDataConfig"],
            channel("train", "ManifestFile", f"s3://{stack.bucket}/a.manifest"),
        ],
    )
    ended(stack, name)
    assert json.loads(read(stack, f"results/{name}/names.json")) == ["a.csv"]


def test_job_without_its_input_fails_with_the_reason(stack: Cloud, start: Start) -> None:
    nothing = f"s3://{stack.bucket}/nothing/"
    name = start("", InputDataConfig=[channel("code", "S3Prefix", nothing)])
    job = ended(stack, name)
    assert job["TrainingJobStatus"] == "Failed"
    assert nothing in job["FailureReason"]


WRITES_ENVIRON = '(root / "checkpoints" / "environ.json").write_text(json.dumps(dict(os.environ)))'


def test_isolated_job_sees_no_credentials_and_no_endpoint(
    stack: Cloud, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of the user")
    name = start(WRITES_ENVIRON)
    ended(stack, name)
    environ = json.loads(read(stack, f"results/{name}/environ.json"))
    assert [variable for variable in environ if variable.startswith("AWS")] == []
    assert stack.endpoint.url not in environ.values()
    assert json.loads(environ["SM_CHANNELS"]) == ["code"]


def test_job_with_network_finds_the_embedded_aws(stack: Cloud, start: Start) -> None:
    name = start(WRITES_ENVIRON, EnableNetworkIsolation=False)
    ended(stack, name)
    environ = json.loads(read(stack, f"results/{name}/environ.json"))
    assert environ["AWS_ENDPOINT_URL"] == stack.endpoint.url


def test_failing_job_gives_its_failure_file_as_the_reason_and_keeps_its_results(
    stack: Cloud, start: Start
) -> None:
    name = start(
        '(root / "checkpoints" / "partial.csv").write_text("p")\n'
        '(root / "output" / "failure").write_text("Column x is missing.")\n'
        "sys.exit(3)"
    )
    job = ended(stack, name)
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: Column x is missing., exit code: 1"
    assert read(stack, f"results/{name}/partial.csv") == b"p"
    assert keys(stack, f"models/{name}/") == [f"models/{name}/output/output.tar.gz"]


def test_job_that_is_killed_is_told_as_out_of_memory(stack: Cloud, start: Start) -> None:
    job = ended(stack, start("os.kill(os.getpid(), 9)"))
    assert "OutOfMemory" in job["FailureReason"]


def test_long_reason_is_cut_to_what_sagemaker_keeps(stack: Cloud, start: Start) -> None:
    name = start('(root / "output" / "failure").write_text("x" * 5000)\nsys.exit(1)')
    reason = ended(stack, name)["FailureReason"]
    assert len(reason) == 1024
    assert reason.endswith(", exit code: 1")


def test_job_over_its_time_limit_is_stopped(stack: Cloud, start: Start) -> None:
    job = ended(stack, start(SLEEPS, StoppingCondition={"MaxRuntimeInSeconds": 1}))
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")


def test_job_can_be_stopped_once(stack: Cloud, start: Start) -> None:
    sagemaker = stack.endpoint.client("sagemaker")
    name = start(SLEEPS)
    sagemaker.stop_training_job(TrainingJobName=name)
    assert ended(stack, name)["TrainingJobStatus"] == "Stopped"
    with pytest.raises(ClientError) as raised:
        sagemaker.stop_training_job(TrainingJobName=name)
    assert error_code(raised) == "ValidationException"


def test_end_of_a_job_reaches_the_rules_function_as_sagemaker_tells_it(
    stack: Cloud, start: Start
) -> None:
    name = start("", Tags=[{"Key": "team", "Value": "a"}])
    key = eventually(lambda: keys(stack, f"events/{name}/"))[0]
    event = json.loads(read(stack, key))
    assert event["source"] == "aws.sagemaker"
    assert event["account"] == "123456789012"
    assert event["resources"] == [event["detail"]["TrainingJobArn"]]
    assert event["detail"]["TrainingJobStatus"] == "Completed"
    assert event["detail"]["RoleArn"] == stack.resources["Role"].arn
    assert event["detail"]["Tags"] == {"team": "a"}
    assert event["detail"]["TrainingEndTime"] >= event["detail"]["CreationTime"] > 10**12


def test_same_name_ten_times_at_once_makes_one_job(stack: Cloud, start: Start) -> None:
    name = f"job-{uuid4().hex[:12]}"

    def create(_: int) -> str:
        try:
            start(SLEEPS, name)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "created"

    with ThreadPoolExecutor(10) as pool:
        answers = sorted(pool.map(create, range(10)))
    assert answers == ["ResourceInUse"] * 9 + ["created"]


def test_third_job_at_once_meets_the_quota_until_another_ends(stack: Cloud, start: Start) -> None:
    first = start(SLEEPS)
    start(SLEEPS)
    with pytest.raises(ClientError) as raised:
        start(SLEEPS)
    assert error_code(raised) == "ResourceLimitExceeded"
    stack.endpoint.client("sagemaker").stop_training_job(TrainingJobName=first)
    ended(stack, first)
    start(SLEEPS)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"TrainingJobName": "under_score"}, "'trainingJobName'"),
        ({"TrainingJobName": "x" * 64}, "less than or equal to 63"),
        ({"OutputDataConfig": {"S3OutputPath": "models/"}}, "outputDataConfig.s3OutputPath"),
        ({"HyperParameters": {"key": "x" * 2501}}, "less than or equal to 2500"),
        ({"Tags": [{"Key": "a", "Value": "?!"}]}, "'tags.1.member.value'"),
        (
            {"ResourceConfig": {"InstanceType": "ml.t1.nano", "InstanceCount": 1}},
            "'resourceConfig.instanceType'",
        ),
    ],
)
def test_request_that_aws_would_refuse_is_refused(
    stack: Cloud, changes: dict[str, Any], words: str
) -> None:
    sagemaker = stack.endpoint.client("sagemaker")
    with pytest.raises(ClientError) as raised:
        sagemaker.create_training_job(**{**request(stack, "job-1"), **changes})
    assert error_code(raised) == "ValidationException"
    assert words in str(raised.value)


def test_unknown_job_is_a_validation_error(stack: Cloud) -> None:
    with pytest.raises(ClientError) as raised:
        stack.endpoint.client("sagemaker").describe_training_job(TrainingJobName="nobody")
    assert error_code(raised) == "ValidationException"


def test_jobs_are_listed_with_their_tags(stack: Cloud, start: Start) -> None:
    name = start("", Tags=[{"Key": "team", "Value": "a"}])
    sagemaker = stack.endpoint.client("sagemaker")
    summaries = sagemaker.list_training_jobs(NameContains=name)["TrainingJobSummaries"]
    assert [summary["TrainingJobName"] for summary in summaries] == [name]
    tags = sagemaker.list_tags(ResourceArn=summaries[0]["TrainingJobArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "a"}]
