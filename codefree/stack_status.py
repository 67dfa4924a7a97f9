"""What a stack does now: what its bucket, its training jobs and its queues say."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError
from botocore.parsers import ResponseParserError

from codefree.layout import layout
from codefree.live import live
from codefree.s3_files import keys_below
from codefree.words import ENGLISH, Message, SaidError, known_language, message, metric_name

READS_AT_ONCE = 8
Connect = Callable[[str], Any]
Answer = Mapping[str, Any]


class StackStatusError(SaidError):
    """Raised when a stack cannot be looked at; the message is for the user."""


@dataclass(frozen=True)
class Row:
    """One dataset, as it is now."""

    dataset: str
    state: str
    since: str
    """When the job started, or the state was reached: ISO 8601, UTC."""
    job: str | None
    score: str | None
    cost_usd: float
    """Of all its jobs so far, running ones included."""
    headline: str


@dataclass(frozen=True)
class Overview:
    """A stack's datasets, the newest first, and what is in its queues."""

    stack: str
    bucket: str
    rows: list[Row]
    uploads_in_queue: int
    uploads_put_aside: int
    language: str = ENGLISH
    """What the stack speaks."""
    damaged: tuple[str, ...] = ()
    """The keys of statuses that cannot be read: their datasets have no row."""

    @property
    def states(self) -> dict[str, int]:
        return dict(Counter(row.state for row in self.rows))

    @property
    def cost_usd(self) -> float:
        return round(sum(row.cost_usd for row in self.rows), 5)

    def to_json(self) -> dict[str, Any]:
        totals = {
            "datasets": len(self.rows),
            "states": self.states,
            "uploads_in_queue": self.uploads_in_queue,
            "uploads_put_aside": self.uploads_put_aside,
            "cost_usd": self.cost_usd,
        }
        rows = [asdict(row) for row in self.rows]
        of_stack = {"stack": self.stack, "bucket": self.bucket, "damaged": self.damaged}
        return {**of_stack, "datasets": rows, "totals": totals}


def look(connect: Connect, stack: str, now: datetime) -> Overview:
    """Ask AWS, or the local cloud; raises StackStatusError with a sentence for the user."""
    try:
        return _look(connect, stack, now)
    except (BotoCoreError, ClientError, ResponseParserError) as error:
        raise StackStatusError(in_words(error, stack)) from error


def in_words(error: Exception, stack: str) -> Message:
    """Explain why there is no status, and what to do."""
    text = str(error).rstrip(".")
    if isinstance(error, ClientError):
        if "does not exist" in text:
            return message("stack.not_there", stack=stack)
        return message("stack.refused", error=text)
    kind = type(error).__name__
    if "Credential" in kind or "Token" in kind:
        return message("stack.no_credentials")
    if kind == "NoRegionError":
        return message("stack.no_region")
    if kind == "ProfileNotFound":
        return message("stack.no_profile")
    if isinstance(error, EndpointConnectionError):
        return message("stack.unreachable", error=text)
    return message("stack.not_asked", error=text)


def rows(statuses: Iterable[Answer], running: Mapping[str, Answer], now: datetime) -> list[Row]:
    """A row per dataset, the newest first.

    `running` are the descriptions of the jobs that are not over, with the price per hour.
    """
    of_datasets, of_jobs = [], defaultdict[str, dict[str, float]](dict)
    for status in statuses:
        # A job's own copy of its status lies in the job's folder.
        if status["prefix"] != status["results"]:
            of_datasets.append(status)
        if status["job"]:
            usd = status["cost"]["usd"] if status["cost"] else 0.0
            of_jobs[status["dataset"]][status["job"]] = usd
    found = [_row(s, running.get(s["job"]), of_jobs[s["dataset"]], now) for s in of_datasets]
    return sorted(found, key=lambda row: row.since, reverse=True)


def _row(status: Answer, job: Answer | None, costs: Mapping[str, float], now: datetime) -> Row:
    score = status["score"]
    since = job["CreationTime"] if job else datetime.fromisoformat(status["updated"])
    return Row(
        dataset=status["dataset"],
        state=status["state"],
        since=since.isoformat(timespec="seconds"),
        job=status["job"],
        score=f"{metric_name(score['metric'])} {score['score']:.4g}" if score else None,
        cost_usd=round(sum(costs.values()) + (_running_usd(job, now) if job else 0), 5),
        headline=status["headline"],
    )


def _running_usd(job: Answer, now: datetime) -> float:
    """What a job has cost since its machine started, without its disk."""
    if "TrainingStartTime" not in job:
        return 0.0
    hours = (now - job["TrainingStartTime"]).total_seconds() / 3600
    return float(max(0.0, hours) * job["usd_per_hour"])


def _look(connect: Connect, stack: str, now: datetime) -> Overview:
    cloudformation, s3, sqs = connect("cloudformation"), connect("s3"), connect("sqs")
    bucket, language = described_stack(cloudformation, stack)
    found = _read_all(s3, bucket)
    statuses = [status for status in found.values() if status is not None]
    on = [s["job"] for s in statuses if s["state"] in ("training", "predicting")]
    sagemaker = connect("sagemaker") if on else None
    running = {job: _described(sagemaker, s3, bucket, job) for job in on}
    return Overview(
        stack,
        bucket,
        rows(statuses, running, now),
        _messages(sqs, cloudformation, stack, "UploadQueue"),
        _messages(sqs, cloudformation, stack, "UploadDeadLetterQueue"),
        language,
        tuple(key for key, status in found.items() if status is None),
    )


def described_stack(cloudformation: Any, stack: str) -> tuple[str, str]:
    """Its bucket, and the language that it speaks."""
    described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    outputs = {o["OutputKey"]: o["OutputValue"] for o in described.get("Outputs", [])}
    if "DatasetBucketName" not in outputs:
        state = described["StackStatus"]
        raise StackStatusError(message("stack.not_ours", stack=stack, state=state))
    parameters = {p["ParameterKey"]: p["ParameterValue"] for p in described.get("Parameters", [])}
    return str(outputs["DatasetBucketName"]), known_language(parameters.get("ReportLanguage"))


def _read_all(s3: Any, bucket: str) -> dict[str, Answer | None]:
    """Every status by its key; None for one that is damaged."""
    keys = [key for key in keys_below(s3, bucket, layout.RESULTS)]
    keys = [key for key in keys if key.endswith(f"/{layout.STATUS_JSON}")]
    with ThreadPoolExecutor(READS_AT_ONCE) as pool:
        found = pool.map(lambda key: _read_status(s3, bucket, key), keys)
        return dict(zip(keys, found, strict=True))


def _read_status(s3: Any, bucket: str, key: str) -> Answer | None:
    """One that no row can be made of hides its own dataset and no other."""
    try:
        status = _read(s3, bucket, key)
        rows([status], {}, datetime.now(UTC))
    except live.UNREADABLE:
        return None
    return status


def _read(s3: Any, bucket: str, key: str) -> Answer:
    content: Answer = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    return content


def _described(sagemaker: Any, s3: Any, bucket: str, job: str) -> Answer:
    price = _read(s3, bucket, layout.job_json_key(job))["usd_per_hour"]
    return {**sagemaker.describe_training_job(TrainingJobName=job), "usd_per_hour": price}


def _messages(sqs: Any, cloudformation: Any, stack: str, logical_id: str) -> int:
    """Count the messages in a queue, including delayed and invisible ones."""
    found = cloudformation.describe_stack_resource(StackName=stack, LogicalResourceId=logical_id)
    url = found["StackResourceDetail"]["PhysicalResourceId"]
    asked = sqs.get_queue_attributes(
        QueueUrl=url,
        AttributeNames=[
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesDelayed",
            "ApproximateNumberOfMessagesNotVisible",
        ],
    )
    return sum(int(number) for number in asked["Attributes"].values())
