"""Open pages in a real browser, and take their pictures."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.template_facts import ROOT

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on this machine (Debian: apt install chromium)"
)


AXE = ROOT / ".tools/axe/node_modules/axe-core/axe.min.js"
needs_axe = pytest.mark.skipif(
    not AXE.exists(), reason="no accessibility checker: run `make .tools/axe/ready`"
)
# Where the pictures go if you want to look at them.
PICTURES = os.environ.get("PICTURES_DIR")


@contextmanager
def open_browser(*options: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-background-networking", *options],
        )
        yield browser
        browser.close()


def barriers(page: Page, fewest_checks: int) -> list[tuple[str, str]]:
    """What the accessibility checker finds, each with its element; so much has to be checked."""
    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run()")
    assert len(found["passes"]) > fewest_checks
    return [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]]


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)
