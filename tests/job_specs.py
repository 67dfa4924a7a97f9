"""What a training job was given, for tests of its parts."""

from dataclasses import fields
from pathlib import Path
from typing import Any

from contract.job import DEFAULTS
from job_spec import JobSpec

# What job.json leaves out has the job's own default.
KNOWN: dict[str, Any] = {
    name: DEFAULTS[name] for name in DEFAULTS.keys() & {field.name for field in fields(JobSpec)}
}
OWN: dict[str, Any] = {
    "dataset": "x",
    "train": Path("x_train.csv"),
    "champion": None,
    "target": "y",
    "target_rule": "rule.settings",
    "training_seconds": 30.0,
    "safe_for_spreadsheets": True,
    "reason_columns": False,
    "passport": {},
}


def job_spec(**given: Any) -> JobSpec:
    """The usual settings, but for those given."""
    return JobSpec(**{**KNOWN, **OWN, **given})
