"""Publish what was brought to an end: training jobs, changes of endpoints, trials of models.

Endpoints follow live.json.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from aws import ledger, objects
from aws.job_descriptions import ended_job
from aws.mail import send_mail
from aws.model_endpoints import follow
from aws.queues import Queue
from aws.runs_files import record_run, rewrite_pages
from aws.telemetry import about, logger, metrics, tally, tally_all
from contract.bounds import ENDPOINTS
from contract.job import Job, ModelJob, TranslatorJob
from contract.layout import dataset_of_live_json
from pipeline.counts import Count, of_ended
from pipeline.out_of_memory_retry import out_of_memory_retry, with_retry
from pipeline.results import EndedJob, endpoint_mail_subject, mail_subject, mail_text
from pipeline.status import Status
from translation.endpoint import FAILED
from translation.training import TranslatorData
from uploads.changed_endpoint import changed_status
from uploads.changed_model_endpoint import changed_model
from uploads.ended_job import collect_results, correct, point_to_model, publish, published, serve
from uploads.events import upload_message
from uploads.stop_challengers import stop_challengers
from uploads.take_over import take_over
from uploads.translator_versions import write_versions

region = os.environ["AWS_REGION"]
upload_queue = Queue(os.environ["UPLOAD_QUEUE_URL"])
bucket = os.environ["DATASET_BUCKET"]
topic_arn = os.environ["RESULTS_TOPIC_ARN"]


class NotRecordedError(Exception):
    """Raised when all is published, so that Lambda delivers the event once more for the rest."""


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Mapping[str, Any], context: LambdaContext) -> None:
    """One event of SageMaker or CloudWatch, which may come more than once."""
    detail = event["detail"]
    if "alarmName" in detail:
        about(alarm=detail["alarmName"], message_id=event["id"])
        datasets = stop_challengers(bucket, topic_arn, datetime.now(UTC))
        for dataset in datasets:
            rewrite_pages(bucket, dataset)
        logger.info("challengers looked at", extra={"stopped": datasets})
    elif "EndpointName" in detail:
        about(endpoint=detail["EndpointName"], message_id=event["id"])
        publish_endpoint(detail["EndpointName"])
    elif "object" in detail:
        about(message_id=event["id"])
        follow(bucket, dataset_of_live_json(detail["object"]["key"]))
    else:
        about(job=detail["TrainingJobName"], message_id=event["id"])
        publish_job(detail["TrainingJobName"])


def publish_endpoint(name: str) -> None:
    """Say what became of an endpoint of a model or a translator; mail what went wrong."""
    if job := changed_model(bucket, topic_arn, name):
        logger.info("endpoint looked at", extra={"job": job})
        return
    status = changed_status(bucket, name)
    if status is None:
        logger.info("nothing to say of the endpoint")
        return
    if status.details[-1].code in FAILED:
        # Before the status: sent twice rather than never.
        text = status.to_text(objects.now()).decode()
        send_mail(topic_arn, endpoint_mail_subject(status), text)
    objects.write_status(bucket, status)
    logger.info("endpoint published", extra={"said": status.details[-1].code})


def publish_job(name: str) -> None:
    """Publish one ended job.

    The function may die anywhere and is called again, so the order is what makes it right:

    1. A job whose mark is there was published: what was overtaken or not written is corrected.
    2. The receipt is booked, which sets the budget free; booked twice it counts once.
    3. Its files, the endpoint, live.json, model.json and the list of runs come before the status.
    4. The mail goes out before the mark: sent twice rather than never.
    5. So does the upload that is due for a second attempt; started twice it is one job.
    6. The statuses, of which the job's own is the mark.
    7. start_training may have looked before the mark was there: its status is corrected.
    8. A run that AWS has not let be listed is listed when this is called again.
    9. The model's endpoint, if it is to have one: the status that says so is there.
    """
    # The event has no billable seconds, so SageMaker is asked.
    job = ended_job(name)
    spec = objects.read_job(job.bucket, name)
    about(dataset=spec.dataset)
    if (before := published(job.bucket, spec)) is not None:
        tally(Count.DUPLICATES)
        correct(job.bucket, before)
        record_run(job.bucket, before, job.ended_text)
        follow_model(job.bucket, spec)
        logger.info("already published")
        return
    ledger.book(job, spec)
    retry = out_of_memory_retry(job.failure_reason, job.billed_seconds, spec, region)
    status = take_over(job, spec, serve(job, spec, collect_results(job, spec)))
    status = with_retry(status, job.failure_reason, spec, retry, region)
    point_to_model(job, spec, status)
    if isinstance(spec, TranslatorJob):
        data = TranslatorData(spec.source_language, spec.target_language)
        write_versions(job.bucket, data, replace(status, state=job.state))
    recorded = record_run(job.bucket, status, job.ended_text)
    mail(job, status)
    if retry:
        hand_back(job.bucket, spec)
    publish(job, spec, status)
    correct(job.bucket, status)
    follow_model(job.bucket, spec)
    tally_all(of_ended(job.status, status.cost))
    cost = status.cost and status.cost["usd"]
    logger.info("published", extra={"state": status.state, "cost_usd": cost})
    if not recorded:
        raise NotRecordedError(f"{name} is published, and not in the list of runs yet")


def follow_model(bucket: str, spec: Job) -> None:
    """Make the endpoint that a published model is to have."""
    if isinstance(spec, ModelJob) and spec.serve in ENDPOINTS:
        follow(bucket, spec.dataset)


def mail(job: EndedJob, status: Status) -> None:
    text = status.to_text(objects.now()).decode()
    send_mail(topic_arn, mail_subject(status), mail_text(status, job.bucket, text))


def hand_back(bucket: str, spec: Job) -> None:
    """Return the upload to start_training for its retry; sent twice, it is one job."""
    if spec.train is not None:
        upload_queue.send(upload_message(bucket, spec.train.upload_key))
