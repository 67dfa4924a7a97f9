"""Train from Python: the run of `codefree run`, and its results as DataFrames."""

import html
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codefree.folders import temporary_folder
from codefree.layout import layout
from codefree.predict import predict
from codefree.processes import started
from codefree.words import Words

if TYPE_CHECKING:
    from pandas import DataFrame

REPORT_HEIGHT_PIXELS = 800
PREDICTION = "prediction"


class TrainingError(Exception):
    """Raised when the files are refused or the training fails; the text is for the user."""


@dataclass(frozen=True)
class Report:
    """The report of a training; a notebook shows it."""

    path: Path

    def _repr_html_(self) -> str:
        # In a frame of its own, so that neither page's styles and scripts reach the other.
        page = html.escape(self.path.read_text("utf-8"))
        return (
            f'<iframe srcdoc="{page}" sandbox="allow-scripts" '
            f'style="width: 100%; height: {REPORT_HEIGHT_PIXELS}px; border: 0"></iframe>'
        )


@dataclass(frozen=True)
class TrainedModel:
    """What `train` returns: a model, and what is known of it."""

    name: str
    folder: Path
    """Holds the model and every file of the results."""
    score: float
    metric: str
    scored_on: str
    """Which rows the score comes from."""
    metrics: Mapping[str, float]
    """Metric → value, on the same rows as the score."""
    problem_type: str
    """binary, multiclass, regression or quantile."""

    @cached_property
    def leaderboard(self) -> "DataFrame":
        """One row per fitted model, the best first."""
        import pandas

        return pandas.read_csv(self._result(layout.LEADERBOARD))

    @cached_property
    def predictions(self) -> "DataFrame | None":
        """The test rows with their predictions; None without a test file."""
        file = self._result(layout.PREDICTIONS)
        return self._read_predictions(file) if file.exists() else None

    @property
    def report(self) -> Report:
        """The report as a page."""
        return Report(self.folder / layout.REPORT)

    @property
    def model(self) -> Path:
        """The model.tar.gz."""
        return self.folder / "model.tar.gz"

    def predict(self, rows: "DataFrame") -> "DataFrame":
        """Return the rows with their predictions, probabilities and strongest reasons.

        The result has the index of `rows`. Raises codefree.PredictError.
        """
        with temporary_folder() as folder:
            file, out = folder / "rows.csv", folder / "predictions.csv"
            rows.to_csv(file, index=False)
            predict(self.model, file, out, safe=False)
            return self._read_predictions(out).set_index(rows.index)

    def _result(self, ending: str) -> Path:
        return self.folder / f"{self.name}{ending}"

    def _read_predictions(self, file: Path) -> "DataFrame":
        import pandas

        classes = self.problem_type in ("binary", "multiclass")
        # A class is a text: "01" is not 1.
        return pandas.read_csv(file, dtype={PREDICTION: str} if classes else None)


def train(
    train: "str | Path | DataFrame",
    test: "str | Path | DataFrame | None" = None,
    *,
    target: str | None = None,
    minutes: float | None = None,
    name: str | None = None,
    preset: str | None = None,
    settings: Mapping[str, object] | None = None,
    out: str | Path = "results",
    progress: Callable[[str], None] | None = print,
) -> TrainedModel:
    """Train on a table, and predict another one.

    `train` and `test` are files (.csv, .csv.gz, .parquet, .xlsx) or DataFrames, whose rows are
    written as CSV. `settings` are those of a settings file; `progress` gets one line per step.
    The results go to `out`/`name`/. Nothing leaves this machine, and AWS is not asked: the run has
    a process of its own, which does not see the account of this one.

    Raises TrainingError with the sentence that a user of the command line reads.
    """
    with ExitStack() as closing:
        folder = closing.enter_context(temporary_folder())
        files = [_as_file(train, folder / "data_train.csv")]
        if test is not None:
            files.append(_as_file(test, folder / "data_test.csv"))
        chosen = folder / "settings.json"
        # Programs read the predictions: no mark for Excel, no changed cells.
        chosen.write_text(json.dumps({"predictions_format": "plain", **(settings or {})}), "utf-8")
        options = {
            "--target": target,
            "--minutes": minutes,
            "--name": name,
            "--preset": preset,
            "--settings": chosen,
            "--out": out,
        }
        given = [f"{option}={value}" for option, value in options.items() if value is not None]
        return _trained(_run([*given, "--json", "--", *map(str, files)], progress))


def _as_file(table: "str | Path | DataFrame", file: Path) -> Path:
    if isinstance(table, str | Path):
        return Path(table)
    table.to_csv(file, index=False)
    return file


def _run(arguments: list[str], progress: Callable[[str], None] | None) -> dict[str, Any]:
    """Run the command, hand on its lines, and return what it prints as JSON."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    said: list[str] = []
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as answer,
        started(
            # -P: a folder named codefree beside the notebook is not this package.
            [sys.executable, "-P", "-m", "codefree", "run", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=answer,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "200"},
        ) as child,
    ):
        assert child.stderr is not None
        try:
            for line in map(str.rstrip, child.stderr):
                said.append(line)
                if progress and line:
                    progress(line)
        except BaseException:
            # An interrupted notebook: the command ends all that it has started.
            child.terminate()
            child.wait()
            raise
        child.wait()
        answer.seek(0)
        printed = answer.read()
    if not printed:
        raise TrainingError("\n".join(filter(None, said)) or Words()("cli.no_word"))
    found: dict[str, Any] = json.loads(printed)
    return found


def _trained(run: dict[str, Any]) -> TrainedModel:
    score = run["score"]
    if run["status"] != "completed" or score is None:
        raise TrainingError("\n".join([run["headline"], *run["details"], *run["next"]]))
    return TrainedModel(
        name=run["dataset"],
        folder=Path(run["folder"]),
        score=score["score"],
        metric=score["metric"],
        scored_on=score["scored_on"],
        metrics=run["metrics"],
        problem_type=run["problem_type"],
    )
