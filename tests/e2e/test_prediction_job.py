"""Later test files and later train files: real models that earlier jobs have made."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from contract.messages import render
from tests.browser import needs_chromium, picture
from tests.messages import notes_by_code
from tests.opt_ml import SAMPLES, OptMl, hand_over, opt_ml

HEADER, *ROWS = (SAMPLES / "titanic_train.csv").read_text().splitlines()
# Nothing that was fitted on the small model's rows.
SMALL, LARGE, TEST = ROWS[:60], ROWS[:600], ROWS[600:]
HOSTILE = '<script>document.title="caught"</script>'


def table(rows: list[str]) -> str:
    return "\n".join([HEADER, *rows]) + "\n"


def without_target(rows: list[str]) -> str:
    cells = [row for row in csv.reader([HEADER, *rows])]
    place = cells[0].index("Survived")
    lines = [",".join(f'"{cell}"' for n, cell in enumerate(row) if n != place) for row in cells]
    return "\n".join(lines) + "\n"


def trained(root: Path, rows: list[str], **settings: Any) -> OptMl:
    job = opt_ml(root, table(rows), target="Survived", id_column="PassengerId", **settings)
    assert job.train() == 0, (job.root / "log").read_text()[-2000:]
    return job


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> OptMl:
    return trained(tmp_path_factory.mktemp("small"), SMALL)


def asked(root: Path, model: OptMl, rows: str, **settings: Any) -> OptMl:
    """A prediction job with a model and a test file."""
    settings = {"predictions_format": "excel", "report_language": "en"} | settings
    job = opt_ml(root, None, rows, target="Survived", dataset="later", **settings)
    hand_over(model, job, "model")
    return job


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def labelled(small: OptMl, tmp_path_factory: pytest.TempPathFactory) -> OptMl:
    """Of one row the target is lacking, and of one it is a class that the model never saw."""
    rows = [TEST[0].replace(",1,", ",,", 1).replace(",0,", ",,", 1), *TEST[1:]]
    number, _, rest = rows[1].split(",", 2)
    rows[1] = f"{number},{HOSTILE},{rest}"
    job = asked(tmp_path_factory.mktemp("labelled"), small, table(rows))
    assert job.run("predict.py") == 0, (job.root / "log").read_text()[-2000:]
    return job


def test_every_row_of_a_later_test_file_is_predicted_and_scored(labelled: OptMl) -> None:
    predictions = rows_of(labelled.result("test_prediction.csv"))
    assert [row["PassengerId"] for row in predictions] == [row.split(",")[0] for row in TEST]
    performance = labelled.performance()
    assert performance["rows"] == len(TEST) - 2
    assert performance["scored_on"] == "test file"
    assert 0.7 < performance["score"] < 0.95
    low, high = performance["interval"]
    assert low < performance["score"] < high
    right = sum(row["prediction"] == row["Survived"] for row in predictions[2:])
    assert performance["all_metrics"]["accuracy"] == pytest.approx(right / (len(TEST) - 2))
    assert labelled.result("eval.png").stat().st_size > 10_000
    assert not list(labelled.model.iterdir())


def test_the_finished_files_are_packed_with_an_index(labelled: OptMl) -> None:
    packed = labelled.root / "output/data"
    index = json.loads((packed / "results_index.json").read_text())["files"]
    assert {"later_test_prediction.csv", "report.html"} <= {file["name"] for file in index}
    assert {file["name"] for file in index} <= {path.name for path in packed.iterdir()}


@needs_chromium
@pytest.mark.parametrize("width", [390, 1200])
def test_the_report_of_predictions_reads_well(
    labelled: OptMl, browser: Browser, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.goto((labelled.results / "report.html").as_uri())
    picture(page, f"predictions-{width}")
    assert page.title() == "later: predictions of Survived"
    assert f"for the {len(TEST)} rows of later_test.csv" in page.inner_text("body")
    assert HOSTILE in page.inner_text(".warnings")
    assert page.locator("figure").count() == 5
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert heard == []
    page.close()


def test_a_later_test_file_without_the_target_is_predicted_and_not_scored(
    small: OptMl, tmp_path: Path
) -> None:
    job = asked(tmp_path, small, without_target(TEST), report_language="ko")
    assert job.run("predict.py") == 0, (job.root / "log").read_text()[-2000:]
    predictions = rows_of(job.result("test_prediction.csv"))
    assert len(predictions) == len(TEST) and {row["prediction"] for row in predictions} == {
        "0",
        "1",
    }
    # Without a score, it has only what is odd in the rows.
    written = job.result("model_performance.txt")
    assert not written.exists() or "metric" not in json.loads(written.read_text("utf-8"))
    assert "얼마나 맞았는지" in (job.results / "report.html").read_text("utf-8")


def test_a_later_test_file_that_lacks_columns_fails_in_the_words_of_the_model(
    small: OptMl, tmp_path: Path
) -> None:
    job = asked(tmp_path, small, "PassengerId,Sex\n1,male\n")
    assert job.run("predict.py") == 1
    assert job.failure.startswith("The rows lack ")


def test_a_model_of_another_autogluon_fails_in_words(small: OptMl, tmp_path: Path) -> None:
    other = OptMl(tmp_path / "other", "other")
    shutil.copytree(small.model, other.model)
    passport = json.loads((other.model / "passport.json").read_text("utf-8"))
    passport["versions"]["autogluon.tabular"] = "1.5.0"
    (other.model / "passport.json").write_text(json.dumps(passport), "utf-8")
    job = asked(tmp_path / "job", other, table(TEST))
    assert job.run("predict.py") == 1
    assert "made by AutoGluon 1.5.0" in job.failure


def test_a_better_model_is_named_and_the_one_before_too(small: OptMl, tmp_path: Path) -> None:
    job = opt_ml(tmp_path, table(LARGE), table(TEST), target="Survived", id_column="PassengerId")
    hand_over(small, job, "champion")
    assert job.train() == 0, (job.root / "log").read_text()[-2000:]
    performance = job.performance()
    champion = performance["champion"]
    assert champion["job"] == "sample-0a1b2c3d4e5f"
    assert champion["score"] < performance["score"]
    assert champion["verdict"] in ("better", "alike")
    verdict = notes_by_code(performance)[f"note.challenger_{champion['verdict']}"]
    predictions = render(verdict)
    assert f"{champion['score']:.4g}" in predictions
    assert predictions in (job.results / "report.html").read_text("utf-8").replace("&#39;", "'")


def test_a_worse_model_says_that_the_one_before_is_better(tmp_path: Path) -> None:
    """What the new train file teaches is the opposite of what is so."""
    flipped = [_flipped(row) for row in LARGE]
    before = trained(tmp_path / "before", LARGE)
    job = opt_ml(
        tmp_path / "after", table(flipped), table(TEST), target="Survived", id_column="PassengerId"
    )
    hand_over(before, job, "champion")
    assert job.train() == 0, (job.root / "log").read_text()[-2000:]
    assert job.performance()["champion"]["verdict"] == "worse"
    assert any("the previous model is better" in line for line in job.performance()["warnings"])


def _flipped(row: str) -> str:
    number, survived, rest = row.split(",", 2)
    return f"{number},{1 - int(survived)},{rest}"


def test_models_of_other_targets_are_not_compared(small: OptMl, tmp_path: Path) -> None:
    job = opt_ml(tmp_path, table(LARGE), table(TEST), target="Pclass", id_column="PassengerId")
    hand_over(small, job, "champion")
    assert job.train() == 0, (job.root / "log").read_text()[-2000:]
    assert "champion" not in job.performance()
    assert any("predicted Survived" in line for line in job.performance()["warnings"])


def test_nothing_unfinished_is_left_among_the_results(labelled: OptMl, small: OptMl) -> None:
    for job in (labelled, small):
        assert [path.name for path in job.results.iterdir() if path.name.startswith(".")] == []
        assert list((job.root / "output/unfinished").iterdir()) == []
