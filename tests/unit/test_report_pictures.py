"""Pictures of the report: each with words and numbers, and with colors that everyone sees."""

import re
from functools import cache
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from contract.bounds import LANGUAGES
from effects import Effect
from metrics import Predictions
from problem import QUANTILES, Problem
from report import drawing
from report import tables as computing
from report.language import Language
from report.numbers import MOST_CLASSES_DRAWN, confusion, picture_numbers
from report.pictures import Picture, draw_effect_pictures, draw_pictures
from report.plots import plots
from report.sentences import calibrated
from report.tables import MOST_MIXED_UP, Tables, importance_rows, mixed_up

ROWS = 400
# WCAG 2.2, criteria 1.4.3 and 1.4.11.
TEXT_CONTRAST, GRAPHIC_CONTRAST = 4.5, 3.0


def predictions(kind: str, classes: int = 2, offset: float = 0.0) -> Predictions:
    random = np.random.default_rng(0)
    if kind in ("binary", "multiclass"):
        names = [f"class {n:02}" for n in range(classes)]
        target = pd.Series(random.choice(names, ROWS))
        chances = random.dirichlet(np.ones(classes) * 0.3, ROWS)
        table = pd.DataFrame(chances, columns=names)
        hits = np.eye(classes)[[names.index(name) for name in target]]
        table = (3 * table + hits) / 4
        positive = names[1] if kind == "binary" else None
        problem = Problem(kind, "accuracy", "log_loss", positive_class=positive)
        return Predictions(problem, target, table.idxmax(axis=1), table)
    actual = pd.Series(random.normal(size=ROWS) + offset)
    said: Any = actual + random.normal(size=ROWS) * 0.5
    if kind == "quantile":
        said = pd.DataFrame({level: said + level for level in QUANTILES})
    return Predictions(Problem(kind, "r2", "r2"), actual, said, None)


KINDS = {
    "binary": predictions("binary"),
    "three classes": predictions("multiclass", 3),
    "many classes": predictions("multiclass", 26),
    "regression": predictions("regression"),
    "large numbers": predictions("regression", offset=2.6e8),
    "quantile": predictions("quantile"),
}


EVERY_TABLE = ("pictures", "thresholds", "lifts", "classes", "mistakes", "coverage", "brier")


def number_effect(values: list[float], curve: list[float]) -> Effect:
    return Effect("x", [*values], values, [1] * len(values), {"y": curve}, "number", [], [])


@cache
def every_picture(language: str = "en") -> list[Picture]:
    say = Language(language)
    drawn = [picture for one in KINDS.values() for picture in draw_pictures(Tables(one), say)]
    effects = [number_effect([1.0, 2.0], [0.26, 0.26 + 1e-9]), number_effect([3.0, 4e8], [0, 1])]
    return [*drawn, *draw_effect_pictures(effects, "y", say)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_picture_is_there_in_words_and_in_numbers(language: str) -> None:
    for one in every_picture(language):
        assert re.search(r"\d", one.alt), one.title
        assert len(one.table.rows) >= 2, one.title
        assert {len(row) for row in one.table.rows} == {len(one.table.heads)}, one.title
        assert all(one.table.heads) and all(cell for row in one.table.rows for cell in row)


def test_no_number_on_an_axis_has_to_be_added_to_another() -> None:
    for one in every_picture():
        ticks = re.findall(r"<text[^>]*>([^<]*)</text>", str(one.svg))
        assert ticks and not [tick for tick in ticks if re.search(r"\de[+-]?\d.*[+-]\d", tick)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_numbers_are_of_all_rows(kind: str) -> None:
    tables = picture_numbers(KINDS[kind])
    assert set(tables) == set(plots(KINDS[kind], Language("en")))
    for key, table in tables.items():
        if key == "confusion":
            assert table.to_numpy().sum() == ROWS
        elif "rows" in table:
            assert table["rows"].sum() == ROWS


def test_of_many_classes_the_most_frequent_mistakes_are_named() -> None:
    one = KINDS["many classes"]
    table = confusion(one)
    assert table.shape == (26, 26) and MOST_CLASSES_DRAWN > 26
    found = mixed_up(one)
    assert 1 < len(found) <= MOST_MIXED_UP
    counts = table.to_numpy() - np.diag(np.diag(table.to_numpy()))
    most = sorted(counts.ravel(), reverse=True)[:MOST_MIXED_UP]
    assert [mistake.rows for mistake in found] == [int(rows) for rows in most if rows]


def luminance(colour: Any) -> float:
    """Relative luminance, as WCAG defines it."""
    parts = np.array(to_rgb(colour))
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: Any, other: Any) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_lines_stand_out_and_differ_by_more_than_color() -> None:
    for colour in (*drawing.COLOURS, drawing.GREY):
        assert contrast(colour, "white") >= GRAPHIC_CONTRAST, colour
    looks = list(zip(drawing.LINES, drawing.MARKS, strict=True))
    assert len({line for line, _ in looks}) == len({mark for _, mark in looks}) == len(looks)
    assert len(drawing.COLOURS) == len(looks)


@pytest.mark.parametrize("kind", ["binary", "three classes", "many classes"])
def test_counts_in_the_matrix_can_be_read_on_their_cells(kind: str) -> None:
    axes = Figure().subplots()
    plots(KINDS[kind], Language("en"))["confusion"](axes)
    (image,) = axes.images
    colours = image.to_rgba(np.asarray(image.get_array()))
    assert len(axes.texts) > 1
    for text in axes.texts:
        column, row = map(int, text.get_position())
        cell = colours[row, column, :3]
        assert contrast(text.get_color(), cell) >= TEXT_CONTRAST, text.get_text()


def test_amounts_of_importance_have_the_same_decimals_and_no_exponent() -> None:
    table = pd.DataFrame(
        [
            ("a", 0.1545, 0.1322, 0.1769),
            ("b", 1.11e-16, -1e-17, 2e-16),
            ("c", 0.01, np.nan, np.nan),
        ],
        columns=["feature", "importance", "low", "high"],
    )
    rows = importance_rows(table)
    assert [row.value for row in rows] == ["0.1545", "0.0000", "0.0100"]
    assert rows[0].interval == "0.1322 – 0.1769" and rows[2].interval == ""
    assert all(0 <= row.low <= row.low + row.range <= 100 for row in rows)


def test_drawing_leaves_the_settings_of_matplotlib_alone() -> None:
    before = dict(matplotlib.rcParams)
    every_picture()
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("kind", KINDS)
def test_what_two_reports_say_is_computed_once(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[str] = []

    def counting(name: str) -> None:
        real = getattr(computing, name)

        def count(of: Predictions) -> object:
            computed.append(name)
            return real(of)

        monkeypatch.setattr(computing, name, count)

    for name in ("picture_numbers", "thresholds", "lifts", "class_scores", "mixed_up", "brier"):
        counting(name)
    found = Tables(KINDS[kind])
    for _ in range(2):
        draw_pictures(found, Language("en"))
        calibrated(found, Language("en"))
        assert all(getattr(found, name) is getattr(found, name) for name in EVERY_TABLE)
    assert computed and len(computed) == len(set(computed))
