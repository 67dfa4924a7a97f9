"""How good the models are on rows that they have not seen."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
from autogluon.tabular import TabularPredictor

from fit import Fitted
from intervals import out_of_fold_spread
from leaks import LEAK, scored_leak_note
from metrics import Predictions, all_scores, higher_is_better
from model_code.notes import Note, note, part_failed
from prepare import Prepared
from problem import Problem, reading_of
from simple_models import MOST_ROWS, guessed, linear

PLACES = {"test file": "test", "hold-out": "holdout", "out-of-fold": "oof"}


@dataclass(frozen=True)
class Scored:
    """Every model's score, and the best model's predictions of the scored rows."""

    best: Predictions
    leaderboard: pd.DataFrame
    performance: dict[str, Any]
    notes: list[Note]


def score(fitted: Fitted, prepared: Prepared) -> Scored:
    """Score every model from one prediction each."""
    predictor, problem = fitted.predictor, prepared.problem
    every = _predictions(fitted, problem)
    best = every[fitted.best]
    scores, notes = all_scores(best), list[Note]()
    if fitted.facts and "time_column" in fitted.facts:
        notes.append(note("split_by_time", **fitted.facts))
        notes += _late_classes(fitted, problem)
    metric = problem.metric
    value = best.score(metric)
    if value is None:
        notes.append(note("no_metric", metric=metric))
        metric = "accuracy"
        value = best.score(metric)
    performance = {
        "metric": metric,
        "score": value,
        "higher_is_better": higher_is_better(metric, problem),
        "scored_on": fitted.scored_on,
        "rows": len(best),
        "rows_in_file": len(prepared.test) if prepared.test is not None else None,
        "fit_rows": fitted.fit_rows,
        "problem_type": problem.type,
        "target": predictor.label,
        "positive_class": problem.positive_class,
        "classes": best.classes if problem.has_classes else None,
        "target_reading": reading_of(problem),
        "best_model": fitted.best,
        "threshold": _threshold(predictor, problem),
        "split": fitted.facts,
        "all_metrics": {metric: value, **scores},
    }
    return Scored(best, _leaderboard(fitted, every, problem, metric), performance, notes)


def _threshold(predictor: TabularPredictor, problem: Problem) -> float | None:
    """Return the probability from which on a row is predicted positive; None if not binary."""
    return float(predictor.decision_threshold) if problem.type == "binary" else None


def _late_classes(fitted: Fitted, problem: Problem) -> list[Note]:
    """Of a split in time: the classes that no earlier row has."""
    if not problem.has_classes:
        return []
    target = fitted.scored[fitted.predictor.label]
    late = target[~target.isin(fitted.predictor.class_labels)]
    classes = tuple(sorted(late.unique()))
    return [note("late_classes", classes=classes, count=len(late))] if classes else []


def _predictions(fitted: Fitted, problem: Problem) -> dict[str, Predictions]:
    """Return predictions by model name; out of fold, of the best model only."""
    predictor, scored = fitted.predictor, fitted.scored
    target = scored[predictor.label]
    found: dict[str, Any]
    if fitted.scored_on == "out-of-fold":
        found = {fitted.best: out_of_fold(predictor, fitted.best, problem)}
    elif problem.has_classes:
        found = predictor.predict_proba_multi(scored.drop(columns=predictor.label))
    else:
        found = predictor.predict_multi(scored.drop(columns=predictor.label))
    return {
        name: as_predictions(predictor, answer, target, problem, fitted.groups)
        for name, answer in found.items()
    }


def out_of_fold(predictor: TabularPredictor, name: str, problem: Problem) -> Any:
    """Return what a model says of each row, each time by the fold that has not seen it."""
    if problem.has_classes:
        return predictor.predict_proba_oof(model=name)
    return predictor.predict_oof(model=name)


def as_predictions(
    predictor: TabularPredictor,
    answer: Any,
    target: pd.Series,
    problem: Problem,
    groups: pd.Series | None = None,
) -> Predictions:
    """Return what AutoGluon answered as predictions of the rows whose target is known."""
    # Rows of classes too rare to be learned have no out-of-fold answer.
    answer = answer.dropna()
    if not answer.index.isin(target.index).all():
        # AutoGluon has repeated the only row of a class, so a model has seen it.
        target = target[target.duplicated(keep=False)]
        answer = answer[answer.index.isin(target.index)]
    target = target.loc[answer.index]
    if problem.has_classes:
        known = target.isin(answer.columns)
        answer, target = answer[known], target[known]
    groups = None if groups is None else groups.loc[target.index]
    if not problem.has_classes:
        return Predictions(problem, target, answer, None, groups)
    labels = predictor.predict_from_proba(answer).astype(str)
    return Predictions(problem, target, labels, answer.rename(columns=str), groups)


def compare(scored: Scored, fitted: Fitted, prepared: Prepared) -> None:
    """Add the 95% CI, and how guessing and a linear model do on the same rows."""
    performance, best = scored.performance, scored.best
    metric, problem, target = performance["metric"], prepared.problem, fitted.predictor.label
    train = _learned_from(fitted, prepared)
    naive = guessed(problem, train[target], best.target)
    try:
        simple = linear(
            problem, train, fitted.scored, target, _is_out_of_fold(fitted), fitted.groups
        )
    except ValueError as error:
        scored.notes.append(part_failed("linear_model", error))
        simple = None
    spread = spread_of(fitted)
    performance["interval"] = interval = best.interval(metric, spread)
    if interval and (rows := performance["rows_in_file"]):
        low, high = best.expected(metric, interval, rows, prepared.test_groups)
        performance["expected"] = {"rows": rows, "low": low, "high": high}
    performance["naive_score"] = naive.score(metric)
    performance["against_guessing"] = best.compared_with(naive, metric, spread)
    performance["linear_score"] = performance["against_linear"] = None
    if simple:
        both = simple.target.index.intersection(best.target.index)
        simple = simple.of_rows(both)
        performance["linear_score"] = simple.score(metric)
        performance["against_linear"] = best.of_rows(both).compared_with(simple, metric, spread)
        performance["linear_fit_rows"] = min(len(train), MOST_ROWS)


def compare_without_leaks(scored: Scored, fitted: Fitted, prepared: Prepared) -> None:
    """Tell beside suspected leaks what the linear model gets without them, on the same rows."""
    score, metric = scored.performance["linear_score"], scored.performance["metric"]
    for place, leak in enumerate(prepared.notes):
        if leak.code != LEAK or score is None:
            continue
        suspects = leak.values["suspects"]
        made_of = prepared.preprocessor.made_of
        features = [name for name in prepared.rows if made_of(str(name)) in suspects]
        rest, rows = (
            every.drop(columns=features)
            for every in (_learned_from(fitted, prepared), fitted.scored)
        )
        if rest.shape[1] < 2:
            continue
        target, same = fitted.predictor.label, _is_out_of_fold(fitted)
        found = linear(prepared.problem, rest, rows, target, same, fitted.groups)
        without = found.score(metric) if found else None
        if without is not None:
            prepared.notes[place] = scored_leak_note(leak, metric, score, without)


def _is_out_of_fold(fitted: Fitted) -> bool:
    return fitted.scored_on == "out-of-fold"


def _learned_from(fitted: Fitted, prepared: Prepared) -> pd.DataFrame:
    """The rows that a model may learn from to be scored like this one."""
    if _is_out_of_fold(fitted):
        return fitted.scored
    return prepared.rows.drop(index=fitted.unseen.index)


def spread_of(fitted: Fitted) -> float:
    """How much wider intervals are than the scored rows alone show."""
    return out_of_fold_spread(fitted.folds) if _is_out_of_fold(fitted) else 1.0


def _leaderboard(
    fitted: Fitted, every: dict[str, Predictions], problem: Problem, metric: str
) -> pd.DataFrame:
    """Every model, best first: scores in their natural sign, times in seconds."""
    predictor = fitted.predictor
    board = pd.concat([predictor.leaderboard(), *fitted.lost], ignore_index=True)
    natural = predictor.eval_metric.convert_score_to_original
    place = PLACES[fitted.scored_on]
    found = pd.DataFrame({"model": board["model"], "metric": predictor.eval_metric.name})
    if place != "oof":
        for name in dict.fromkeys([predictor.eval_metric.name, metric]):
            column = f"score_{place}" if name == predictor.eval_metric.name else f"{name}_{place}"
            scores = [every[one].score(name) if one in every else None for one in board["model"]]
            found[column] = pd.Series(scores, dtype=float)
    found["score_val"] = board["score_val"].map(natural)
    found["fit_seconds"] = board["fit_time"]
    found["predict_seconds_val"] = board["pred_time_val"]
    better = predictor.eval_metric.greater_is_better_internal
    by = f"score_{place}" if place != "oof" else "score_val"
    # A model that is no more has no score on these rows.
    return found.sort_values(by, ascending=not better, kind="stable").reset_index(drop=True)
