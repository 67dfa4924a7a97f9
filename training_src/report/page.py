"""report.html: everything on one page that needs nothing else."""

import math
from pathlib import Path
from shlex import quote
from typing import Any

import pandas as pd

from contract.messages import score_text as number
from job_spec import JobSpec
from model_code.notes import READINGS
from model_code.text_scores import TextScores
from reading.column import TEXT
from report.findings import Findings
from report.language import Language
from report.learning_picture import draw_learning
from report.pictures import draw_effect_pictures, draw_pictures
from report.sentences import calibrated, sentences
from report.slice_table import slice_rows
from report.tables import importance_rows
from report.template import load_template
from scoring import PLACES

MODELS_SHOWN, COLUMNS_SHOWN, EXAMPLES_SHOWN = 30, 200, 5
# The table of more is in the appendix.
FEW_CLASSES = 10


def render_report(found: Findings) -> str:
    """HTML; every name and value of the uploader is escaped by the template."""
    say = Language(found.spec.report_language)
    page = load_template(Path(__file__).with_name("report.html.j2"))
    performance, problem = found.performance, found.prepared.problem
    verdict = found.verdict
    others = found.in_order[len(verdict.findings) :]
    return page.render(
        t=say,
        found=found,
        spec=found.spec,
        problem=problem,
        performance=performance,
        place=PLACES[performance["scored_on"]],
        number=number,
        sentences=sentences(found, say),
        verdict=verdict.color,
        against=[say.render(one) for one in verdict.findings],
        warnings=[say.render(n) for n in others if not n.code.startswith(READINGS)],
        readings=[say.render(n) for n in others if n.code.startswith(READINGS)],
        pictures_shown=draw_pictures(found.tables, say),
        calibrated=calibrated(found.tables, say),
        effects=draw_effect_pictures(found.effects, _effect_of(found, say), say),
        effect_of=_effect_of(found, say),
        thresholds=found.tables.thresholds,
        lifts=found.tables.lifts,
        learning=draw_learning(found.learning, problem, say) if found.learning else None,
        classes=found.tables.classes,
        few_classes=FEW_CLASSES,
        mixed_up=found.tables.mistakes,
        coverage=found.tables.coverage,
        importance=importance_rows(found.importance),
        what_if=found.what_if,
        slices=slice_rows(found.slices, problem, say),
        comparisons=2 * len(found.slices),
        scored_file=_scored_file(found),
        notable=[
            {"shown": row, "chance": _percent(row.probability), **_reasons(row.reasons)}
            for row in found.notable
        ],
        examples=shown_examples(found.examples, EXAMPLES_SHOWN),
        leaderboard=_cells(found.leaderboard.head(MODELS_SHOWN), say),
        leaderboard_columns=[say.column(name) for name in found.leaderboard.columns],
        columns=_columns(found, say)[:COLUMNS_SHOWN],
        cost=_cost(found),
        command=_command(found.spec),
    )


def _effect_of(found: Findings, say: Language) -> str:
    problem = found.prepared.problem
    if problem.type == "binary":
        return say("probability_of", name=problem.positive_class)
    return say("probability_per_class") if problem.has_classes else found.spec.target


def shown_examples(examples: pd.DataFrame | None, most: int) -> list[dict[str, Any]]:
    """The first rows of a predictions file."""
    if examples is None:
        return []
    return [
        {"row": n, "prediction": _predicted(row), **_reasons(str(row["reasons"]))}
        for n, (_, row) in enumerate(examples.head(most).iterrows(), start=1)
    ]


def _reasons(text: str) -> dict[str, Any]:
    """The way from the average prediction to this one, and what moved it."""
    way, _, amounts = text.partition(": ")
    return {"way": way, "reasons": amounts.split("; ") if amounts else []}


def _scored_file(found: Findings) -> str:
    spec = found.spec
    test = spec.test if found.fitted.scored_on == "test file" else None
    return (test or spec.train).name


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f}%"


def _predicted(row: "pd.Series[str]") -> str:
    return str(row["prediction"] if "prediction" in row else row["quantile_0.5"])


def _cells(board: pd.DataFrame, say: Language) -> list[list[tuple[str, str]]]:
    """What is shown, and what is sorted by."""
    board = board.assign(metric=board["metric"].map(say.metric_name))

    def shown(cell: object) -> tuple[str, str]:
        if not isinstance(cell, float):
            return str(cell), str(cell)
        return ("–", "-Infinity") if math.isnan(cell) else (number(cell), repr(float(cell)))

    return [[shown(cell) for cell in row] for row in board.itertuples(index=False)]


def _columns(found: Findings, say: Language) -> list[dict[str, str]]:
    preprocessor = found.prepared.preprocessor
    scores = {made.column: made for made in preprocessor.text_scores}
    rows = []
    for column in preprocessor.columns:
        made = say(f"made_{column.kind}")
        if column.kind == TEXT and column.name in scores:
            made = f"{made}; {_terms(scores[column.name], found, say)}"
        rows.append(
            {
                "name": column.name,
                "kind": say(f"kind_{column.kind}"),
                "missing": f"{column.missing_share:.0%}",
                "made": made,
            }
        )
    for name, reason in found.prepared.left_out.items():
        rows.append({"name": name, "kind": "–", "missing": "–", "made": say(f"left_out_{reason}")})
    aside = [found.spec.id_column, *found.spec.ignore_columns]
    rows += [
        {"name": name, "kind": "–", "missing": "–", "made": say("left_out_by_settings")}
        for name in aside
        if name
    ]
    return rows


def _terms(scores: TextScores, found: Findings, say: Language) -> str:
    """The words that speak most for a class, or for higher values."""
    names = {"+": say("higher_values"), "-": say("lower_values")}
    if len(scores.classes) == 2:
        names = {"+": scores.classes[1], "-": scores.classes[0]}
    return "; ".join(
        say("speaks_for", name=names.get(sign, sign), terms=tuple(terms))
        for sign, terms in list(scores.strongest_terms().items())[:6]
    )


def _cost(found: Findings) -> dict[str, Any] | None:
    passport = found.spec.passport
    if not passport.get("usd_per_hour"):
        return None
    seconds = sum(found.seconds.values())
    return {
        "so_far": f"{passport['usd_per_hour'] * seconds / 3600:.3f}",
        "worst": f"{passport['worst_case_usd']:.2f}",
        "instance": passport["instance_type"],
        "date": passport["price_date"],
    }


def _command(spec: JobSpec) -> str:
    """What makes the model again, for a shell."""
    files = " ".join(quote(path.name) for path in (spec.train, spec.test) if path)
    minutes = f"{spec.training_seconds / 60:.3g}"
    return f"codefree run {files} --target {quote(spec.target)} --minutes {minutes}"
