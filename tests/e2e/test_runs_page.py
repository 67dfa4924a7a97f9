"""The page of all runs in a real browser: wide and narrow, light and dark, in each language."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from contract.bounds import LANGUAGES
from pipeline.runs_page import runs_page
from tests.browser import barriers, needs_axe, needs_chromium, open_browser, picture
from tests.run_lists import five_versions

pytestmark = needs_chromium
WIDTHS = (1280, 390)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


def written(folder: Path, language: str) -> str:
    file = folder / "runs.html"
    file.write_bytes(runs_page(*five_versions(), language))
    return file.as_uri()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_fits_without_scripts(
    browser: Browser, tmp_path: Path, language: str, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800}, java_script_enabled=False)
    page.goto(written(tmp_path, language))
    wide = page.locator("body > main > *").evaluate_all(
        "all => Math.max(...all.map(one => one.getBoundingClientRect().right))"
    )
    assert wide <= width
    assert page.locator("tbody tr").count() == len(five_versions()[0].all)
    page.locator("summary").first.click()
    assert page.locator("details[open] dd").first.is_visible()
    picture(page, f"runs-{language}-{width}")
    page.close()


@needs_axe
@pytest.mark.parametrize("colors", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_has_no_barrier(browser: Browser, tmp_path: Path, colors: str, width: int) -> None:
    page = browser.new_page(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if colors == "dark" else "light",
        bypass_csp=True,
    )
    page.goto(written(tmp_path, "en"))
    assert barriers(page, 10) == []
    picture(page, f"runs-{colors}-{width}")
    page.close()
