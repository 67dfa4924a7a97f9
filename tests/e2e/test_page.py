"""The page for people in a real browser: its tabs, against the local cloud with a trained model."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from codefree.api_gateway import DATASETS_KEY, PREDICTION_KEY, TRANSLATION_KEY
from codefree.aws import STACK_NAME
from codefree.cloud import Cloud, Settings
from codefree.serve import page_address
from contract.layout import (
    PORTABLE_MODEL,
    STATUS_JSON,
    live_json_key,
    results_folder,
    results_prefix,
)
from contract.live import Live, Version
from portable.model import KnownColumn
from reading.column import CATEGORY, DATE, NUMBER, NUMBERS, TEXT, Column
from tests.browser import barriers, needs_axe, needs_chromium, picture
from tests.clouds import own_cloud
from tests.conftest import PATIENCE_SECONDS, eventually
from tests.console import ROOT
from tests.few_rounds import few_rounds_source
from tests.portable_models import JOB, OTHER_JOB, put_model
from tests.statuses import written

pytestmark = needs_chromium
SAMPLES = ROOT / "samples"
SIZES = {"wide": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
HOSTILE = '"><img src=x onerror=document.title="ran">'
KEYS = {"datasets": DATASETS_KEY, "predict": PREDICTION_KEY, "translate": TRANSLATION_KEY}


@dataclass(frozen=True)
class Walk:
    """What was seen on the way from an empty page to a model."""

    cloud: Cloud
    empty: str
    states: tuple[str, ...]
    progress: frozenset[str]


@pytest.fixture(scope="module")
def walk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """From an empty page: drop two files, and watch until the model is there."""
    chosen = Settings(
        parameters={
            "SettleSeconds": "1",
            "TrainingMinutes": "1",
            "TranslationFallback": "none",
            "Uploads": "true",
            "ApiRequestsPerSecond": "1000",
            "ApiBurst": "1000",
        },
        training_source=few_rounds_source(tmp_path_factory.mktemp("source")),
        tell=lambda _: None,
    )
    with own_cloud(chosen) as cloud:
        with opened(browser, cloud, "") as page:
            expect(page.locator("#datasets-empty")).to_be_visible()
            picture(page, "empty")
            empty = page.locator("main").inner_text()
            drop(page, "#train-drop", SAMPLES / "titanic_train.csv")
            page.get_by_label("Rows to predict").set_input_files(SAMPLES / "titanic_test.csv")
            expect(page.get_by_label("Name of the dataset")).to_have_value("titanic")
            page.get_by_role("button", name="Upload and train").click()
            states, progress = list[str](), set[str]()

            def is_over() -> bool:
                page.wait_for_timeout(100)
                if page.locator(".state").count():
                    states.append(page.locator(".state").inner_text())
                for text in page.locator(".dataset progress + p").all_inner_texts():
                    if not progress:
                        picture(page, "training")
                    progress.add(text)
                return bool(states) and states[-1] == "completed"

            eventually(is_over, progress=lambda: len(progress))
        yield Walk(cloud, empty, tuple(states), frozenset(progress))


@pytest.fixture(scope="module")
def stack(walk: Walk) -> Cloud:
    """A stack with a model of the Titanic's passengers, and one with hostile names."""
    s3 = walk.cloud.endpoint.client("s3")
    put_model(
        s3,
        walk.cloud.bucket,
        HOSTILE,
        KnownColumn(Column(HOSTILE, CATEGORY, categories=(HOSTILE, "other"))),
    )
    content = json.dumps(written(HOSTILE, "refused") | {"headline": HOSTILE, "next": [HOSTILE]})
    key = f"{results_prefix(HOSTILE)}{STATUS_JSON}"
    s3.put_object(Bucket=walk.cloud.bucket, Key=key, Body=content.encode())
    return walk.cloud


def drop(page: Page, place: str, *files: Path) -> bool:
    """Drag files to a place of the page and let go; whether the browser would open them."""
    opens: bool = page.evaluate(
        """([place, files]) => {
            const dataTransfer = new DataTransfer();
            for (const [name, text] of files) dataTransfer.items.add(new File([text], name));
            let isOpened = true;
            for (const kind of ["dragenter", "dragover", "drop"]) {
                const options = { dataTransfer, cancelable: true, bubbles: true };
                const event = new DragEvent(kind, options);
                isOpened = document.querySelector(place).dispatchEvent(event);
            }
            return isOpened;
        }""",
        [place, [[file.name, file.read_text("utf-8")] for file in files]],
    )
    return opens


@contextmanager
def opened(
    browser: Browser, stack: Cloud, where: str, *, keys: bool = True, **options: Any
) -> Iterator[Page]:
    """The page at a tab, with the keys of all tabs unless it has to ask for them."""
    assert stack.api is not None
    context = browser.new_context(**{"locale": "en-US", **options})
    if keys:
        known = {f"key {tab}": stack.api.keys[key] for tab, key in KEYS.items()}
        context.add_init_script(
            f"Object.entries({json.dumps(known)}).forEach(one => sessionStorage.setItem(...one))"
        )
    page = context.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
    page.goto(f"{stack.api.url}{where}")
    yield page
    context.close()
    # The browser itself tells of every answer that is an error; the page must not add to it.
    assert [line for line in said if "Failed to load resource" not in line] == []


def predicted(page: Page) -> None:
    """Wait until the answer to the row as it stands is there."""
    expect(page.locator("#reasons tbody tr").first).to_be_visible()
    expect(page.locator("#answer")).to_have_attribute("aria-busy", "false")


def field(page: Page, column: str) -> Locator:
    return page.locator("#fields").get_by_label(column, exact=True)


def shares(page: Page) -> dict[str, float]:
    rows = page.locator("#probabilities tbody tr")
    return {
        row.locator("th").inner_text(): float(row.locator("td").last.inner_text().strip("%"))
        for row in rows.all()
    }


def test_an_empty_page_teaches_and_a_dropped_file_is_watched_until_its_model_is_there(
    walk: Walk,
) -> None:
    assert "Nothing here yet" in walk.empty
    # A command of the terminal would have to name the endpoint of the local cloud.
    assert "titanic_train.csv" in walk.empty and "aws s3" not in walk.empty
    assert {"training", "completed"} <= {*walk.states}
    assert any(re.match(r"\d+ % · \w+", one) for one in walk.progress), walk.progress
    listed = walk.cloud.endpoint.client("s3").list_objects_v2(
        Bucket=walk.cloud.bucket, Prefix="data/"
    )
    assert {entry["Key"]: entry["Size"] for entry in listed["Contents"]} == {
        f"data/titanic_{part}.csv": (SAMPLES / f"titanic_{part}.csv").stat().st_size
        for part in ("test", "train")
    }


def card(page: Page, dataset: str) -> Locator:
    named = page.get_by_role("heading", level=2, name=dataset, exact=True)
    return page.locator("article").filter(has=named)


def test_a_dataset_shows_how_it_stands_and_its_files(browser: Browser, stack: Cloud) -> None:
    with opened(browser, stack, "#datasets", accept_downloads=True) as page:
        titanic = card(page, "titanic")
        expect(titanic).to_contain_text("Survived")
        expect(titanic).to_contain_text("ROC AUC")
        titanic.get_by_text("Files").click()
        with page.context.expect_page() as opening:
            titanic.get_by_role("link", name="Open the report").click()
        report = opening.value
        expect(report.get_by_role("heading", level=1)).to_be_visible()
        assert report.evaluate("window.opener") is None
        report.close()
        for name, ending in {
            "predictions": "_test_prediction.csv",
            "model": "model.tar.gz",
        }.items():
            with page.expect_download() as saving:
                titanic.get_by_role("link", name=name, exact=True).click()
            assert saving.value.suggested_filename.endswith(ending)
            assert saving.value.path().stat().st_size > 10_000
        page.get_by_text("Costs of this month").click()
        expect(page.locator("#costs-table")).to_contain_text("titanic")
        titanic.get_by_role("link", name="Predict with it").click()
        predicted(page)
        expect(page.locator("#dataset")).to_have_value("titanic")


def put_verdict(stack: Cloud, name: str, color: str, finding: str) -> None:
    """Let a dataset have a model that its own job warns of."""
    s3 = stack.endpoint.client("s3")
    put_model(s3, stack.bucket, name, "first")
    against = {"color": color, "findings": [{"code": "a", "severity": "error"}]}
    status = written(name, "completed") | {"details": [finding, "cost"], "verdict": against}
    content = json.dumps(status | {"job": JOB}).encode()
    for folder in (results_prefix(name), results_folder(name, JOB)):
        s3.put_object(Bucket=stack.bucket, Key=f"{folder}{STATUS_JSON}", Body=content)


def test_what_speaks_against_a_model_stands_on_its_card_and_over_its_form(
    browser: Browser, stack: Cloud
) -> None:
    for color, kind in {"red": "bad", "yellow": "warn"}.items():
        put_verdict(stack, color, color, HOSTILE)
        with opened(browser, stack, "#datasets") as page:
            own = card(page, color)
            expect(own.locator(f".against.{color} li")).to_have_text([HOSTILE])
            expect(own.locator(f".state.{kind}")).to_have_text("completed")
            picture(page, f"verdict-{color}")
            page.evaluate(f"location.hash = '#predict/{color}'")
            expect(page.locator("#predict-verdict li")).to_have_text([HOSTILE])
            expect(page.locator("#predict-verdict")).to_contain_text(
                {"red": "Do not use this model", "yellow": "Look first"}[color]
            )
            picture(page, f"verdict-{color}-predict")
            page.locator("#dataset").select_option("titanic")
            expect(field(page, "Age")).to_be_visible()
    remove(stack, *("red", "yellow"))


def remove(stack: Cloud, *names: str) -> None:
    """Take away what a test has put there."""
    s3 = stack.endpoint.client("s3")
    for name in names:
        found = s3.list_objects_v2(Bucket=stack.bucket, Prefix=results_prefix(name))
        for entry in found["Contents"]:
            s3.delete_object(Bucket=stack.bucket, Key=entry["Key"])


def test_what_the_page_cannot_upload_is_refused_before_it_is_sent(
    browser: Browser, stack: Cloud, tmp_path: Path
) -> None:
    with opened(browser, stack, "#datasets") as page:
        page.get_by_role("button", name="Upload and train").click()
        expect(page.locator("#train-note")).to_have_text("Choose a file first.")
        expect(page.get_by_label("Rows to learn from")).to_be_focused()
        for name, text, said in (
            ("a.xls", "a", "Save it as one of .csv, .csv.gz, .parquet, .xlsx."),
            ("a.sql", "SELECT 1", "Save it as one of .csv, .csv.gz, .parquet, .xlsx."),
            ("a.csv", "", "The file is empty."),
        ):
            file = tmp_path / name
            file.write_text(text)
            page.get_by_label("Rows to learn from").set_input_files(file)
            expect(page.locator("#train-note")).to_have_text(said)
        page.get_by_label("Rows to learn from").set_input_files(SAMPLES / "titanic_train.csv")
        expect(page.locator("#name-note")).to_contain_text("its train file is replaced")
        before = stack.endpoint.client("s3").list_objects_v2(Bucket=stack.bucket, Prefix="data/")
        for name, said in (
            ("a/b", "A name has no slash."),
            ("_refused", "data/_refused_train.csv"),
        ):
            page.get_by_label("Name of the dataset").fill(name)
            page.get_by_role("button", name="Upload and train").click()
            expect(page.locator("#name-note.bad")).to_contain_text(said)
            expect(page.get_by_label("Name of the dataset")).to_be_focused()
        picture(page, "refused")
        after = stack.endpoint.client("s3").list_objects_v2(Bucket=stack.bucket, Prefix="data/")
        assert after["KeyCount"] == before["KeyCount"]


def test_the_column_to_predict_is_sent_before_the_train_file(
    browser: Browser, stack: Cloud, tmp_path: Path
) -> None:
    file = tmp_path / "named_train.csv"
    file.write_text("a,b\n1,2\n")
    with opened(browser, stack, "#datasets") as page:
        column = page.get_by_label("Which column is to be predicted?")
        column.fill(HOSTILE)
        page.get_by_label("Rows to predict").set_input_files(file)
        page.get_by_role("button", name="Upload and train").click()
        expect(page.locator("#target-note")).to_contain_text("with a file to learn from")
        expect(column).to_be_focused()
        page.get_by_label("Rows to predict").set_input_files([])
        page.get_by_label("Rows to learn from").set_input_files(file)
        asked: list[str] = []
        page.on(
            "request",
            lambda one: asked.append(one.post_data_json["file"]) if "/uploads" in one.url else None,
        )
        page.get_by_role("button", name="Upload and train").click()
        expect(column).to_have_value("")
        assert asked == ["named.json", "named_train.csv"]
    s3 = stack.endpoint.client("s3")
    content = s3.get_object(Bucket=stack.bucket, Key="data/named.json")["Body"].read()
    assert json.loads(content) == {"target": HOSTILE}

    # In words, as a file of the bucket would be.
    def refused() -> bool:
        key = f"{results_prefix('named')}{STATUS_JSON}"
        found = s3.list_objects_v2(Bucket=stack.bucket, Prefix=key)
        return bool(found["KeyCount"])

    eventually(refused)
    for key in ("data/named.json", "data/named_train.csv"):
        s3.delete_object(Bucket=stack.bucket, Key=key)
    remove(stack, "named")


def test_files_that_are_dropped_together_are_known_by_their_names(
    browser: Browser, stack: Cloud, tmp_path: Path
) -> None:
    files = [tmp_path / name for name in ("a_test.csv", "a_TRAIN.csv", "a.csv", "b.csv")]
    for file in files:
        file.write_text("a\n1\n")
    test, train, plain, other = files
    with opened(browser, stack, "#datasets") as page:
        for dropped, place, expected in (
            ((test, train), "train", {"train": train, "test": test}),
            ((train, test), "test", {"train": train, "test": test}),
            ((plain, test), "train", {"train": plain, "test": test}),
            ((test,), "train", {"train": None, "test": test}),
            ((plain,), "test", {"train": None, "test": plain}),
            ((plain, other), "train", {"train": None, "test": None}),
            ((test, train, plain), "train", {"train": None, "test": None}),
        ):
            page.reload()
            expect(page.locator("#upload")).to_be_visible()
            assert not drop(page, f"#{place}-drop", *dropped)
            for part, file in expected.items():
                chosen = page.locator(f"#{part}-file").evaluate("one => one.files[0]?.name")
                assert chosen == (file.name if file else None), (dropped, part)
            said = page.locator("#train-note")
            expect(said).to_contain_text("one at a time" if not any(expected.values()) else "")
        # Beside the boxes nothing happens; a text may be dragged as ever.
        assert not drop(page, "h1", test)
        assert drop(page, "h1")
        assert not drop(page, "footer", plain)


def test_a_row_is_predicted_and_its_reasons_add_up(browser: Browser, stack: Cloud) -> None:
    with opened(browser, stack, "#predict/titanic") as page:
        predicted(page)
        picture(page, "predict")
        fields = {label.inner_text() for label in page.locator("#fields label").all()}
        header = (SAMPLES / "titanic_test.csv").read_text().splitlines()[0].split(",")
        assert fields <= {*header} and {"Age", "Sex", "Fare"} <= fields

        found = shares(page)
        assert sum(found.values()) == pytest.approx(100)
        amounts = [cell.inner_text() for cell in page.locator("#reasons .amount").all()]
        base, *steps, total = [float(one.strip("%")) for one in amounts]
        assert round(base + sum(steps), 1) == total
        assert total in found.values()


def test_a_changed_value_shows_what_it_moves(browser: Browser, stack: Cloud) -> None:
    with opened(browser, stack, "#predict/titanic") as page:
        predicted(page)
        before = shares(page)["1"]
        field(page, "Sex").select_option("female")
        expect(page.locator("#moved")).to_contain_text("Against the row before")
        after = shares(page)["1"]
        moved = page.locator("#moved").inner_text()
        assert f"{before:.1f}% → {after:.1f}%" in moved
        assert f"({after - before:+.1f} points)" in moved
        assert page.locator("#changed").inner_text() == "Sex: male → female"

        page.get_by_role("button", name="Compare with this row").click()
        field(page, "Pclass").fill("1")
        expect(page.locator("#changed")).to_have_text("Pclass: 2 → 1")
        field(page, "Age").fill("8")
        expect(page.locator("#changed li")).to_have_count(2)
        expect(page.locator("#moved")).to_contain_text("Against the row that you keep")
        picture(page, "what-if")


def test_rows_that_two_versions_answered_are_not_compared(browser: Browser, stack: Cloud) -> None:
    with opened(browser, stack, "#predict/titanic") as page:
        predicted(page)

        def by_another(route: Route) -> None:
            """A new model is on trial, and answers rows of children."""
            found = route.fetch()
            is_child = route.request.post_data_json["Age"] < 10
            route.fulfill(response=found, json=found.json() | ({"job": "new"} if is_child else {}))

        page.route("**/predict/titanic*", by_another)
        page.get_by_role("button", name="Compare with this row").click()
        field(page, "Age").fill("8")
        expect(page.locator("#moved")).to_contain_text("Another version of the model has answered")
        assert "→" not in page.locator("#whatif").inner_text()
        assert "→" not in page.locator("#brief").inner_text()
        field(page, "Age").fill("30")
        expect(page.locator("#changed")).to_have_text("Age: 40 → 30")
        expect(page.locator("#moved")).to_contain_text("→")


def test_the_newest_row_wins_whatever_comes_later(browser: Browser, stack: Cloud) -> None:
    with opened(browser, stack, "#predict/titanic") as page:
        predicted(page)
        asked: list[Any] = []

        def slowly(route: Route) -> None:
            """The answer to the first change never comes."""
            asked.append(route.request.post_data_json["Age"])
            if asked[-1] != 11:
                route.continue_()

        page.route("**/predict/titanic*", slowly)
        field(page, "Age").fill("11")
        eventually(lambda: page.wait_for_timeout(20) or asked)
        field(page, "Age").fill("70")
        expect(page.locator("#changed")).to_have_text("Age: 40 → 70")
        assert asked == [11, 70]


def test_odd_cells_and_errors_stand_at_their_fields(browser: Browser, stack: Cloud) -> None:
    with opened(browser, stack, "#predict/titanic") as page:
        predicted(page)
        age = field(page, "Age")
        age.fill("500")
        expect(page.locator(".note", has_text="above every value")).to_be_visible()
        described = str(age.get_attribute("aria-describedby")).split()
        notes = page.locator(", ".join(f"#{one}" for one in described))
        assert "above every value" in " ".join(notes.all_inner_texts())

        refusal = {"error": "This cannot be.", "code": "api.cell", "field": "Fare"}
        page.route(
            "**/predict/titanic*",
            lambda route: route.fulfill(status=400, json=refusal),
        )
        age.fill("5")
        fare = field(page, "Fare")
        expect(fare).to_have_attribute("aria-invalid", "true")
        expect(fare).to_be_focused()
        expect(page.locator("#fields .note.bad")).to_have_text("This cannot be.")
        expect(page.get_by_role("status")).to_have_text("This cannot be.")
        page.unroute("**/predict/titanic*")
        age.fill("6")
        expect(page.locator("#fields .note.bad")).to_have_count(0)


def test_many_rows_are_shown_and_saved(browser: Browser, stack: Cloud, tmp_path: Path) -> None:
    with opened(browser, stack, "#predict/titanic", accept_downloads=True) as page:
        predicted(page)
        page.get_by_label("CSV file").set_input_files(SAMPLES / "titanic_test.csv")
        expect(page.locator("#batch-table tbody tr")).to_have_count(10)
        expect(page.locator("#batch-said")).to_contain_text("418 rows")
        picture(page, "batch")
        with page.expect_download() as saving:
            page.get_by_role("link", name="Download as CSV").click()
        assert saving.value.suggested_filename == "titanic_test_prediction.csv"
        text = saving.value.path().read_text("utf-8")
        rows = list(csv.DictReader(io.StringIO(text)))
        assert len(rows) == 418
        assert {*rows[0]} == {"prediction", "probability_0", "probability_1"}

        large = tmp_path / "large.csv"
        large.write_text("Age\n" + "1\n" * 1_300_000)
        page.get_by_label("CSV file").set_input_files(large)
        expect(page.locator("#batch-said")).to_contain_text("data/titanic_test.csv")
        header, first, *_ = (SAMPLES / "titanic_test.csv").read_text().splitlines()
        many = tmp_path / "many.csv"
        many.write_text("\n".join([header, *[first] * 5_001]))
        page.get_by_label("CSV file").set_input_files(many)
        expect(page.locator("#batch-said")).to_contain_text("5,001 rows")
        expect(page.locator("#batch-said")).to_contain_text("data/titanic_test.csv")


def test_odd_cells_of_many_rows_are_counted_and_the_first_stand_in_words(
    browser: Browser, stack: Cloud, tmp_path: Path
) -> None:
    with opened(browser, stack, "#predict/titanic", accept_downloads=True) as page:
        predicted(page)
        header, *rows = csv.reader((SAMPLES / "titanic_test.csv").read_text().splitlines())
        for place, row in enumerate(rows):
            row[header.index("Age")] = "old" if place < 7 else "30"
            row[header.index("Sex")] = "Zoë" if place == 9 else "male"
            row[header.index("Fare")] = "10"
        file = tmp_path / "odd.csv"
        with file.open("w", encoding="utf-8", newline="") as text:
            csv.writer(text).writerows([header, *rows[:20]])
        page.get_by_label("CSV file").set_input_files(file)
        expect(page.locator("#batch-odd-sum")).to_contain_text("Age: 7 · Sex: 1")
        expect(page.locator("#batch-odd-first li")).to_have_count(5)
        first = page.locator("#batch-odd-first li").first
        expect(first).to_have_text(re.compile('^Row 1: .*"Age" cannot be read .*"old"'))
        picture(page, "batch-odd")
        with page.expect_download() as saving:
            page.get_by_role("link", name="Download as CSV").click()
        with_notes = saving.value.path().read_text("utf-8")
        # As the API writes it, where an answer has no room for notes.
        page.route("**/predict/titanic", without_room)
        page.get_by_label("CSV file").set_input_files(SAMPLES / "titanic_train.csv")
        page.get_by_label("CSV file").set_input_files(file)
        expect(page.locator("#batch-odd-sum")).to_contain_text("are not listed")
        with page.expect_download() as saving:
            page.get_by_role("link", name="Download as CSV").click()
        assert table(saving.value.path().read_text("utf-8")) == table(with_notes)


def without_room(route: Route) -> None:
    """The API's answer in JSON would be too long."""
    if route.request.headers["accept"] == "text/csv":
        route.continue_()
    else:
        refusal = {"error": "Too long.", "code": "api.answer_too_long", "field": "body"}
        route.fulfill(status=413, json=refusal)


def table(text: str) -> list[list[str | float]]:
    """The header, the predictions, and their probabilities as numbers."""
    header, *rows = csv.reader(io.StringIO(text))
    return [[*header], *([row[0], *map(float, row[1:])] for row in rows)]


@pytest.mark.parametrize("encoding", ["windows-1252", "utf-16"])
def test_a_file_in_another_encoding_is_refused_and_not_misread(
    browser: Browser, stack: Cloud, tmp_path: Path, encoding: str
) -> None:
    with opened(browser, stack, "#predict/titanic") as page:
        predicted(page)
        file = tmp_path / "old.csv"
        file.write_bytes("Age,Name\n1,Zoë\n".encode(encoding))
        page.get_by_label("CSV file").set_input_files(file)
        expect(page.locator("#batch-said.bad")).to_contain_text("not in UTF-8")
        expect(page.locator("#batch-said")).to_contain_text("data/titanic_test.csv")
        expect(page.locator("#batch-found")).to_be_hidden()


def test_names_and_values_stay_text(browser: Browser, stack: Cloud) -> None:
    with opened(browser, stack, "#predict/titanic") as page:
        page.locator("#dataset").select_option(HOSTILE)
        expect(field(page, HOSTILE)).to_be_visible()
        expect(page.locator("#fields option").nth(1)).to_have_text(HOSTILE)
        expect(page.locator("#said")).to_contain_text("Survived")
        page.locator("#fields select").select_option("other")
        expect(page.locator("#changed")).to_have_text(f"{HOSTILE}: {HOSTILE} → other")
        page.reload()
        expect(page.locator("#dataset")).to_have_value(HOSTILE)
        page.get_by_role("link", name="Datasets").first.click()
        hostile = card(page, HOSTILE)
        expect(hostile.locator(".headline")).to_have_text(HOSTILE)
        expect(hostile.locator("li")).to_have_text(HOSTILE)
        hostile.get_by_role("link", name="Predict with it").click()
        expect(page.locator("#dataset")).to_have_value(HOSTILE)
        assert page.locator("img").count() == 0
        assert page.title() == "Code-free AutoML"


def test_a_model_that_comes_later_is_found(browser: Browser, stack: Cloud) -> None:
    s3 = stack.endpoint.client("s3")
    with opened(browser, stack, "#predict/titanic") as page:
        predicted(page)
        put_model(s3, stack.bucket, "later", "first")
        page.get_by_role("link", name="Datasets").first.click()
        page.evaluate("location.hash = '#predict/later'")
        expect(field(page, "first")).to_be_visible()
        put_model(s3, stack.bucket, "later", "second", job=OTHER_JOB)
        page.get_by_role("link", name="Datasets").first.click()
        page.evaluate("location.hash = '#predict/later'")
        expect(field(page, "second")).to_be_visible()
        page.evaluate("location.hash = '#predict/never'")
        predicted(page)
        expect(page.get_by_role("status")).to_have_text("There is no model of never.")


def test_a_model_that_answers_nothing_has_no_form_but_the_reason(
    browser: Browser, stack: Cloud
) -> None:
    s3 = stack.endpoint.client("s3")
    for name in ("off", "heavy"):
        put_verdict(stack, name, "green", "fine")
    off = Live(champion=Version(JOB, "Survived", "2026-01-01"), on=False)
    s3.put_object(Bucket=stack.bucket, Key=live_json_key("off"), Body=off.to_json())
    s3.delete_object(Bucket=stack.bucket, Key=results_folder("heavy", JOB) + PORTABLE_MODEL)
    with opened(browser, stack, "#datasets") as page:
        for name, said in {"off": "that was turned off", "heavy": "AutoGluon only"}.items():
            page.evaluate("location.hash = '#datasets'")
            expect(card(page, name)).to_contain_text("not answered")
            expect(card(page, name).get_by_role("link", name="Predict with it")).to_have_count(0)
            page.evaluate(f"location.hash = '#predict/{name}'")
            expect(page.locator("#predict-refusal")).to_contain_text(said)
            expect(page.locator("#predict-work")).to_be_hidden()
            expect(page.locator("#predict-batch")).to_be_hidden()
            option = page.locator(f'#dataset option[value="{name}"]')
            expect(option).to_have_text(f"{name} (answers no requests)")
            page.locator("#dataset").select_option("titanic")
            predicted(page)
            expect(page.locator("#predict-refusal")).to_be_hidden()
    remove(stack, "off", "heavy")


MANY = tuple(f"place {number}" for number in range(30))
WIDGETS = {
    # Column → its kind of field, what it begins with, and a hint.
    KnownColumn(Column("share", NUMBER), 0.0, 1.0): ("number", "0", "0 to 1"),
    KnownColumn(Column("rate", NUMBER), 0.5, 2.5): ("number", "1.5", "0.5 to 2.5"),
    KnownColumn(Column("children", NUMBER), 0.0, 9.0): ("number", "0", "0 to 9"),
    KnownColumn(Column("income", NUMBER), 20_000.0, 200_000.0): ("number", "110000", "20,000"),
    KnownColumn(Column("debt", NUMBER), 1.0, 1_000_000.0): ("number", "1000", "1,000,000"),
    KnownColumn(Column("day", DATE), datetime(2020, 1, 1), datetime(2024, 5, 6)): (
        "date",
        "2024-05-06",
        "Jan 1, 2020 to May 6, 2024",
    ),
    KnownColumn(
        Column("moment", DATE, timed=True), datetime(2020, 1, 1), datetime(2024, 5, 6, 7, 8)
    ): ("datetime-local", "2024-05-06T07:08", "7:08"),
    KnownColumn(Column("member", CATEGORY, categories=("yes", "no"))): ("select-one", "yes", ""),
    KnownColumn(Column("place", CATEGORY, categories=MANY)): ("text", MANY[0], "one of 30 values"),
    KnownColumn(Column("seldom", CATEGORY, categories=("a",), missing_share=0.9)): (
        "select-one",
        "",
        "",
    ),
    KnownColumn(Column("remark", TEXT)): ("textarea", "", "any text"),
    KnownColumn(Column("pressure", NUMBERS), (90.0, 60.0), (180.0, 120.0)): (
        "text",
        "",
        "90 – 180, 60 – 120",
    ),
}


def test_each_kind_of_column_has_a_field_of_its_kind(browser: Browser, stack: Cloud) -> None:
    put_model(stack.endpoint.client("s3"), stack.bucket, "widgets", *WIDGETS)
    with opened(browser, stack, "#predict/widgets") as page:
        predicted(page)
        picture(page, "widgets")
        for column, (kind, start, hint) in WIDGETS.items():
            own = field(page, column.name)
            assert own.evaluate("one => one.type") == kind, column.name
            expect(own).to_have_value(start)
            assert hint in own.evaluate("one => one.closest('.field').textContent"), column.name
        options = page.locator("datalist option").evaluate_all("all => all.map(one => one.value)")
        assert tuple(options) == MANY
        # As the API takes them: a number where it is one, and nothing where nothing is.
        with page.expect_request("**/predict/widgets*") as asking:
            field(page, "children").fill("3")
        row = asking.value.post_data_json
        assert row == {
            column.name: 3
            if column.name == "children"
            else None
            if start == ""
            else float(start)
            if kind == "number"
            else start
            for column, (kind, start, _) in WIDGETS.items()
        }
        page.get_by_role("button", name="Empty all").click()
        expect(page.locator("#changed li")).to_have_count(9)
        page.get_by_role("button", name="Reset").click()
        expect(field(page, "children")).to_have_value("0")


def test_what_a_field_cannot_read_is_said_and_not_asked(browser: Browser, stack: Cloud) -> None:
    put_model(stack.endpoint.client("s3"), stack.bucket, "widgets", *WIDGETS)
    with opened(browser, stack, "#predict/widgets") as page:
        predicted(page)
        asked: list[Any] = []
        page.on("request", lambda one: asked.append(one.url) if "predict/" in one.url else None)
        for column, typed, said in (
            ("children", "1e400", "This is no number"),
            ("day", "02302024", "This is no complete date"),
        ):
            own = field(page, column)
            own.fill("")
            eventually(lambda: page.wait_for_timeout(20) or asked)
            predicted(page)
            asked.clear()
            own.press_sequentially(typed)
            own.press("Enter")
            expect(page.locator("#fields .note.bad")).to_contain_text(said)
            expect(own).to_have_attribute("aria-invalid", "true")
            page.get_by_role("button", name="Predict", exact=True).click()
            assert [one for one in asked if "widgets" in one] == []
            page.get_by_role("button", name="Reset").click()
            expect(page.locator("#fields .note.bad")).to_have_count(0)
            predicted(page)
            asked.clear()
    remove(stack, "widgets")


def test_a_forgotten_key_leaves_nothing_on_the_screen(browser: Browser, stack: Cloud) -> None:
    with opened(browser, stack, "#datasets") as page:
        expect(card(page, "titanic")).to_be_visible()
        for tab in ("Datasets", "Predict"):
            page.get_by_role("link", name=tab, exact=True).first.click()
            if tab == "Predict":
                predicted(page)
            page.get_by_role("button", name="Forget the key").click()
            expect(page.get_by_role("status")).to_have_text("The key is forgotten.")
            expect(page.locator("#message.bad")).to_have_count(0)
            expect(page.get_by_label("API key")).to_be_focused()
            assert "titanic" not in page.locator("main").inner_text()
            assert "Survived" not in page.locator("main").inner_text()
        assert stack.api is not None
        page.get_by_label("API key").fill(stack.api.keys[PREDICTION_KEY])
        page.get_by_role("button", name="Use this key").click()
        predicted(page)
        page.locator("#dataset").select_option("titanic")
        expect(page.locator("#dataset-about")).to_contain_text("ROC AUC")


def test_the_files_of_the_model_before_stay_during_a_training(
    browser: Browser, stack: Cloud
) -> None:
    s3, name = stack.endpoint.client("s3"), "again"
    put_verdict(stack, name, "green", "fine")
    folder = results_folder(name, JOB)
    ended = written(name, "completed") | {"job": JOB, "files": {"report": f"{folder}report.html"}}
    training = written(name, "training") | {"job": "later"}
    for key, content in {
        f"{folder}{STATUS_JSON}": json.dumps(ended),
        f"{folder}report.html": "<h1>Before</h1>",
        f"{results_prefix(name)}{STATUS_JSON}": json.dumps(training),
    }.items():
        s3.put_object(Bucket=stack.bucket, Key=key, Body=content.encode())
    with opened(browser, stack, "#datasets") as page:
        card(page, name).get_by_text("Files of the model before").click()
        expect(card(page, name).get_by_role("link", name="Open the report")).to_be_visible()
        for part, said in {"test": "The rows to predict of again are", "train": "training"}.items():
            page.get_by_label("Rows to predict").set_input_files([])
            page.locator(f"#{part}-file").set_input_files(SAMPLES / f"titanic_{part}.csv")
            page.get_by_label("Name of the dataset").fill(name)
            page.route("**/uploads", form_that_goes_nowhere)
            page.get_by_role("button", name="Upload and train").click()
            expect(page.locator("#upload-said")).to_contain_text(said)
        refused = written(name, "refused") | {"headline": "No."}
        key = f"{results_prefix(name)}{STATUS_JSON}"
        s3.put_object(Bucket=stack.bucket, Key=key, Body=json.dumps(refused).encode())
        expect(card(page, name)).to_contain_text("No.")
        expect(page.locator("#upload-said")).to_be_empty()
    remove(stack, name)


def form_that_goes_nowhere(route: Route) -> None:
    """The form of an upload, for a page that takes it itself."""
    url = f"{route.request.url}/nowhere"
    route.request.frame.page.route(url, lambda one: one.fulfill(status=204))
    fields = {"key": "a"}
    route.fulfill(json={"key": "a", "url": url, "fields": fields, "largest_bytes": 9, "seconds": 9})


def test_each_tab_asks_for_its_own_key(browser: Browser, stack: Cloud) -> None:
    assert stack.api is not None
    with opened(browser, stack, "#predict/titanic", keys=False) as page:
        expect(page.locator("#key-what")).to_contain_text("key for predictions")
        page.get_by_label("API key").fill(stack.api.keys[TRANSLATION_KEY])
        page.get_by_role("button", name="Use this key").click()
        expect(page.get_by_role("status")).to_contain_text("not for predictions")
        page.get_by_label("API key").fill(stack.api.keys[PREDICTION_KEY])
        page.get_by_role("button", name="Use this key").click()
        predicted(page)
        page.get_by_role("link", name="Translate").click()
        expect(page.locator("#key-what")).to_contain_text("key for translations")
        assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 1]


def test_the_printed_address_holds_the_keys_of_every_tab(browser: Browser, stack: Cloud) -> None:
    assert stack.api is not None
    where = page_address(stack.api).removeprefix(stack.api.url)
    with opened(browser, stack, where, keys=False) as page:
        expect(card(page, "titanic")).to_be_visible()
        assert page.url == stack.api.url
        for tab in ("Predict", "Translate"):
            page.get_by_role("link", name=tab, exact=True).click()
            expect(page.get_by_label("API key")).to_be_hidden()
        predicting = page.evaluate("sessionStorage.getItem('key predict')")
        assert predicting == stack.api.keys[PREDICTION_KEY]
        assert page.evaluate("localStorage.length") == 0


def test_a_row_is_predicted_by_the_keyboard_alone(browser: Browser, stack: Cloud) -> None:
    assert stack.api is not None
    with opened(browser, stack, "#translate", keys=False) as page:
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_label("API key")).to_be_focused()
        page.keyboard.type(stack.api.keys[PREDICTION_KEY])
        page.keyboard.press("Enter")
        predicted(page)
        page.keyboard.press("Tab")
        expect(page.get_by_label("Dataset", exact=True)).to_be_focused()
        page.keyboard.type("titanic")
        expect(page).to_have_url(re.compile("#predict/titanic$"))
        expect(field(page, "Age")).to_have_value("40")
        predicted(page)
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.labels?.[0]?.textContent") == "Age":
                break
        page.keyboard.press("ArrowUp")
        expect(page.locator("#changed")).to_have_text("Age: 40 → 41")


@needs_axe
@pytest.mark.parametrize("size, scheme", [("wide", "light"), ("phone", "dark")])
def test_the_checker_of_accessibility_has_no_findings(
    browser: Browser, stack: Cloud, size: str, scheme: Literal["light", "dark"]
) -> None:
    options = {"viewport": SIZES[size], "color_scheme": scheme, "bypass_csp": True}
    for where in KEYS:
        at = f"#{where}/titanic" if where == "predict" else f"#{where}"
        with opened(browser, stack, at, **options) as page:
            if where == "predict":
                predicted(page)
                field(page, "Sex").select_option("female")
                expect(page.locator("#changed li")).to_have_count(1)
                page.get_by_label("CSV file").set_input_files(SAMPLES / "titanic_test.csv")
                expect(page.locator("#batch-found")).to_be_visible()
            if where == "datasets":
                card(page, "titanic").get_by_text("Files").click()
                expect(page.get_by_role("link", name="Open the report")).to_be_visible()
                page.get_by_text("Costs of this month").click()
            picture(page, f"{where}-{size}-{scheme}")
            assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size]["width"]
            assert barriers(page, 15) == []


# Names of columns, values and measures, and of what no language translates.
KEPT = {"API", "CSV", "AutoML", "MB", "samples", "titanic", "csv", "roc", "auc", "ROC", "AUC"}
KEPT |= {"US", "PM", "AM", "CI"}


@pytest.mark.parametrize("language", ["ko", "zh-TW"])
def test_the_page_speaks_the_language_of_the_browser(
    browser: Browser, stack: Cloud, language: str
) -> None:
    with opened(browser, stack, "#predict/titanic", locale=language) as page:
        predicted(page)
        page.locator("#fields select").first.select_option("female")
        expect(page.locator("#changed li")).to_have_count(1)
        picture(page, f"predict-{language}")
        # What speaks against a model may name members; it is of the catalog.
        page.locator(".against").evaluate_all("all => all.forEach(one => one.remove())")
        page.locator("#dataset option").evaluate_all("all => all.forEach(one => one.remove())")
        shown = page.locator("body").inner_text()
        page.locator('nav a[href="#datasets"]').click()
        expect(card(page, "titanic")).to_be_visible()
        picture(page, f"datasets-{language}")
        # Those of other tests say what they were given, as text.
        others = page.locator("article").filter(has_not=page.get_by_role("heading", name="titanic"))
        others.evaluate_all("all => all.forEach(one => one.remove())")
        page.locator(".against").evaluate_all("all => all.forEach(one => one.remove())")
        shown += page.locator("body").inner_text()
        text = (SAMPLES / "titanic_train.csv").read_text()
        known = KEPT | {*re.findall(r"[A-Za-z]{2,}", text)}
        assert {*re.findall(r"[A-Za-z]{2,}", shown)} <= known
        assert page.locator("html").get_attribute("lang") == language


def test_a_corrected_file_replaces_the_model_until_it_is_rolled_back(
    browser: Browser, stack: Cloud, tmp_path: Path
) -> None:
    text = (SAMPLES / "titanic_train.csv").read_text()
    corrected = tmp_path / "titanic_train.csv"
    corrected.write_text(text.replace("male,22.0,", "male,23.0,", 1))
    (before,) = jobs(stack, "models")
    with opened(browser, stack, "#datasets") as page:
        expect(card(page, "titanic")).to_be_visible()
        page.locator("#train-file").set_input_files(corrected)
        page.get_by_role("button", name="Upload and train").click()
        expect(card(page, "titanic").locator(".state")).to_have_text("training")
        picture(page, "replaced")
        eventually(lambda: card(page, "titanic").locator(".state").inner_text() == "completed")
        after = {job: state for job, state in jobs(stack, "models").items() if job != before}
        assert [*after.values()] == ["challenger"]
        card(page, "titanic").get_by_role("link", name="Predict").click()
        assert answered(page, range(1, 30)) == {before, *after}
        jobs(stack, "rollback")
        assert answered(page, range(30, 60)) == {before}
    options = {"locale": "ko", "color_scheme": "dark", "viewport": SIZES["phone"]}
    with opened(browser, stack, "#predict/titanic", **options) as page:
        predicted(page)
        picture(page, "rolled-back-phone-dark-ko")


def jobs(stack: Cloud, command: str) -> dict[str, str]:
    """What becomes of each version of the Titanic's model by that command, by its job."""
    done = subprocess.run(
        [sys.executable, "-m", "codefree", command, "titanic", "--stack", STACK_NAME, "--json"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **stack.endpoint.environ},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return {one["job"]: one["state"] for one in json.loads(done.stdout)["versions"]}


def answered(page: Page, ages: Iterable[int]) -> set[str]:
    """The jobs whose models answer passengers of these ages."""
    found = set()
    predicted(page)
    for age in ages:
        with page.expect_response("**/predict/titanic*") as answer:
            field(page, "Age").fill(str(age))
        assert answer.value.ok
        found.add(answer.value.json()["job"])
        predicted(page)
    return found
