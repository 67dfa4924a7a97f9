"""Pictures of how right and how wrong the best model is: one PNG, and SVGs for the report."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import average_precision_score, roc_auc_score

from contract.job import SCORED_ON
from contract.messages import ENGLISH, message, score_text
from metrics import Predictions
from report.drawing import (
    BLUE,
    FRAME,
    GREY,
    HEIGHT,
    ORANGE,
    PALE,
    WIDTH,
    Plot,
    can_be_drawn,
    name_what_no_font_has,
    plain_numbers,
    shortened,
    style,
    svg,
    turned,
)
from report.language import Language
from report.numbers import (
    MOST_CLASSES_DRAWN,
    calibration,
    confusion,
    error_by_size,
    gain,
    numbers,
    positive_class,
    precision_recall,
    residuals,
    roc,
    said_and_happened,
)
from sampling import random_rows

MOST_POINTS = 2000
# From so many classes on, a matrix is as wide as the page, or has no room for shares.
CLASSES_TO_BE_WIDE, CLASSES_WITHOUT_SHARES = 8, 13
WIDE = 10.0
# Below the calibration curve, where the rows are, on its own scale.
BARS = 0.2
# Of the lightness that the eye sees (ITU-R BT.709), below which white letters are read better.
DARK = 0.45
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
# The report's texts in plots.
LABELS = (
    *("plot_roc", "plot_precision_recall", "plot_calibration", "plot_gain", "plot_confusion"),
    *("plot_against", "plot_residuals", "plot_error_by_size"),
    *("guessing", "perfect", "average", "recall", "precision", "predicted", "actual", "rows"),
    *("false_positive_rate", "true_positive_rate", "probability_said", "share_that_happened"),
    *("actual_minus_predicted", "mean_absolute_error", "share_of_rows", "share_found"),
)


def plots(predictions: Predictions, say: Language) -> dict[str, Plot]:
    """Key of a title → what draws it."""
    kind = predictions.problem.type
    if kind == "binary":
        actual, probability = positive_class(predictions)
        both = 0 < actual.mean() < 1
        curves: dict[str, Plot] = {
            "roc": lambda axes: _roc(axes, actual, probability, say),
            "precision_recall": lambda axes: _precision_recall(axes, actual, probability, say),
            "calibration": lambda axes: _calibration(axes, predictions, say),
            "gain": lambda axes: _gain(axes, actual, probability, say),
        }
        matrix: dict[str, Plot] = {"confusion": lambda axes: _confusion(axes, predictions, say)}
        return {**(curves if both else {}), **matrix}
    if kind == "multiclass":
        return {
            "confusion": lambda axes: _confusion(axes, predictions, say),
            "calibration": lambda axes: _calibration(axes, predictions, say),
        }
    return {
        "against": lambda axes: _against(axes, predictions, say),
        "residuals": lambda axes: _residuals(axes, predictions, say),
        "error_by_size": lambda axes: _error_by_size(axes, predictions, say),
    }


def draw_png(
    predictions: Predictions, performance: Mapping[str, Any], path: Path, language: str
) -> None:
    """All plots beside each other; in English where no font has the letters of the language."""
    say = Language(language)
    title = message(
        "plots.title",
        model=performance["best_model"],
        rows=message(SCORED_ON[performance["scored_on"]], rows=performance["rows"]),
    )
    if not can_be_drawn("".join([say.render(title), *map(say, LABELS)])):
        say = Language(ENGLISH)
    drawn = plots(predictions, say)
    with matplotlib.rc_context(style(say)):
        sizes = [size(key, predictions) for key in drawn]
        wide = [width for width, _ in sizes]
        tall = max(height for _, height in sizes)
        figure = Figure(figsize=(sum(wide), tall), layout="constrained")
        axes = figure.subplots(1, len(drawn), width_ratios=wide, squeeze=False)
        for (key, draw), place in zip(drawn.items(), axes[0], strict=True):
            place.set_title(say(f"plot_{key}"))
            draw(place)
        figure.suptitle(say.render(title))
        name_what_no_font_has(figure)
        figure.savefig(path, dpi=110, format="png")


def draw_svgs(predictions: Predictions, say: Language) -> dict[str, str]:
    """Key → an SVG element for a page."""
    return {
        key: svg(draw, say, key, *size(key, predictions))
        for key, draw in plots(predictions, say).items()
    }


def size(key: str, predictions: Predictions) -> tuple[float, float]:
    """Width and height in inches."""
    if not is_wide(key, predictions):
        return WIDTH, HEIGHT
    return WIDE, 2.0 + 0.3 * min(len(predictions.classes), MOST_CLASSES_DRAWN)


def is_wide(key: str, predictions: Predictions) -> bool:
    """Whether a picture needs the width of the page."""
    return key == "confusion" and len(predictions.classes) >= CLASSES_TO_BE_WIDE


def _roc(axes: Axes, actual: np.ndarray, probability: np.ndarray, say: Language) -> None:
    points, area = roc(actual, probability), float(roc_auc_score(actual, probability))
    axes.plot([0, 1], [0, 1], "--", color=GREY, label=say("guessing"))
    axes.plot(
        points["false_positive_rate"],
        points["true_positive_rate"],
        color=BLUE,
        label=f"AUC {area:.3f}",
    )
    axes.set(xlabel=say("false_positive_rate"), ylabel=say("true_positive_rate"))
    axes.legend(loc="lower right", frameon=False)


def _precision_recall(
    axes: Axes, actual: np.ndarray, probability: np.ndarray, say: Language
) -> None:
    points, average = (
        precision_recall(actual, probability),
        average_precision_score(actual, probability),
    )
    axes.axhline(actual.mean(), linestyle="--", color=GREY, label=say("guessing"))
    axes.step(
        points["recall"],
        points["precision"],
        where="post",
        color=BLUE,
        label=f"{say('average')} {average:.3f}",
    )
    axes.set(xlabel=say("recall"), ylabel=say("precision"), ylim=(0, 1.02))
    axes.legend(loc="lower left", frameon=False)


def _gain(axes: Axes, actual: np.ndarray, probability: np.ndarray, say: Language) -> None:
    found = gain(actual, probability)
    axes.plot([0, 1], [0, 1], "--", color=GREY, label=say("guessing"))
    axes.plot([0, actual.mean(), 1], [0, 1, 1], ":", color=ORANGE, label=say("perfect"))
    axes.plot(found["share_of_rows"], found["share_found"], color=BLUE)
    axes.set(xlabel=say("share_of_rows"), ylabel=say("share_found"))
    axes.legend(loc="lower right", frameon=False)


def _calibration(axes: Axes, predictions: Predictions, say: Language) -> None:
    found = calibration(*said_and_happened(predictions))
    said, happened = found["probability_said"], found["share_that_happened"]
    tallest = found["rows"].max()
    heights, widths = found["rows"] / tallest * BARS, found["to"] - found["from"]
    axes.bar(found["from"], heights, widths, -BARS, align="edge", color=PALE, edgecolor="white")
    axes.axhline(0, color=FRAME, linewidth=1)
    axes.plot([0, 1], [0, 1], "--", color=GREY, label=say("perfect"))
    whiskers = [happened - found["low"], found["high"] - happened]
    axes.errorbar(said, happened, whiskers, fmt="o-", color=BLUE, linewidth=1, capsize=3)
    axes.set(xlabel=say("probability_said"), ylabel=say("share_that_happened"))
    axes.set_yticks(np.linspace(0, 1, 6))
    axes.legend(loc="upper left", frameon=False)


def _confusion(axes: Axes, predictions: Predictions, say: Language) -> None:
    table = confusion(predictions)
    counts, names = table.to_numpy(), [shortened(str(name)) for name in table]
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    light = image.to_rgba(shares)[..., :3] ** 2.2 @ LUMINANCE
    few = len(names) < CLASSES_TO_BE_WIDE
    for row, column in np.ndindex(*counts.shape):
        count, share = counts[row, column], shares[row, column]
        if not count and not few:
            continue
        text = f"{count:,}\n{share:.0%}" if len(names) < CLASSES_WITHOUT_SHARES else f"{count:,}"
        colour = "white" if light[row, column] < DARK**2.2 else "black"
        size = 10 if few else 8
        axes.text(column, row, text, color=colour, fontsize=size, ha="center", va="center")
    axes.set(xlabel=say("predicted"), ylabel=say("actual"))
    axes.set_xticks(range(len(names)), names, rotation=turned(names))
    axes.set_yticks(range(len(names)), names)


def _against(axes: Axes, predictions: Predictions, say: Language) -> None:
    actual, predicted = numbers(predictions)
    rows = random_rows(len(actual), MOST_POINTS)
    ends = [
        min(actual[rows].min(), predicted[rows].min()),
        max(actual[rows].max(), predicted[rows].max()),
    ]
    axes.plot(ends, ends, "--", color=GREY, label=say("perfect"))
    axes.scatter(actual[rows], predicted[rows], s=8, alpha=0.35, color=BLUE, rasterized=True)
    axes.set(xlabel=say("actual"), ylabel=say("predicted"))
    plain_numbers(axes.xaxis)
    plain_numbers(axes.yaxis)
    axes.legend(frameon=False)


def _residuals(axes: Axes, predictions: Predictions, say: Language) -> None:
    found = residuals(predictions)
    axes.bar(found["from"], found["rows"], found["to"] - found["from"], align="edge", color=BLUE)
    axes.axvline(0, linestyle="--", color=ORANGE)
    axes.set(xlabel=say("actual_minus_predicted"), ylabel=say("rows"))
    plain_numbers(axes.xaxis)


def _error_by_size(axes: Axes, predictions: Predictions, say: Language) -> None:
    groups = error_by_size(predictions)
    axes.barh(range(len(groups)), groups["mean_absolute_error"], color=BLUE)
    axes.set_yticks(range(len(groups)), ranges(groups))
    axes.invert_yaxis()
    axes.set(xlabel=say("mean_absolute_error"), ylabel=say("actual"))
    plain_numbers(axes.xaxis)


def ranges(groups: pd.DataFrame) -> list[str]:
    """What groups from … to are called."""
    ends = zip(groups["from"], groups["to"], strict=True)
    return [f"{score_text(low)} – {score_text(high)}" for low, high in ends]
