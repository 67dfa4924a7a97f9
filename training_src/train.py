"""A training job: tables in, results and a model out. It knows no S3 and no network."""

import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from check_model import check_model
from check_portable import PASSPORT, add_portable
from compare_with_previous import compare_with_previous
from contract.layout import (
    FIT_SUMMARY,
    IMPORTANCE,
    LEADERBOARD,
    MODEL_COLUMNS,
    PERFORMANCE,
    PLOTS,
    PORTABLE_MODEL,
    PREDICTIONS,
    REPORT,
    REPORT_JSON,
)
from contract.messages import message_to_json
from contract.spreadsheet import would_run
from data_checks import check_data
from effects import effects
from explain import importance, that_matter
from export_portable import export_columns
from fit import RACING_PRESETS, SEED, Fitted, Stopwatch, fit, refit, threshold_notes
from job import run_job
from job_spec import Folders, JobSpec, read_job_spec
from leaks import strength
from learning_curve import learning_curve
from libraries import use_libraries
from model_code.notes import Note, note, part_failed
from model_code.predictions import REASON_COLUMNS, Model, write_predictions
from notable_rows import NotableRow, notable_rows, pick_rows
from pack import pack, versions
from portable.archive import pack_model
from portable.files import FOLDER
from prepare import Prepared, prepare
from progress import Progress
from race import race, race_notes
from refused import Refused
from report.content import report_content
from report.findings import Findings
from report.language import Language
from report.page import render_report
from report.plots import draw_png
from results import Results, write_passport
from scoring import Scored, compare, compare_without_leaks, score, spread_of
from slices import find_slices, parts_of
from suspected_structure import structure_notes
from verdict import count_classes
from what_if.make import make_what_if

# Of the training minutes: what explaining may take beside them.
EXPLAINING_SHARE = 0.2
REASONS_SHARE, IMPORTANCE_SHARE, SLICES_SHARE, LEARNING_SHARE = 0.25, 0.25, 0.1, 0.15
PORTABLE_SHARE = 0.1
SECONDS_AT_LEAST = 3.0


def train(folders: Folders) -> None:
    """The story of a job, in one direction; files appear as soon as they exist."""
    spec = read_job_spec(folders)
    if any(path.suffix == ".xlsx" for path in (spec.train, spec.test) if path):
        # AWS's container has no reader of workbooks.
        use_libraries()
    progress = Progress(folders)
    started_again = progress.earlier.notes(spec.training_seconds)
    spec = replace(spec, training_seconds=progress.earlier.leave(spec.training_seconds))
    results = Results(folders, spec.dataset)
    clock = Stopwatch(spec.training_seconds)
    with _stage("reading", progress, clock):
        prepared = prepare(spec)
        prepared.notes[:0] = started_again
    with clock.stage("checking"):
        prepared.notes.extend(check_data(prepared, spec.ignore_columns))
        prepared.notes.extend(threshold_notes(spec, prepared.problem))
    with tempfile.TemporaryDirectory() as workshop:
        clock.start(spec.training_seconds)
        with _stage("fitting", progress, clock):
            fitted = fit(spec, prepared, Path(workshop) / "predictor", progress)
            fitted = _race(fitted, spec, prepared, progress, clock)
        # The minutes are for fitting, not for scoring.
        left = clock.left
        if fitted.scored_on == "test file":
            fitted = _refit(fitted, prepared, progress, clock, left)
        with _stage("scoring", progress, clock):
            scored = score(fitted, prepared)
        with clock.stage("comparing"):
            compare(scored, fitted, prepared)
            try:
                compare_without_leaks(scored, fitted, prepared)
            except Exception as error:
                _give_up("leak_test", error, scored.notes)
            _compare_with_previous(spec, scored, Path(workshop))
        found = _findings(spec, prepared, fitted, scored)
        with clock.stage("scoring"):
            _write_scores(found, results)
        if fitted.scored_on != "test file":
            found.fitted = _refit(fitted, prepared, progress, clock, left)
        model = Model(fitted.predictor, prepared.preprocessor)
        with _stage("packing", progress, clock):
            pack(fitted.predictor, prepared.preprocessor, folders.model, found.passport)
            check_model(folders.model, model, spec.train)
        with clock.stage("portable"):
            _add_portable(folders.model, model, found, results)
        with _stage("predicting", progress, clock):
            _predict(model, found, scored, results, clock)
        with _stage("explaining", progress, clock):
            _explain(model, found, results)
        with _stage("reporting", progress, clock):
            _part("what_if", found, lambda: _add_what_if(folders.model, found))
            found.seconds = clock.stages
            _part("report", found, lambda: results.write(REPORT, render_report(found)))
            _part("report_json", found, lambda: _write_content(found, results))
        _write_performance(found, results)
        judged = {**found.performance, "verdict": found.verdict.to_json()}
        write_passport(folders.model, {**found.passport, "performance": judged})
    results.close()
    progress.enter("done")


def _stage(name: str, progress: Progress, clock: Stopwatch) -> Any:
    progress.enter(name)
    return clock.stage(name)


def _compare_with_previous(spec: JobSpec, scored: Scored, workshop: Path) -> None:
    if spec.champion is None or scored.performance["scored_on"] != "test file":
        return
    try:
        compare_with_previous(spec, scored, workshop)
    except Exception as error:
        _give_up("comparison", error, scored.notes)


def _findings(spec: JobSpec, prepared: Prepared, fitted: Fitted, scored: Scored) -> Findings:
    found = Findings(
        spec,
        prepared,
        fitted,
        scored.performance,
        scored.leaderboard,
        scored.best,
        scored.notes,
        passport={
            **spec.passport,
            "sha256": prepared.sha256,
            "rows": {
                "train": len(prepared.rows),
                "test": None if prepared.test is None else len(prepared.test),
            },
            "versions": versions(),
            "seeds": {"split": SEED, "models": 0},
            "best_model": scored.performance["best_model"],
        },
    )
    _count_classes(found, None)
    found.performance["training"] = asdict(fitted.training)
    return found


def _count_classes(found: Findings, written: "pd.Series[str] | None") -> None:
    """`written` is what the predictions file says of each row."""
    if not found.prepared.problem.has_classes:
        return
    target, best = found.prepared.rows[found.spec.target], found.predictions
    assert isinstance(best.predicted, pd.Series)
    found.classes = count_classes(target, best.target, best.predicted, written)
    found.performance["by_class"] = [asdict(one) for one in found.classes]


def _write_scores(found: Findings, results: Results) -> None:
    board = found.leaderboard
    results.write_table(results.named(LEADERBOARD), board)
    results.write(results.named(FIT_SUMMARY), _summary(found))
    _write_performance(found, results)
    performance = found.performance
    language = found.spec.report_language

    def draw(path: Path) -> None:
        draw_png(found.predictions, performance, path, language)

    _part("plots", found, lambda: results.make(results.named(PLOTS), draw))


def _write_performance(found: Findings, results: Results) -> None:
    """Again whenever there is more to say; warnings in the language of the report."""
    say = Language(found.spec.report_language)
    content = {
        **found.performance,
        "verdict": found.verdict.to_json(),
        "warnings": [say.render(one) for one in found.in_order],
        "notes": [message_to_json(one) for one in found.in_order],
        "seconds": {name: round(seconds, 2) for name, seconds in found.seconds.items()},
    }
    results.write_json(results.named(PERFORMANCE), content)


def _race(
    fitted: Fitted, spec: JobSpec, prepared: Prepared, progress: Progress, clock: Stopwatch
) -> Fitted:
    """Try more models where minutes are left."""
    if spec.preset not in RACING_PRESETS:
        return fitted
    try:
        fitted = race(fitted, prepared.problem, progress, clock)
    except Exception as error:
        fitted.predictor.set_model_best(fitted.best, save_trainer=True)
        _give_up("race", error, prepared.notes)
    prepared.notes.extend(race_notes(fitted.training))
    return fitted


def _write_content(found: Findings, results: Results) -> None:
    results.write_json(REPORT_JSON, report_content(found))


def _refit(
    fitted: Fitted, prepared: Prepared, progress: Progress, clock: Stopwatch, seconds_left: float
) -> Fitted:
    """Predictions come from a model of all rows, where there is time to fit one.

    It is what is scored on a test file; rows of train have to be scored before.
    """
    if not fitted.worth_refitting:
        return fitted
    with _stage("refitting", progress, clock):
        try:
            fitted = refit(fitted, seconds_left)
        except Exception as error:
            _give_up("refit", error, prepared.notes)
    if not fitted.refitted:
        prepared.notes.append(note("not_refitted"))
    return fitted


def _add_portable(folder: Path, model: Model, found: Findings, results: Results) -> None:
    """Add the portable form to the model's folder and the results, if it gives the same answers."""
    seconds = _seconds_to_explain(found.spec, PORTABLE_SHARE)
    portable = add_portable(folder, model, found.spec.train, found.prepared.rows, seconds)
    found.passport = {**found.passport, PASSPORT: portable.to_json()}
    found.own_notes += portable.notes
    if portable.refused is None:
        results.make(PORTABLE_MODEL, lambda into: pack_model(folder / FOLDER, into))
    else:
        _part("model_columns", found, lambda: _write_columns(model, found, results))


def _write_columns(model: Model, found: Findings, results: Results) -> None:
    """Write what the API has to know of a model that only an endpoint can serve."""
    with tempfile.TemporaryDirectory() as home:
        into = Path(home) / FOLDER
        try:
            export_columns(model.predictor, model.preprocessor, into, found.prepared.rows)
        except Refused:
            return
        results.make(MODEL_COLUMNS, lambda archive: pack_model(into, archive))


def _predict(
    model: Model, found: Findings, scored: Scored, results: Results, clock: Stopwatch
) -> None:
    if found.spec.test is None:
        return
    budget = _seconds_to_explain(found.spec, REASONS_SHARE)
    into = results.named(PREDICTIONS)
    file = found.spec.test

    def write(path: Path) -> None:
        written = write_predictions(
            model,
            file,
            path,
            safe=found.spec.safe_for_spreadsheets,
            reason_columns=found.spec.reason_columns,
            seconds_for_reasons=budget,
            known=_known_answers(model, found, scored),
        )
        clock.move("predicting", "reasons", written.seconds_of_reasons)
        if written.failure_of_reasons:
            found.own_notes.append(written.failure_of_reasons)
        elif written.explained < written.rows:
            found.own_notes.append(
                note("some_reasons", explained=written.explained, rows=written.rows)
            )
        run = [label for label in found.performance["classes"] or () if would_run(label)]
        if run and found.spec.safe_for_spreadsheets:
            found.own_notes.append(note("signs_kept", label=repr(run[0])))
        if written.made_safe:
            found.own_notes.append(note("made_safe", count=written.made_safe))

    results.make(into, write)
    found.examples = pd.read_csv(results.path(into), dtype=str, nrows=20, keep_default_na=False)
    if classes := found.performance["classes"]:
        # Before the probabilities and the reasons; the file's own columns may be named alike.
        more = len(REASON_COLUMNS) if found.spec.reason_columns else 0
        place = len(found.examples.columns) - len(classes) - 2 - more
        said = pd.read_csv(results.path(into), dtype=str, usecols=[place], keep_default_na=False)
        _count_classes(found, said.iloc[:, 0])


def _known_answers(model: Model, found: Findings, scored: Scored) -> pd.DataFrame | None:
    """What was predicted when the test file was scored, if that is all of it by the same model."""
    predictions, test = scored.best, found.prepared.test
    if test is None or found.fitted.scored_on != "test file" or len(predictions) < len(test):
        return None
    return model.answer_from(
        predictions.predicted if predictions.probabilities is None else predictions.probabilities
    )


def _explain(model: Model, found: Findings, results: Results) -> None:
    seconds = _seconds_to_explain(found.spec, IMPORTANCE_SHARE)

    def matters() -> None:
        found.importance = importance(found.fitted, model, found.prepared.problem, seconds)
        results.write_table(results.named(IMPORTANCE), found.importance)
        for column in found.importance["feature"].head(1):
            found.strength = _strength_of(str(column), found)

    def do() -> None:
        assert found.importance is not None
        found.effects = effects(model, found.prepared, that_matter(found.importance))

    def differ() -> None:
        assert found.importance is not None
        strongest = list(found.importance["feature"])
        parts = parts_of(found.fitted.scored, model.preprocessor, strongest)
        metric, spread = found.performance["metric"], spread_of(found.fitted)
        limit = _seconds_to_explain(found.spec, SLICES_SHARE)
        found.slices = find_slices(found.predictions, parts, metric, limit, spread)

    def learn() -> None:
        rows, limit = found.prepared.rows, _seconds_to_explain(found.spec, LEARNING_SHARE)
        found.learning = learning_curve(rows, found.spec.target, found.prepared.problem, limit)

    def look_for_structure() -> None:
        prepared = found.prepared
        found.own_notes += structure_notes(
            prepared.suspects, prepared.rows, found.spec.target, prepared.problem, seconds
        )

    def look_up() -> None:
        found.notable = _notable_rows(model, found)

    _part("structure", found, look_for_structure)
    _part("importance", found, matters)
    if found.importance is not None:
        _part("effects", found, do)
        _part("slices", found, differ)
    _part("learning", found, learn)
    _part("notable", found, look_up)


def _notable_rows(model: Model, found: Findings) -> list[NotableRow]:
    """Rows of the file that was scored; none where it is not known which they are."""
    of_test = found.fitted.scored_on == "test file"
    file = found.spec.test if of_test else found.spec.train
    test = found.prepared.test
    places = np.arange(len(test)) if of_test and test is not None else found.prepared.places
    if file is None or places is None:
        return []
    picks = pick_rows(found.predictions, found.performance["threshold"])
    return notable_rows(found.predictions, picks, model, found.fitted.scored, file, places)


def _add_what_if(folder: Path, found: Findings) -> None:
    """Let the report answer rows; where a form was asked for and cannot be, a note says why."""
    wish, important = found.spec.what_if, found.importance
    found.what_if = make_what_if(
        folder / FOLDER,
        found.prepared.rows,
        found.prepared.preprocessor,
        [] if important is None else list(important["feature"]),
        Language(found.spec.report_language),
        wish,
    )
    if wish == "on" and found.what_if is not None and found.what_if.reason is not None:
        found.own_notes.append(note("no_what_if", reason=found.what_if.reason))


def _strength_of(column: str, found: Findings) -> float:
    """What the features of a column reach alone, the best of them."""
    rows, preprocessor = found.prepared.rows, found.prepared.preprocessor
    target, problem = rows[preprocessor.target], found.prepared.problem
    features = [name for name in preprocessor.labels if preprocessor.made_of(name) == column]
    structure = found.prepared.structure
    groups = None if structure is None else structure.groups
    return max((strength(rows[name], target, problem, groups) for name in features), default=0.0)


def _seconds_to_explain(spec: JobSpec, share: float) -> float:
    return max(SECONDS_AT_LEAST, spec.training_seconds * EXPLAINING_SHARE * share)


def _summary(found: Findings) -> str:
    predictor, say = found.fitted.predictor, Language(found.spec.report_language)
    summary = say(
        "fit_summary",
        target=str(predictor.label),
        problem=predictor.problem_type,
        metric=predictor.eval_metric.name,
        model=found.performance["best_model"],
        columns=len(found.prepared.preprocessor.columns),
    )
    return f"{summary}\n\n{found.leaderboard.to_string(index=False, na_rep='')}\n"


def _part(name: str, found: Findings, make: Callable[[], None]) -> None:
    """Run an optional step; on failure, log it and add a note to the report."""
    try:
        make()
    except Exception as error:
        _give_up(name, error, found.own_notes)


def _give_up(part: str, error: Exception, notes: list[Note]) -> None:
    traceback.print_exc()
    notes.append(part_failed(part, error))


if __name__ == "__main__":
    sys.exit(run_job(train))
