"""Publish an ended job: its files, its endpoint, and its statuses."""

import json
from dataclasses import replace

from aws import objects, stored
from aws.results_files import collect_files
from contract.job import Job, TranslatorJob
from contract.layout import FAILURE, FAILURE_MESSAGE, PERFORMANCE, model_json_key
from pipeline.results import EndedJob, ended, model_pointer, supersedes
from pipeline.status import Status
from translation.endpoint import takes_over
from uploads.translator_versions import let_in


def collect_results(job: EndedJob, spec: Job) -> Status:
    """Copy all files of the job to its results folder; return its status."""
    folder = spec.results_folder
    collect_files(job, folder)
    if job.failure_reason:
        raw = job.failure_reason.encode(errors="replace")
        objects.put(job.bucket, folder + FAILURE, raw, objects.TEXT)
    keys = set(objects.sizes(job.bucket, folder))
    if stored.exists(job.bucket, job.model_key):
        keys.add(job.model_key)
    performance = stored.read_json(job.bucket, f"{folder}{spec.file_stem}{PERFORMANCE}")
    failure = stored.read_json(job.bucket, folder + FAILURE_MESSAGE)
    return ended(job, spec, performance, keys, failure)


def serve(job: EndedJob, spec: Job, status: Status) -> Status:
    """Deploy a finished translator, unless it is held back or a newer one serves."""
    if not isinstance(spec, TranslatorJob) or status.state != "completed":
        return status
    return let_in(job.bucket, spec, status)


def point_to_model(job: EndedJob, spec: Job, status: Status) -> None:
    """model.json names the model that a dataset has, whatever its status says meanwhile."""
    if isinstance(spec, TranslatorJob) and not takes_over(status):
        return
    key = model_json_key(spec.dataset)
    pointer = model_pointer(job, spec, stored.read_json(job.bucket, key))
    if pointer:
        content = json.dumps(pointer, ensure_ascii=False, indent=1).encode()
        objects.put(job.bucket, key, content, "application/json")


def published(bucket: str, spec: Job) -> Status | None:
    """The dataset's status as it was published when the job ended; None before that."""
    status = objects.read_status(bucket, spec.results_folder)
    return status and replace(status, prefix=spec.results_prefix)


def publish(job: EndedJob, spec: Job, status: Status) -> None:
    """Write the dataset's status, then the job's own, which marks the job as published."""
    before = objects.read_status(job.bucket, status.prefix)
    if supersedes(status, before):
        notes = before.notes if before and before.job == status.job else ()
        objects.write_status(job.bucket, replace(status, notes=notes))
    own = replace(status, prefix=spec.results_folder, state=job.state)
    objects.write_status(job.bucket, own)


def correct(bucket: str, status: Status) -> None:
    """start_training may have looked before we wrote, and have written "training" afterwards.

    It looks for the job's own status after that, and we look here after having written it: one of
    us sees the other.
    """
    before = objects.read_status(bucket, status.prefix)
    if before and before.job == status.job and before.runs:
        objects.write_status(bucket, replace(status, notes=before.notes))
