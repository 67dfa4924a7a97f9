"""A prediction job: a model and a test file in, predictions out. Nothing is trained."""

import sys
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from earlier_model import EarlierModel, unpack
from job import run_job
from job_spec import Folders
from libraries import use_libraries
from metrics import Predictions, all_scores, higher_is_better
from model_code.columns import as_texts
from model_code.notes import Note, part_failed
from model_code.tables import chunks, look_at
from prepare import scorable_target, sha256
from problem import problem_of_model
from progress import PREDICTION_STAGES, Progress
from report.language import Language
from report.plots import draw_png
from report.predictions_page import Predicted, render_predictions
from results import Results


def predict(folders: Folders) -> None:
    """The story of a job, in one direction; files appear as soon as they exist."""
    job, file, packed = folders.job_json(), folders.file("test"), folders.file("model")
    assert file is not None and packed is not None
    if file.suffix == ".xlsx":
        # AWS's container has no reader of workbooks.
        use_libraries()
    progress = Progress(folders, PREDICTION_STAGES)
    results = Results(folders, job["dataset"])
    progress.enter("reading")
    with tempfile.TemporaryDirectory() as workshop:
        model = unpack(packed, Path(workshop) / "model")
        progress.enter("predicting")
        written = results.named("test_predictions.csv")
        results.make(written, lambda into: model.predict(file, into, job["predictions_format"]))
        progress.enter("scoring")
        notes: list[Note] = []
        scored = answers(model, file, results.path(written), notes)
        found = Predicted(
            job | {"sha256": {file.name: sha256(file)}},
            model.passport,
            file.name,
            results.path(written),
            scored,
            performance(scored, model) if scored else None,
            notes,
        )
        _write(found, results)
    results.close()
    progress.enter("done")


def answers(
    model: EarlierModel, file: Path, written: Path, notes: list[Note]
) -> Predictions | None:
    """What was predicted for the rows whose target the file tells; None when it tells none."""
    learnt, head = model.passport["performance"], look_at(file, model.expected)
    name = learnt["target"]
    if name not in head.columns:
        return None
    parts = [as_texts(part[name]).to_pandas() for part in chunks(file, head)]
    texts = pd.concat(parts, ignore_index=True)
    problem = problem_of_model(learnt, texts)
    target = scorable_target(texts, problem, learnt["classes"] or (), notes)
    return None if target is None else model.answers(written, target.dropna(), problem)


def performance(scored: Predictions, model: EarlierModel) -> dict[str, Any]:
    """How good the predictions are, in the form of a training job's."""
    learnt, metric = model.passport["performance"], scored.problem.metric
    score = scored.score(metric)
    if score is None:
        metric = "accuracy"
        score = scored.score(metric)
    return {
        **{name: learnt[name] for name in ("problem_type", "target", "positive_class", "classes")},
        "metric": metric,
        "score": score,
        "higher_is_better": higher_is_better(metric, scored.problem),
        "interval": scored.interval(metric),
        "scored_on": "test file",
        "rows": len(scored),
        "best_model": learnt["best_model"],
        "all_metrics": all_scores(scored),
    }


def _write(found: Predicted, results: Results) -> None:
    told = found.performance
    if found.scored and told:
        scored, title = found.scored, f"{told['best_model']}, test file ({told['rows']} rows)"
        try:
            results.make(results.named("eval.png"), lambda path: draw_png(scored, title, path))
        except Exception as error:
            found.notes.append(part_failed("plots", error))
        say = Language(found.job["report_language"])
        warnings = [say.told(one) for one in found.notes]
        content = {**told, "warnings": warnings}
        results.write_json(results.named("model_performance.txt"), content)
    results.write("report.html", render_predictions(found))


if __name__ == "__main__":
    sys.exit(run_job(predict))
