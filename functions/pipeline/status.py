"""Where a dataset stands: STATUS.txt for people, status.json for programs."""

import json
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, TypedDict, assert_never

from contract.job import Job, ModelJob, PredictionsJob, TranslatorJob
from contract.layout import QUERY_ENDING, Named, refusal_prefix
from contract.messages import (
    ENGLISH,
    Message,
    is_known,
    message,
    message_from_json,
    message_to_json,
    render,
    verbatim,
)
from contract.target_rule import rule_message
from contract.visible import visible
from pipeline.errors import OverBudgetError, QueryRunsError
from pipeline.files import UploadedFiles, is_other_file

WIDTH = 15
State = Literal["waiting", "refused", "training", "predicting", "completed", "failed", "stopped"]
Severity = Literal["info", "warning", "error"]
SEVERITIES: Mapping[State, Severity] = {"refused": "error", "failed": "error", "stopped": "warning"}
LISTS = ("details", "notes", "next")


class Score(TypedDict):
    """How good a model or its predictions are."""

    metric: str
    score: float
    scored_on: str
    rows: int


Color = Literal["red", "yellow", "green"]


class Finding(TypedDict):
    """What speaks against using a model."""

    code: str
    severity: Severity


class Verdict(TypedDict):
    """Whether to use a model: red is no, yellow is to look at the findings first."""

    color: Color
    findings: list[Finding]


class Cost(TypedDict):
    """What a job cost."""

    usd: float
    usd_before: float
    """Of the attempt before it."""
    billed_seconds: int
    instance_type: str
    usd_per_hour: float
    price_date: str
    max_cost_usd: float


@dataclass(frozen=True)
class Status:
    """The answer to "What became of my file?"."""

    dataset: str
    state: State
    headline: Message
    prefix: str
    """Where STATUS.txt and status.json go."""
    details: tuple[Message, ...] = ()
    notes: tuple[Message, ...] = ()
    """What happened to this dataset after the state was reached."""
    job: str | None = None
    train_version: str | None = None
    """The upload of the train file that this status is about."""
    uploaded: str | None = None
    target: str | None = None
    results: str | None = None
    files: dict[str, str] = field(default_factory=dict)
    model: str | None = None
    score: Score | None = None
    verdict: Verdict | None = None
    cost: Cost | None = None
    next: tuple[Message, ...] = ()
    language: str = ENGLISH

    def with_note(self, note: Message) -> "Status":
        """The same status with one more note; a note that it has is not repeated."""
        return self if note in self.notes else replace(self, notes=(*self.notes, note))

    def with_latest(self, note: Message) -> "Status":
        """The same status with the note in place of earlier ones about the same."""
        about = note.code.rpartition(".")[0]
        others = [one for one in self.notes if one.code.rpartition(".")[0] != about]
        return replace(self, notes=(*others, note))

    @property
    def runs(self) -> bool:
        """Whether a job is running."""
        return self.state in ("training", "predicting")

    @property
    def against(self) -> tuple[Message, ...]:
        """What speaks against using the model: the findings of the verdict, in words."""
        found = self.verdict["findings"] if self.verdict else []
        return self.details[: len(found)]

    @property
    def severity(self) -> Severity:
        return SEVERITIES.get(self.state, "info")

    def has_job_for(self, train_version: str | None) -> bool:
        """True if a job for this upload is running or completed: later events become notes."""
        return (self.runs or self.state == "completed") and train_version in (
            None,
            self.train_version,
        )

    def to_json(self, updated: str) -> bytes:
        """Texts for people, and the messages that they were rendered from."""
        messages = {
            "headline": message_to_json(self.headline),
            **{name: [message_to_json(one) for one in getattr(self, name)] for name in LISTS},
        }
        content = {one.name: getattr(self, one.name) for one in fields(self)}
        texts = {
            "headline": self._say(self.headline),
            **{name: [self._say(one) for one in getattr(self, name)] for name in LISTS},
        }
        code = {"code": self.headline.root.code, "severity": self.severity}
        whole = {**content, **texts, **code, "messages": messages, "updated": updated}
        return json.dumps(whole, ensure_ascii=False, indent=1).encode()

    def to_text(self, updated: str) -> bytes:
        """Plain text that reads well in a browser, a terminal and a mail."""
        steps = [f"  - {self._say(step)}" for step in self.next]
        sections = [
            self._say(self.headline),
            "\n".join(map(self._say, (*self.details, *self.notes))),
            self._files(),
            "\n".join([self._say(message("status.next")), *steps]) if steps else "",
            self._say(self._signature(updated)),
        ]
        return ("\n\n".join(section for section in sections if section) + "\n").encode()

    def _say(self, what: Message) -> str:
        return render(what, self.language)

    def _files(self) -> str:
        names = {name: self._say(file_name(name)) for name in self.files}
        lines = [f"  {_padded(names[name])} {visible(key)}" for name, key in self.files.items()]
        return "\n".join([self._say(message("status.files")), *lines]) if lines else ""

    def _signature(self, updated: str) -> Message:
        state = message(f"state.{self.state}")
        known = {"dataset": self.dataset, "state": state, "time": updated}
        if self.job is None:
            return message("status.as_of", **known)
        return message("status.as_of_job", job=self.job, **known)


def status_from_json(content: bytes) -> Status:
    """Parse a status written by this release or an earlier one."""
    written = json.loads(content)
    known = {one.name: written[one.name] for one in fields(Status) if one.name in written}
    messages = written.get("messages")
    read = _messages(messages) if messages and _are_known(messages) else _verbatim(written)
    return Status(**{**known, **read})


def file_name(name: str) -> Message:
    """What a result file is called in STATUS.txt."""
    return message(f"file_name.{name.replace(' ', '_')}")


def notes_of(performance: Mapping[str, Any]) -> list[Message]:
    """What the job's own files say about the data and the model; verbatim where it has no codes."""
    notes = performance.get("notes", [])
    if notes and all("code" in note and _are_known(note) for note in notes):
        return [message_from_json(note) for note in notes]
    return [verbatim(text) for text in performance.get("warnings", [])]


def verdict_of(performance: Mapping[str, Any]) -> tuple[Verdict | None, list[Message]]:
    """Whether to use the model by its job's own word, and why not, the gravest first."""
    verdict = performance.get("verdict")
    if verdict is None or not _are_known(verdict["findings"]):
        return None, []
    found = verdict["findings"]
    severities: Mapping[str, Severity] = {"red": "error", "yellow": "warning"}
    listed: list[Finding] = [
        {"code": one["code"], "severity": severities[one["severity"]]} for one in found
    ]
    return {"color": verdict["color"], "findings": listed}, [
        message_from_json(one) for one in found
    ]


def of_dataset(
    dataset: Named,
    state: State,
    headline: str,
    values: Mapping[str, Any] | None = None,
    **more: Any,
) -> Status:
    """A status whose headline has this code; `values` fill it, and `more` are other fields."""
    return Status(
        dataset=dataset.name,
        state=state,
        headline=message(headline, dataset=dataset.name, **(values or {})),
        prefix=dataset.results_prefix,
        **more,
    )


def misnamed(key: str, reason: Message) -> Status:
    """The answer to a file that belongs to no dataset."""
    return Status(
        dataset=key,
        state="refused",
        headline=reason,
        prefix=refusal_prefix(key),
        next=(message("next.rename"),),
    )


def waiting_for_train(dataset: Named, test_key: str, alike: str | None = None) -> Status:
    """The answer to a test file that came first, or alone.

    `alike` is the key of a train file whose name looks the same.
    """
    first, *others = dataset.train_keys
    stem = first.removesuffix(".csv")
    endings = tuple(key.removeprefix(stem) for key in others if not key.endswith(QUERY_ENDING))
    return of_dataset(
        dataset,
        "waiting",
        "status.waiting_for_train",
        values={"file": first},
        details=(
            message("detail.test_is_here", file=test_key),
            *([message("detail.looks_alike", file=alike)] if alike else []),
        ),
        next=(message("next.upload_train", file=first, endings=endings),),
    )


def retrying(dataset: Named) -> Status:
    """The answer to an upload that was delivered before without a known outcome."""
    return of_dataset(
        dataset,
        "waiting",
        "status.waiting_to_retry",
        details=(message("detail.interrupted_upload"),),
        next=(message("next.wait_or_ask"),),
    )


def deleted(dataset: Named) -> Status:
    """The answer to an upload that is gone when it is tried again."""
    return of_dataset(
        dataset,
        "refused",
        "status.deleted",
        next=(message("next.upload_again_free"),),
    )


def waiting_for_aws(dataset: Named, reason: Message, aws_says: str) -> Status:
    """The answer to an upload that AWS has no room for now."""
    return of_dataset(
        dataset,
        "waiting",
        "status.waiting_for",
        values={"reason": reason},
        details=(message("detail.aws_says", text=aws_says), message("detail.retried")),
        next=(message("next.wait_or_quota"),),
    )


def waiting_for_budget(dataset: Named, reason: OverBudgetError) -> Status:
    """The answer to an upload that would spend more than the stack may in a month."""
    return of_dataset(
        dataset,
        "waiting",
        "status.waiting_for",
        values={"reason": reason.message},
        details=reason.details,
        next=(message("next.wait_or_cheaper"),),
    )


def waiting_for_query(dataset: Named, reason: QueryRunsError) -> Status:
    """The answer to an upload whose rows come from a query that runs."""
    return of_dataset(
        dataset,
        "waiting",
        "status.waiting_for",
        values={"reason": reason.message},
        details=(*reason.details, message("detail.training_follows")),
    )


def refused(
    dataset: Named,
    reason: Message,
    files: UploadedFiles,
    before: Status | None,
    paid_usd: float = 0.0,
) -> Status:
    """The answer to files that cannot be trained as they are; `paid_usd` is for their queries."""
    paid = [message("detail.no_job"), message("detail.query_paid", usd=paid_usd)]
    return of_dataset(
        dataset,
        "refused",
        "status.refused",
        values={"reason": reason},
        details=(
            *(paid if paid_usd else [message("detail.nothing_paid")]),
            *not_used(files.passed_over),
            *earlier_model(before),
        ),
        train_version=files.train.version,
        uploaded=files.uploaded,
        next=(message("next.correct"),),
    )


def earlier_model(before: Status | None) -> list[Message]:
    """Where the model is that the dataset has had until now, if it has one."""
    if before is None or before.state != "completed":
        return []
    return [message("detail.earlier_model", folder=before.results)]


def broken(dataset: Named) -> Status:
    """The answer to an upload that our own code could not handle."""
    return of_dataset(
        dataset,
        "failed",
        "status.broken",
        details=(message("detail.administrators_know"),),
        next=(message("next.wait_for_administrator"),),
    )


def killed(dataset: Named) -> Status:
    """The answer to an upload that has killed our function each time."""
    return of_dataset(
        dataset,
        "failed",
        "status.killed",
        details=(message("detail.administrators_know"),),
        next=(message("next.simpler_file"), message("next.wait_for_administrator")),
    )


def started(spec: Job) -> Status:
    """The answer to files whose job runs."""
    match spec:
        case PredictionsJob():
            return predicting(spec)
        case ModelJob() | TranslatorJob():
            return training(spec)
        case _:
            assert_never(spec)


def training(spec: ModelJob | TranslatorJob) -> Status:
    """The answer to files that are being trained."""
    return Status(
        dataset=spec.dataset,
        state="training",
        headline=_purpose(spec),
        prefix=spec.results_prefix,
        details=(
            *_after(spec),
            *_other_machine(spec),
            *target_sentence(spec),
            *of_queries(spec),
            *not_used(spec.passed_over),
            *_meanwhile(spec),
            _duration(spec),
            worst_case(spec),
        ),
        job=spec.job,
        train_version=spec.versions.train,
        uploaded=spec.uploaded,
        target=target_of(spec),
        results=spec.results_folder,
        next=(message("next.watch", folder=spec.live_folder),),
        language=spec.report_language,
    )


def predicting(spec: PredictionsJob) -> Status:
    """The answer to a test file whose model is there already."""
    return Status(
        dataset=spec.dataset,
        state="predicting",
        headline=message("status.predicting", dataset=spec.dataset, file=spec.test.file),
        prefix=spec.results_prefix,
        details=(
            *_other_machine(spec),
            message("detail.predicted_by", job=spec.model_job),
            *of_queries(spec),
            *not_used(spec.passed_over),
            _duration(spec),
            worst_case(spec),
        ),
        job=spec.job,
        train_version=spec.versions.train,
        uploaded=spec.uploaded,
        target=spec.target,
        results=spec.results_folder,
        model=spec.model_key,
        next=(message("next.come_back"),),
        language=spec.report_language,
    )


def target_of(spec: Job) -> str | None:
    """What is predicted; a translator predicts nothing."""
    return None if isinstance(spec, TranslatorJob) else spec.target


def target_sentence(spec: Job) -> list[Message]:
    """What is predicted, and why that."""
    if isinstance(spec, TranslatorJob):
        return []
    rule = rule_message(spec.target_rule, spec.target)
    return [message("detail.target", target=spec.target, rule=rule)]


def _meanwhile(spec: Job) -> list[Message]:
    before = spec.model_before if isinstance(spec, ModelJob) else None
    return [message("detail.meanwhile", model=before)] if before else []


def _duration(spec: Job) -> Message:
    """How long it takes, on which machine where one is rented."""
    machine = {} if spec.free_of_charge else {"instance": spec.instance_type}
    where = "_free" if spec.free_of_charge else ""
    match spec:
        case PredictionsJob():
            return message(f"detail.duration_predictions{where}", **machine)
        case ModelJob() | TranslatorJob():
            return message(
                f"detail.duration_model{where}",
                count=spec.training_minutes,
                scored_on=_scored_on(spec),
                **machine,
            )
        case _:
            assert_never(spec)


def worst_case(spec: Job) -> Message:
    """What a job costs at the most."""
    if spec.free_of_charge:
        return message("detail.worst_case_free")
    return message(
        "detail.worst_case_spot" if spec.spot else "detail.worst_case",
        usd=spec.worst_case_usd,
        date=spec.price_date,
        limit=spec.max_cost_usd,
        instance=spec.instance_type,
        gb=spec.volume_gb,
    )


def _purpose(spec: ModelJob | TranslatorJob) -> Message:
    if isinstance(spec, TranslatorJob):
        return message(
            "status.training_translator",
            dataset=spec.dataset,
            source=spec.source_language,
            into=spec.target_language,
        )
    return message("status.training_model", dataset=spec.dataset, target=spec.target)


def _after(spec: Job) -> list[Message]:
    """Why this is a second attempt, if it is one."""
    before = spec.after
    if not before:
        return []
    return [
        message(
            "detail.second_attempt",
            instance=before.instance_type,
            seconds=before.billed_seconds,
            usd=before.usd,
        )
    ]


def _other_machine(spec: Job) -> list[Message]:
    """Why it is not the cheapest machine, if it is not."""
    if not spec.no_quota:
        return []
    return [message("detail.other_machine", instance=spec.instance_type, unavailable=spec.no_quota)]


def _scored_on(spec: ModelJob | TranslatorJob) -> Message:
    if isinstance(spec, TranslatorJob):
        return message("scored_on.pairs")
    return message("scored_on.test" if spec.test_has_target else "scored_on.train")


def not_used(passed_over: Iterable[str]) -> list[Message]:
    """A sentence per file that has a newer one of another kind beside it."""
    return [message("detail.not_used", file=key) for key in passed_over]


def of_queries(spec: Job) -> list[Message]:
    """Where rows come from a query: what it has cost, and whether it gives the same again."""
    files = [file for file in (spec.train, spec.test) if file and file.query]
    paid = [message("detail.query_paid", usd=spec.query_usd)] if spec.query_usd else []
    return [
        *(message("detail.queried", file=file.upload_key) for file in files),
        *paid,
        *(
            message("detail.may_differ", file=file.upload_key, why=file.may_differ)
            for file in files
            if file.may_differ
        ),
    ]


def note_on_existing_job(spec: Job, files: UploadedFiles) -> Message | None:
    """The note for an upload whose job exists already; None for a late event."""
    given = spec.versions
    if files.train.version != given.train:
        is_query = spec.train is not None and bool(spec.train.query)
        return message("note.same_query" if is_query else "note.same_train")
    if files.test is None or files.test.version == given.test:
        return None
    other = is_other_file(spec.test, files.test)
    return message("note.later_test" if other else "note.same_test", file=files.test.key)


def _messages(content: Mapping[str, Any]) -> Mapping[str, Any]:
    lists = {name: tuple(map(message_from_json, content[name])) for name in LISTS}
    return {"headline": message_from_json(content["headline"]), **lists}


def _verbatim(written: Mapping[str, Any]) -> Mapping[str, Any]:
    lists = {name: tuple(map(verbatim, written[name])) for name in LISTS}
    return {"headline": verbatim(written["headline"]), **lists}


def _are_known(content: object) -> bool:
    """Whether every code in some messages, at any depth, has a text in this release."""
    if isinstance(content, dict):
        code = content.get("code")
        return (not isinstance(code, str) or is_known(code)) and all(
            map(_are_known, content.values())
        )
    return all(map(_are_known, content)) if isinstance(content, list) else True


def _padded(name: str) -> str:
    """A name as wide as the column; characters of East Asia take two places."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in name)
    return name + " " * max(0, WIDTH - len(name) - wide)
