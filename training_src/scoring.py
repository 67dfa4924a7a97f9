"""How good the models are on rows that they have not seen."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
from autogluon.core.metrics import get_metric
from autogluon.tabular import TabularPredictor

from prepare import Prepared


@dataclass(frozen=True)
class Scored:
    """The best model's predictions of the scored rows, and what they are worth."""

    target: pd.Series
    predicted: pd.Series | pd.DataFrame
    probabilities: pd.DataFrame | None
    performance: dict[str, Any]


def score(predictor: TabularPredictor, prepared: Prepared, warnings: list[str]) -> Scored:
    """Predict once, with probabilities where there are classes, and compute every metric."""
    rows, target = prepared.scored, prepared.scored[predictor.label]
    probabilities = predictor.predict_proba(rows) if prepared.problem.has_classes else None
    if probabilities is None:
        predicted = predictor.predict(rows)
    else:
        predicted = predictor.predict_from_proba(probabilities)
    metrics = _metrics(predictor, target, predicted, probabilities, warnings)
    metric = prepared.problem.metric if prepared.problem.metric in metrics else "accuracy"
    kind, classes = predictor.problem_type, prepared.problem.has_classes
    performance = {
        "metric": metric,
        "score": metrics[metric],
        "higher_is_better": get_metric(metric, kind).greater_is_better_internal,
        "scored_on": prepared.scored_on,
        "rows": len(rows),
        "problem_type": kind,
        "target": predictor.label,
        "positive_class": prepared.problem.positive_class,
        "classes": [str(label) for label in predictor.class_labels] if classes else None,
        "best_model": predictor.model_best,
        "all_metrics": metrics,
        "warnings": warnings,
    }
    return Scored(target, predicted, probabilities, performance)


def _metrics(
    predictor: TabularPredictor,
    target: pd.Series,
    predicted: pd.Series | pd.DataFrame,
    probabilities: pd.DataFrame | None,
    warnings: list[str],
) -> dict[str, float]:
    """AutoGluon's names, in the sign that people know: an RMSE is positive."""
    try:
        found = predictor.evaluate_predictions(
            target, predicted if probabilities is None else probabilities, auxiliary_metrics=True
        )
    except ValueError as error:
        if probabilities is None:
            raise
        warnings.append(
            f"Some metrics cannot be computed on these rows "
            f"({str(error).splitlines()[0]}); accuracy is given instead."
        )
        found = {"accuracy": float((target == predicted).mean())}
    return {name: _natural(name, value, predictor.problem_type) for name, value in found.items()}


def _natural(name: str, value: float, problem_type: str) -> float:
    return float(get_metric(name, problem_type).convert_score_to_original(value))


def leaderboard(predictor: TabularPredictor, prepared: Prepared, can_score: bool) -> pd.DataFrame:
    """Every model, best first: scores in their natural sign, times in seconds."""
    on = "test" if prepared.scored_on == "test file" else "holdout"
    told = prepared.problem.metric
    metric = predictor.eval_metric
    board: pd.DataFrame = predictor.leaderboard(
        prepared.scored if can_score else None,
        extra_metrics=[told] if can_score and told != metric.name else None,
    )
    columns = {
        "score_test": f"score_{on}",
        "score_val": "score_val",
        told: f"{told}_{on}",
        "fit_time": "fit_seconds",
        "pred_time_test": f"predict_seconds_{on}",
        "pred_time_val": "predict_seconds_val",
    }
    found: pd.DataFrame = board[[name for name in columns if name in board]].rename(columns=columns)
    for name in (f"score_{on}", "score_val"):
        if name in found:
            found[name] = found[name].map(metric.convert_score_to_original)
    found.insert(0, "metric", metric.name)
    found.insert(0, "model", board["model"])
    return found
