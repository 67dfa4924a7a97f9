"""The learning curve as the report shows it."""

from functools import partial

from markupsafe import Markup
from matplotlib.axes import Axes

from learning_curve import LearningCurve
from metrics import BETTER
from problem import Problem
from report.drawing import BLUE, plain_numbers, svg
from report.language import Language
from report.pictures import NumberTable, Picture, cell

WIDTH, HEIGHT = 5.0, 3.4


def draw_learning(curve: LearningCurve, problem: Problem, say: Language) -> Picture:
    """Scores by rows, and whether more rows would help."""
    first, last = curve.points[0], curve.points[-1]
    metric = problem.metric
    heads = [say("rows"), say.metric_name(metric), say("interval_95")]
    rows = [
        [cell(point.rows), cell(point.score), " – ".join(map(cell, point.interval))]
        for point in curve.points
    ]
    alt = say(
        "alt_learning",
        metric=metric,
        few=cell(first.rows),
        low=cell(first.score),
        many=cell(last.rows),
        high=cell(last.score),
    )
    helps = say("learning_helps" if curve.doubling == BETTER else "learning_flat", metric=metric)
    drawn = svg(partial(_draw, curve, metric, say), say, "learning", WIDTH, HEIGHT)
    return Picture(say("h_learning"), alt, Markup(drawn), NumberTable(heads, rows), helps)


def _draw(curve: LearningCurve, metric: str, say: Language, axes: Axes) -> None:
    places = [point.rows for point in curve.points]
    scores = [point.score for point in curve.points]
    below = [point.score - point.interval[0] for point in curve.points]
    above = [point.interval[1] - point.score for point in curve.points]
    axes.errorbar(places, scores, [below, above], fmt="o-", color=BLUE, capsize=3)
    axes.set_xscale("log", base=2)
    axes.set_xticks(places, [cell(place) for place in places])
    axes.minorticks_off()
    axes.set(xlabel=say("rows"), ylabel=say.metric_name(metric))
    plain_numbers(axes.yaxis)
