"""Bring the files of an ended job to its results folder, each as the job wrote it."""

import tarfile
from collections.abc import Collection
from pathlib import PurePosixPath

from aws import objects, stored
from aws.telemetry import logger
from contract.layout import INDEX, is_mark
from pipeline.results import EndedJob


def collect_files(job: EndedJob, folder: str) -> None:
    """Copy what SageMaker copied while the job ran; what it missed comes from the job's output.

    Its continuous copy is known to stall (aws/sagemaker-python-sdk#3062), and may take a file
    while it is written; so the job packs its files a second time, with the hash of each.
    """
    brought = _brought(job, folder)
    index = stored.read_json(job.bucket, folder + INDEX)
    listed = {file["name"]: file.get("sha256") for file in index["files"]} if index else {}
    right = {name for name, digest in listed.items() if brought.get(name) == digest}
    if not (index and right == listed.keys()) and stored.exists(job.bucket, job.output_key):
        _unpack(job, folder, right)


def _brought(job: EndedJob, folder: str) -> dict[str, str]:
    """Name → SHA-256 of every file that SageMaker copied, now in the results folder."""
    live = job.live_folder or folder
    names = [key.removeprefix(live) for key in objects.sizes(job.bucket, live)]
    return {
        name: objects.sha256(job.bucket, live + name)
        if live == folder
        else objects.copy(job.bucket, live + name, folder + name)
        for name in names
        if not is_mark(name)
    }


def _unpack(job: EndedJob, folder: str, right: Collection[str]) -> None:
    """Take all other files from the job's output."""
    with tarfile.open(fileobj=objects.stream(job.bucket, job.output_key), mode="r|gz") as packed:
        for member in packed:
            name = PurePosixPath(member.name).name
            content = packed.extractfile(member)
            if content is not None and name not in right:
                objects.upload(job.bucket, folder + name, content)
                logger.info("result was missing or broken", extra={"file": name})
