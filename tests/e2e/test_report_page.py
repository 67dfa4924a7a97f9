"""The report in a real browser: four kinds of data, hostile names, phone and desktop."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import jsonschema_rs
import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser, Page

from contract.layout import INDEX, REPORT_JSON
from fit import ENSEMBLE, IN_FOLDS
from model_code.amounts import MINUS
from portable.files import FOLDER
from report.language import Language
from tests.browser import barriers, needs_axe, needs_chromium, picture
from tests.opt_ml import ROOT, SAMPLES, OptMl, opt_ml
from tests.what_if import assert_answers_alike, mutated

pytestmark = needs_chromium
SIZES = {"desktop": {"width": 1200, "height": 900}, "phone": {"width": 390, "height": 844}}
ATTACK = '<img src=x onerror="document.title=1">'
KINDS = ("binary", "multiclass", "regression", "korean")


def job(kind: str, root: Path) -> OptMl:
    train = pd.read_csv(SAMPLES / "penguins_train.csv", dtype=str, keep_default_na=False)
    if kind == "binary":
        # Names and values that would run if anything forgot to escape them.
        hostile = train.rename(columns={"island": ATTACK, "sex": "a{b}$c_d$"})
        hostile[ATTACK] = hostile[ATTACK].replace("Dream", ATTACK)
        hostile["species"] = hostile["species"].replace({"Chinstrap": "Adelie", "Gentoo": ATTACK})
        csv = hostile.to_csv(index=False)
        return opt_ml(root, csv, csv, target="species", report_language="zh-TW")
    if kind == "multiclass":
        return opt_ml(root, train.to_csv(index=False), target="species")
    if kind == "regression":
        csv = train.to_csv(index=False)
        return opt_ml(root, csv, csv, target="body_mass_g")
    random = np.random.default_rng(0)
    good = "정말 재미있고 감동적인 최고의 영화"
    bad = "지루하고 재미없는 최악의 시간 낭비"
    liked = random.integers(0, 2, 160)
    rows = [
        {"리뷰": f"{' '.join(random.permutation((good if y else bad).split()))} {n}",
         "평가": "좋아요" if y else "싫어요", "날짜": f"2024년 {1 + n % 12}월 {1 + n % 28}일"}
        for n, y in enumerate(liked)
    ]  # fmt: skip
    csv = pd.DataFrame(rows).to_csv(index=False)
    return opt_ml(root, csv, csv, target="평가", report_language="ko")


@pytest.fixture(scope="module", params=KINDS)
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> OptMl:
    made = job(request.param, tmp_path_factory.mktemp(request.param))
    assert made.train() == 0, (made.root / "log").read_text()[-2000:]
    return made


@pytest.mark.parametrize("size", SIZES)
def test_the_page_is_whole_fits_and_says_nothing_on_the_console(
    browser: Browser, report: OptMl, size: str
) -> None:
    page = browser.new_page(viewport=SIZES[size])  # type: ignore[arg-type]
    said = listen(page)
    page.goto((report.results / "report.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size]["width"]
    assert page.title() != "1"
    assert page.locator("figure svg").count() >= 2
    # Every picture has a size, so none was cut off by broken markup.
    boxes = page.locator("figure svg").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect().height)"
    )
    assert min(boxes) > 100
    assert said == []
    picture(page, f"{report.root.name}-{size}")
    page.close()


# Words and numbers in cells that stand on two lines.
BROKEN = """() => [...document.querySelectorAll("td, th, dt")].flatMap(cell => {
  const found = [], nodes = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
  while (nodes.nextNode()) for (const word of nodes.currentNode.data.matchAll(/[\\w.,%-]+/g)) {
    const range = document.createRange();
    range.setStart(nodes.currentNode, word.index);
    range.setEnd(nodes.currentNode, word.index + word[0].length);
    if (new Set([...range.getClientRects()].map(box => Math.round(box.top))).size > 1)
      found.push(word[0]);
  }
  return found;
})"""
# A4 in CSS pixels, less the margins.
PAPER = {"width": 690, "height": 1000}


@pytest.mark.parametrize("size", ["phone", "paper"])
def test_no_number_and_no_word_is_broken_inside_a_cell(
    browser: Browser, report: OptMl, size: str
) -> None:
    page = browser.new_page(viewport={**SIZES, "paper": PAPER}[size])  # type: ignore[arg-type]
    page.emulate_media(media="print" if size == "paper" else "screen")
    page.goto((report.results / "report.html").as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.evaluate(BROKEN) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]  # type: ignore[index]
    page.close()


def test_a_screen_reader_finds_its_way(browser: Browser, report: OptMl) -> None:
    page = browser.new_page()
    page.goto((report.results / "report.html").as_uri())
    assert page.locator("main").count() == page.locator("nav").count() == 1
    links = page.locator("nav a").evaluate_all("all => all.map(one => one.hash.slice(1))")
    ids = page.locator("h2").evaluate_all("all => all.map(one => one.id)")
    assert links and set(links) <= set(ids)
    assert page.locator("th:not([scope])").count() == 0
    assert page.locator("table:not(:has(caption))").count() == 0
    assert page.locator(".verdict").bounding_box()["y"] < page.locator(".score").bounding_box()["y"]  # type: ignore[index]
    page.close()


def test_every_picture_is_in_words_and_in_numbers_too(browser: Browser, report: OptMl) -> None:
    page = browser.new_page()
    page.goto((report.results / "report.html").as_uri())
    pictures = page.locator("figure")
    assert pictures.count() >= 2
    for one in pictures.all():
        assert re.search(r"\d", one.get_by_role("img").get_attribute("aria-label") or "")
        one.locator("summary").click()
        assert one.locator("tbody tr td").first.is_visible()
        assert one.locator("tbody tr").count() >= 2
    page.close()


def numbers_in(content: Any) -> Iterator[float]:
    """All numbers of a JSON value."""
    if isinstance(content, dict):
        yield from (number for value in content.values() for number in numbers_in(value))
    elif isinstance(content, list):
        yield from (number for value in content for number in numbers_in(value))
    elif isinstance(content, int | float) and not isinstance(content, bool):
        yield float(content)
    elif isinstance(content, str) and re.fullmatch(r"-?\d+(\.\d+)?", content):
        yield float(content)


def test_every_number_of_the_page_is_in_the_json_that_its_schema_describes(
    browser: Browser, report: OptMl
) -> None:
    content = json.loads((report.results / REPORT_JSON).read_text("utf-8"))
    schema = json.loads((ROOT / "docs/report.schema.json").read_text("utf-8"))
    jsonschema_rs.validator_for(schema).validate(content)
    index = json.loads((report.results / INDEX).read_text("utf-8"))["files"]
    assert REPORT_JSON in {file["name"] for file in index}
    assert content["performance"]["problem_type"] == report.performance()["problem_type"]
    page = browser.new_page()
    page.goto((report.results / "report.html").as_uri())
    # The first rows of the predictions file are in that file.
    predicted = page.locator("#h_examples + p + .scroll")
    predicted.evaluate_all("all => all.forEach(one => one.remove())")
    cells = page.locator("main td").evaluate_all("all => all.map(one => one.textContent.trim())")
    page.close()
    shown = [cell.replace(",", "").replace(MINUS, "-").removesuffix("%") for cell in cells]
    known = np.array([*numbers_in(content)])
    every = np.concatenate([known, 100 * known])
    found = [cell for cell in shown if re.fullmatch(r"-?\d+(\.\d+)?", cell)]
    assert len(found) > 20
    assert [
        cell for cell in found if not (np.abs(every - float(cell)) <= rounding(cell)).any()
    ] == []


def rounding(cell: str) -> float:
    """Half of the last digit that is shown."""
    return 0.51 * 10.0 ** -len(cell.partition(".")[2])


def test_the_form_answers_as_the_model_does_or_the_page_says_why_there_is_none(
    browser: Browser, report: OptMl
) -> None:
    page = browser.new_page()
    said = listen(page)
    page.goto((report.results / "report.html").as_uri())
    content = json.loads((report.results / REPORT_JSON).read_text("utf-8"))
    if content["language"] == "ko":
        assert content["what_if"]["left_out"]["code"] == "what_if.texts"
        assert "리뷰" in page.locator("#h_what_if + p").inner_text()
        assert page.locator("#what_if_form").count() == 0
    else:
        page.locator("#what_if_form").wait_for(state="visible")
        frame = pd.read_csv(report.file("train"), dtype=str, keep_default_na=False)
        cells = mutated({str(name): frame[name].tolist() for name in frame})
        important = [one["feature"] for one in content["importance"]]
        assert_answers_alike(page, report.model / FOLDER, cells, important)
        page.emulate_media(media="print")
        assert page.locator("#what_if_form").is_hidden()
    assert said == [] and page.title() != "1"
    page.close()


@needs_axe
@pytest.mark.parametrize("size, scheme", [("desktop", "light"), ("phone", "dark")])
def test_the_checker_of_accessibility_has_no_findings(
    browser: Browser, report: OptMl, size: str, scheme: Literal["light", "dark"]
) -> None:
    page = browser.new_page(viewport=SIZES[size], color_scheme=scheme)  # type: ignore[arg-type]
    page.goto((report.results / "report.html").as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert barriers(page, 20) == []
    page.close()


MOST_PAGES = 4
PAGE_OF_PDF = re.compile(rb"/Type\s*/Page\b")


def test_four_printed_pages_have_all_but_the_appendix(browser: Browser, report: OptMl) -> None:
    page = browser.new_page()
    page.goto((report.results / "report.html").as_uri())
    whole = len(PAGE_OF_PDF.findall(page.pdf(format="A4")))
    page.add_style_tag(content=".appendix { display: none; }")
    assert 1 <= len(PAGE_OF_PDF.findall(page.pdf(format="A4"))) <= min(MOST_PAGES, whole - 1)
    page.close()


def test_the_leaderboard_sorts_by_the_heading_that_is_clicked(
    browser: Browser, report: OptMl
) -> None:
    page = browser.new_page()
    page.goto((report.results / "report.html").as_uri())
    heading = Language(report.job().report_language).column("fit_seconds")
    page.get_by_role("button", name=heading).click()
    place = report_columns(report).index("fit_seconds") + 1
    cells = page.locator(f"#leaderboard tbody td:nth-child({place})")
    times = [float(cell) for cell in cells.evaluate_all("all => all.map(o => o.dataset.value)")]
    assert len(times) > 2 and times == sorted(times)
    page.get_by_role("button", name=heading).click()
    again = [float(cell) for cell in cells.evaluate_all("all => all.map(o => o.dataset.value)")]
    assert again == sorted(times, reverse=True)
    page.close()


def test_no_part_of_the_report_failed(report: OptMl) -> None:
    notes = json.loads(report.result("model_performance.txt").read_text())["notes"]
    assert [note for note in notes if note["code"] == "note.part_failed"] == []


def test_the_planned_models_are_called_as_the_ones_that_were_fitted(report: OptMl) -> None:
    """Else a training that had all its time would seem cut short."""
    training = report.performance()["training"]
    fitted = pd.read_csv(report.result("leaderboard.csv"))["model"]
    plain = (name.removesuffix("_FULL") for name in fitted)
    members = {IN_FOLDS.sub("", name) for name in plain if ENSEMBLE not in name}
    assert set(training["finished"]) <= members & set(training["planned"])
    # What no plan knows was tried in the minutes left.
    assert len(members - set(training["finished"])) == training["tried"]


def report_columns(report: OptMl) -> list[str]:
    return list(pd.read_csv(report.result("leaderboard.csv")).columns)


def listen(page: Page) -> list[str]:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on(
        "request", lambda request: said.append(request.url) if "file:" not in request.url else None
    )
    return said
