"""Where a dataset stands: STATUS.txt for people, status.json for programs."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from automl.budget import at_most
from automl.dataset import Named, refusal_prefix
from automl.errors import OverBudgetError
from automl.files import UploadedFiles
from automl.prediction_job import is_other_file
from automl.training_job import results_folder

WIDTH = 15
State = Literal["waiting", "refused", "training", "predicting", "completed", "failed", "stopped"]


@dataclass(frozen=True)
class Status:
    """One answer to «what became of my file?»."""

    dataset: str
    state: State
    headline: str
    prefix: str
    """Where STATUS.txt and status.json go."""
    details: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What happened to this dataset after the state was reached."""
    job: str | None = None
    train_version: str | None = None
    """The upload of the train file that this status is about."""
    uploaded: str | None = None
    target: str | None = None
    results: str | None = None
    files: dict[str, str] = field(default_factory=dict)
    model: str | None = None
    score: dict[str, Any] | None = None
    cost: dict[str, Any] | None = None
    next: tuple[str, ...] = ()

    def with_note(self, note: str) -> "Status":
        """The same status with one more note; a note that it has is not repeated."""
        return self if note in self.notes else replace(self, notes=(*self.notes, note))

    @property
    def runs(self) -> bool:
        """Whether a job is on."""
        return self.state in ("training", "predicting")

    def has_job_for(self, train_version: str | None) -> bool:
        """Whether a job runs or has made a model for this upload: what comes later is a note."""
        return (self.runs or self.state == "completed") and train_version in (
            None,
            self.train_version,
        )

    def to_json(self, updated: str) -> bytes:
        return json.dumps(
            asdict(self) | {"updated": updated}, ensure_ascii=False, indent=1
        ).encode()

    def to_text(self, updated: str) -> bytes:
        """Plain text that reads well in a browser, a terminal and a mail."""
        sections = [
            self.headline,
            "\n".join((*self.details, *self.notes)),
            _table("Files", self.files),
            "\n".join(("What to do next", *(f"  - {step}" for step in self.next)))
            if self.next
            else "",
            f"Dataset {self.dataset}, {self.state}"
            + (f", job {self.job}" if self.job else "")
            + f", as of {updated}",
        ]
        return ("\n\n".join(section for section in sections if section) + "\n").encode()


def status_from_json(content: bytes) -> Status:
    """The status that was written earlier."""
    fields = json.loads(content)
    fields.pop("updated")
    lists = {name: tuple(fields[name]) for name in ("details", "notes", "next")}
    return Status(**{**fields, **lists})


def of_dataset(dataset: Named, state: State, what: str, **more: Any) -> Status:
    """A status whose headline is `what` behind the dataset's name; `more` are other fields."""
    return Status(
        dataset=dataset.name,
        state=state,
        headline=f"{dataset.name}: {what}",
        prefix=dataset.results_prefix,
        **more,
    )


def misnamed(key: str, reason: str) -> Status:
    """The answer to a file that belongs to no dataset."""
    return Status(
        dataset=key,
        state="refused",
        headline=reason,
        prefix=refusal_prefix(key),
        next=("Rename the file and upload it again. Nothing was trained and nothing was paid.",),
    )


def waiting_for_train(dataset: Named, test_key: str) -> Status:
    """The answer to a test file that came first, or alone."""
    first, *others = dataset.train_keys
    endings = ", ".join(key.removeprefix(first.removesuffix(".csv")) for key in others)
    return of_dataset(
        dataset,
        "waiting",
        f"waiting for {first}.",
        details=(
            f"The test file {test_key} is here; training starts by itself as soon as the train "
            "file is.",
        ),
        next=(f"Upload {first}, or the same with another ending: {endings}.",),
    )


def tried_again(dataset: Named) -> Status:
    """The answer to an upload that was delivered before, and nobody knows what came of it."""
    return of_dataset(
        dataset,
        "waiting",
        "waiting for another try.",
        details=(
            "Your upload was looked at before, and that ended without an answer; it is tried again "
            "by itself.",
        ),
        next=("Nothing; if this stays so for hours, tell the people who run this.",),
    )


def deleted(dataset: Named) -> Status:
    """The answer to an upload that is gone when it is tried again."""
    return of_dataset(
        dataset,
        "refused",
        "the file was deleted before it could be looked at.",
        next=("Upload it again. Nothing was trained and nothing was paid.",),
    )


def waiting_for_aws(dataset: Named, reason: str, aws_says: str) -> Status:
    """The answer to an upload that AWS has no room for now."""
    return of_dataset(
        dataset,
        "waiting",
        f"waiting for {reason}.",
        details=(f"AWS says: {aws_says}", "Nothing is lost; it is tried again by itself."),
        next=(
            "Nothing, or ask for a higher quota in the Service Quotas console "
            "(Amazon SageMaker, «for training job usage»).",
        ),
    )


def waiting_for_budget(dataset: Named, reason: OverBudgetError) -> Status:
    """The answer to an upload that would spend more than the stack may in a month."""
    return of_dataset(
        dataset,
        "waiting",
        f"waiting for {reason}.",
        details=reason.details,
        next=(
            "Nothing; or set fewer training_minutes in the settings file and upload it, or ask an "
            "engineer to raise MonthlyBudgetUsd.",
        ),
    )


def refused(dataset: Named, reason: str, files: UploadedFiles, before: Status | None) -> Status:
    """The answer to files that cannot be trained as they are."""
    return of_dataset(
        dataset,
        "refused",
        f"refused. {reason}",
        details=(
            "No training job was started and nothing was paid.",
            *not_used(files.passed_over),
            *earlier_model(before),
        ),
        train_version=files.train.version,
        uploaded=files.uploaded,
        next=("Correct the file and upload it again under the same name.",),
    )


def earlier_model(before: Status | None) -> list[str]:
    """Where the model is that the dataset has had until now, if it has one."""
    if before is None or before.state != "completed":
        return []
    return [f"The earlier model and its results are still in {before.results}"]


def broken(dataset: Named) -> Status:
    """The answer to an upload that our own code could not handle."""
    return of_dataset(
        dataset,
        "failed",
        "something broke on our side, and your upload was put aside.",
        details=("The people who run this were told. No training job was started.",),
        next=("Wait for them, or upload the file again later.",),
    )


def training(spec: dict[str, Any]) -> Status:
    """The answer to files that are being trained."""
    what, why = _purpose(spec)
    return Status(
        dataset=spec["dataset"],
        state="training",
        headline=f"{spec['dataset']}: training {what}.",
        prefix=f"results/{spec['dataset']}/",
        details=(
            *_after(spec),
            *why,
            *not_used(spec["passed_over"]),
            *_meanwhile(spec),
            f"It takes up to {spec['training_minutes']:g} minutes of fitting plus a few minutes "
            f"around it, on {spec['instance_type']}; the score will come from {_scored_on(spec)}.",
            worst_case(spec),
        ),
        job=spec["job"],
        train_version=spec["versions"]["train"],
        uploaded=spec["uploaded"],
        target=spec.get("target"),
        results=results_folder(spec),
        next=(f"Watch {results_folder(spec)}progress.json, or come back in a few minutes.",),
    )


def predicting(spec: dict[str, Any]) -> Status:
    """The answer to a test file whose model is there already."""
    return Status(
        dataset=spec["dataset"],
        state="predicting",
        headline=f"{spec['dataset']}: predicting {spec['test']['file']}.",
        prefix=f"results/{spec['dataset']}/",
        details=(
            f"The model of training job {spec['model_job']} predicts it; nothing is trained.",
            *not_used(spec["passed_over"]),
            f"It takes some minutes on {spec['instance_type']}.",
            worst_case(spec),
        ),
        job=spec["job"],
        train_version=spec["versions"]["train"],
        uploaded=spec["uploaded"],
        target=spec["target"],
        results=results_folder(spec),
        model=spec["model_key"],
        next=("Come back in a few minutes.",),
    )


def _meanwhile(spec: dict[str, Any]) -> list[str]:
    before = spec.get("model_before")
    return (
        [f"Until it is done the model before stays the dataset's own: {before}"] if before else []
    )


def worst_case(spec: dict[str, Any]) -> str:
    """What a job costs at the very most, in words."""
    spare = (
        " Spare capacity (spot) is usually cheaper; that is not counted on." if spec["spot"] else ""
    )
    return (
        f"It costs ${at_most(spec['worst_case_usd'])} at the very most (estimate, prices of "
        f"{spec['price_date']}; the cap is ${spec['max_cost_usd']:.2f}): every second that AWS can "
        f"bill of {spec['instance_type']} and {spec['volume_gb']} GB of disk.{spare}"
    )


def _purpose(spec: dict[str, Any]) -> tuple[str, list[str]]:
    """What is trained, and why that."""
    if spec["kind"] == "translator":
        return f"a translator from {spec['source_language']} to {spec['target_language']}", []
    why = f"The target is {spec['target']!r}, because {spec['target_rule']}."
    return f"a model that predicts {spec['target']}", [why]


def _after(spec: dict[str, Any]) -> list[str]:
    """Why this is a second attempt, if it is one."""
    before = spec.get("after")
    if not before:
        return []
    return [
        f"It is the second attempt, because {before['instance_type']} ran out of memory after "
        f"{before['billed_seconds']} billed seconds (${before['usd']:.2f}); both together stay "
        "within the cap."
    ]


def _scored_on(spec: dict[str, Any]) -> str:
    if spec["kind"] == "translator":
        return "sentence pairs held out of the train file"
    return "the test file" if spec["test_has_target"] else "rows held out of the train file"


def not_used(passed_over: Iterable[str]) -> list[str]:
    """A sentence per file that has a newer one of another kind beside it."""
    return [
        f"The file {key} was not used, because one with another ending is newer; delete the one "
        "that you do not mean."
        for key in passed_over
    ]


def note_on_existing_job(spec: dict[str, Any], files: UploadedFiles) -> str | None:
    """What to tell somebody whose upload finds its job there already; None for a late event."""
    given = spec["versions"]
    if files.train.version != given["train"]:
        return (
            "The same train file was uploaded again; its model is there already or on its way, so "
            "nothing was trained or paid twice."
        )
    if files.test is None or files.test.version == given["test"]:
        return None
    if is_other_file(spec["test"], files.test):
        return (
            f"The test file {files.test.key} came after the training job had started; it is "
            "predicted by itself as soon as the model is ready."
        )
    return (
        f"The same test file {files.test.key} was uploaded again; its predictions are those of "
        "this job, so nothing was predicted or paid twice."
    )


def _table(title: str, entries: dict[str, str]) -> str:
    if not entries:
        return ""
    return "\n".join([title, *(f"  {name:<{WIDTH}} {value}" for name, value in entries.items())])
