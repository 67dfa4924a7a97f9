"""A training job: sentence pairs in, results and a translator out. It knows no S3, no network."""

import sys
from dataclasses import replace

from contract.layout import EXAMPLES, LEARNING_CURVE, PERFORMANCE, REPORT
from contract.messages import message
from failure import TrainingError
from job import run_job
from job_spec import Folders
from libraries import use_libraries
from progress import TRANSLATOR_STAGES, Progress
from results import Results, write_passport


def train(folders: Folders) -> None:
    """Raises TrainingError also when torch is missing."""
    try:
        _train(folders)
    except ModuleNotFoundError as error:
        raise TrainingError(message("job.library_missing", name=error.name)) from error


def _train(folders: Folders) -> None:
    """The story of a job, in one direction; files appear as soon as they exist."""
    use_libraries()
    # torch takes seconds to import, and a laptop may not have it.
    from translation import calibration
    from translation.job import read_translator_spec
    from translation.learn import Lesson, Look
    from translation.make import make_translator
    from translation.pack import TRANSLATOR, versions
    from translation.pairs import part, read_pairs
    from translation.report import Learned, render_report
    from translation.score import examples_csv, performance, score
    from translation.take_over import decide

    spec = read_translator_spec(folders)
    progress = Progress(folders, TRANSLATOR_STAGES)
    started_again = progress.earlier.notes(spec.training_seconds)
    spec = replace(spec, training_seconds=progress.earlier.leave(spec.training_seconds))
    results = Results(folders, str(spec.pair))
    progress.enter("reading")
    pairs = part(read_pairs(spec.train.path, spec.train.encoding, spec.train.delimiter), spec.seed)
    looks: list[Look] = []

    def looked(look: Look) -> None:
        looks.append(look)
        what = f"epoch {look.epochs:.1f}, held-out loss {look.held_out_loss:.2f}"
        share = look.seconds / spec.training_seconds
        progress.learning(share, spec.training_seconds - look.seconds, what)
        curve = "\n".join(["seconds,epochs,learned_loss,held_out_loss", *map(Look.csv, looks)])
        results.write(results.named(LEARNING_CURVE), curve + "\n")

    lesson = Lesson(spec.training_seconds, seed=spec.seed)
    made = make_translator(spec, pairs, lesson, folders.model, progress, looked)
    progress.enter("scoring")
    scored = score(made.translator, pairs.held_out, spec.pair.target)
    results.write(results.named(EXAMPLES), examples_csv(scored), encoding="utf-8-sig")
    measured = performance(scored, spec, made.model, looks[-1] if looks else None, started_again)
    sure = calibration.measure(scored.examples)
    calibration.write(sure, folders.model / TRANSLATOR)
    measured["confidence"] = sure and {"pairs": sure.pairs, "auc": sure.auc, "error": sure.error}
    decision = decide(spec.take_over, scored, spec.pair.target, spec.champion)
    measured["take_over"] = decision.to_json(spec.report_language)
    results.write_json(results.named(PERFORMANCE), measured)
    progress.enter("reporting")
    learned = Learned(pairs, looks, scored, measured, versions())
    results.write(REPORT, render_report(spec, learned))
    progress.enter("packing")
    passport = {**spec.passport, "versions": versions(), "performance": measured}
    write_passport(folders.model, passport)
    results.close()
    progress.enter("done")


if __name__ == "__main__":
    sys.exit(run_job(train))
