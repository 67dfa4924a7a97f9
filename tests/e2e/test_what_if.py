"""The form of the report in a real browser, from a file: it answers as the portable model does, to
1e-6 and with the same labels, kind of tree by kind, and withstands what people type."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser, Page

from export_portable import export_portable
from model_code.predictions import Model
from portable.files import FOLDER
from prepare import Prepared, prepare
from reading.column import CATEGORY, DATE, DURATION, NUMBER, NUMBERS
from report.language import Language
from tests.browser import needs_chromium
from tests.job_specs import job_spec
from tests.opt_ml import SAMPLES, opt_ml
from tests.small_models import BAGS, CASES, EVERY, KINDS, TARGETS, fitted, prepared_of, rows
from tests.what_if import FORM, SAID, assert_answers_alike, mutated
from what_if.make import WhatIf, make_what_if

pytestmark = needs_chromium
ATTACK = '</script><img src=x onerror="document.title=1">'


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A train file for each target, without its free text."""
    folder, frame = tmp_path_factory.mktemp("train"), rows().drop(columns="text")
    frame["city"] = frame["city"].replace("Oslo", ATTACK)
    found = {}
    for target in TARGETS:
        found[target] = folder / f"{target}_train.csv"
        kept = frame.drop(columns=[name for name in TARGETS if name != target])
        kept.to_csv(found[target], index=False)
    return found


def made(model: Model, prepared: Prepared, folder: Path, important: Sequence[str] = ()) -> WhatIf:
    export_portable(model.predictor, model.preprocessor, folder / FOLDER, prepared.rows)
    say = Language("en")
    found = make_what_if(folder / FOLDER, prepared.rows, model.preprocessor, important, say, "auto")
    assert found is not None
    return found


def opened(browser: Browser, what_if: WhatIf, folder: Path) -> Page:
    """A page with nothing but the form."""
    file = folder / "page.html"
    file.write_text(f"<!doctype html><meta charset='utf-8'>{what_if.section}", "utf-8")
    page = browser.new_page()
    page.goto(file.as_uri())
    page.locator(FORM).wait_for(state="visible")
    return page


def cells_of(file: Path) -> dict[str, list[str]]:
    frame = pd.read_csv(file, dtype=str, keep_default_na=False)
    return {str(name): frame[name].tolist() for name in frame}


@pytest.mark.parametrize(("kind", "target"), CASES)
def test_the_form_answers_as_the_portable_model_does(
    browser: Browser, files: dict[str, Path], tmp_path: Path, kind: str, target: str
) -> None:
    prepared = prepared_of(files[target])
    model = fitted(prepared, tmp_path, KINDS[kind], fit_weighted_ensemble=False)
    page = opened(browser, made(model, prepared, tmp_path, ("city",)), tmp_path)
    assert_answers_alike(page, tmp_path / FOLDER, mutated(cells_of(files[target])), ("city",))
    page.close()


@pytest.mark.parametrize("target", TARGETS)
def test_bags_refits_and_ensembles_are_added_up_alike(
    browser: Browser, files: dict[str, Path], tmp_path: Path, target: str
) -> None:
    prepared = prepared_of(files[target])
    models = {key: settings for kind in EVERY for key, settings in KINDS[kind].items()}
    model = fitted(prepared, tmp_path, models, **BAGS)
    for folder in (tmp_path / "bags", tmp_path / "refitted"):
        folder.mkdir()
        page = opened(browser, made(model, prepared, folder), folder)
        assert_answers_alike(page, folder / FOLDER, mutated(cells_of(files[target])), ())
        page.close()
        model.predictor.refit_full(model="best")


def odd_columns() -> pd.DataFrame:
    """Columns whose cells are written in other ways than a field has them."""
    random = np.random.default_rng(1)
    n_rows = 300
    when = pd.Timestamp("1965-01-01") + pd.to_timedelta(
        random.integers(0, 40 * 365 * 86_400, n_rows), "s"
    )
    german = str.maketrans(",.", ".,")
    big = random.integers(1_700_000_000_000, 1_700_000_900_000, n_rows)
    true = random.random(n_rows) < 0.5
    share = random.uniform(0, 100, n_rows)
    frame = pd.DataFrame(
        {
            "when": when.strftime("%d.%m.%Y %H:%M:%S"),
            "comma": [f"{v:,.2f}".translate(german) for v in random.uniform(0, 9e4, n_rows)],
            "weight": [f"{value:.1f} kg" for value in random.uniform(1, 90, n_rows)],
            "big": big.astype(str),
            "marked": np.where(random.random(n_rows) < 0.2, -999, random.integers(0, 9, n_rows)),
            "truth": np.where(true, "TRUE", "FALSE"),
            "lap": [
                f"{value // 60}:{value % 60:02}" for value in random.integers(60, 3600, n_rows)
            ],
            "place": [f"({x:.3f}, {y:.3f})" for x, y in random.uniform(-80, 80, (n_rows, 2))],
            "size": [f"{x} x {y} x {z} cm" for x, y, z in random.integers(1, 90, (n_rows, 3))],
            "percent": [f"{value:.2f}%" for value in share],
            "word": random.choice(["Ärger ", "ÄRGER", "x<y", "a&b", 'q"q'], n_rows),
            "below": np.where(random.random(n_rows) < 0.1, "<5", random.integers(5, 50, n_rows)),
        }
    ).astype(str)
    frame["price"] = big % 1000 / 500 + true + share / 50 + random.normal(0, 1, n_rows).round(3)
    return frame


@pytest.mark.parametrize("kind", ["catboost", "linear"])
def test_a_field_sends_what_a_cell_says_however_that_is_written(
    browser: Browser, tmp_path: Path, kind: str
) -> None:
    file = tmp_path / "price_train.csv"
    odd_columns().to_csv(file, index=False)
    prepared = prepare(job_spec(train=file, target="price", missing_values=("-999",)))
    columns = prepared.preprocessor.columns
    assert {column.kind for column in columns} == {NUMBER, NUMBERS, DURATION, DATE, CATEGORY}
    assert any(column.marked for column in columns) and any(column.wide for column in columns)
    model = fitted(prepared, tmp_path, KINDS[kind], fit_weighted_ensemble=False)
    page = opened(browser, made(model, prepared, tmp_path), tmp_path)
    assert_answers_alike(page, tmp_path / FOLDER, mutated(cells_of(file)), ())
    page.get_by_label("marked").fill("-999")
    assert "missing" in hint(page, "marked")
    page.get_by_label("marked").fill("-998")
    assert "Below" in hint(page, "marked")
    page.close()


def test_a_job_on_the_titanic_gives_a_form_that_answers_alike(
    browser: Browser, tmp_path: Path
) -> None:
    file = SAMPLES / "titanic_train.csv"
    job = opt_ml(tmp_path, file, target="Survived", ignore_columns=["Name"], what_if="on")
    assert job.train() == 0, (job.root / "log").read_text()[-2000:]
    page = browser.new_page()
    page.goto((job.results / "report.html").as_uri())
    page.locator(FORM).wait_for(state="visible")
    important = pd.read_csv(job.result("feature_importance.csv"))["feature"].tolist()
    assert_answers_alike(page, job.model / FOLDER, mutated(cells_of(file)), important)
    page.close()


@pytest.fixture(scope="module")
def form(
    browser: Browser, files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[WhatIf, Path]:
    folder = tmp_path_factory.mktemp("form")
    prepared = prepared_of(files["yes_no"])
    model = fitted(prepared, folder, KINDS["lightgbm"], fit_weighted_ensemble=False)
    return made(model, prepared, folder), folder


@pytest.fixture
def page(browser: Browser, form: tuple[WhatIf, Path]) -> Any:
    found = opened(browser, *form)
    yield found
    found.close()


def said(page: Page) -> str:
    return page.locator(SAID).text_content() or ""


def test_it_begins_with_a_typical_row_and_what_the_job_says_of_it(
    page: Page, form: tuple[WhatIf, Path]
) -> None:
    what_if, _ = form
    assert what_if.row is not None and what_if.probabilities is not None
    share = f"{100 * what_if.probabilities['+']:.1f}%"
    assert said(page).startswith(str(what_if.prediction))
    table = page.locator("#what_if_answer tbody tr")
    shown = {line.locator("th").inner_text(): line.locator("td").first.inner_text()
             for line in table.all()}  # fmt: skip
    assert shown["+"] == share
    assert page.get_by_label("amount").input_value() == f"{what_if.row['amount']:g}"
    assert page.get_by_label("day").input_value() == str(what_if.row["day"])[:10]
    assert page.get_by_label("city").locator("option:checked").inner_text() == what_if.row["city"]
    pressure = [page.get_by_label(f"pressure [{n}]").input_value() for n in (1, 2)]
    assert list(map(float, pressure)) == what_if.row["pressure"]


def test_each_change_is_listed_with_what_it_does_alone(page: Page) -> None:
    before = said(page)
    assert page.locator("#what_if_changed").is_hidden()
    page.get_by_label("city").select_option(label="東京")
    page.get_by_label("amount").fill("10")
    lines = page.locator("#what_if_changes tbody tr")
    assert [one.locator("th").inner_text() for one in lines.all()] == ["amount", "city"]
    assert said(page) != before
    alone = lines.first.locator("td").nth(2).inner_text()
    page.get_by_label("city").select_option(label=page.locator("#what_if_changes tbody tr").nth(1)
                                            .locator("td").first.inner_text())  # fmt: skip
    assert said(page) == alone
    page.get_by_role("button", name="Pin these values").click()
    assert page.locator("#what_if_changed").is_hidden()
    assert said(page) == alone
    page.get_by_role("button", name="Start again").click()
    assert said(page) == before
    assert page.locator("#what_if_changed").is_hidden()


def hint(page: Page, label: str) -> str:
    described = page.get_by_label(label).get_attribute("aria-describedby")
    return page.locator(f"#{described}").inner_text()


@pytest.mark.parametrize(
    ("label", "typed", "hinted"),
    [
        ("amount", "", "missing"),
        ("amount", "-1", "Below"),
        ("amount", "1e300", "Above"),
        ("amount", "2500", ""),
        ("share (%)", "91", "Above"),
        ("day", "2050-01-01", "Above"),
        ("day", "0001-01-01", "Below"),
        ("time (h:mm:ss)", "11:30", ""),
        ("time (h:mm:ss)", "99:00:00", "Above"),
        ("time (h:mm:ss)", "25 o'clock", "cannot be read"),
        ("pressure [2]", "500", "Above"),
        ("pressure [2]", "", "missing"),
    ],
)
def test_what_train_has_nothing_like_gets_a_hint(
    page: Page, label: str, typed: str, hinted: str
) -> None:
    page.get_by_label(label, exact=True).fill(typed)
    assert hinted in hint(page, label) if hinted else hint(page, label) == ""
    assert "%" in said(page)
    assert "NaN" not in page.locator(FORM).inner_text()


def test_a_value_that_train_lacks_counts_as_new_and_a_number_that_is_none_as_missing(
    page: Page,
) -> None:
    page.get_by_label("city").select_option(value="-1")
    assert "learned from no such value" in hint(page, "city")
    page.get_by_label("amount").focus()
    page.keyboard.press("Control+A")
    # Chromium keeps letters out of numbers, but not those of an exponent.
    page.keyboard.type("1e999")
    assert "cannot be read" in hint(page, "amount")
    page.keyboard.press("Enter")
    assert page.locator(FORM).is_visible() and "%" in said(page)


def test_every_field_is_reached_by_keyboard_in_order_and_has_a_label(page: Page) -> None:
    count = page.locator(f"{FORM} input, {FORM} select").count()
    page.locator("#what_if_reset").focus()
    reached = []
    for _ in range(count):
        page.keyboard.press("Tab")
        # Dates have three places to stop at.
        while (now := page.evaluate("document.activeElement.id")) in reached:
            page.keyboard.press("Tab")
        reached.append(now)
    ids = page.locator(f"{FORM} input, {FORM} select").evaluate_all("all => all.map(o => o.id)")
    assert reached == ids
    assert page.locator(f"{FORM} :is(input, select)").evaluate_all(
        "all => all.every(one => one.labels.length === 1)"
    )


def test_a_hostile_category_stays_text(page: Page) -> None:
    page.get_by_label("city").select_option(label=ATTACK)
    assert page.locator("#what_if_changes").get_by_text(ATTACK).count() == 1
    assert page.title() != "1"
    assert page.locator("img").count() == 0


def test_a_browser_that_calculates_otherwise_shows_no_form(
    browser: Browser, form: tuple[WhatIf, Path]
) -> None:
    what_if, folder = form
    for change, words in (("Math.exp = () => 1;", "does not calculate"),
                          ("delete window.DecompressionStream;", "cannot read")):  # fmt: skip
        page = browser.new_page()
        page.add_init_script(change)
        file = folder / "other.html"
        file.write_text(f"<!doctype html><meta charset='utf-8'>{what_if.section}", "utf-8")
        page.goto(file.as_uri())
        page.get_by_text(words).wait_for()
        assert page.locator(FORM).is_hidden()
        page.close()


def test_what_the_form_says_is_json(form: tuple[WhatIf, Path]) -> None:
    json.dumps(form[0].to_json(), allow_nan=False)
