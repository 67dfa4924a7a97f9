"""The versions of a pair's translator in a stack, and the order that says which one is to serve."""

import csv
import io
import json
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from codefree.layout import layout
from codefree.live import live as lives
from codefree.model_versions import NOT_THERE, Models, ModelVersion, in_words_of
from codefree.stack_status import Connect, StackStatusError, described_stack
from codefree.words import Message, message

METRIC = "BLEU"


class TranslatorVersions:
    """The translators of one pair of a stack; every failure is a StackStatusError, in words."""

    def __init__(self, connect: Connect, stack: str, pair: str) -> None:
        with in_words_of(stack):
            self._bucket, self.language = described_stack(connect("cloudformation"), stack)
            self._s3 = connect("s3")
        self._stack, self._pair = stack, pair
        self._dataset = f"{layout.TRANSLATION}{pair}"

    def look(self, now: datetime) -> Models:
        """Read the list that the stack keeps beside the pair's STATUS.txt."""
        with in_words_of(self._stack):
            content = self._read(layout.versions_key(self._dataset))
            live = self._live()
        if content is None:
            bucket = f"s3://{self._bucket}/"
            raise StackStatusError(message("order.none", pair=self._pair, bucket=bucket))
        rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
        versions = [self._version(row) for row in rows]
        return Models(self._dataset, versions, live, now, self.language)

    def order(self, number: int, now: datetime) -> Message:
        """Ask for a version by the file with which people without this command do; what to say."""
        models = self.look(now)
        chosen = next((one for one in models.versions if one.number == number), None)
        if chosen is None:
            count = len(models.versions)
            raise StackStatusError(message("order.no_version", version=str(number), count=count))
        return self._send(chosen)

    def order_before(self, now: datetime) -> Message:
        """Ask for the version that served before the one that serves."""
        models = self.look(now)
        before = models.live.earlier[0].job if models.live.earlier else None
        chosen = next((one for one in models.versions if one.job == before), None)
        if chosen is None:
            raise StackStatusError(message("order.nothing_before"))
        return self._send(chosen)

    def _send(self, version: ModelVersion) -> Message:
        key = layout.version_order_key(self._pair)
        # By its job: an older upload that ends meanwhile would shift the numbers.
        content = json.dumps({"version": version.job}).encode()
        with in_words_of(self._stack):
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=content)
        return message("order.sent", version=version.number, file=key)

    def _version(self, row: dict[str, Any]) -> ModelVersion:
        bleu = float(row["bleu"]) if row["bleu"] else None
        metric = None if bleu is None else METRIC
        target = self._pair.rpartition("-")[2]
        number, job, uploaded, state = (row[k] for k in ("version", "job", "uploaded", "state"))
        return ModelVersion(int(number), job, target, uploaded, state, metric, bleu, None)

    def _live(self) -> "lives.Live":
        key = layout.live_json_key(self._dataset)
        content = self._read(key)
        try:
            return lives.Live() if content is None else lives.live_from_json(content)
        except lives.DamagedError as error:
            raise StackStatusError(message("take_over.damaged", file=key)) from error

    def _read(self, key: str) -> bytes | None:
        try:
            found = self._s3.get_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in NOT_THERE:
                return None
            raise
        content: bytes = found["Body"].read()
        return content
