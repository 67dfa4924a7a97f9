"""A prediction job: a model and a test file in, predictions out. Nothing is trained."""

import sys
import tempfile
from pathlib import Path
from typing import Any

from contract.job import PredictionsJob
from contract.layout import PERFORMANCE, PLOTS, PREDICTIONS, REPORT
from contract.messages import message_to_json
from earlier_model import EarlierModel, unpack
from job import run_job
from job_spec import Folders
from libraries import use_libraries
from metrics import Predictions, all_scores, higher_is_better
from model_code.notes import Note, part_failed
from model_code.tables import chunks, look_at
from prepare import WrittenTarget, scorable_target, sha256, written_target
from problem import problem_of_model
from progress import PREDICTION_STAGES, Progress
from report.language import Language
from report.plots import draw_png
from report.predictions_page import Predicted, render_predictions
from results import Results
from verdict import verdict_from_json


def predict(folders: Folders) -> None:
    """The story of a job, in one direction; files appear as soon as they exist."""
    job, file, packed = folders.job(), folders.file("test"), folders.file("model")
    assert isinstance(job, PredictionsJob) and file is not None and packed is not None
    if file.suffix == ".xlsx":
        # AWS's container has no reader of workbooks.
        use_libraries()
    progress = Progress(folders, PREDICTION_STAGES)
    results = Results(folders, job.file_stem)
    progress.enter("reading")
    with tempfile.TemporaryDirectory() as workshop:
        model = unpack(packed, Path(workshop) / "model")
        progress.enter("predicting")
        written = results.named(PREDICTIONS)
        notes: list[Note] = []

        def write(into: Path) -> None:
            notes.extend(model.predict(file, into, job.predictions_format, job.reason_columns))

        results.make(written, write)
        progress.enter("scoring")
        name = model.passport["performance"]["target"]
        target = written_target(chunks(file, look_at(file, model.expected)), name)
        scored = None if target is None else answers(model, target, results.path(written), notes)
        found = Predicted(
            job,
            sha256(file),
            model.passport,
            file.name,
            results.path(written),
            scored,
            performance(scored, model, len(target.texts))
            if scored and target is not None
            else None,
            notes,
            verdict_from_json(model.passport["performance"].get("verdict")),
        )
        _write(found, results)
    results.close()
    progress.enter("done")


def answers(
    model: EarlierModel, written: WrittenTarget, predicted: Path, notes: list[Note]
) -> Predictions | None:
    """What was predicted for the rows whose target is known; None when it is known of none."""
    problem = problem_of_model(model.passport["performance"], written.texts)
    target = scorable_target(written, problem, notes)
    return None if target is None else model.answers(predicted, target.dropna(), problem)


def performance(scored: Predictions, model: EarlierModel, rows: int) -> dict[str, Any]:
    """How good the predictions are, in the form of a training job's; `rows` are in the file."""
    trained, metric = model.passport["performance"], scored.problem.metric
    score = scored.score(metric)
    if score is None:
        metric = "accuracy"
        score = scored.score(metric)
    return {
        **{name: trained[name] for name in ("problem_type", "target", "positive_class", "classes")},
        "metric": metric,
        "score": score,
        "higher_is_better": higher_is_better(metric, scored.problem),
        "interval": scored.interval(metric),
        "scored_on": "test file",
        "rows": len(scored),
        "rows_in_file": rows,
        "best_model": trained["best_model"],
        "all_metrics": all_scores(scored),
    }


def _write(found: Predicted, results: Results) -> None:
    performance = found.performance
    if found.scored and performance:
        scored, language = found.scored, found.job.report_language
        try:
            results.make(
                results.named(PLOTS), lambda path: draw_png(scored, performance, path, language)
            )
        except Exception as error:
            found.notes.append(part_failed("plots", error))
    if performance or found.notes or found.verdict:
        say = Language(found.job.report_language)
        notes = [*(found.verdict.findings if found.verdict else ()), *found.notes]
        texts = [say.render(one) for one in notes]
        codes = [message_to_json(one) for one in notes]
        known = performance or {"best_model": found.passport["performance"]["best_model"]}
        content = {**known, "warnings": texts, "notes": codes}
        if found.verdict:
            content["verdict"] = found.verdict.to_json()
        results.write_json(results.named(PERFORMANCE), content)
    results.write(REPORT, render_predictions(found))


if __name__ == "__main__":
    sys.exit(run_job(predict))
