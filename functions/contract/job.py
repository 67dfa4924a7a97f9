"""job.json: what a training job is given. Functions write it; functions and the job read it.

JobBase
├── ModelJob          trains the model of a dataset
├── PredictionsJob    predicts a later test file with a finished model
└── TranslatorJob     trains a translator
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

# Relative, because the command loads this package under another name.
from .bounds import Serve, TakeOver, WhatIfWish
from .date_order import DateOrder
from .layout import (
    DATA,
    QUERIES,
    QUERY_ENDING,
    TRANSLATED,
    live_folder,
    results_folder,
    results_prefix,
)
from .target_rule import rule_code

# Where a score comes from → what it is called.
SCORED_ON = {
    "out-of-fold": "score.out_of_fold",
    "hold-out": "score.holdout",
    "test file": "score.test_file",
}


@dataclass(frozen=True)
class InputFile:
    """One uploaded file: which object it is, and how it is written."""

    file: str
    """Its name without the folder."""
    key: str
    bytes: int | None
    """None where it was not written down."""
    etag: str
    version_id: str
    uploaded: str
    """In ISO 8601."""
    encoding: str
    delimiter: str
    stored_etag: str = ""
    """Of the object, if the ETag above is that of the file that it was translated from."""
    pinned: bool = False
    """Whether the job reads a copy in its own folder, of exactly these bytes."""
    query: str = ""
    """The SQL that gave its rows, whose order means nothing."""
    may_differ: str = ""
    """What in that can give other rows each time."""

    @property
    def etag_of_key(self) -> str:
        """Of the object at `key`."""
        return self.stored_etag or self.etag

    @property
    def upload_key(self) -> str:
        """The key that was uploaded, also of a copy with translated columns or a query's rows."""
        if self.key.startswith(QUERIES):
            return f"{DATA}{self.file.removesuffix('.parquet')}{QUERY_ENDING}"
        return f"{DATA}{self.file}" if self.key.startswith(TRANSLATED) else self.key


@dataclass(frozen=True)
class Versions:
    """The uploads that a job was described for; S3 gives every upload another version."""

    train: str | None
    test: str | None
    settings: str | None


@dataclass(frozen=True)
class EarlierAttempt:
    """The attempt that ran out of memory before this one."""

    job: str
    instance_type: str
    billed_seconds: int
    usd: float


@dataclass(frozen=True, kw_only=True)
class JobBase:
    """What every job is given, whatever it makes."""

    dataset: str
    file_stem: str
    """What the names of its result files begin with."""
    job: str
    """Its name."""
    training_minutes: float
    versions: Versions
    uploaded: str
    """When the newest of its files was uploaded, in ISO 8601."""
    passed_over: tuple[str, ...]
    """Keys of files that were not used because a newer one with another ending exists."""
    source: str
    """The key of its code."""
    image: str
    instance_type: str
    usd_per_hour: float
    usd_per_gb_month: float
    price_date: str
    volume_gb: int
    max_runtime_seconds: int
    max_billed_seconds: int
    max_cost_usd: float
    worst_case_usd: float
    spot: bool
    network_isolation: bool
    after: EarlierAttempt | None = None
    """Set in a second attempt only."""
    no_quota: tuple[str, ...] = ()
    """Machines that would have been cheaper, and that the account may not use at all."""
    translation_usd: float = 0.0
    """What translating columns of its files has cost; it counts in the same cap."""
    query_usd: float = 0.0
    """What the queries have cost that gave its rows; it counts there, too."""
    free_of_charge: bool = False
    """Whether no machine is rented for it; its prices are 0 then."""

    @property
    def paid_usd(self) -> float:
        """What its files have cost before it starts."""
        return self.translation_usd + self.query_usd

    @property
    def results_prefix(self) -> str:
        return results_prefix(self.dataset)

    @property
    def results_folder(self) -> str:
        """Where its files are once it has ended."""
        return results_folder(self.dataset, self.job)

    @property
    def live_folder(self) -> str:
        """Where its files appear while it runs."""
        return live_folder(self.job)


@dataclass(frozen=True, kw_only=True)
class ModelJob(JobBase):
    """Trains the model of a dataset; its job.json becomes the model's passport."""

    kind: Literal["model"] = "model"
    program: str = "train.py"
    train: InputFile
    test: InputFile | None
    test_has_target: bool
    model_before: str | None
    """The key of the model that the dataset had before."""
    target: str
    target_rule: str
    """A code of `contract.target_rule`."""
    problem_type: str | None
    eval_metric: str | None
    preset: str
    ignore_columns: tuple[str, ...]
    id_column: str | None
    positive_class: str | None
    keep_columns: tuple[str, ...]
    """Used whatever they look like."""
    missing_values: tuple[str, ...] | None
    """What means that a value is missing; None = the usual marks."""
    merge_classes: bool
    """Whether classes that differ only in case or spaces are one."""
    threshold: float | None
    """The probability from which on a row is predicted as the positive class; None = 0.5."""
    miss_costs: float | None
    """The cost of missing a positive row, in false alarms; it decides the threshold."""
    group_column: str | None
    """Rows with the same value in it are never split between learning and scoring."""
    time_column: str | None
    """Rows that are later by it never teach earlier ones; the latest are scored."""
    date_order: DateOrder | None
    encoding: str | None
    """Of files that are not in UTF-8."""
    report_language: str
    """en, ko or zh-TW."""
    predictions_format: str
    """excel or plain."""
    reason_columns: bool
    """Whether the predictions have each reason as columns too."""
    keep_requests: float
    """Percent of the API's requests whose rows are kept for a month."""
    take_over: TakeOver
    """Whether it may answer requests in place of the model that does."""
    serve: Serve
    """What answers requests with it."""
    what_if: WhatIfWish
    """Whether the report has a form that answers rows: where it stays small, wherever it can, or
    never."""


@dataclass(frozen=True, kw_only=True)
class PredictionsJob(JobBase):
    """Predicts a test file that came after its model; trains nothing."""

    kind: Literal["predictions"] = "predictions"
    program: str = "predict.py"
    train: None = None
    test: InputFile
    target: str
    target_rule: str
    model_job: str
    """The training job that made the model."""
    model_key: str
    report_language: str
    predictions_format: str
    reason_columns: bool


@dataclass(frozen=True, kw_only=True)
class TranslatorJob(JobBase):
    """Trains a translator from sentence pairs."""

    kind: Literal["translator"] = "translator"
    program: str = "train_translator.py"
    source_language: str
    target_language: str
    seed: int
    base_model: str | None
    """What to fine-tune; None learns from scratch."""
    model_before: str | None
    """The key of the model that serves the pair, to compare with."""
    take_over: TakeOver
    """Whether it may serve in place of that one."""
    report_language: str
    train: InputFile
    test: None = None


Job = ModelJob | PredictionsJob | TranslatorJob

KINDS: Mapping[str, type[Job]] = {
    kind.kind: kind for kind in (ModelJob, PredictionsJob, TranslatorJob)
}
# What a key means that an earlier version did not write: the one list of defaults.
DEFAULTS: Mapping[str, Any] = {
    "kind": ModelJob.kind,
    "test": None,
    "test_has_target": False,
    "model_before": None,
    "problem_type": None,
    "eval_metric": None,
    "preset": "medium",
    "ignore_columns": (),
    "id_column": None,
    "positive_class": None,
    "keep_columns": (),
    "missing_values": None,
    "merge_classes": False,
    "threshold": None,
    "miss_costs": None,
    "group_column": None,
    "time_column": None,
    "date_order": None,
    "encoding": None,
    "report_language": "en",
    "predictions_format": "excel",
    "reason_columns": False,
    "keep_requests": 0.0,
    "take_over": "if_not_worse",
    "serve": "function",
    "what_if": "auto",
    "seed": 0,
    "base_model": None,
    "versions": {},
    "uploaded": "",
    "passed_over": (),
    "source": "",
    "image": "",
    "instance_type": "",
    "usd_per_hour": 0.0,
    # The price of a gigabyte and month that all of them were calculated with.
    "usd_per_gb_month": 0.154,
    "price_date": "",
    "volume_gb": 0,
    "max_runtime_seconds": 0,
    "max_cost_usd": 0.0,
    "worst_case_usd": 0.0,
    "spot": False,
    "network_isolation": True,
    "no_quota": (),
}
FILE_DEFAULTS: Mapping[str, Any] = {
    **dict.fromkeys(("file", "key", "etag", "version_id", "uploaded"), ""),
    "bytes": None,
    "encoding": "utf-8",
    "delimiter": ",",
    "stored_etag": "",
    "pinned": False,
    "query": "",
    "may_differ": "",
}
VERSIONS_DEFAULTS: Mapping[str, Any] = {"train": None, "test": None, "settings": None}
# Key → what its JSON object becomes, and the defaults in it.
PARTS: Mapping[str, tuple[type[InputFile | Versions | EarlierAttempt], Mapping[str, Any]]] = {
    "train": (InputFile, FILE_DEFAULTS),
    "test": (InputFile, FILE_DEFAULTS),
    "versions": (Versions, VERSIONS_DEFAULTS),
    "after": (EarlierAttempt, {}),
}
# More than AWS bills of any job beyond what it may run: a second attempt stays within its cap.
BILLED_BEYOND_RUNTIME_SECONDS = 4200
FIRST = ("kind", "dataset", "file_stem", "program")
ONLY_IF_ANY = ("after", "no_quota", "translation_usd", "query_usd", "free_of_charge")
# What is rented for a job, and at which price.
RENTED = (
    *("image", "instance_type", "volume_gb", "spot", "max_billed_seconds", "worst_case_usd"),
    *("usd_per_hour", "usd_per_gb_month", "price_date"),
)
# What of a job's own fields was concluded from its files, or is one of them.
NO_SETTINGS = (
    *("kind", "program", "train", "test", "test_has_target", "model_before", "target_rule"),
    *("model_job", "model_key", "seed"),
)
EVERY_JOB = tuple(field.name for field in fields(JobBase))


def job_from_json(content: bytes | str) -> Job:
    """The job that job.json describes; files of earlier versions lack keys, later ones have more.

    Raises ValueError for a file that is not a job.json.
    """
    given = json.loads(content)
    kind = KINDS.get(given.get("kind", DEFAULTS["kind"])) if isinstance(given, dict) else None
    if kind is None:
        raise ValueError("not a job.json of a known kind")
    whole = {**DEFAULTS, **_derived(given), **given}
    known = [field.name for field in fields(kind) if field.name in whole]
    return kind(**{name: _read(name, whole[name]) for name in known})


def to_json(job: Job) -> bytes:
    return json.dumps(to_mapping(job), ensure_ascii=False, indent=1).encode()


def to_mapping(job: Job) -> dict[str, object]:
    """The content of job.json, in the order in which people read it."""
    content = asdict(job)
    own = [name for name in content if name not in (*FIRST, *EVERY_JOB)]
    rest = [name for name in EVERY_JOB if name not in FIRST]
    rest = [name for name in rest if content[name] or name not in ONLY_IF_ANY]
    for file in filter(None, (content["train"], content["test"])):
        for name in ("stored_etag", "pinned", "query", "may_differ"):
            if not file[name]:
                del file[name]
    return {name: content[name] for name in (*FIRST, *own, *rest)}


def to_passport(job: Job) -> dict[str, object]:
    """What people read of a job: no machine and no image where none was rented."""
    content = to_mapping(job)
    unused = RENTED if job.free_of_charge else ()
    return {name: value for name, value in content.items() if name not in unused}


def settings_of(job: Job) -> dict[str, object]:
    """What a settings file would say for it, as JSON holds it; the machine is no part of that."""
    of_every_job = {one.name for one in fields(JobBase)}
    names = [one.name for one in fields(job) if one.name not in (*of_every_job, *NO_SETTINGS)]
    # A prediction job has no minutes of its own.
    names += [] if isinstance(job, PredictionsJob) else ["training_minutes"]
    chosen: dict[str, object] = json.loads(json.dumps({one: getattr(job, one) for one in names}))
    return chosen


def _derived(given: Mapping[str, Any]) -> dict[str, object]:
    """Defaults that follow from other keys."""
    runtime = given.get("max_runtime_seconds", 0)
    return {
        "file_stem": given.get("dataset"),
        # Billing grows with the run itself, by how much is not known of them.
        "max_billed_seconds": 2 * runtime + BILLED_BEYOND_RUNTIME_SECONDS,
    }


def _read(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    if name == "target_rule":
        return rule_code(value)
    if value is None or name not in PARTS:
        return value
    kind, defaults = PARTS[name]
    whole = {**defaults, **value}
    return kind(**{field.name: whole[field.name] for field in fields(kind)})
