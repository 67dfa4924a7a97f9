"""Compare the new model with the dataset's previous one on the same test rows."""

from pathlib import Path

from contract.messages import score_text as number
from earlier_model import unpack
from job_spec import JobSpec
from model_code.notes import note
from scoring import Scored


def compare_with_previous(spec: JobSpec, scored: Scored, folder: Path) -> None:
    """Add the previous model's score to the performance, and to the notes which model is better.

    Unpacks the previous model under `folder`. Raises TrainingError when it cannot predict these
    rows.
    """
    assert spec.champion is not None and spec.test is not None
    before, new = unpack(spec.champion, folder / "champion"), scored.best
    then = before.passport["performance"]
    if (then["target"], then["problem_type"]) != (spec.target, new.problem.type):
        scored.notes.append(note("other_problem", target=then["target"]))
        return
    written = folder / "champion.csv"
    before.predict(spec.test, written, "plain")
    metric, score = scored.performance["metric"], scored.performance["score"]
    old = before.answers(written, new.target, new.problem)
    verdict = new.compared_with(old, metric)
    champion = {"job": before.passport["job"], "score": old.score(metric), "verdict": verdict}
    scored.performance["champion"] = champion
    scored.notes.append(
        note(
            f"challenger_{verdict}",
            job=champion["job"],
            metric=metric,
            before=number(champion["score"]),
            now=number(score),
            rows=len(new),
        )
    )
