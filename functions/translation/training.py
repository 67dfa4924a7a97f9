"""From a file of sentence pairs to the plan of its training job, or a refusal in words."""

import re
from dataclasses import dataclass

from contract.job import TranslatorJob
from contract.layout import TRANSLATION, results_prefix, version_order_key
from contract.messages import Message, message
from pipeline.budget import Budget, plan_budget
from pipeline.errors import MisnamedError, RefusedError
from pipeline.files import UploadedFile, UploadedFiles, csv_head
from pipeline.settings import Settings, apply_settings_file
from pipeline.stack import Stack
from pipeline.training_job import common_job, described, name_of
from reading.csv_head import TableHead

TRAIN_SUFFIXES = ("_train.tsv", "_train.csv")
SETTINGS_SUFFIX, VERSION_SUFFIX = ".json", "_version.json"
CODE = "[a-z]{2,3}(?:-[A-Za-z]{2,4})?"
PAIR = re.compile(rf"(?P<source>{CODE})-(?P<target>{CODE})")
KNOWN_SETTINGS = (
    *("training_minutes", "max_cost_usd", "instance_type"),
    *("base_model", "take_over", "report_language"),
)
FEWEST_PAIRS = 100
SEED = 0


@dataclass(frozen=True)
class TranslatorData:
    """A pair of languages, and the keys that belong to it."""

    source: str
    target: str

    @property
    def pair(self) -> str:
        return f"{self.source}-{self.target}"

    @property
    def name(self) -> str:
        """With a slash, so that no dataset below data/ can have the same results."""
        return f"{TRANSLATION}{self.pair}"

    @property
    def train_keys(self) -> tuple[str, ...]:
        """Where its train file may be; the newest counts."""
        return tuple(f"{TRANSLATION}{self.pair}{suffix}" for suffix in TRAIN_SUFFIXES)

    @property
    def test_keys(self) -> tuple[str, ...]:
        """None: its scores come from pairs that are held out."""
        return ()

    @property
    def settings_key(self) -> str:
        return f"{TRANSLATION}{self.pair}{SETTINGS_SUFFIX}"

    @property
    def version_key(self) -> str:
        """Where it is said which version is to serve."""
        return version_order_key(self.pair)

    @property
    def results_prefix(self) -> str:
        return results_prefix(self.name)


@dataclass(frozen=True)
class TranslatorPlan:
    """Everything that decides what a translator's training job does and may cost."""

    data: TranslatorData
    files: UploadedFiles
    train: TableHead
    settings: Settings
    budget: Budget


def translator_of_key(key: str) -> TranslatorData | None:
    """The translator that an object below translation/ belongs to; None for a folder marker.

    Raises MisnamedError with a sentence for the uploader.
    """
    if key.endswith("/"):
        return None
    name = key.removeprefix(TRANSLATION)
    for suffix in (*TRAIN_SUFFIXES, VERSION_SUFFIX, SETTINGS_SUFFIX):
        found = PAIR.fullmatch(name.removesuffix(suffix)) if name.endswith(suffix) else None
        if found and found["source"] != found["target"]:
            return TranslatorData(found["source"], found["target"])
    raise MisnamedError(message("name.translator", key=key, prefix=TRANSLATION))


def plan_translator(data: TranslatorData, files: UploadedFiles, stack: Stack) -> TranslatorPlan:
    """Look before you pay; raises RefusedError with a sentence for the uploader."""
    settings = stack.defaults
    if files.settings is not None:
        settings = apply_settings_file(
            settings, files.settings.sample, files.settings.key, KNOWN_SETTINGS
        )
    if settings.base_model and stack.network_isolation:
        raise RefusedError(message("settings.base_model_network", name=settings.base_model))
    train = csv_head(files.train.sample, files.train.whole, files.train.key)
    _require_pairs(train, files.train)
    budget = plan_budget(settings, files.train.size, stack.region, stack.use_spot)
    return TranslatorPlan(data, files, train, settings, budget)


def translator_job_name(bucket: str, plan: TranslatorPlan) -> str:
    """The idempotency key: the same file with the same settings always gives the same name."""
    settings = plan.settings
    chosen: list[object] = [settings.training_minutes, settings.base_model]
    if settings.take_over != Settings().take_over:
        # Not counted otherwise: the names of jobs stay what they were.
        chosen.append(settings.take_over)
    identity = [bucket, plan.data.name, plan.files.train.etag, chosen]
    return name_of(plan.data.name, identity)


def translator_job(
    name: str,
    plan: TranslatorPlan,
    stack: Stack,
    source_key: str,
    model_before: str | None = None,
) -> TranslatorJob:
    """What the job reads as job.json, and what anyone reads later as the model's passport.

    `model_before` is the key of the model that serves the pair.
    """
    owner = (plan.data.name, plan.data.pair)
    common = common_job(name, owner, plan.files, plan.settings, plan.budget, stack, source_key)
    return TranslatorJob(
        **vars(common),
        source_language=plan.data.source,
        target_language=plan.data.target,
        seed=SEED,
        base_model=plan.settings.base_model,
        model_before=model_before,
        take_over=plan.settings.take_over,
        report_language=plan.settings.report_language,
        train=described(plan.files.train, plan.train),
    )


def _require_pairs(train: TableHead, file: UploadedFile) -> None:
    # Where titles stand above them, nothing in the job would look for the names further down.
    columns = [] if train.titles else [column.lower() for column in train.columns]
    lacking = [name for name in ("source", "target") if name not in columns]
    if lacking:
        raise _refused(file, message("pairs.lacks", columns=tuple(lacking)))
    if train.whole and len(train.rows) < FEWEST_PAIRS:
        raise _refused(file, message("pairs.few", count=len(train.rows), fewest=FEWEST_PAIRS))


def _refused(file: UploadedFile, reason: Message) -> RefusedError:
    return RefusedError(message("file.unreadable", file=file.key, reason=reason))
