"""Pictures of how right and how wrong the best model is: one PNG, and SVGs for the report."""

import io
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager, get_font
from sklearn.metrics import (
    auc,
    average_precision_score,
    precision_recall_curve,
    roc_curve,
)

from contract.job import SCORED_ON
from contract.messages import ENGLISH, message
from explain import Effect
from metrics import Predictions
from report.language import Language
from sampling import random_rows

BLUE, GREY, RED, ORANGE = "#2b6cb0", "#a0aec0", "#c53030", "#c05621"
COLOURS = (BLUE, ORANGE, "#2f855a", "#6b46c1")
MOST_CLASSES_DRAWN = 20
MOST_POINTS, MOST_CURVE_POINTS = 2000, 400
CALIBRATION_BINS = 10
SIZE_BINS = 5
LONGEST_NAME = 18
# In inches, as matplotlib counts.
WIDTH, HEIGHT = 5.0, 4.2
EFFECT_WIDTH, EFFECT_HEIGHT = 4.2, 3.0
# Class names may be in any script, and no one font has all of them.
FONTS = ("DejaVu Sans", "Noto Sans CJK KR", "Noto Sans CJK TC", "NanumGothic", "Malgun Gothic")
# The first font that has a character draws it, and Chinese ones look different in Korea.
EARLIER = {"zh-TW": ["Noto Sans CJK TC"]}
HERE = {font.name: font.fname for font in fontManager.ttflist if font.name in FONTS}
STYLE: Any = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    # A `$` in a name does not start a formula.
    "text.parse_math": False,
    # Texts stay texts: the browser has fonts for every script.
    "svg.fonttype": "none",
}
# The report's texts in plots.
LABELS = (
    *("plot_roc", "plot_precision_recall", "plot_calibration", "plot_confusion"),
    *("plot_against", "plot_residuals", "plot_error_by_size"),
    *("guessing", "perfect", "average", "recall", "precision", "predicted", "actual", "rows"),
    *("false_positive_rate", "true_positive_rate", "probability_said", "share_that_happened"),
    *("actual_minus_predicted", "mean_absolute_error"),
)
Plot = Callable[[Axes], None]


def plots(predictions: Predictions, say: Language) -> dict[str, Plot]:
    """Key of a title → what draws it."""
    kind = predictions.problem.type
    if kind == "binary":
        actual, probability = positive_class(predictions)
        both = 0 < actual.mean() < 1
        curves: dict[str, Plot] = {
            "roc": lambda axes: _roc(axes, actual, probability, say),
            "precision_recall": lambda axes: _precision_recall(axes, actual, probability, say),
            "calibration": lambda axes: _calibration(axes, actual, probability, say),
        }
        matrix: dict[str, Plot] = {"confusion": lambda axes: _confusion(axes, predictions, say)}
        return {**(curves if both else {}), **matrix}
    if kind == "multiclass":
        return {"confusion": lambda axes: _confusion(axes, predictions, say)}
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
    if not _can_be_drawn("".join([say.render(title), *map(say, LABELS)])):
        say = Language(ENGLISH)
    drawn = plots(predictions, say)
    with matplotlib.rc_context(_style(say)):
        wide = [_width(key, predictions) for key in drawn]
        tall = max(HEIGHT, *wide) if len(wide) == 1 else HEIGHT
        figure = Figure(figsize=(sum(wide), tall), layout="constrained")
        axes = figure.subplots(1, len(drawn), width_ratios=wide, squeeze=False)
        for (key, draw), place in zip(drawn.items(), axes[0], strict=True):
            place.set_title(say(f"plot_{key}"))
            draw(place)
        figure.suptitle(say.render(title))
        _name_what_no_font_has(figure)
        figure.savefig(path, dpi=110, format="png")


def draw_svgs(predictions: Predictions, say: Language) -> dict[str, str]:
    """Key → an SVG element for a page."""
    return {
        key: _svg(draw, say, _width(key, predictions), key)
        for key, draw in plots(predictions, say).items()
    }


def draw_effects(effects: list[Effect], say: Language) -> list[tuple[str, str]]:
    """Column → an SVG element for a page."""
    size = (EFFECT_WIDTH, EFFECT_HEIGHT)
    return [
        (effect.column, _svg(partial(_effect, effect), say, size[0], f"effect{n}", size[1]))
        for n, effect in enumerate(effects)
    ]


def positive_class(predictions: Predictions) -> tuple[np.ndarray, np.ndarray]:
    """Of each row: whether it is of the positive class, and the probability given to that."""
    positive = str(predictions.problem.positive_class)
    assert predictions.probabilities is not None
    actual = (predictions.target.astype(str) == positive).to_numpy()
    return actual, predictions.probabilities[positive].to_numpy(float)


def _width(key: str, predictions: Predictions) -> float:
    if key != "confusion":
        return WIDTH
    return max(WIDTH, 3.0 + 0.5 * min(len(predictions.classes), MOST_CLASSES_DRAWN))


def _style(say: Language) -> Any:
    names = dict.fromkeys([FONTS[0], *EARLIER.get(say.name, []), *FONTS])
    return {**STYLE, "font.family": [name for name in names if name in HERE]}


def _svg(draw: Plot, say: Language, width: float, salt: str, height: float | None = None) -> str:
    with matplotlib.rc_context({**_style(say), "svg.hashsalt": salt}):
        tall = height or (width if width > WIDTH else HEIGHT)
        figure = Figure(figsize=(width, tall), layout="constrained")
        draw(figure.subplots())
        written = io.StringIO()
        figure.savefig(written, format="svg", transparent=True, metadata={"Date": None})
    return _element(written.getvalue())


def _element(svg: str) -> str:
    """The SVG as an element of an HTML page: no declarations, no names that could be there twice,
    and as wide as there is room."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.S)
    body = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", body)
    used = set(re.findall(r"#([\w-]+)", body))
    body = re.sub(r'\sid="([^"]*)"', lambda found: found[0] if found[1] in used else "", body)
    return re.sub(
        r'^(<svg[^>]*?)\swidth="[^"]*"',
        r"\1",
        re.sub(r'^(<svg[^>]*?)\sheight="[^"]*"', r"\1", body),
    )


def _roc(axes: Axes, actual: np.ndarray, probability: np.ndarray, say: Language) -> None:
    wrong, right, _ = roc_curve(actual, probability)
    axes.plot([0, 1], [0, 1], "--", color=GREY, label=say("guessing"))
    axes.plot(*_thinned(wrong, right), color=BLUE, label=f"AUC {auc(wrong, right):.3f}")
    axes.set(xlabel=say("false_positive_rate"), ylabel=say("true_positive_rate"))
    axes.legend(loc="lower right", frameon=False)


def _precision_recall(
    axes: Axes, actual: np.ndarray, probability: np.ndarray, say: Language
) -> None:
    precision, recall, _ = precision_recall_curve(actual, probability)
    axes.axhline(actual.mean(), linestyle="--", color=GREY, label=say("guessing"))
    average = average_precision_score(actual, probability)
    axes.step(
        *_thinned(recall, precision),
        where="post",
        color=BLUE,
        label=f"{say('average')} {average:.3f}",
    )
    axes.set(xlabel=say("recall"), ylabel=say("precision"), ylim=(0, 1.02))
    axes.legend(loc="lower left", frameon=False)


def _calibration(axes: Axes, actual: np.ndarray, probability: np.ndarray, say: Language) -> None:
    said, happened, counts = calibration(actual, probability)
    axes.plot([0, 1], [0, 1], "--", color=GREY, label=say("perfect"))
    axes.plot(said, happened, color=BLUE, linewidth=1)
    axes.scatter(said, happened, s=20 + 120 * counts / counts.max(), color=BLUE, alpha=0.8)
    axes.set(xlabel=say("probability_said"), ylabel=say("share_that_happened"))
    axes.legend(loc="upper left", frameon=False)


def calibration(
    actual: np.ndarray, probability: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ten groups of about equal size: mean probability, share of positives, rows."""
    order = np.argsort(probability, kind="stable")
    groups = [g for g in np.array_split(order, CALIBRATION_BINS) if len(g)]
    return (
        np.array([probability[g].mean() for g in groups]),
        np.array([actual[g].mean() for g in groups]),
        np.array([len(g) for g in groups]),
    )


def _confusion(axes: Axes, predictions: Predictions, say: Language) -> None:
    target, predicted = predictions.target.astype(str), predictions.predicted.astype(str)
    classes = shown_classes(predictions)
    # scikit-learn's is thirty times slower on texts.
    table = pd.crosstab(target.to_numpy(), predicted.to_numpy())
    counts = table.reindex(index=classes, columns=classes, fill_value=0).to_numpy()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(*counts.shape):
        share = shares[row, column]
        axes.text(
            column,
            row,
            f"{counts[row, column]:,}\n{share:.0%}",
            ha="center",
            va="center",
            color="white" if share > 0.5 else "black",
            fontsize=10 if len(classes) < 8 else 7,
        )
    names = [shortened(name) for name in classes]
    axes.set(xlabel=say("predicted"), ylabel=say("actual"))
    turned = 90 if max(map(len, names)) > 4 and len(names) > 4 else 0
    axes.set_xticks(range(len(names)), names, rotation=turned)
    axes.set_yticks(range(len(names)), names)


def shown_classes(predictions: Predictions) -> list[str]:
    """The most frequent ones, in order."""
    counts = predictions.target.astype(str).value_counts()
    usual = set(counts.index[:MOST_CLASSES_DRAWN])
    every = [*predictions.classes, *sorted(set(counts.index) - set(predictions.classes))]
    shown = [name for name in every if name in usual]
    return shown if len(shown) > 1 else every[:MOST_CLASSES_DRAWN]


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
    axes.legend(frameon=False)


def _residuals(axes: Axes, predictions: Predictions, say: Language) -> None:
    actual, predicted = numbers(predictions)
    axes.hist(actual - predicted, bins=40, color=BLUE)
    axes.axvline(0, linestyle="--", color=RED)
    axes.set(xlabel=say("actual_minus_predicted"), ylabel=say("rows"))


def _error_by_size(axes: Axes, predictions: Predictions, say: Language) -> None:
    groups = error_by_size(predictions)
    names = [
        f"{low:,.4g} – {high:,.4g}" for low, high in zip(groups["from"], groups["to"], strict=True)
    ]
    axes.barh(range(len(groups)), groups["error"], color=BLUE)
    axes.set_yticks(range(len(groups)), names)
    axes.invert_yaxis()
    axes.set(xlabel=say("mean_absolute_error"), ylabel=say("actual"))


def error_by_size(predictions: Predictions) -> pd.DataFrame:
    """Five groups by size of the target: from, to, rows, mean absolute error, mean of actual minus
    predicted."""
    actual, predicted = numbers(predictions)
    groups = pd.qcut(actual, SIZE_BINS, labels=False, duplicates="drop")
    table = pd.DataFrame({"actual": actual, "off": actual - predicted, "group": groups})
    found = table.groupby("group")
    return pd.DataFrame(
        {
            "from": found["actual"].min(),
            "to": found["actual"].max(),
            "rows": found.size(),
            "error": found["off"].apply(lambda off: off.abs().mean()),
            "bias": found["off"].mean(),
        }
    )


def numbers(predictions: Predictions) -> tuple[np.ndarray, np.ndarray]:
    """Actual and predicted; of quantiles the middle one."""
    predicted = predictions.predicted
    if isinstance(predicted, pd.DataFrame):
        predicted = predicted.iloc[:, predicted.shape[1] // 2]
    return predictions.target.to_numpy(float), predicted.to_numpy(float)


def _effect(effect: Effect, axes: Axes) -> None:
    for (name, curve), colour in zip(effect.curves.items(), COLOURS, strict=False):
        if effect.unit == "category":
            places = range(len(curve))
            axes.plot(curve, places, "o", color=colour, label=shortened(name))
            axes.set_yticks(places, [shortened(str(value)) for value in effect.values])
            axes.grid(axis="y", color="#e2e8f0")
        else:
            axes.plot(effect.values, curve, color=colour, label=shortened(name))
    if effect.unit == "date":
        axes.tick_params(axis="x", rotation=90)
        axes.set_xticks(effect.values[:: max(1, len(effect.values) // 5)])
    if len(effect.curves) > 1:
        axes.legend(frameon=False, fontsize=8)


def _thinned(across: np.ndarray, up: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if len(across) <= MOST_CURVE_POINTS:
        return across, up
    chosen = np.unique(np.linspace(0, len(across) - 1, MOST_CURVE_POINTS).astype(int))
    return across[chosen], up[chosen]


def shortened(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _name_what_no_font_has(figure: Figure) -> None:
    """Replace labels without an available glyph by #1, #2, … in the PNG; the report has all."""
    undrawable: dict[str, str] = {}
    for text in figure.findobj(matplotlib.text.Text):
        written = text.get_text()
        if not _can_be_drawn(written):
            text.set_text(undrawable.setdefault(written, f"#{len(undrawable) + 1}"))


def _can_be_drawn(text: str) -> bool:
    known = set().union(*(get_font(path).get_charmap() for path in HERE.values()))
    return all(ord(character) in known for character in text if character not in "\n")
