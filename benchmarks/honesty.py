"""How often the report's claims about a model are true on rows that it has never seen.

    .venv/bin/python benchmarks/honesty.py FOLDER --splits 4

FOLDER holds `<name>_train.csv` files; targets are in TARGETS. Of each file, random rows are learned
from, scored as a job scores them (`hold-out`, or `out-of-fold`), and compared with the truth: the
score of the delivered model on ten times as many other rows, or more. A claim is one 95% interval,
one "better" or "worse" than the linear model, or one range to expect on a new file.

Quick trees stand in for AutoGluon: three, of which the best by the rows that are scored is
delivered, as AutoGluon chooses. The code that makes the claims is the job's own.
"""

import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
from rich.console import Console
from rich.table import Table
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "functions"), str(ROOT / "training_src")]

from intervals import out_of_fold_spread
from metrics import ALIKE, BETTER, METRICS, Predictions, higher_is_better
from problem import DEFAULT_METRICS, Problem
from simple_models import MOST_ROWS_SCORED, linear

TARGETS = {
    "adult": "income",
    "bank_marketing": "y",
    "california_housing": "median_house_value",
    "credit_approval": "class",
    "diamonds": "price",
    "telco_churn": "Churn",
    "titanic": "Survived",
    "wine_quality": "quality",
}
SIZES = (50, 150, 500, 1500)
# So many times the rows that are learned from are left to measure the truth on, at least.
TIMES_HIDDEN = 10
PLACES = ("hold-out", "out-of-fold")
FOLDS, HOLD_OUT = 5, 0.2
FEWEST_PER_CLASS, MOST_TEXTS = 12, 60
SHAPES: tuple[dict[str, Any], ...] = (
    {"max_leaf_nodes": 8, "max_iter": 40},
    {"max_leaf_nodes": 31, "max_iter": 60},
    {"max_leaf_nodes": 4, "max_iter": 80, "learning_rate": 0.05},
)


@dataclass(frozen=True)
class Claim:
    """What was said of one metric of one model, and what became true."""

    data: str
    rows: int
    scored_on: str
    metric: str
    low: float
    high: float
    truth: float
    against_linear: str
    truly_better: bool
    """Than the linear model, on the hidden rows."""
    expected_low: float
    expected_high: float
    new_file: float
    """The score on as many hidden rows as there are in the scored file."""


def main(
    folder: Path,
    splits: int = 12,
    data: Annotated[list[str] | None, typer.Option(help="Names; else all.")] = None,
    scored_on: Annotated[list[str] | None, typer.Option(help="One of the two; else both.")] = None,
    out: Annotated[Path | None, typer.Option(help="Also write the claims there.")] = None,
) -> None:
    warnings.filterwarnings("ignore")
    claims: list[Claim] = []
    for name in data or list(TARGETS):
        table, problem = read(folder / f"{name}_train.csv", TARGETS[name])
        for claim in _claims(name, table, problem, splits, scored_on or PLACES):
            claims.append(claim)
        print(name, len(claims), flush=True, file=sys.stderr)
        if out:
            pd.DataFrame(claims).to_csv(out, index=False)
    show(claims)


def read(file: Path, target: str) -> tuple[pd.DataFrame, Problem]:
    """Read rows with categories and numbers; rare classes, and columns of texts, are left out."""
    table = pd.read_csv(file, sep=None, engine="python").dropna(subset=[target])
    table = table.rename(columns={target: "target"})
    words = [name for name in table if table[name].dtype == object and name != "target"]
    table = table.drop(columns=[name for name in words if table[name].nunique() > MOST_TEXTS])
    for name in table.select_dtypes("object").columns.difference(["target"]):
        table[name] = table[name].astype("category")
    if table["target"].nunique() > 2 and table["target"].dtype != object and "quality" != target:
        metric = DEFAULT_METRICS["regression"]
        return table, Problem("regression", metric, metric)
    table["target"] = table["target"].astype(str)
    counts = table["target"].value_counts()
    table = table[table["target"].isin(counts[counts > len(table) / FEWEST_PER_CLASS].index)]
    names = sorted(table["target"].unique())
    kind = "binary" if len(names) == 2 else "multiclass"
    metric = DEFAULT_METRICS[kind]
    return table, Problem(kind, metric, metric, names[-1] if kind == "binary" else None)


def _claims(
    name: str, table: pd.DataFrame, problem: Problem, splits: int, places: Sequence[str]
) -> Iterator[Claim]:
    for rows in SIZES:
        if rows * (1 + TIMES_HIDDEN) > len(table):
            continue
        for seed in range(splits):
            mixed = table.sample(frac=1, random_state=seed).reset_index(drop=True)
            known, hidden = mixed[:rows], mixed[rows : rows + MOST_ROWS_SCORED]
            if problem.has_classes and known["target"].value_counts().min() < FOLDS:
                continue
            if known["target"].nunique() < hidden["target"].nunique() and problem.has_classes:
                continue
            for scored_on in places:
                yield from _of_split(name, known, hidden, problem, scored_on, seed)


def _of_split(
    name: str,
    known: pd.DataFrame,
    hidden: pd.DataFrame,
    problem: Problem,
    scored_on: str,
    seed: int,
) -> Iterator[Claim]:
    folds = scored_on == "out-of-fold"
    if folds:
        fit_rows = scored = known
    else:
        cut = int(len(known) * HOLD_OUT)
        scored, fit_rows = known[:cut], known[cut:]
        if problem.has_classes and scored["target"].nunique() < known["target"].nunique():
            return
    found, truth = _model(fit_rows, scored, hidden, problem, folds, seed)
    simple = linear(problem, fit_rows, scored, "target", folds)
    true_simple = linear(problem, fit_rows, hidden, "target", False)
    assert simple and true_simple
    true_simple = true_simple.of_rows(truth.target.index)
    spread = out_of_fold_spread(FOLDS) if folds else 1.0
    for metric in METRICS[problem.type]:
        interval, real = found.interval(metric, spread), truth.score(metric)
        real_simple = true_simple.score(metric)
        if interval is None or real is None or real_simple is None:
            continue
        expected = found.expected(metric, interval, len(found))
        new = truth.of_rows(truth.target.index[: len(found)]).score(metric)
        sign = 1 if higher_is_better(metric, problem) else -1
        yield Claim(
            *(name, len(known), scored_on, metric, *interval, real),
            found.compared_with(simple, metric, spread),
            sign * (real - real_simple) > 0,
            *expected,
            float("nan") if new is None else new,
        )


def _model(
    fit_rows: pd.DataFrame,
    scored: pd.DataFrame,
    hidden: pd.DataFrame,
    problem: Problem,
    folds: bool,
    seed: int,
) -> tuple[Predictions, Predictions]:
    """The best of the quick models by the scored rows: what it says of those, and of the hidden."""
    kind = HistGradientBoostingClassifier if problem.has_classes else HistGradientBoostingRegressor
    method = "predict_proba" if problem.has_classes else "predict"
    x, y = fit_rows.drop(columns="target"), fit_rows["target"]
    best: tuple[float, Predictions, Any] | None = None
    for shape in SHAPES:
        model = kind(**shape, categorical_features="from_dtype", early_stopping=False)
        if folds:
            cut = (StratifiedKFold if problem.has_classes else KFold)(
                FOLDS, shuffle=True, random_state=seed
            )
            answer = cross_val_predict(model, x, y, cv=cut, method=method)
        model.fit(x, y)
        if not folds:
            answer = getattr(model, method)(scored.drop(columns="target"))
        found = _predictions(problem, scored, answer, y)
        score = found.score(problem.metric) or 0.0
        score = score if higher_is_better(problem.metric, problem) else -score
        if best is None or score > best[0]:
            best = score, found, model
    assert best
    answer = getattr(best[2], method)(hidden.drop(columns="target"))
    return best[1], _predictions(problem, hidden, answer, y)


def _predictions(
    problem: Problem, rows: pd.DataFrame, answer: np.ndarray, learned: pd.Series
) -> Predictions:
    if not problem.has_classes:
        return Predictions(problem, rows["target"], pd.Series(answer, rows.index), None)
    chances = pd.DataFrame(answer, rows.index, sorted(learned.unique()))
    return Predictions(problem, rows["target"], chances.idxmax(axis=1), chances)


def show(claims: list[Claim]) -> None:
    """Print how often claims were true, by what they are about."""
    table = pd.DataFrame(claims)
    table["covered"] = (table.low <= table.truth) & (table.truth <= table.high)
    table["file_held"] = (table.expected_low <= table.new_file) & (
        table.new_file <= table.expected_high
    )
    table["zero"] = table.low == table.high
    table["claimed"] = table.against_linear != ALIKE
    table["right"] = (table.against_linear == BETTER) == table.truly_better
    console = Console(width=130)
    groups: dict[str, list[str]] = {"everything": [], "scored on": ["scored_on"]}
    groups |= {
        "metric": ["scored_on", "metric"],
        "rows": ["scored_on", "rows"],
        "data": ["scored_on", "data"],
    }
    for title, by in groups.items():
        shown = Table(
            *(by or ["all"]),
            "intervals",
            "hold, %",
            "no width",
            "new file, %",
            "claims",
            "right, %",
            title=title,
        )
        for key, part in table.groupby(by) if by else [(("",), table)]:
            said = part[part.claimed]
            right = f"{100 * said.right.mean():.1f}" if len(said) else "–"
            shown.add_row(
                *map(str, key),
                str(len(part)),
                f"{100 * part.covered.mean():.1f}",
                str(int(part.zero.sum())),
                f"{100 * part[part.new_file.notna()].file_held.mean():.1f}",
                str(len(said)),
                right,
            )
        console.print(shown)


if __name__ == "__main__":
    typer.run(main)
