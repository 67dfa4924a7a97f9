"""A whole run in each language: no sentence that a user reads is in English."""

import html
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from contract.bounds import LANGUAGES
from contract.layout import FIT_SUMMARY
from contract.messages import message, render
from tests.console import ROOT, script, start
from tests.few_rounds import few_rounds_source
from tests.messages import english


@dataclass(frozen=True)
class Run:
    """What a run has left for its user."""

    language: str
    folder: Path
    """Of the job."""
    shown: str
    """On both outputs."""
    status: str
    report: str
    """The texts of the page, without names, commands and figures."""


def texts_of(page: str) -> str:
    """What a reader sees of a report, but commands and the names and values of the passport."""
    for hidden in ("style", "script", "pre", "dl", "metadata"):
        page = re.sub(rf"<{hidden}\b.*?</{hidden}>", " ", page, flags=re.DOTALL)
    return html.unescape(re.sub(r"<!--.*?-->|<[^>]+>", "\n", page, flags=re.DOTALL))


@pytest.fixture(scope="module", params=[name for name in LANGUAGES if name != "en"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Penguins, in the shortest training that there is."""
    folder = tmp_path_factory.mktemp("run")
    files = [ROOT / f"samples/penguins_{part}.csv" for part in ("train", "test")]
    options = ["--minutes", "0.5", "--language", request.param]
    code = script(few_rounds_source(tmp_path_factory.mktemp("source")))
    process = start(folder, "run", *files, *options, code=code)
    out, err = process.communicate()
    assert process.returncode == 0, err
    results = folder / "results" / "penguins"
    (report,) = results.glob("*/report.html")
    return Run(
        request.param,
        report.parent,
        out + err,
        (results / "STATUS.txt").read_text("utf-8"),
        texts_of(report.read_text("utf-8")),
    )


def test_the_terminal_says_nothing_in_english(run: Run) -> None:
    assert english(run.shown) == []
    assert render(message("cli.next"), run.language) in run.shown


def test_the_status_says_nothing_in_english(run: Run) -> None:
    assert english(run.status) == []
    assert render(message("status.next"), run.language) in run.status


def test_the_report_says_nothing_in_english(run: Run) -> None:
    assert english(run.report) == []
    assert render(message("report.h_matters"), run.language) in run.report


def test_the_summary_says_nothing_in_english(run: Run) -> None:
    summary = (run.folder / f"penguins{FIT_SUMMARY}").read_text("utf-8")
    assert english(summary) == []
    assert summary.splitlines()[0] not in render(message("report.fit_summary", **NO_SUMMARY))


NO_SUMMARY = {"target": "species", "problem": "", "metric": "", "model": "", "columns": 0}
ROWS = (ROOT / "samples/penguins_test.csv").read_text("utf-8")


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        (ROWS, 0),
        # An island that the train file does not have: a note.
        (ROWS.replace("Biscoe", "Ulleungdo"), 0),
        # A column that the model needs: a refusal by the model's own code.
        (ROWS.replace("island", "isle"), 1),
        ("", 1),
    ],
)
def test_predict_speaks_the_language_of_the_models_report(
    run: Run, tmp_path: Path, rows: str, code: int
) -> None:
    (tmp_path / "more.csv").write_text(rows, "utf-8")
    process = start(tmp_path, "predict", run.folder / "model.tar.gz", tmp_path / "more.csv")
    out, err = process.communicate()
    assert process.returncode == code, err
    assert english(out + err) == []
    none = render(message("passport.says", facts=()), run.language)
    assert none.strip() in err


def test_an_english_sentence_would_be_found() -> None:
    assert english(render(message("detail.nothing_paid")))
