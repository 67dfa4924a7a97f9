"""Take the pictures of README and workshop from the product itself; they go to docs/pictures/.

    .venv/bin/python -m scripts.workshop_pictures

Needs Chromium and fonts for Korean and Chinese (Debian: apt install chromium fonts-noto-cjk).
"""

import io
import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from PIL import Image
from playwright.sync_api import Browser, FloatRect, Page
from rich.console import Console
from rich.terminal_theme import MONOKAI

from codefree import default_translator
from codefree.cloud import Settings, open_cloud
from codefree.serve import page_address
from tests.browser import open_browser

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs/pictures"
SAMPLES = ("samples/titanic_train.csv", "samples/titanic_test.csv")
WIDTH = 900
# Of the report: picture → the first and the last element on it.
PARTS = (
    ("report", "main > p:first-child", "nav"),
    ("importance", "#h_matters", ".bar >> nth=-1"),
    ("leaderboard", "#h_leaderboard", "#leaderboard"),
)
COLOURS = 48
# For the training that a picture waits for.
MOST_MILLISECONDS = 600_000
SHOWN_COLUMNS = ["Name", "Sex", "Age", "Pclass", "prediction", "probability_1", "reasons"]
# rich's own would fetch a font from the internet.
FRAME = """\
<svg viewBox="0 0 {terminal_width} {terminal_height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace;
  font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs>{lines}</defs>
<rect fill="#0c0c0c" width="{terminal_width}" height="{terminal_height}" rx="8" />
<g transform="translate(9, 9)">{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""
TABLE = """\
<meta charset="utf-8"><style>
body {{ margin: 0; font: 15px system-ui, sans-serif; width: max-content; max-width: 900px }}
table {{ border-collapse: collapse }} th {{ background: #e8f0e8; text-align: left }}
th, td {{ border: 1px solid #c4ccc4; padding: 4px 8px; vertical-align: top }}
</style>{table}
"""


def main() -> None:
    with open_browser() as browser, tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (PICTURES / "demo.svg").write_text(of_terminal("make demo", train(work, "titanic", "en")))
        for language in ("ko", "zh-TW"):
            train(work, f"titanic_{language}", language)
        of_report(browser, work / "results/titanic", PICTURES, "en")
        of_report(browser, work / "results/titanic_ko", PICTURES, "ko")
        of_report(browser, work / "results/titanic_zh-TW", PICTURES, "zh-TW", PARTS[:1])
        of_predictions(browser, work / "results/titanic", PICTURES)
        parameters = {"TranslationFallback": "none", "TrainingMinutes": "1"}
        with open_cloud(Settings(parameters=parameters)) as cloud:
            default_translator.deploy(cloud)
            assert cloud.api is not None
            of_translation_page(browser, page_address(cloud.api), PICTURES)
            s3 = cloud.endpoint.client("s3")
            for sample in reversed(SAMPLES):
                s3.upload_file(sample, cloud.bucket, f"data/{Path(sample).name}")
            of_prediction_page(browser, page_address(cloud.api), PICTURES)


def train(work: Path, name: str, language: str) -> str:
    """What `codefree run` says on the way to the results."""
    settings = work / "settings.json"
    settings.write_text(json.dumps({"report_language": language}))
    options = ("--name", name, "--settings", str(settings), "--out", str(work / "results"))
    done = subprocess.run(
        [".venv/bin/codefree", "run", *SAMPLES, "--minutes", "1", *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    return done.stdout.replace(f"{work}/", "")


def of_terminal(command: str, said: str) -> str:
    """A terminal in which a command was typed, as SVG."""
    console = Console(record=True, width=110, file=io.StringIO())
    console.print(f"[green]$[/] [bold]{command}[/]")
    console.print(said, width=106)
    return console.export_svg(title="", theme=MONOKAI, code_format=FRAME, unique_id="terminal")


def of_report(
    browser: Browser,
    dataset: Path,
    into: Path,
    language: str,
    parts: Sequence[tuple[str, str, str]] = PARTS,
) -> None:
    """The parts of the report that README and workshop show."""
    (report,) = dataset.glob("*/report.html")
    page = browser.new_page(viewport={"width": WIDTH, "height": 600}, device_scale_factor=2)
    page.goto(report.as_uri())
    for name, first, last in parts:
        save(page, into / f"{name}-{language}.png", first, last)
    page.close()


def of_predictions(browser: Browser, dataset: Path, into: Path) -> None:
    """The predictions file as a spreadsheet shows it."""
    (predictions,) = dataset.glob("*/*_test_prediction.csv")
    page = browser.new_page(viewport={"width": WIDTH, "height": 600}, device_scale_factor=2)
    page.set_content(TABLE.format(table=table(predictions)))
    save(page, into / "predictions.png", "table", "table")
    page.close()


def table(predictions: Path) -> str:
    rows = pd.read_csv(predictions, encoding="utf-8-sig", nrows=5)
    rows["probability_1"] = rows["probability_1"].round(3)
    html: str = rows[SHOWN_COLUMNS].to_html(index=False, na_rep="", border=0)
    return html


def of_translation_page(browser: Browser, address: str, into: Path) -> None:
    page = browser.new_page(viewport={"width": WIDTH, "height": 480}, device_scale_factor=2)
    page.goto(address)
    page.get_by_role("link", name="Translate").click()
    page.get_by_label("Text to translate").fill("Where is the library?\nThank you very much!")
    page.get_by_role("button", name="Translate").click()
    page.get_by_text("Translated.").wait_for()
    save(page, into / "translate.png", "main", "#message")
    page.close()


def of_prediction_page(browser: Browser, address: str, into: Path) -> None:
    """A woman in third class is asked about, once the model of the Titanic is there."""
    page = browser.new_page(viewport={"width": WIDTH, "height": 600}, device_scale_factor=2)
    page.set_default_timeout(MOST_MILLISECONDS)
    page.goto(address)
    page.locator(".state").get_by_text("completed").wait_for()
    page.get_by_role("link", name="Predict").first.click()
    page.locator("#reasons .amount").first.wait_for()
    page.get_by_label("Sex", exact=True).select_option("female")
    page.locator("#changed li").first.wait_for()
    page.locator("#answer[aria-busy=false]").wait_for()
    save(page, into / "predict.png", "main", "#reasons")
    page.close()


def save(page: Page, file: Path, first: str, last: str) -> None:
    """The page from the first element to the last, in few colours."""
    top, bottom = page.locator(first).bounding_box(), page.locator(last).bounding_box()
    assert top and bottom
    end = bottom["y"] + bottom["height"]
    left = max(min(top["x"], bottom["x"]) - 16, 0)
    clip = FloatRect(
        x=left, y=max(top["y"] - 16, 0), width=WIDTH - 2 * left, height=end - top["y"] + 32
    )
    shot = Image.open(io.BytesIO(page.screenshot(full_page=True, clip=clip)))
    shot.convert("RGB").quantize(COLOURS).save(file, optimize=True)


if __name__ == "__main__":
    main()
