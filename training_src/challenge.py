"""The model that the dataset has had so far against the new one, on the same test rows."""

from pathlib import Path

from earlier_model import unpack
from job_spec import JobSpec
from model_code.notes import note
from report.page import number
from scoring import Scored


def challenge(spec: JobSpec, scored: Scored, folder: Path) -> None:
    """Add to the performance how the model before does, and to the notes which of them is better.

    Raises TrainingError in words when the model before cannot predict these rows.
    """
    assert spec.champion is not None and spec.test is not None
    before, new = unpack(spec.champion, folder / "champion"), scored.best
    learnt = before.passport["performance"]
    if (learnt["target"], learnt["problem_type"]) != (spec.target, new.problem.type):
        scored.notes.append(note("other_problem", target=learnt["target"]))
        return
    written = folder / "champion.csv"
    before.predict(spec.test, written, "plain")
    metric, score = scored.performance["metric"], scored.performance["score"]
    old = before.answers(written, new.target, new.problem)
    verdict = _verdict(new.lead(old, metric), scored.performance["higher_is_better"])
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


def _verdict(lead: tuple[float, float] | None, higher_is_better: bool) -> str:
    """What is to be thought of the new model: `better`, `worse`, or neither for sure: `alike`."""
    low, high = lead or (0.0, 0.0)
    if low <= 0 <= high:
        return "alike"
    return "better" if (low > 0) == higher_is_better else "worse"
