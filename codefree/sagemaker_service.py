"""SageMaker's training jobs: moto's are born completed, these are processes.

Names and requests are checked, a quota holds, jobs can be stopped, and the event bus hears of them.
Lists and tags of everything else are moto's, with the habits that SageMaker has.
"""

import json
import threading
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.exceptions import ResourceInUseException, SagemakerClientError, ValidationError
from moto.sagemaker.models import sagemaker_backends
from moto.sagemaker.responses import SageMakerResponse

from codefree.aws import ACCOUNT, Endpoint
from codefree.ml_folder import MlFolder
from codefree.request_checks import validation_message
from codefree.training_job import Outcome, TrainingRun
from codefree.words import Tell, message

STATUS_MESSAGES = {
    "Starting": "Preparing the instances for training",
    "Downloading": "Downloading input data",
    "Training": "Training in-progress",
    "Interrupted": "The spare machine was taken away",
    "Uploading": "Uploading generated training model",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopped": "Training job stopped",
    "Stopping": "Stopping the training job",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
}
BILLED = ("Training", "Uploading")
# What CreateTrainingJob takes and DescribeTrainingJob does not give back.
NOT_DESCRIBED = ("Tags",)


@dataclass
class TrainingJob:
    """One job's record; moto's ListTrainingJobs and ListTags ask for some of its names."""

    request: dict[str, Any]
    arn: str
    tags: list[dict[str, str]]
    creation_time: datetime
    last_modified_time: datetime
    training_job_status: str = "InProgress"
    training_start_time: datetime | None = None
    training_end_time: datetime | None = None
    failure_reason: str | None = None
    transitions: list[dict[str, Any]] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    interrupt: threading.Event = field(default_factory=threading.Event)

    @property
    def training_job_name(self) -> str:
        name: str = self.request["TrainingJobName"]
        return name

    def enter(self, secondary_status: str) -> None:
        """Begin the next of the phases that SecondaryStatusTransitions lists."""
        now = self.last_modified_time = datetime.now(UTC)
        if self.transitions:
            self.transitions[-1]["EndTime"] = now
        message = STATUS_MESSAGES[secondary_status]
        self.transitions.append(
            {"Status": secondary_status, "StartTime": now, "StatusMessage": message}
        )
        if secondary_status == "Training":
            self.training_start_time = self.training_start_time or now

    def end(self, outcome: Outcome) -> None:
        self.enter(outcome.secondary_status)
        self.transitions[-1]["EndTime"] = self.training_end_time = self.last_modified_time
        self.failure_reason = outcome.failure_reason
        self.training_job_status = outcome.status

    def description(self) -> dict[str, Any]:
        """The answer of DescribeTrainingJob."""
        request = {k: v for k, v in self.request.items() if k not in NOT_DESCRIBED}
        path = self.request["OutputDataConfig"]["S3OutputPath"].rstrip("/")
        model = f"{path}/{self.training_job_name}/output/model.tar.gz"
        optional = {
            "FailureReason": self.failure_reason,
            "TrainingStartTime": self.training_start_time,
            "TrainingEndTime": self.training_end_time,
            **self._durations(),
        }
        return {
            **request,
            "TrainingJobArn": self.arn,
            "TrainingJobStatus": self.training_job_status,
            "SecondaryStatus": self.transitions[-1]["Status"],
            "SecondaryStatusTransitions": [dict(transition) for transition in self.transitions],
            "CreationTime": self.creation_time,
            "LastModifiedTime": self.last_modified_time,
            "ModelArtifacts": {"S3ModelArtifacts": model},
            **{name: value for name, value in optional.items() if value is not None},
        }

    def _durations(self) -> dict[str, int]:
        if self.training_start_time is None or self.training_end_time is None:
            return {}
        # Not billed: the wait for another machine after an interruption.
        phases = [phase for phase in self.transitions if phase["Status"] in BILLED]
        ran = sum((phase["EndTime"] - phase["StartTime"]).total_seconds() for phase in phases)
        seconds = max(1, round(ran))
        return {"TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds}


class SageMakerService:
    """The training jobs of one region."""

    def __init__(
        self,
        endpoint: Endpoint,
        home: Path,
        logs: Path,
        quota: int,
        machine_quotas: Mapping[str, int],
        training_run: type[TrainingRun],
        tell: Tell,
    ) -> None:
        self._training_run = training_run
        self._machine_quotas = machine_quotas
        self._endpoint = endpoint
        self._events = endpoint.client("events")
        self._home = home
        self._logs = logs
        self._quota = quota
        self._tell = tell
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._jobs: dict[str, Any] = sagemaker_backends[ACCOUNT][endpoint.region].training_jobs
        model = endpoint.client("sagemaker").meta.service_model
        self._request_shape = model.operation_model("CreateTrainingJob").input_shape
        _services[endpoint.region] = self

    def create(self, request: dict[str, Any]) -> str:
        """Start a job and answer its ARN; errors as AWS has them."""
        if wrong := validation_message(self._request_shape, request):
            raise ValidationError(wrong)
        name = request["TrainingJobName"]
        arn = f"arn:aws:sagemaker:{self._endpoint.region}:{ACCOUNT}:training-job/{name}"
        with self._lock:
            self._require_free_name(name, arn)
            self._require_free_quota(request["ResourceConfig"]["InstanceType"])
            now = datetime.now(UTC)
            job = TrainingJob(request, arn, request.get("Tags", []), now, now)
            job.enter("Starting")
            self._jobs[name] = job
        thread = threading.Thread(target=self._run, args=(job,), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()
        return arn

    def describe(self, name: str) -> dict[str, Any]:
        return self._find(name).description()

    def stop(self, name: str) -> None:
        job = self._find(name)
        with self._lock:
            if job.training_job_status not in ("InProgress", "Stopping"):
                raise ValidationError(
                    "The request was rejected because the training job is in status "
                    f"{job.training_job_status}."
                )
            job.training_job_status = "Stopping"
        job.stop.set()

    def interrupt(self, name: str) -> None:
        """Take a job's machine away, as AWS may with spare ones; it starts again by itself."""
        self._find(name).interrupt.set()

    def close(self) -> None:
        """Stop what runs, and wait until its processes are gone."""
        for job in list(self._jobs.values()):
            job.stop.set()
        for thread in self._threads:
            thread.join()
        del _services[self._endpoint.region]

    def _find(self, name: str) -> TrainingJob:
        job: TrainingJob | None = self._jobs.get(name)
        if job is None:
            raise ValidationError("Requested resource not found.")
        return job

    def _require_free_name(self, name: str, arn: str) -> None:
        if name in self._jobs:
            raise ResourceInUseException(
                "Training job names must be unique within an AWS account and region, and a "
                f"training job with this name already exists ({arn})"
            )

    def _require_free_quota(self, machine: str) -> None:
        running = [
            job.request["ResourceConfig"]["InstanceType"]
            for job in self._jobs.values()
            if job.training_job_status in ("InProgress", "Stopping")
        ]
        _require_below(
            self._machine_quotas.get(machine, self._quota),
            running.count(machine),
            f"{machine} for training job usage",
        )
        everywhere = "Number of instances across all training jobs"
        _require_below(self._quota, len(running), everywhere)

    def _run(self, job: TrainingJob) -> None:
        name = job.training_job_name
        log = self._logs / f"{name}.log"
        home = self._home / name
        self._tell(message("local.job_started", job=name, log=str(log)))
        self._put_event(job)
        aws = self._endpoint.in_role(job.request["RoleArn"])
        run = self._training_run(
            request=job.request,
            arn=job.arn,
            folder=MlFolder(home),
            log=log,
            s3=aws.client("s3"),
            aws=aws.environ,
            stop=job.stop,
            interrupt=job.interrupt,
            enter=job.enter,
        )
        try:
            outcome = run.run()
        except Exception as error:
            # Always end the job; otherwise callers poll forever.
            with suppress(OSError), log.open("a", encoding="utf-8") as file:
                file.write(traceback.format_exc())
            outcome = Outcome("Failed", "Failed", f"InternalServerError: {error}")
        job.end(outcome)
        run.folder.remove()
        state = message(f"state.{outcome.status.lower()}")
        self._tell(message("local.job_ended", job=name, state=state))
        self._put_event(job)

    def _put_event(self, job: TrainingJob) -> None:
        self._events.put_events(
            Entries=[
                {
                    "Source": "aws.sagemaker",
                    "DetailType": "SageMaker Training Job State Change",
                    "Resources": [job.arn],
                    "Detail": json.dumps(event_detail(job)),
                }
            ]
        )


def _require_below(quota: int, running: int, name: str) -> None:
    if running >= quota:
        raise SagemakerClientError(
            "ResourceLimitExceeded",
            f"The account-level service limit '{name}' is {quota} Instances, with current "
            f"utilization of {running} Instances and a request delta of 1 Instances. Please use "
            "AWS Service Quotas to request an increase for this quota.",
        )


def event_detail(job: TrainingJob) -> dict[str, Any]:
    """Return the event's detail: the description, with times in milliseconds since the epoch."""
    described = {k: v for k, v in job.description().items() if k != "ModelArtifacts"}
    tags = {tag["Key"]: tag["Value"] for tag in job.tags}
    detail: dict[str, Any] = _with_milliseconds({**described, "Tags": tags})
    return detail


def _with_milliseconds(value: Any) -> Any:
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000)
    if isinstance(value, dict):
        return {name: _with_milliseconds(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_with_milliseconds(item) for item in value]
    return value


# Region → service. moto's own actions are replaced for the whole process, once.
_services: dict[str, SageMakerService] = {}


def _create_training_job(self: SageMakerResponse) -> ActionResult:
    return ActionResult({"TrainingJobArn": _services[self.region].create(json.loads(self.body))})


def _describe_training_job(self: SageMakerResponse) -> ActionResult:
    return ActionResult(_services[self.region].describe(self._get_param("TrainingJobName")))


def _stop_training_job(self: SageMakerResponse) -> EmptyResult:
    _services[self.region].stop(self._get_param("TrainingJobName"))
    return EmptyResult()


def _with_small_arns(listing: Callable[..., ActionResult]) -> Callable[..., ActionResult]:
    """SageMaker's lists spell ARNs in small letters, whatever a thing is called."""

    def listed(self: SageMakerResponse) -> ActionResult:
        answer: Any = listing(self).result
        (name,) = [name for name, value in answer.items() if isinstance(value, list)]
        entries = [
            {k: v.lower() if k.endswith("Arn") else v for k, v in entry.items()}
            for entry in answer[name]
        ]
        return ActionResult({**answer, name: entries})

    return listed


def _list_tags(self: SageMakerResponse) -> ActionResult:
    if self.sagemaker_backend._get_resource_from_arn(self._get_param("ResourceArn")) is None:
        raise ValidationError("Resource does not exist.")
    return _moto_list_tags(self)


_moto_list_tags = SageMakerResponse.list_tags
SageMakerResponse.list_tags = _list_tags  # type: ignore[method-assign]
for name in ("list_training_jobs", "list_endpoints", "list_endpoint_configs", "list_models"):
    setattr(SageMakerResponse, name, _with_small_arns(getattr(SageMakerResponse, name)))
for action in (_create_training_job, _describe_training_job, _stop_training_job):
    setattr(SageMakerResponse, action.__name__.removeprefix("_"), action)
