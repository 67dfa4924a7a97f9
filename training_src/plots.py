"""One picture of how right and how wrong the best model is."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import get_font_names
from sklearn.metrics import (
    auc,
    average_precision_score,
    confusion_matrix,
    precision_recall_curve,
    roc_curve,
)

from problem import Problem
from scoring import Scored

BLUE, GREY, RED = "#2b6cb0", "#a0aec0", "#c53030"
MOST_CLASSES_DRAWN = 20
MOST_POINTS = 3000
# Class names may be in any script, and no one font has all of them.
FONTS = ["DejaVu Sans", "Noto Sans CJK KR", "Noto Sans CJK TC", "NanumGothic", "Malgun Gothic"]
plt.rcParams.update(
    {
        "font.family": [name for name in FONTS if name in get_font_names()],
        "axes.spines.top": False,
        "axes.spines.right": False,
        # A `$` in a name is no formula.
        "text.parse_math": False,
    }
)


def plot(scored: Scored, problem: Problem, path: Path) -> None:
    """ROC, precision-recall and confusion matrix; or predicted against actual and residuals."""
    if problem.type == "binary":
        figure = _binary(scored, str(problem.positive_class))
    elif problem.type == "multiclass":
        figure = _multiclass(scored)
    else:
        figure = _numbers(scored)
    figure.suptitle(
        f"{scored.performance['best_model']} on the {scored.performance['scored_on']} "
        f"({scored.performance['rows']} rows)",
    )
    figure.savefig(path, dpi=110, format="png")
    plt.close(figure)


def _binary(scored: Scored, positive: str) -> Figure:
    assert scored.probabilities is not None
    actual = (scored.target == positive).to_numpy()
    probability = scored.probabilities[positive].to_numpy()
    figure, (roc, curve, matrix) = plt.subplots(1, 3, figsize=(15, 4.8), layout="constrained")
    if actual.any() and not actual.all():
        _draw_roc(roc, actual, probability)
        _draw_precision_recall(curve, actual, probability, positive)
    _draw_confusion(matrix, scored, [str(c) for c in scored.probabilities.columns])
    return figure


def _draw_roc(axes: Axes, actual: np.ndarray, probability: np.ndarray) -> None:
    wrong, right, _ = roc_curve(actual, probability)
    axes.plot([0, 1], [0, 1], "--", color=GREY, label="guessing")
    axes.plot(wrong, right, color=BLUE, label=f"AUC {auc(wrong, right):.3f}")
    axes.set(title="ROC", xlabel="False positive rate", ylabel="True positive rate")
    axes.legend(loc="lower right", frameon=False)


def _draw_precision_recall(
    axes: Axes, actual: np.ndarray, probability: np.ndarray, positive: str
) -> None:
    precision, recall, _ = precision_recall_curve(actual, probability)
    axes.axhline(actual.mean(), linestyle="--", color=GREY, label="guessing")
    average = average_precision_score(actual, probability)
    axes.step(recall, precision, where="post", color=BLUE, label=f"average {average:.3f}")
    axes.set(xlabel="Recall", ylabel="Precision", ylim=(0, 1.02))
    axes.set_title(f"Precision and recall of {_short(positive)}")
    axes.legend(loc="lower left", frameon=False)


def _multiclass(scored: Scored) -> Figure:
    counts = scored.target.value_counts()
    classes = [str(name) for name in sorted(counts.index[:MOST_CLASSES_DRAWN])]
    size = 3.5 + 0.55 * len(classes)
    figure, axes = plt.subplots(figsize=(size + 1, size), layout="constrained")
    _draw_confusion(axes, scored, classes)
    return figure


def _draw_confusion(axes: Axes, scored: Scored, classes: list[str]) -> None:
    counts = confusion_matrix(scored.target, scored.predicted, labels=classes)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(*counts.shape):
        axes.text(
            column,
            row,
            f"{counts[row, column]}\n{shares[row, column]:.0%}",
            ha="center",
            va="center",
            color="white" if shares[row, column] > 0.5 else "black",
            fontsize=9,
        )
    names = [_short(name) for name in classes]
    axes.set_title("Confusion matrix")
    axes.set(xlabel="Predicted", ylabel="Actual")
    turned = 90 if max(map(len, names)) > 4 and len(names) > 4 else 0
    axes.set_xticks(range(len(names)), names, rotation=turned)
    axes.set_yticks(range(len(names)), names)


def _numbers(scored: Scored) -> Figure:
    predicted = scored.predicted
    if isinstance(predicted, pd.DataFrame):
        predicted = predicted[0.5]
    rows = scored.target.sample(min(len(scored.target), MOST_POINTS), random_state=0).index
    actual, guess = scored.target[rows], predicted[rows]
    figure, (against, residuals) = plt.subplots(1, 2, figsize=(11, 4.8), layout="constrained")
    ends = [min(actual.min(), guess.min()), max(actual.max(), guess.max())]
    against.plot(ends, ends, "--", color=GREY, label="perfect")
    against.scatter(actual, guess, s=8, alpha=0.4, color=BLUE)
    against.set(title="Predicted against actual", xlabel="Actual", ylabel="Predicted")
    against.legend(frameon=False)
    residuals.hist(scored.target - predicted, bins=50, color=BLUE)
    residuals.axvline(0, linestyle="--", color=RED)
    residuals.set(title="Residuals", xlabel="Actual minus predicted", ylabel="Rows")
    return figure


def _short(name: str) -> str:
    return name if len(name) <= 18 else f"{name[:17]}…"
