"""report.html: everything on one page that needs nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from contract.messages import GAP
from contract.messages import score_text as number
from explain import Effect
from fit import Fitted
from job_spec import JobSpec
from metrics import BETTER, WORSE, Predictions
from model_code.columns import TEXT
from model_code.notes import READINGS, Note
from model_code.text_scores import TextScores
from prepare import Prepared
from problem import Problem
from report.language import Language
from report.plots import draw_effects, draw_svgs, error_by_size
from report.tables import class_scores, coverage, thresholds
from report.template import load_template
from scoring import PLACES
from verdict import ClassCounts, Known, Verdict, judge

MODELS_SHOWN, FEATURES_SHOWN, COLUMNS_SHOWN, EXAMPLES_SHOWN = 30, 20, 200, 5


@dataclass
class Findings:
    """What the job has found so far; whatever is lacking is left out of the report."""

    spec: JobSpec
    prepared: Prepared
    fitted: Fitted
    performance: dict[str, Any]
    leaderboard: pd.DataFrame
    predictions: Predictions
    own_notes: list[Note] = field(default_factory=list)
    importance: pd.DataFrame | None = None
    strength: float = 0.0
    """What the most important column reaches alone."""
    effects: list[Effect] = field(default_factory=list)
    examples: pd.DataFrame | None = None
    """The first rows of the predictions file: prediction and reasons."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    passport: Mapping[str, Any] = field(default_factory=dict)
    classes: tuple[ClassCounts, ...] = ()
    """How often each class is true and is predicted; none for numbers."""

    @property
    def verdict(self) -> Verdict:
        """Whether to use the model, from what is known so far."""
        known = Known(
            self.performance, self.classes, self.fitted.training, self.importance, self.strength
        )
        return judge(known, self.notes)

    @property
    def in_order(self) -> list[Note]:
        """What speaks against the model, the gravest first, then all other notes."""
        against = self.verdict.findings
        return [*against, *(one for one in self.notes if one not in against)]

    @property
    def notes(self) -> list[Note]:
        """On the data, then on what was made of it."""
        return [*self.prepared.notes, *self.own_notes]


def render_report(found: Findings) -> str:
    """HTML; every name and value of the uploader is escaped by the template."""
    say = Language(found.spec.report_language)
    page = load_template(Path(__file__).with_name("report.html.j2"))
    performance, problem = found.performance, found.prepared.problem
    predictions = found.predictions
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
        # matplotlib escapes the texts in its SVGs.
        plots={key: Markup(svg) for key, svg in draw_svgs(predictions, say).items()},
        effects=[(name, Markup(svg)) for name, svg in draw_effects(found.effects, say)],
        effect_of=_effect_of(found, say),
        thresholds=thresholds(predictions) if problem.type == "binary" else [],
        classes=class_scores(predictions) if problem.type == "multiclass" else [],
        sizes=[] if problem.has_classes else error_by_size(predictions).to_dict("records"),
        coverage=coverage(predictions),
        importance=_bars(found.importance),
        examples=shown_examples(found.examples, EXAMPLES_SHOWN),
        leaderboard=_cells(found.leaderboard.head(MODELS_SHOWN)),
        leaderboard_columns=[say.column(name) for name in found.leaderboard.columns],
        columns=_columns(found, say)[:COLUMNS_SHOWN],
        cost=_cost(found),
        command=_command(found.spec),
    )


def sentences(found: Findings, say: Language) -> list[str]:
    """What was predicted from what, how good it is, and compared with what."""
    performance, spec = found.performance, found.spec
    what = say(
        "sentence_what",
        target=spec.target,
        columns=len(found.prepared.preprocessor.columns),
        rows=f"{performance['fit_rows']:,}",
        file=spec.train.name,
    )
    column = prediction_column(found.classes, found.prepared.problem, say)
    return [
        what,
        how_good(performance, say),
        *column,
        _compared(performance, say),
        *_expected(found, say),
    ]


def prediction_column(classes: Sequence[ClassCounts], problem: Problem, say: Language) -> list[str]:
    """What the prediction column is worth, from the scored rows: none for numbers.

    Of two classes the positive one, of more the best and the worst by F1.
    """
    rows = sum(one.rows for one in classes)
    if not rows:
        return []
    hits = _of_a_hundred(sum(one.right for one in classes) / rows)
    if problem.type == "binary":
        (positive,) = (one for one in classes if one.name == problem.positive_class)
        return [say("column_right", percent=hits), *_found_of(positive, say)]
    known = sorted((one for one in classes if one.rows), key=_f1, reverse=True)
    return [
        say("column_right", percent=hits),
        *(text for one in dict.fromkeys((known[0], known[-1])) for text in _found_of(one, say)),
    ]


def _f1(one: ClassCounts) -> float:
    return 2 * one.right / (one.rows + one.predicted)


def _found_of(one: ClassCounts, say: Language) -> list[str]:
    """Precision and recall of a class, in everyday words."""
    if not one.rows:
        return []
    if not one.predicted:
        return [say("column_never", name=one.name, rows=f"{one.rows:,}")]
    precision, recall = one.right / one.predicted, one.right / one.rows
    return [
        say(
            "column_found",
            name=one.name,
            precision=_of_a_hundred(precision),
            recall=_of_a_hundred(recall),
        )
    ]


def how_good(performance: Mapping[str, Any], say: Language) -> str:
    """One sentence, in everyday words where the metric has some."""
    metric, score = performance["metric"], performance["score"]
    key = f"good_{metric}" if say.has(f"good_{metric}") else "good_other"
    return say(
        key,
        metric=metric,
        score=number(score),
        percent=_of_a_hundred(score),
        target=performance["target"],
        positive=performance["positive_class"],
    )


def _of_a_hundred(share: float) -> str:
    """Rounded, but none and all only where it is exactly that."""
    rounded = f"{100 * share:.0f}"
    return {"0": "1", "100": "99"}.get(rounded, rounded) if 0 < share < 1 else rounded


def _compared(performance: Mapping[str, Any], say: Language) -> str:
    """Which of this model, guessing and a linear model is better, as paired tests decided it."""
    linear = performance["linear_score"]
    values = {
        "metric": performance["metric"],
        "naive": number(performance["naive_score"]),
        "linear": number(linear),
        "target": performance["target"],
    }
    against_linear = performance["against_linear"]
    if against_linear == WORSE:
        said = say("compared_worse", **values)
    elif performance["against_guessing"] != BETTER:
        return say("compared_nothing", **values)
    elif linear is None:
        return say("compared_guessing", **values)
    else:
        said = say("compared_paid" if against_linear == BETTER else "compared_linear", **values)
    rows = performance["linear_fit_rows"]
    if rows < performance["fit_rows"]:
        said = f"{said}{GAP[say.name]}{say('compared_rows', rows=f'{rows:,}')}"
    return said


def _expected(found: Findings, say: Language) -> list[str]:
    """What scores a file as long as the test file may get."""
    expected = found.performance.get("expected")
    if not expected:
        return []
    low, high = number(expected["low"]), number(expected["high"])
    metric = found.performance["metric"]
    return [say("expected", metric=metric, rows=f"{expected['rows']:,}", low=low, high=high)]


def _effect_of(found: Findings, say: Language) -> str:
    problem = found.prepared.problem
    if problem.type == "binary":
        return say("probability_of", name=problem.positive_class)
    return say("probability_per_class") if problem.has_classes else found.spec.target


def _bars(importance: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Widths in percent of the longest."""
    if importance is None or importance.empty:
        return []
    shown = importance.head(FEATURES_SHOWN)
    longest = max(float(shown[["high", "importance"]].max().max()), 1e-12)

    def share(value: Any) -> float:
        return round(max(0.0, min(1.0, float(value) / longest)) * 100, 1)

    return [
        {
            "name": row.feature,
            "value": number(row.importance),
            "width": share(row.importance),
            # Too few shuffles have no interval.
            "low": None if pd.isna(float(str(row.low))) else share(row.low),
            "range": round(share(row.high) - share(row.low), 1),
        }
        for row in shown.itertuples()
    ]


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


def _predicted(row: "pd.Series[str]") -> str:
    return str(row["prediction"] if "prediction" in row else row["quantile_0.5"])


def _cells(board: pd.DataFrame) -> list[list[tuple[str, str]]]:
    """What is shown, and what is sorted by."""
    return [
        [
            (number(cell), repr(float(cell))) if isinstance(cell, float) else (str(cell), str(cell))
            for cell in row
        ]
        for row in board.itertuples(index=False)
    ]


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
    from shlex import quote

    files = " ".join(quote(path.name) for path in (spec.train, spec.test) if path)
    minutes = f"{spec.training_seconds / 60:.3g}"
    return f"codefree run {files} --target {quote(spec.target)} --minutes {minutes}"
