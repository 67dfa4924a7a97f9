"""A training job: sentence pairs in, results and a translator out. It knows no S3, no network."""

import json
import os
import sys
import traceback
from pathlib import Path

from failure import TrainingError
from job_spec import Folders
from libraries import use_libraries
from progress import TRANSLATOR_STAGES, Progress
from results import Results


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
    except ModuleNotFoundError as error:
        return _fail(folders, f"This machine lacks {error.name}; on a laptop, run: make torch")
    except Exception as error:
        return _fail(folders, f"Something unforeseen broke: {type(error).__name__}: {error}")
    return 0


def train(folders: Folders) -> None:
    """The story of a job, in one direction; files appear as soon as they exist."""
    use_libraries()
    # torch takes seconds to import, and a laptop may not have it.
    from translation.job import read_translator_spec
    from translation.learn import Lesson, Look
    from translation.make import make_translator
    from translation.pack import versions
    from translation.pairs import part, read_pairs
    from translation.report import Learned, render_report
    from translation.score import examples_csv, performance, score

    spec = read_translator_spec(folders)
    progress = Progress(folders.results, TRANSLATOR_STAGES)
    results = Results(folders.results, folders.output_data, str(spec.pair))
    progress.enter("reading")
    pairs = part(read_pairs(spec.train.path, spec.train.encoding, spec.train.delimiter), spec.seed)
    looks: list[Look] = []

    def looked(look: Look) -> None:
        looks.append(look)
        told = f"epoch {look.epochs:.1f}, held-out loss {look.held_out_loss:.2f}"
        share = look.seconds / spec.training_seconds
        progress.learning(share, spec.training_seconds - look.seconds, told)
        curve = "\n".join(["seconds,epochs,learned_loss,held_out_loss", *map(Look.csv, looks)])
        results.write(results.named("learning_curve.csv"), curve + "\n")

    lesson = Lesson(spec.training_seconds, seed=spec.seed)
    made = make_translator(spec, pairs, lesson, folders.model, progress, looked)
    progress.enter("scoring")
    scored = score(made.translator, pairs.held_out, spec.pair.target)
    results.write(results.named("examples.csv"), examples_csv(scored), encoding="utf-8-sig")
    measured = performance(scored, spec, made.model, looks[-1] if looks else None)
    results.write_json(results.named("model_performance.txt"), measured)
    progress.enter("reporting")
    told = Learned(pairs, looks, scored, measured, versions())
    results.write("report.html", render_report(spec, told))
    progress.enter("packing")
    passport = {**spec.passport, "versions": versions(), "performance": measured}
    (folders.model / "passport.json").write_text(json.dumps(passport, ensure_ascii=False, indent=1))
    results.close()
    progress.enter("done")


def _fail(folders: Folders, reason: str) -> int:
    """SageMaker shows the first 1,024 characters of this file as the failure reason."""
    traceback.print_exc()
    (Path(folders.output) / "failure").write_text(reason[:1000], encoding="utf-8")
    return 1


if __name__ == "__main__":
    sys.exit(main())
