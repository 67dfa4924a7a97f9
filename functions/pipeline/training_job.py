"""What every training job is given, and the request that starts it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, assert_never

from contract.job import (
    InputFile,
    Job,
    JobBase,
    ModelJob,
    PredictionsJob,
    TranslatorJob,
    to_json,
)
from contract.layout import (
    MODELS,
    digest,
    job_folder,
    job_json_key,
    manifest_key,
    pinned_input,
    pinned_key,
    pinned_manifest_key,
    slug,
)
from pipeline.budget import SPOT_PATIENCE_SECONDS, Budget
from pipeline.files import UploadedFile, UploadedFiles, is_other_file
from pipeline.machines import without_price
from pipeline.settings import Settings
from pipeline.stack import Stack
from reading.csv_head import TableHead

# Threads that spin while they wait, OpenMP's default, starve each other as soon as anything else
# runs; threads that sleep at once make small boosting rounds seven times slower. Measured on two
# cores, 150 rounds on 5,197 rows, alone and beside two busy processes: default 0.6 and 3.2 s,
# PASSIVE 4 and 5.4 s, 1,000 turns 0.8 and 1.5 s. And giving the memory of big tensors back at
# every step costs a translator a third of its time.
ENVIRONMENT = {
    "GOMP_SPINCOUNT": "1000",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(1 << 40),
}
CODE_CHANNEL = "/opt/ml/input/data/code/sourcedir.tar.gz"


def name_of(owner: str, identity: list[Any]) -> str:
    """A job's name: the same owner and identity, which is what it is made from, give the same.

    At most 53 of the 63 characters that SageMaker allows.
    """
    return f"{slug(owner)}-{digest(json.dumps(identity, sort_keys=True))}"


def attempt_name(name: str, attempt: int) -> str:
    """The name of the n-th attempt; the first carries none of it."""
    return name if attempt == 1 else f"{name}-a{attempt}"


def is_later_attempt(name: str | None, than: str | None) -> bool:
    """Whether one job is a later attempt at what another one was to make."""
    if name is None or than is None:
        return False
    (first, number), (other, other_number) = _attempt(name), _attempt(than)
    return first == other and number > other_number


def _attempt(name: str) -> tuple[str, int]:
    # A first attempt ends with twelve hex digits, of which the first may be an a.
    first, _, number = name.rpartition("-a")
    return (first, int(number)) if number.isdecimal() and len(number) < 11 else (name, 1)


def common_job(
    name: str,
    owner: tuple[str, str],
    files: UploadedFiles,
    settings: Settings,
    budget: Budget,
    stack: Stack,
    source_key: str,
) -> JobBase:
    """What every job is given, whatever it makes; `owner` is the dataset and the file stem."""
    dataset, file_stem = owner
    described = JobBase(
        dataset=dataset,
        file_stem=file_stem,
        job=name,
        training_minutes=settings.training_minutes,
        versions=files.versions,
        uploaded=files.uploaded,
        passed_over=files.passed_over,
        source=source_key,
        image=stack.image_uri,
        instance_type=budget.instance.type,
        usd_per_hour=budget.instance.usd_per_hour,
        usd_per_gb_month=budget.instance.usd_per_gb_month,
        price_date=budget.instance.price_date,
        volume_gb=budget.volume_gb,
        max_runtime_seconds=budget.max_runtime_seconds,
        max_billed_seconds=budget.max_billed_seconds,
        max_cost_usd=settings.max_cost_usd,
        worst_case_usd=budget.worst_case_usd,
        spot=stack.use_spot,
        network_isolation=stack.network_isolation,
    )
    return without_price(described) if stack.free_of_charge else described


def job_files(bucket: str, job: Job) -> dict[str, bytes]:
    """Key → content of everything in the job's folder: job.json and a manifest per input.

    Manifests, because an S3Prefix input also takes every object whose key merely begins alike.
    """
    return {
        job_json_key(job.job): to_json(job),
        **{one.manifest: _manifest(bucket, one.folder, one.name) for one in _inputs(job)},
    }


def training_request(bucket: str, job: Job, stack: Stack) -> dict[str, Any]:
    """The arguments of CreateTrainingJob, from nothing but job.json and the stack."""
    name = job.job
    stopping = {"MaxRuntimeInSeconds": job.max_runtime_seconds}
    if job.spot:
        stopping["MaxWaitTimeInSeconds"] = job.max_runtime_seconds + SPOT_PATIENCE_SECONDS
    return {
        "TrainingJobName": name,
        "RoleArn": stack.role_arn,
        "AlgorithmSpecification": {
            "TrainingImage": job.image,
            "TrainingInputMode": "File",
        },
        "HyperParameters": _hyperparameters(name, job.program, stack.region),
        "InputDataConfig": [
            *(
                _channel(one.channel, "ManifestFile", f"s3://{bucket}/{one.manifest}")
                for one in _inputs(job)
            ),
            _channel("code", "S3Prefix", f"s3://{bucket}/{job.source.rsplit('/', 1)[0]}/"),
        ],
        "OutputDataConfig": {
            "S3OutputPath": f"s3://{bucket}/{MODELS}",
            **stack.guard_rails.key("KmsKeyId"),
        },
        # Without the last slash SageMaker also restores whatever begins with the same text.
        "CheckpointConfig": {"S3Uri": f"s3://{bucket}/{job.live_folder}"},
        "ResourceConfig": {
            "InstanceType": job.instance_type,
            "InstanceCount": 1,
            "VolumeSizeInGB": job.volume_gb,
            **stack.guard_rails.key("VolumeKmsKeyId"),
        },
        "StoppingCondition": stopping,
        "Environment": ENVIRONMENT,
        "EnableManagedSpotTraining": job.spot,
        "EnableNetworkIsolation": job.network_isolation,
        "ProfilerConfig": {"DisableProfiler": True},
        "Tags": stack.guard_rails.tagged(stack.name, dataset=slug(job.dataset)),
        **stack.guard_rails.network(),
    }


def described(file: UploadedFile, head: TableHead) -> InputFile:
    """One input file in job.json: what it is and how it is written."""
    return InputFile(
        file=file.key.rsplit("/", 1)[-1],
        key=file.key,
        bytes=file.size,
        etag=file.etag,
        version_id=file.version,
        uploaded=file.uploaded,
        encoding=head.encoding,
        delimiter=head.delimiter,
        stored_etag=file.stored_etag,
        query=file.query,
        may_differ=file.may_differ,
    )


def pinned(job: Job) -> Job:
    """The job with copies of its input files, which no upload can replace."""
    files = {"train": job.train, "test": job.test}
    copies: Any = {name: replace(file, pinned=True) for name, file in files.items() if file}
    return replace(job, **copies)


def pins(job: Job) -> list[tuple[InputFile, str]]:
    """Each input file that is copied, and the key of its copy."""
    files = {"train": job.train, "test": job.test}
    return [
        (file, pinned_key(job.job, name, file.etag, file.file))
        for name, file in files.items()
        if file and file.pinned
    ]


def was_given(job: Job, channels: Mapping[str, str], test: UploadedFile) -> bool:
    """Whether a job has this test file, by its channels; name → address of the manifest.

    They are believed rather than its job.json: when two functions see the bucket in different
    states, one starts the job and the other may be the last to describe it.
    """
    if "test" not in channels:
        return False
    if job.test is None or not job.test.pinned:
        return not is_other_file(job.test, test)
    return channels["test"].endswith(pinned_manifest_key(job.job, "test", test.etag))


@dataclass(frozen=True)
class _Input:
    """The one object of a channel."""

    channel: str
    folder: str
    """With a slash at its end; the job sees what comes after it."""
    name: str
    manifest: str
    """The key of the list that names it."""


def _inputs(job: Job) -> list[_Input]:
    files = {"train": job.train, "test": job.test}
    others = {**_models(job), "job": job_json_key(job.job)}
    return [
        *(_file(job.job, channel, file) for channel, file in files.items() if file),
        *(_object(job.job, channel, key) for channel, key in others.items()),
    ]


def _file(job: str, channel: str, file: InputFile) -> _Input:
    if not file.pinned:
        return _object(job, channel, file.key)
    name = pinned_input(channel, file.etag, file.file)
    return _Input(channel, job_folder(job), name, pinned_manifest_key(job, channel, file.etag))


def _object(job: str, channel: str, key: str) -> _Input:
    folder, _, name = key.rpartition("/")
    return _Input(channel, f"{folder}/", name, manifest_key(job, channel))


def _models(job: Job) -> dict[str, str]:
    """Channels that hold a model of an earlier job."""
    match job:
        case PredictionsJob():
            return {"model": job.model_key}
        case ModelJob():
            # Only rows whose target is known tell which of two models is better.
            compared = job.model_before if job.test_has_target else None
            return {"champion": compared} if compared else {}
        case TranslatorJob():
            return {"champion": job.model_before} if job.model_before else {}
        case _:
            assert_never(job)


def _manifest(bucket: str, folder: str, name: str) -> bytes:
    manifest = [{"prefix": f"s3://{bucket}/{folder}"}, name]
    return json.dumps(manifest, ensure_ascii=False, indent=1).encode()


def _hyperparameters(name: str, program: str, region: str) -> dict[str, str]:
    """Only the toolkit's own: older toolkits put all others through a shell."""
    values = {
        "sagemaker_program": program,
        "sagemaker_submit_directory": CODE_CHANNEL,
        "sagemaker_container_log_level": 20,
        "sagemaker_region": region,
        "sagemaker_job_name": name,
    }
    return {key: json.dumps(value) for key, value in values.items()}


def _channel(name: str, kind: str, uri: str) -> dict[str, Any]:
    source = {"S3DataType": kind, "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}
