"""Pictures of what columns do to the prediction, all on one scale."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from effects import Effect
from report.drawing import (
    COLOURS,
    FRAME,
    LINES,
    MARKS,
    MOST_TICKS,
    PALE,
    plain_numbers,
    shortened,
    svg,
    turned,
)
from report.language import Language

WIDTH, HEIGHT = 4.4, 3.4
# Of the picture's height, below the curves.
HISTOGRAM = 0.2
MARGIN = 0.06
WIDTH_OF_BAR = 0.6
FEW_POINTS, LONGEST_TICK = 15, 12


def draw_effects(effects: Sequence[Effect], what: str, say: Language) -> list[str]:
    """An SVG element of each column; `what` is the mean that is drawn."""
    scale = common_scale(effects)
    return [
        svg(partial(_draw, effect, scale, what), say, f"effect{n}", WIDTH, HEIGHT)
        for n, effect in enumerate(effects)
    ]


def common_scale(effects: Sequence[Effect]) -> tuple[float, float]:
    """The ends of the axis on which all curves are drawn, with room for the rows below them."""
    every = [value for effect in effects for curve in effect.curves.values() for value in curve]
    if not every:
        return 0.0, 1.0
    low, high = min(every), max(every)
    room = (high - low) * MARGIN or abs(high) * MARGIN or MARGIN
    low, high = low - room, high + room
    return low - (high - low) * HISTOGRAM / (1 - HISTOGRAM), high


def effect_numbers(effect: Effect) -> pd.DataFrame:
    """Value, each curve, and rows; the column itself is the index."""
    return pd.DataFrame(
        {**effect.curves, "rows": effect.rows}, pd.Index(effect.values, name=effect.column)
    )


def _draw(effect: Effect, scale: tuple[float, float], what: str, axes: Axes) -> None:
    for number, (name, curve) in enumerate(effect.curves.items()):
        look = number % len(COLOURS)
        line = "" if effect.unit == "category" else LINES[look]
        mark = MARKS[look] if len(curve) <= FEW_POINTS else ""
        axes.plot(
            effect.places,
            curve,
            linestyle=line,
            marker=mark,
            markersize=4,
            color=COLOURS[look],
            label=shortened(name),
        )
    axes.set(ylim=scale, ylabel=what, xlabel=shortened(effect.column))
    axes.grid(axis="y", color=FRAME)
    plain_numbers(axes.yaxis)
    _rows_below(effect, axes)
    _name_values(effect, axes)
    if len(effect.curves) > 1:
        axes.legend(frameon=False, fontsize=8, ncols=2, loc="lower left", bbox_to_anchor=(0, 1))


def _rows_below(effect: Effect, axes: Axes) -> None:
    """Where the rows are, as a histogram below the curves."""
    if effect.edges:
        left, widths, counts = effect.edges[:-1], np.diff(effect.edges), effect.counts
    else:
        steps = np.diff(effect.places)
        width = WIDTH_OF_BAR * (float(steps.min()) if len(steps) else 1.0)
        left = [place - width / 2 for place in effect.places]
        widths, counts = np.full(len(left), width), effect.rows
    low, high = axes.get_ylim()
    tallest = max(counts, default=0) or 1
    heights = np.array(counts) / tallest * (high - low) * (HISTOGRAM - MARGIN / 2)
    axes.bar(left, heights, widths, low, align="edge", color=PALE, edgecolor="white", zorder=0)


def _name_values(effect: Effect, axes: Axes) -> None:
    if effect.unit == "number":
        plain_numbers(axes.xaxis)
        if not effect.edges and len(effect.places) <= MOST_TICKS:
            axes.set_xticks(effect.places)
        return
    names = [shortened(str(value), LONGEST_TICK) for value in effect.values]
    chosen = range(0, len(names), max(1, -(-len(names) // MOST_TICKS)))
    if effect.unit == "category":
        chosen = range(len(names))
    shown = [names[n] for n in chosen]
    axes.set_xticks([effect.places[n] for n in chosen], shown, rotation=turned(shown), fontsize=8)
