"""Datasets as they lie in the bucket, and addresses where a browser fetches or puts a file."""

import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from api.errors import BadRequestError, NotFoundError
from aws import objects, stored
from aws.live_files import answering
from aws.telemetry import logger
from contract.layout import (
    DATA,
    LEDGER_KEY,
    PROGRESS,
    REPORT,
    RESULTS,
    RUNS_PAGE,
    STATUS_JSON,
    is_dataset,
    live_folder,
    model_json_key,
    results_folder,
    results_prefix,
    runs_key,
)
from contract.live import UNREADABLE
from contract.messages import message
from pipeline.costs import Ledger, ledger_from_json
from pipeline.status import Status, status_from_json
from showing.answer import MODEL, RUNS
from showing.shown import Fetchable, Form, Shown
from showing.upload import LARGEST_UPLOAD

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Long enough to look at a list and choose; a form is used at once.
LINK_SECONDS, FORM_SECONDS = 900, 600


class DatasetFiles:
    """The datasets of a bucket, for people who look at them."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket
        # The version of signatures that keys of KMS and new regions ask for.
        config = Config(signature_version="s3v4", s3={"us_east_1_regional_endpoint": "regional"})
        self._signer: S3Client = boto3.client("s3", config=config)

    @cached_property
    def origin(self) -> str:
        """Where browsers fetch and put files, as a Content-Security-Policy names it."""
        url = urlsplit(self.form(f"{DATA}_").url)
        return f"{url.scheme}://{url.netloc}"

    def page(self, after: str | None) -> tuple[list[Shown], str | None]:
        """Return where datasets stand, a page at a time, and after which to go on."""
        if after and not stored.can_follow(after):
            raise BadRequestError("after", message("api.no_status", dataset=after))
        names, following = stored.folders(self._bucket, RESULTS, stored.MOST_LISTED, after)
        found = stored.at_once(self._shown, names)
        return [one for one in found if one is not None], following

    def files(self, dataset: str) -> tuple[Status, list[Fetchable]]:
        """Return the files of the dataset's last job, or of its last model until that has some.

        With them comes the page of all runs.

        Raises NotFoundError when there is no such dataset.
        """
        found = self._status(dataset)
        if found is None:
            raise NotFoundError(message("api.no_status", dataset=dataset))
        status = self._with_files(found[0])
        named = {**status.files, **({MODEL: status.model} if status.model else {})}
        runs = runs_key(dataset, RUNS_PAGE)
        sizes = self._sizes(named.values()) | objects.sizes(self._bucket, runs)
        named[RUNS] = runs
        return status, [
            Fetchable(name, key, sizes[key], self._link(key))
            for name, key in named.items()
            if key in sizes
        ]

    def form(self, key: str) -> Form:
        """Return what a browser needs to put one object under exactly this key."""
        signed = self._signer.generate_presigned_post(
            self._bucket,
            key,
            Conditions=[["content-length-range", 1, LARGEST_UPLOAD]],
            ExpiresIn=FORM_SECONDS,
        )
        return Form(signed["url"], signed["fields"])

    def ledger(self) -> Ledger:
        """Return the book of what jobs have cost."""
        return ledger_from_json(stored.read(self._bucket, LEDGER_KEY))

    def _shown(self, dataset: str) -> Shown | None:
        try:
            found = self._status(dataset)
        except UNREADABLE:
            # One damaged file hides its own dataset and no other.
            logger.exception("status.json is damaged", extra={"dataset": dataset})
            return None
        if found is None:
            return None
        status, updated = found
        holder = self._with_files(status)
        return Shown(
            status,
            updated,
            self._progress(status),
            holder.job if holder.files else None,
            self._answers(dataset),
        )

    def _with_files(self, status: Status) -> Status:
        """Itself, or that of the model that the dataset has had until now."""
        if status.files:
            return status
        pointer = stored.read_json(self._bucket, model_json_key(status.dataset))
        if pointer is None:
            return status
        folder = results_folder(status.dataset, pointer["job"])
        return objects.read_status(self._bucket, folder) or status

    def _status(self, dataset: str) -> tuple[Status, str] | None:
        if not is_dataset(dataset):
            return None
        content = stored.read(self._bucket, results_prefix(dataset) + STATUS_JSON)
        if content is None:
            return None
        status = status_from_json(content)
        return status, json.loads(content)["updated"]

    def _progress(self, status: Status) -> Mapping[str, object] | None:
        if not (status.runs and status.job):
            return None
        found: Mapping[str, Any] | None = stored.read_json(
            self._bucket, live_folder(status.job) + PROGRESS
        )
        return found

    def _answers(self, dataset: str) -> bool:
        found = answering(self._bucket, dataset)
        return found is not None and found[1]

    def _sizes(self, keys: Iterable[str]) -> dict[str, int]:
        folders = {key.rpartition("/")[0] + "/" for key in keys}
        return {
            key: size
            for folder in folders
            for key, size in objects.sizes(self._bucket, folder).items()
        }

    def _link(self, key: str) -> str:
        """Pages of ours open; all else is saved, whatever a browser could show of it."""
        opens = key.rpartition("/")[2] in (REPORT, RUNS_PAGE)
        shown = {"ResponseContentType": "text/html; charset=utf-8"}
        saved = {"ResponseContentDisposition": "attachment"}
        return self._signer.generate_presigned_url(
            "get_object",
            Params={"Bucket": self._bucket, "Key": key, **(shown if opens else saved)},
            ExpiresIn=LINK_SECONDS,
        )
