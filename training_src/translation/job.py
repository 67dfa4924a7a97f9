"""What a translator's training job was given."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract.bounds import TakeOver
from contract.job import TranslatorJob, to_passport
from job_spec import CsvFile, Folders, csv_file


@dataclass(frozen=True)
class LanguagePair:
    """From which language into which."""

    source: str
    target: str

    def __str__(self) -> str:
        return f"{self.source}-{self.target}"


@dataclass(frozen=True)
class TranslatorSpec:
    """What to learn from which file, and for how long."""

    pair: LanguagePair
    train: CsvFile
    training_seconds: float
    seed: int
    base_model: str | None
    """What to fine-tune, a name on the Hugging Face hub or a folder; None learns from scratch."""
    champion: Path | None
    """The packed model of the translator that serves."""
    take_over: TakeOver
    report_language: str
    passport: Mapping[str, Any]
    """All of job.json, for the report."""


def read_translator_spec(folders: Folders) -> TranslatorSpec:
    job = folders.job()
    assert isinstance(job, TranslatorJob)
    return TranslatorSpec(
        pair=LanguagePair(job.source_language, job.target_language),
        train=csv_file(folders.channels["train"], job.train),
        training_seconds=job.training_minutes * 60,
        seed=job.seed,
        base_model=job.base_model,
        champion=folders.file("champion"),
        take_over=job.take_over,
        report_language=job.report_language,
        passport=to_passport(job),
    )
