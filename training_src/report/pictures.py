"""Pictures of the report with all that readers need who do not see them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup
from sklearn.metrics import average_precision_score, roc_auc_score

from contract.messages import score_text
from effects import Effect
from report.drawing import shortened
from report.effect_plots import draw_effects, effect_numbers
from report.language import Language
from report.numbers import numbers, positive_class
from report.plots import draw_svgs, is_wide
from report.tables import Tables


@dataclass(frozen=True)
class NumberTable:
    """The numbers behind a picture, as they are written; a row's first cell is its name."""

    heads: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Picture:
    """A picture, and the same in words and in numbers."""

    title: str
    alt: str
    """What there is to see, in a sentence."""
    svg: Markup
    table: NumberTable
    caption: str = ""
    wide: bool = False
    """Whether it needs the width of the page."""


def draw_pictures(of_rows: Tables, say: Language) -> list[Picture]:
    """How right and how wrong the predictions are."""
    predictions, tables, alts = of_rows.predictions, of_rows.pictures, dict(_alts(of_rows, say))
    return [
        Picture(
            say(f"plot_{key}"),
            alts[key],
            # matplotlib escapes the texts in its SVGs.
            Markup(svg),
            confusion_table(tables[key], say)
            if key == "confusion"
            else number_table(tables[key], say),
            say(f"about_{key}", positive=predictions.problem.positive_class),
            is_wide(key, predictions),
        )
        for key, svg in draw_svgs(predictions, say).items()
    ]


def draw_effect_pictures(effects: Sequence[Effect], what: str, say: Language) -> list[Picture]:
    """What columns do to the mean prediction, which `what` names."""
    svgs = draw_effects(effects, what, say)
    return [
        Picture(
            effect.column, _alt_of(effect, what, say), Markup(svg), _table_of(effect, what, say)
        )
        for effect, svg in zip(effects, svgs, strict=True)
    ]


def number_table(table: pd.DataFrame, say: Language) -> NumberTable:
    """A table whose columns have texts."""
    return NumberTable([say(str(name)) for name in table], _cells(table))


def confusion_table(table: pd.DataFrame, say: Language) -> NumberTable:
    """Actual classes below, predicted ones beside each other."""
    corner = f"{say('actual')} \\ {say('predicted')}"
    return NumberTable([corner, *map(str, table)], _cells(table.reset_index()))


def _table_of(effect: Effect, what: str, say: Language) -> NumberTable:
    table = effect_numbers(effect)
    curves = list(effect.curves) if len(effect.curves) > 1 else [what]
    return NumberTable([effect.column, *curves, say("rows")], _cells(table.reset_index()))


def _cells(table: pd.DataFrame) -> list[list[str]]:
    return [list(map(cell, row)) for row in table.itertuples(index=False)]


def cell(value: Any) -> str:
    """A number as people write it, or a text as it is."""
    if isinstance(value, float):
        return score_text(value).replace("-", "\N{MINUS SIGN}")
    return f"{value:,}" if isinstance(value, int | np.integer) else str(value)


def _alts(of_rows: Tables, say: Language) -> Iterator[tuple[str, str]]:
    """Key of a picture → what there is to see."""
    predictions, tables = of_rows.predictions, of_rows.pictures
    if predictions.problem.has_classes:
        right = int((predictions.target.astype(str) == predictions.predicted.astype(str)).sum())
        rows = f"{len(predictions):,}"
        yield "confusion", say("alt_confusion", right=f"{right:,}", rows=rows)
    if "roc" in tables:
        actual, probability = positive_class(predictions)
        yield "roc", say("alt_roc", area=cell(float(roc_auc_score(actual, probability))))
        average = cell(float(average_precision_score(actual, probability)))
        guessing = cell(float(actual.mean()))
        yield (
            "precision_recall",
            say("alt_precision_recall", average=average, guessing=guessing),
        )
        top = of_rows.lifts[0]
        found, part = f"{100 * top.share_found:.0f}", f"{100 * top.share:.0f}"
        yield "gain", say("alt_gain", percent=part, found=found, lift=cell(top.lift))
    if "calibration" in tables:
        groups = tables["calibration"]
        off = (groups["probability_said"] - groups["share_that_happened"]).abs()
        yield "calibration", say("alt_calibration", groups=len(groups), off=cell(float(off.max())))
    if not predictions.problem.has_classes:
        actual, predicted = numbers(predictions)
        first, middle, last = np.quantile(actual - predicted, [0.25, 0.5, 0.75])
        groups = tables["against"]
        ends = [
            (cell(groups[name].iloc[0]), cell(groups[name].iloc[-1]))
            for name in ("predicted", "actual")
        ]
        (low, high), (actual_low, actual_high) = ends
        yield (
            "against",
            say("alt_against", low=low, high=high, actual_low=actual_low, actual_high=actual_high),
        )
        yield (
            "residuals",
            say(
                "alt_residuals",
                low=cell(float(first)),
                high=cell(float(last)),
                middle=cell(float(middle)),
            ),
        )
        errors = tables["error_by_size"]["mean_absolute_error"]
        yield (
            "error_by_size",
            say(
                "alt_error_by_size",
                first=cell(float(errors.iloc[0])),
                last=cell(float(errors.iloc[-1])),
            ),
        )


def _alt_of(effect: Effect, what: str, say: Language) -> str:
    return " ".join(
        say(
            "alt_effect",
            what=what if len(effect.curves) == 1 else name,
            low=cell(min(curve)),
            low_at=shortened(cell(effect.values[int(np.argmin(curve))])),
            high=cell(max(curve)),
            high_at=shortened(cell(effect.values[int(np.argmax(curve))])),
        )
        for name, curve in effect.curves.items()
    )
