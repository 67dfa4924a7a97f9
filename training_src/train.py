"""A training job: CSV files in, results and a model out. It knows no S3 and no network."""

import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

import pandas as pd
from autogluon.tabular import TabularPredictor

from failure import TrainingError
from fit import Stopwatch, fit, refit_on_all_rows
from inference import predicted
from job_spec import Folders, JobSpec, read_job_spec
from pack import pack, versions
from plots import plot
from prepare import Prepared, prepare
from progress import Progress
from report import Findings, render_report
from results import Results
from scoring import leaderboard, score
from tables import to_csv

IMPORTANCE_ROWS, IMPORTANCE_SHUFFLES = 1000, 5
IMPORTANCE_SHARE, IMPORTANCE_SECONDS_AT_LEAST = 0.15, 10.0


def main() -> int:
    folders = Folders.from_environ(os.environ)
    for folder in (folders.results, folders.output_data, folders.model):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        train(folders)
    except TrainingError as error:
        return _fail(folders, str(error))
    except MemoryError:
        return _fail(folders, "OutOfMemory: the machine ran out of memory.")
    except Exception as error:
        return _fail(folders, f"Something unforeseen broke: {type(error).__name__}: {error}")
    return 0


def train(folders: Folders) -> None:
    """The story of a job, in one direction; files appear as soon as they exist."""
    spec = read_job_spec(folders)
    progress = Progress(folders.results)
    results = Results(folders.results, folders.output_data, spec.dataset)
    progress.enter("reading")
    prepared = prepare(spec)
    time_left = Stopwatch(spec.training_seconds)
    with tempfile.TemporaryDirectory() as workshop:
        progress.enter("fitting")
        predictor = fit(spec, prepared, Path(workshop) / "predictor", progress)
        progress.enter("scoring")
        findings = _score(predictor, prepared, results)
        refitted = refit_on_all_rows(predictor, prepared, time_left.left)
        progress.enter("predicting")
        _predict(predictor, prepared, results)
        progress.enter("explaining")
        findings |= _explain(predictor, prepared, spec, results, findings)
        progress.enter("reporting")
        told = Findings(**findings, refitted=refitted, versions=versions())
        results.write("report.html", render_report(spec, prepared, told))
        progress.enter("packing")
        pack(predictor, folders.model, spec)
    results.close()
    progress.enter("done")


def _score(predictor: TabularPredictor, prepared: Prepared, results: Results) -> dict[str, Any]:
    scored = score(predictor, prepared, prepared.warnings)
    can_score = scored.performance["metric"] == prepared.problem.metric
    board = leaderboard(predictor, prepared, can_score)
    results.write(results.named("leaderboard.csv"), board.to_csv(index=False))
    results.write(results.named("fit_summary.txt"), _summary(predictor, board))
    results.write_json(results.named("model_performance.txt"), scored.performance)
    name = results.named("eval.png")
    try:
        results.make(name, lambda path: plot(scored, prepared.problem, path))
    except Exception as error:
        _give_up("plots", error, prepared.warnings)
    drawn = results.path(name) if results.path(name).exists() else None
    return {"leaderboard": board, "performance": scored.performance, "plot": drawn}


def _predict(predictor: TabularPredictor, prepared: Prepared, results: Results) -> None:
    if prepared.test is None or prepared.test_features is None:
        return
    answer = predicted(predictor, prepared.test_features)
    # The mark at the beginning tells Excel that this is UTF-8.
    content = to_csv(prepared.test, answer)
    results.write(results.named("test_predictions.csv"), content, encoding="utf-8-sig")


def _explain(
    predictor: TabularPredictor,
    prepared: Prepared,
    spec: JobSpec,
    results: Results,
    findings: dict[str, Any],
) -> dict[str, Any]:
    try:
        importance = predictor.feature_importance(
            prepared.scored,
            model=findings["performance"]["best_model"],
            subsample_size=IMPORTANCE_ROWS,
            num_shuffle_sets=IMPORTANCE_SHUFFLES,
            time_limit=max(IMPORTANCE_SECONDS_AT_LEAST, spec.training_seconds * IMPORTANCE_SHARE),
            silent=True,
        )
    except Exception as error:
        _give_up("feature importance", error, prepared.warnings)
        return {"importance": None}
    importance = importance[["importance", "stddev", "p_value", "n"]]
    importance = importance.rename_axis("feature").reset_index()
    results.write(results.named("feature_importance.csv"), importance.to_csv(index=False))
    return {"importance": importance}


def _summary(predictor: TabularPredictor, board: pd.DataFrame) -> str:
    return (
        f"Target: {predictor.label}\nProblem type: {predictor.problem_type}\n"
        f"Metric: {predictor.eval_metric.name}\nBest model: {predictor.model_best}\n"
        f"Columns: {len(predictor.original_features)}\n\n{board.to_string(index=False)}\n"
    )


def _give_up(part: str, error: Exception, warnings: list[str]) -> None:
    """A part that fails costs itself alone, and is named in the report."""
    traceback.print_exc()
    warnings.append(f"The {part} could not be made: {error}")


def _fail(folders: Folders, reason: str) -> int:
    """SageMaker shows the first 1,024 characters of this file as the failure reason."""
    traceback.print_exc()
    (folders.output / "failure").write_text(reason[:1000], encoding="utf-8")
    return 1


if __name__ == "__main__":
    sys.exit(main())
