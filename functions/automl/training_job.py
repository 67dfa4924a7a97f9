"""The name of a training job, what it is given, and the request that starts it."""

import hashlib
import json
from dataclasses import asdict
from typing import Any

from automl.budget import SPOT_PATIENCE_SECONDS, Budget
from automl.dataset import slug
from automl.files import UploadedFile, UploadedFiles
from automl.plan import TrainingPlan
from automl.settings import Settings
from automl.stack import Stack
from reading.csv_head import TableHead

# These change how a job runs, not which model comes out.
NOT_PART_OF_THE_MODEL = ("max_cost_usd", "instance_type", "target")
PROGRAM = "train.py"
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


def job_name(bucket: str, plan: TrainingPlan) -> str:
    """The idempotency key: the same dataset version always gives the same name.

    At most 53 of the 63 characters that SageMaker allows.
    """
    chosen = {k: v for k, v in asdict(plan.settings).items() if k not in NOT_PART_OF_THE_MODEL}
    identity = [bucket, plan.dataset.name, plan.files.train.etag, plan.target.column, chosen]
    return f"{slug(plan.dataset.name)}-{digest(identity)}"


def digest(identity: list[Any]) -> str:
    """12 hex digits that stand for what a job is made from."""
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:12]


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


def job_spec(
    name: str, plan: TrainingPlan, stack: Stack, source_key: str, model_before: str | None = None
) -> dict[str, Any]:
    """What the job reads as job.json, and what anyone reads later as the model's passport.

    `model_before` is the key of the model that the dataset has already.
    """
    settings = plan.settings
    return {
        "kind": "model",
        "dataset": plan.dataset.name,
        "file_stem": plan.dataset.name,
        "program": PROGRAM,
        "train": described(plan.files.train, plan.train),
        "test": described(plan.files.test, plan.test) if plan.files.test and plan.test else None,
        "test_has_target": bool(plan.test and plan.target.column in plan.test.columns),
        "model_before": model_before,
        "target": plan.target.column,
        "target_rule": plan.target.rule,
        "problem_type": settings.problem_type,
        "eval_metric": settings.eval_metric,
        "preset": settings.preset,
        "ignore_columns": list(settings.ignore_columns),
        "id_column": settings.id_column,
        "positive_class": settings.positive_class,
        "report_language": settings.report_language,
        "predictions_format": settings.predictions_format,
        **common_spec(name, plan.files, settings, plan.budget, stack, source_key),
    }


def common_spec(
    name: str,
    files: UploadedFiles,
    settings: Settings,
    budget: Budget,
    stack: Stack,
    source_key: str,
) -> dict[str, Any]:
    """What every job is given, whatever it trains."""
    return {
        "job": name,
        "training_minutes": settings.training_minutes,
        "versions": files.versions,
        "uploaded": files.uploaded,
        "passed_over": list(files.passed_over),
        "source": source_key,
        "image": stack.image_uri,
        "instance_type": budget.instance.type,
        "usd_per_hour": budget.instance.usd_per_hour,
        "usd_per_gb_month": budget.instance.usd_per_gb_month,
        "price_date": budget.instance.price_date,
        "volume_gb": budget.volume_gb,
        "max_runtime_seconds": budget.max_runtime_seconds,
        "max_billed_seconds": budget.max_billed_seconds,
        "max_cost_usd": settings.max_cost_usd,
        "worst_case_usd": budget.worst_case_usd,
        "spot": stack.use_spot,
        "network_isolation": stack.network_isolation,
    }


def job_files(bucket: str, spec: dict[str, Any]) -> dict[str, bytes]:
    """Key → content of everything below jobs/<job>/: job.json and a manifest per input.

    Manifests, because an S3Prefix input also takes every object whose key merely begins alike.
    """
    folder = f"jobs/{spec['job']}/"
    return {
        job_json_key(spec["job"]): _json(spec),
        **{f"{folder}{name}.manifest": _manifest(bucket, key) for name, key in _inputs(spec)},
    }


def training_request(bucket: str, spec: dict[str, Any], stack: Stack) -> dict[str, Any]:
    """The arguments of CreateTrainingJob, from nothing but job.json and the stack."""
    name = spec["job"]
    stopping = {"MaxRuntimeInSeconds": spec["max_runtime_seconds"]}
    if spec["spot"]:
        stopping["MaxWaitTimeInSeconds"] = spec["max_runtime_seconds"] + SPOT_PATIENCE_SECONDS
    return {
        "TrainingJobName": name,
        "RoleArn": stack.role_arn,
        "AlgorithmSpecification": {
            "TrainingImage": spec["image"],
            "TrainingInputMode": "File",
        },
        "HyperParameters": _hyperparameters(name, spec["program"], stack.region),
        "InputDataConfig": [
            *(
                _channel(channel, "ManifestFile", f"s3://{bucket}/jobs/{name}/{channel}.manifest")
                for channel, _ in _inputs(spec)
            ),
            _channel("code", "S3Prefix", f"s3://{bucket}/{spec['source'].rsplit('/', 1)[0]}/"),
        ],
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/models/"},
        # Without the slash SageMaker also restores whatever begins with the same text.
        "CheckpointConfig": {"S3Uri": f"s3://{bucket}/{results_folder(spec)}"},
        "ResourceConfig": {
            "InstanceType": spec["instance_type"],
            "InstanceCount": 1,
            "VolumeSizeInGB": spec["volume_gb"],
        },
        "StoppingCondition": stopping,
        "Environment": ENVIRONMENT,
        "EnableManagedSpotTraining": spec["spot"],
        "EnableNetworkIsolation": spec["network_isolation"],
        "ProfilerConfig": {"DisableProfiler": True},
        "Tags": [
            {"Key": "codefree-automl:stack", "Value": stack.name},
            {"Key": "codefree-automl:dataset", "Value": slug(spec["dataset"])},
        ],
    }


def job_json_key(job: str) -> str:
    """Where it is told what a job was given."""
    return f"jobs/{job}/job.json"


def model_key(job: str) -> str:
    """Where SageMaker puts what a training job has made."""
    return f"models/{job}/output/model.tar.gz"


def results_folder(spec: dict[str, Any]) -> str:
    """Where the job's files appear while it runs."""
    return f"results/{spec['dataset']}/{spec['job']}/"


def described(file: UploadedFile, head: TableHead) -> dict[str, Any]:
    """One input file in job.json: what it is and how it is written."""
    return {
        "file": file.key.rsplit("/", 1)[-1],
        "key": file.key,
        "bytes": file.size,
        "etag": file.etag,
        "version_id": file.version,
        "uploaded": file.uploaded,
        "encoding": head.encoding,
        "delimiter": head.delimiter,
    }


def _inputs(spec: dict[str, Any]) -> list[tuple[str, str]]:
    """Channels with the key of the one object in each."""
    keys = {
        "train": spec["train"] and spec["train"]["key"],
        "test": spec["test"] and spec["test"]["key"],
        "model": spec.get("model_key"),
        # Only rows whose target is known tell which of two models is better.
        "champion": spec.get("model_before") if spec.get("test_has_target") else None,
        "job": job_json_key(spec["job"]),
    }
    return [(channel, key) for channel, key in keys.items() if key]


def _manifest(bucket: str, key: str) -> bytes:
    folder, _, file = key.rpartition("/")
    return _json([{"prefix": f"s3://{bucket}/{folder}/"}, file])


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


def _json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=1).encode()
