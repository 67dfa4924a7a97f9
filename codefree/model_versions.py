"""The versions of a dataset's model, which of them answers requests, and how that is changed."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from codefree.bounds import bounds
from codefree.layout import layout
from codefree.live import live as lives
from codefree.runs import runs as lists
from codefree.s3_files import keys_below
from codefree.stack_status import Answer, Connect, StackStatusError, described_stack, in_words
from codefree.words import message

if TYPE_CHECKING:
    from contract.bounds import Serve

# What a version needs to be deployed, and does not say before.
ONLY_TO_DEPLOY = ("has_columns", "serve")
READS_AT_ONCE, WRITES = 8, 10
NOT_THERE = ("NoSuchKey", "404")
WRITTEN_MEANWHILE = ("PreconditionFailed", "ConditionalRequestConflict", *NOT_THERE)
NOT_PORTABLE, PERFORMANCE = "not_portable", "performance"


@dataclass(frozen=True)
class ModelVersion:
    """A model that a training job has made."""

    number: int
    """From 1, the oldest upload."""
    job: str
    target: str
    uploaded: str
    """In ISO 8601."""
    state: str
    """champion, challenger, held_back, earlier or not_portable."""
    metric: str | None
    score: float | None
    interval: tuple[float, float] | None
    has_columns: bool = False
    """Whether an endpoint can answer with it, though it is not portable."""
    serve: "Serve" = "function"
    """What is to answer with it."""

    @property
    def answers(self) -> bool:
        """Whether it can."""
        by_endpoint = self.has_columns and self.serve in bounds.ENDPOINTS
        return self.state != NOT_PORTABLE or by_endpoint


@dataclass(frozen=True)
class Models:
    """All versions of a dataset, the oldest first."""

    dataset: str
    versions: list[ModelVersion]
    live: "lives.Live"
    """As it is at the moment of looking."""
    now: datetime
    language: str
    """What the stack speaks."""

    def number_of(self, job: str) -> str:
        """Of the version that a job has made; the job itself where its status is gone."""
        return next((str(one.number) for one in self.versions if one.job == job), job)

    def to_json(self) -> dict[str, Any]:
        trial = self.live.on_trial(self.now)
        live = {
            "answers_requests": self.live.on and self.live.champion is not None,
            "champion": self.live.champion.job if self.live.champion else None,
            "challenger": trial.version.job if trial else None,
            "share": trial.share if trial else 0.0,
            "until": trial.until if trial else None,
        }
        versions = [
            {name: value for name, value in asdict(one).items() if name not in ONLY_TO_DEPLOY}
            for one in self.versions
        ]
        return {"dataset": self.dataset, "live": live, "versions": versions}


@dataclass(frozen=True)
class RunList:
    """Every run of a dataset, the oldest first, and what answers now."""

    runs: "lists.Runs"
    live: "lives.Live"
    now: datetime
    language: str
    bucket: str

    def answers(self, run: "lists.Run") -> str:
        """What its model is for requests."""
        return self.runs.answers(run, self.live, self.now)

    def changed(self, run: "lists.Run") -> list[str]:
        """What differs from the training before, each in one line."""
        return [lists.change_text(one) for one in self.runs.changes(run) or ()]

    def to_json(self) -> dict[str, Any]:
        return {
            "dataset": self.runs.dataset,
            "runs": [
                {
                    **asdict(one),
                    "version": self.runs.versions.get(one.job),
                    "answers": self.answers(one),
                    "changed": self.changed(one),
                    "same_rows_as": [other.job for other in self.runs.on_same_rows(one)],
                }
                for one in self.runs.all
            ],
        }


class Versions:
    """The models of one dataset of a stack; every failure is a StackStatusError, in words."""

    def __init__(self, connect: Connect, stack: str, dataset: str) -> None:
        with in_words_of(stack):
            self._bucket, self.language = described_stack(connect("cloudformation"), stack)
            self._s3 = connect("s3")
        self._stack, self.dataset = stack, dataset

    def look(self, now: datetime) -> Models:
        """Find what there is, and which of it answers now."""
        with in_words_of(self._stack):
            live = self._read_live()[0]
            return self._models(live, now)

    def runs(self, now: datetime) -> RunList:
        """Find what the jobs of the dataset were given and made, and which model answers now."""
        with in_words_of(self._stack):
            content, _ = self._read(layout.runs_key(self.dataset, layout.RUNS_JSON))
            found = lists.runs_from_json(self.dataset, content)
            if not found.all:
                bucket = f"s3://{self._bucket}/"
                raise StackStatusError(message("runs.none", dataset=self.dataset, bucket=bucket))
            return RunList(
                found, self._read_live()[0].settled(now), now, self.language, self._bucket
            )

    def deploy(self, number: int | None, serve: str | None, now: datetime) -> Models:
        """Let a version answer all requests: the newest that can, unless a number is given.

        `serve` is what answers with it; None leaves it as it was trained for.
        """
        with in_words_of(self._stack):
            versions = self._models(lives.Live(), now).versions
            with ThreadPoolExecutor(READS_AT_ONCE) as pool:
                able = list(pool.map(lambda one: self._served(one, serve), versions))
            chosen = self._chosen(number, able)
            version = lives.Version(chosen.job, chosen.target, chosen.uploaded, serve=chosen.serve)
            return self._changed(lambda live: live.deployed(version, now), now, anew=True)

    def roll_back(self, now: datetime) -> Models:
        """End the trial of a challenger or, without one, go back to the champion of before."""

        def back(live: "lives.Live") -> "lives.Live":
            before = live.rolled_back(now)
            if before is None:
                raise StackStatusError(message("models.nothing_before"))
            return before

        with in_words_of(self._stack):
            return self._changed(back, now)

    def undeploy(self, now: datetime) -> Models:
        """Let no version answer."""
        with in_words_of(self._stack):
            return self._changed(lambda live: live.undeployed(now), now)

    def _served(self, version: ModelVersion, serve: str | None) -> ModelVersion:
        """The version with what is to answer with it; what answered none does so when deployed."""
        chosen: Any = serve
        if chosen is None:
            trained_for = self._read_json(layout.job_json_key(version.job)).get("serve", "function")
            chosen = "function" if trained_for == "none" else trained_for
        return replace(version, serve=chosen)

    def _changed(
        self, change: "Callable[[lives.Live], lives.Live]", now: datetime, anew: bool = False
    ) -> Models:
        """Write unless others have, and then look again; `anew` replaces a damaged file."""
        for _ in range(WRITES):
            before, etag = self._read_live(anew)
            models = self._models(before, now)
            after = change(before)
            if after == before or self._put(after, etag):
                return self._models(after, now, models.versions)
        raise StackStatusError(message("models.busy"))

    def _read_live(self, anew: bool = False) -> "tuple[lives.Live, str | None]":
        key = layout.live_json_key(self.dataset)
        content, etag = self._read(key)
        if content is not None:
            try:
                return lives.live_from_json(content), etag
            except ValueError as error:
                if not anew:
                    raise StackStatusError(message("models.damaged", key=key)) from error
                # The newest model, which model.json names, may be one that was held back.
                return lives.Live(), etag
        pointer = self._read_json(layout.model_json_key(self.dataset))
        return lives.live_of_pointer(pointer if self._is_portable(pointer) else None), etag

    def _is_portable(self, pointer: Answer) -> bool:
        if not pointer:
            return False
        key = layout.results_folder(self.dataset, pointer["job"]) + layout.PORTABLE_MODEL
        found = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=key, MaxKeys=1)
        return bool(found["KeyCount"])

    def _put(self, after: "lives.Live", etag: str | None) -> bool:
        condition = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
        try:
            self._s3.put_object(
                Bucket=self._bucket,
                Key=layout.live_json_key(self.dataset),
                Body=after.to_json(),
                ContentType="application/json",
                **condition,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in WRITTEN_MEANWHILE:
                return False
            raise
        return True

    def _read(self, key: str) -> tuple[bytes | None, str | None]:
        try:
            found = self._s3.get_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in NOT_THERE:
                return None, None
            raise
        return found["Body"].read(), found["ETag"]

    def _models(
        self, live: "lives.Live", now: datetime, known: list[ModelVersion] | None = None
    ) -> Models:
        """All versions, in their states; what is known is not read again."""
        settled = live.settled(now)
        found = known or [_version(n, *one) for n, one in enumerate(self._trained(), start=1)]
        if not found:
            bucket = f"s3://{self._bucket}/"
            raise StackStatusError(message("models.none", dataset=self.dataset, bucket=bucket))
        known_live = [one.job for one in settled.versions]
        stated = [
            replace(one, state=settled.state_of(one.job, now))
            if one.answers or one.job in known_live
            else one
            for one in found
        ]
        return Models(self.dataset, stated, settled, now, self.language)

    def _trained(self) -> list[tuple[Answer, Answer]]:
        """Status and scores of each job that has made a model, the oldest upload first."""
        keys = [
            key
            for key in keys_below(self._s3, self._bucket, layout.results_prefix(self.dataset))
            if key.endswith(f"/{layout.STATUS_JSON}")
        ]
        with ThreadPoolExecutor(READS_AT_ONCE) as pool:
            statuses = [one for one in pool.map(self._read_json, keys) if self._is_model(one)]
            statuses.sort(key=lambda one: (one["uploaded"] or "", one["job"]))
            scores = pool.map(self._read_json, [s["files"].get(PERFORMANCE) for s in statuses])
            return list(zip(statuses, scores, strict=True))

    def _is_model(self, status: Answer) -> bool:
        """Whether it is a job's own, and that job has trained."""
        job = status.get("job")
        return (
            job is not None
            and status["dataset"] == self.dataset
            and status["prefix"] == status["results"]
            and status["state"] == "completed"
            and status["model"] == layout.model_key(job)
        )

    def _read_json(self, key: str | None) -> Answer:
        content = self._read(key)[0] if key else None
        found: Answer = json.loads(content) if content else {}
        return found

    def _chosen(self, number: int | None, versions: list[ModelVersion]) -> ModelVersion:
        if number is None:
            able = [one for one in versions if one.answers]
            if not able:
                raise StackStatusError(message("models.none_can_answer", dataset=self.dataset))
            return able[-1]
        if not 1 <= number <= len(versions):
            count = len(versions)
            raise StackStatusError(
                message("models.no_version", dataset=self.dataset, number=number, count=count)
            )
        chosen = versions[number - 1]
        if not chosen.answers:
            raise StackStatusError(
                message("models.cannot_answer", dataset=self.dataset, number=number)
            )
        return chosen


def _version(number: int, status: Answer, performance: Answer) -> ModelVersion:
    score = status["score"] or {}
    interval = performance.get("interval")
    return ModelVersion(
        number,
        status["job"],
        status["target"],
        status["uploaded"] or "",
        "earlier" if layout.NAMED_PORTABLE in status["files"] else NOT_PORTABLE,
        score.get("metric"),
        score.get("score"),
        tuple(interval) if interval else None,
        layout.NAMED_COLUMNS in status["files"],
    )


@contextmanager
def in_words_of(stack: str) -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError, ResponseParserError) as error:
        raise StackStatusError(in_words(error, stack)) from error
