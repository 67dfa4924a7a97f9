"""report.html of a prediction job: what was predicted, by which model, and how right it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from contract.job import PredictionsJob, to_passport
from contract.messages import score_text as number
from metrics import Predictions
from model_code.notes import Note
from report.language import Language
from report.page import shown_examples
from report.pictures import draw_pictures
from report.sentences import calibrated, how_good
from report.tables import Tables
from report.template import load_template
from verdict import Verdict

EXAMPLES_SHOWN = 20


@dataclass(frozen=True)
class Predicted:
    """What the report tells."""

    job: PredictionsJob
    sha256: str
    """Of the test file."""
    passport: Mapping[str, Any]
    """Of the model."""
    file: str
    """The name of the test file."""
    written: Path
    """The predictions."""
    scored: Predictions | None
    """Those whose target the file tells."""
    performance: Mapping[str, Any] | None
    """Of those."""
    notes: list[Note] = field(default_factory=list)
    verdict: Verdict | None = None
    """On the model, by the job that made it; None of a model of an earlier release."""


def render_predictions(found: Predicted) -> str:
    """HTML; every name and value of the uploader is escaped by the template."""
    say = Language(found.job.report_language)
    page = load_template(Path(__file__).with_name("predictions.html.j2"))
    tables = Tables(found.scored) if found.scored else None
    return page.render(
        t=say,
        found=found,
        job=to_passport(found.job),
        target=found.passport["target"],
        performance=found.performance,
        number=number,
        sentences=_sentences(found, say),
        verdict=found.verdict.color if found.verdict else None,
        against=[say.render(one) for one in found.verdict.findings] if found.verdict else [],
        warnings=[say.render(one) for one in found.notes],
        pictures_shown=draw_pictures(tables, say) if tables else [],
        calibrated=calibrated(tables, say) if tables else "",
        examples=shown_examples(_first_rows(found.written), EXAMPLES_SHOWN),
    )


def _sentences(found: Predicted, say: Language) -> list[str]:
    target = found.passport["target"]
    with found.written.open(encoding="utf-8-sig", newline="") as lines:
        rows = sum(len(part) for part in pd.read_csv(lines, usecols=[0], chunksize=100_000))
    return [
        say("sentence_predicted", target=target, rows=f"{rows:,}", file=found.file),
        say("sentence_by_model", job=found.passport["job"]),
        how_good(found.performance, say)
        if found.performance
        else say("sentence_unscored", file=found.file, target=target),
    ]


def _first_rows(written: Path) -> pd.DataFrame:
    return pd.read_csv(
        written, encoding="utf-8-sig", dtype=str, nrows=EXAMPLES_SHOWN, keep_default_na=False
    )
