"""A model that an earlier job has made, asked through the code that it brings along."""

import json
import os
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import pandas as pd

from contract.bounds import REASON_COLUMNS_VARIABLE, WITH_REASON_COLUMNS
from contract.messages import Message, is_known, message, message_from_json, verbatim
from failure import TrainingError
from metrics import Predictions
from model_code.notes import note
from model_code.predictions import REASON_COLUMNS
from problem import QUANTILES, Problem
from reading.csv_head import Expected


@dataclass(frozen=True)
class EarlierModel:
    """The folder that it was unpacked to."""

    folder: Path

    @cached_property
    def passport(self) -> dict[str, Any]:
        """How it was made, and how good it was."""
        content: dict[str, Any] = json.loads((self.folder / "passport.json").read_text("utf-8"))
        return content

    @property
    def expected(self) -> Expected:
        """How files of its kind are written."""
        written = json.loads((self.folder / "code" / "columns.json").read_text("utf-8"))["expected"]
        encoding = written.get("encoding")
        labels = tuple(written.get("labels", ()))
        return Expected(tuple(written["columns"]), written["delimiter"], encoding, labels)

    def predict(
        self, file: Path, into: Path, form: str, reason_columns: bool = False
    ) -> list[Message]:
        """All rows of a file, `excel` or `plain`, and what the model says is odd in them.

        Raises TrainingError in the model's own words.

        In a process of its own, because its code may be of another version than this.
        """
        reason = self.folder.with_name("reason.txt")
        code = self.folder / "code" / "inference.py"
        # No pipes: what the code starts and leaves behind could keep those open for ever.
        with tempfile.TemporaryFile("w+b") as said, tempfile.TemporaryFile("w+b") as log:
            done = subprocess.run(
                [sys.executable, "-P", code, file, into, reason, form],
                env={**os.environ, **({REASON_COLUMNS_VARIABLE: "1"} if reason_columns else {})},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=log,
                check=False,
            )
            if reason.exists():
                raise TrainingError(verbatim(reason.read_text("utf-8")))
            if done.returncode:
                raise TrainingError(message("job.model_code_failed", error=_end_of(_text(log))))
            lines = _text(said).splitlines()
        notes = [_note(line.removeprefix("note ")) for line in lines if line.startswith("note ")]
        if reason_columns and WITH_REASON_COLUMNS not in lines:
            notes.append(note("no_reason_columns"))
        return notes

    def answers(self, written: Path, target: "pd.Series[Any]", problem: Problem) -> Predictions:
        """What a predictions file says of the rows whose target is given, by row.

        Classes that this model does not know have the probability 0.
        """
        table = pd.read_csv(written, encoding="utf-8-sig", dtype=str, keep_default_na=False)
        said = table.iloc[target.index]
        if problem.type == "quantile":
            quantiles = _last(said, len(QUANTILES)).astype(float)
            return Predictions(problem, target, quantiles.set_axis(QUANTILES, axis=1), None)
        if not problem.has_classes:
            return Predictions(problem, target, _last(said, 1).iloc[:, 0].astype(float), None)
        classes = self.passport["performance"]["classes"]
        found = _last(said, 1 + len(classes))
        chances = found.iloc[:, 1:].astype(float).set_axis(classes, axis=1)
        lacking = [name for name in sorted(target.unique()) if name not in classes]
        return Predictions(
            problem, target, found.iloc[:, 0], chances.assign(**dict.fromkeys(lacking, 0.0))
        )


def unpack(packed: Path, folder: Path) -> EarlierModel:
    """Unpack a model.tar.gz into a folder that there is not yet."""
    with tarfile.open(packed, "r:gz") as archive:
        archive.extractall(folder, filter="data")
    return EarlierModel(folder)


def _note(written: str) -> Message:
    """A note that this release knows, or else its sentence."""
    content = json.loads(written)
    known = is_known(content["code"])
    return message_from_json(content) if known else verbatim(content["text"])


def _last(table: pd.DataFrame, columns: int) -> pd.DataFrame:
    """The last columns but the reasons; the file's own may be named like anything."""
    with_columns = str(table.columns[-1]).startswith(REASON_COLUMNS[-1])
    end = table.shape[1] - (1 + len(REASON_COLUMNS) if with_columns else 1)
    return table.iloc[:, end - columns : end]


def _text(written: IO[bytes]) -> str:
    written.seek(0)
    return written.read().decode("utf-8", "replace")


def _end_of(log: str) -> str:
    return " ".join(log.strip().splitlines()[-1:]) or "–"
