"""The first sentences of the report: how good the model is, in everyday words."""

from collections.abc import Mapping, Sequence
from typing import Any

from contract.messages import GAP
from contract.messages import score_text as number
from metrics import BETTER, WORSE
from problem import Problem
from report.findings import Findings
from report.language import Language
from report.tables import Tables
from verdict import ClassCounts


def sentences(found: Findings, say: Language) -> list[str]:
    """What was predicted from what, how good it is, and compared with what."""
    performance, spec = found.performance, found.spec
    what = say(
        "sentence_what",
        target=spec.target,
        columns=len(found.prepared.preprocessor.columns),
        rows=f"{performance['fit_rows']:,}",
        file=spec.train.name,
    )
    column = prediction_column(found.classes, found.prepared.problem, say)
    return [
        what,
        how_good(performance, say),
        *column,
        _compared(performance, say),
        *_expected(found, say),
    ]


def prediction_column(classes: Sequence[ClassCounts], problem: Problem, say: Language) -> list[str]:
    """What the prediction column is worth, from the scored rows: none for numbers.

    Of two classes the positive one, of more the best and the worst by F1.
    """
    rows = sum(one.rows for one in classes)
    if not rows:
        return []
    hits = _of_a_hundred(sum(one.right for one in classes) / rows)
    if problem.type == "binary":
        (positive,) = (one for one in classes if one.name == problem.positive_class)
        return [say("column_right", percent=hits), *_found_of(positive, say)]
    known = sorted((one for one in classes if one.rows), key=_f1, reverse=True)
    return [
        say("column_right", percent=hits),
        *(text for one in dict.fromkeys((known[0], known[-1])) for text in _found_of(one, say)),
    ]


def _f1(one: ClassCounts) -> float:
    return 2 * one.right / (one.rows + one.predicted)


def _found_of(one: ClassCounts, say: Language) -> list[str]:
    """Precision and recall of a class, in everyday words."""
    if not one.rows:
        return []
    if not one.predicted:
        return [say("column_never", name=one.name, rows=f"{one.rows:,}")]
    precision, recall = one.right / one.predicted, one.right / one.rows
    return [
        say(
            "column_found",
            name=one.name,
            precision=_of_a_hundred(precision),
            recall=_of_a_hundred(recall),
        )
    ]


def how_good(performance: Mapping[str, Any], say: Language) -> str:
    """One sentence, in everyday words where the metric has some."""
    metric, score = performance["metric"], performance["score"]
    key = f"good_{metric}" if say.has(f"good_{metric}") else "good_other"
    return say(
        key,
        metric=metric,
        score=number(score),
        percent=_of_a_hundred(score),
        target=performance["target"],
        positive=performance["positive_class"],
    )


def _of_a_hundred(share: float) -> str:
    """Rounded, but none and all only where it is exactly that."""
    rounded = f"{100 * share:.0f}"
    return {"0": "1", "100": "99"}.get(rounded, rounded) if 0 < share < 1 else rounded


def _compared(performance: Mapping[str, Any], say: Language) -> str:
    """Which of this model, guessing and a linear model is better, as paired tests decided it."""
    linear = performance["linear_score"]
    values = {
        "metric": performance["metric"],
        "naive": number(performance["naive_score"]),
        "linear": number(linear),
        "target": performance["target"],
    }
    against_linear = performance["against_linear"]
    if against_linear == WORSE:
        said = say("compared_worse", **values)
    elif performance["against_guessing"] != BETTER:
        return say("compared_nothing", **values)
    elif linear is None:
        return say("compared_guessing", **values)
    else:
        said = say("compared_paid" if against_linear == BETTER else "compared_linear", **values)
    rows = performance["linear_fit_rows"]
    if rows < performance["fit_rows"]:
        said = f"{said}{GAP[say.name]}{say('compared_rows', rows=f'{rows:,}')}"
    return said


def _expected(found: Findings, say: Language) -> list[str]:
    """What scores a file as long as the test file may get."""
    expected = found.performance.get("expected")
    if not expected:
        return []
    low, high = number(expected["low"]), number(expected["high"])
    metric = found.performance["metric"]
    return [say("expected", metric=metric, rows=f"{expected['rows']:,}", low=low, high=high)]


def calibrated(tables: Tables, say: Language) -> str:
    """How good the probabilities are, beside those of guessing; nothing for numbers."""
    found, said = tables.brier, list[str]()
    if found is None:
        return ""
    if tables.predictions.problem.type == "multiclass":
        said.append(say("calibration_of_predicted"))
    score, low, high, guessing = map(number, (found.score, found.low, found.high, found.guessing))
    said.append(say("brier", score=score, low=low, high=high, guessing=guessing))
    percent = f"{100 * found.skill:.0f}"
    better = say("brier_better", percent=percent) if found.skill > 0 else say("brier_worse")
    return GAP[say.name].join((*said, better))
