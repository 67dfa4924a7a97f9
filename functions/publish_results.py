"""An ended training job becomes a status, a receipt and a mail."""

import json
import os
import tarfile
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.typing import LambdaContext

import bucket as results
import endpoints
import ledger
from automl.counts import Count, of_ended
from automl.results import EndedJob, ended, mail_subject, mail_text, model_pointer, supersedes
from automl.second_try import second_try, told
from automl.status import Status
from automl.training_job import results_folder
from clients import client
from observe import about, logger, metrics, tally, tally_all

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

sagemaker: "SageMakerClient" = client("sagemaker")
sns: "SNSClient" = client("sns")
sqs: "SQSClient" = client("sqs")
region = os.environ["AWS_REGION"]
upload_queue_url = os.environ["UPLOAD_QUEUE_URL"]
topic_arn = os.environ["RESULTS_TOPIC_ARN"]


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Publish one ended job; SageMaker may send its event more than once."""
    name = event["detail"]["TrainingJobName"]
    about(job=name, message_id=event["id"])
    # The event has no billable seconds, so SageMaker is asked.
    job = EndedJob.from_description(sagemaker.describe_training_job(TrainingJobName=name))
    spec = results.read_json(job.bucket, f"jobs/{name}/job.json")
    about(dataset=spec["dataset"])
    folder = results_folder(spec)
    published = results.read_status(job.bucket, folder)
    if published is not None:
        tally(Count.DUPLICATES)
        correct(job.bucket, replace(published, prefix=f"results/{spec['dataset']}/"))
        logger.info("already published")
        return
    ledger.book(job, spec)
    again = second_try(job.failure_reason, job.billed_seconds, spec, region)
    status = serve(job, spec, outcome(job, spec, folder))
    status = told(status, job.failure_reason, spec, again, region)
    point_to_model(job, spec)
    send_mail(job.bucket, status)
    if again:
        hand_back(job.bucket, spec)
    publish(job, folder, status)
    correct(job.bucket, status)
    tally_all(of_ended(job.status, status.cost))
    logger.info(
        "published", extra={"state": status.state, "cost_usd": status.cost and status.cost["usd"]}
    )


def send_mail(bucket: str, status: Status) -> None:
    text = status.to_text(results.now()).decode()
    sns.publish(
        TopicArn=topic_arn,
        Subject=mail_subject(status),
        Message=mail_text(status, bucket, text),
    )


def hand_back(bucket: str, spec: dict[str, Any]) -> None:
    """The upload to start_training, which finds that a second attempt is due; twice is one."""
    detail = {"bucket": {"name": bucket}, "object": {"key": spec["train"]["key"]}}
    sqs.send_message(QueueUrl=upload_queue_url, MessageBody=json.dumps({"detail": detail}))


def serve(job: EndedJob, spec: dict[str, Any], status: Status) -> Status:
    """A translator that is ready goes behind its endpoint."""
    if spec["kind"] != "translator" or status.state != "completed":
        return status
    return replace(status, details=(*status.details, endpoints.deploy(job.bucket, spec)))


def point_to_model(job: EndedJob, spec: dict[str, Any]) -> None:
    """model.json names the model that a dataset has, whatever its status says meanwhile."""
    key = f"results/{spec['dataset']}/model.json"
    pointer = model_pointer(job, spec, results.read_json(job.bucket, key))
    if pointer:
        content = json.dumps(pointer, ensure_ascii=False, indent=1).encode()
        results.put(job.bucket, key, content, "application/json")


def outcome(job: EndedJob, spec: dict[str, Any], folder: str) -> Status:
    complete_results(job, folder)
    if job.failure_reason:
        raw = job.failure_reason.encode(errors="replace")
        results.put(job.bucket, f"{folder}failure.txt", raw, "text/plain; charset=utf-8")
    keys = set(results.sizes(job.bucket, folder))
    if results.exists(job.bucket, job.model_key):
        keys.add(job.model_key)
    performance = results.read_json(
        job.bucket, f"{folder}{spec['file_stem']}_model_performance.txt"
    )
    return ended(job, spec, performance, keys)


def publish(job: EndedJob, folder: str, status: Status) -> None:
    """The dataset's status first; the job's own copy is the mark that all was said."""
    before = results.read_status(job.bucket, status.prefix)
    if supersedes(status, before):
        notes = before.notes if before and before.job == status.job else ()
        results.write_status(job.bucket, replace(status, notes=notes))
    own = replace(status, prefix=folder, state=job.state)
    results.write_status(job.bucket, own)


def correct(bucket: str, status: Status) -> None:
    """start_training may have looked before we wrote, and have written «training» afterwards.

    It looks for the job's own status after that, and we look here after having written it: one of
    us sees the other.
    """
    before = results.read_status(bucket, status.prefix)
    if before and before.job == status.job and before.runs:
        results.write_status(bucket, replace(status, notes=before.notes))


def complete_results(job: EndedJob, folder: str) -> None:
    """Bring what SageMaker's live copy of the results left out.

    It is known to stall (aws/sagemaker-python-sdk#3062), so the job packs its files a second time.
    """
    there = results.sizes(job.bucket, folder)
    index = results.read_json(job.bucket, f"{folder}results_index.json")
    if index and all(there.get(folder + file["name"]) == file["bytes"] for file in index["files"]):
        return
    if not results.exists(job.bucket, job.output_key):
        return
    with tarfile.open(fileobj=results.stream(job.bucket, job.output_key), mode="r|gz") as packed:
        for member in packed:
            name = PurePosixPath(member.name).name
            content = packed.extractfile(member)
            if content is not None and there.get(folder + name) != member.size:
                results.upload(job.bucket, folder + name, content)
                logger.info("result was missing", extra={"file": name})
