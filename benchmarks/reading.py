"""The features that the job prepares against an expert's, prepared by hand, by the same trees.

    .venv/bin/python benchmarks/reading.py ../shared/data/tabular ../shared/data/messy

A folder has `manifest.json`, `<name>_train.csv`, `<name>_test.csv`, and the test file's targets in
`truth/`. A set that is `derived_from` another one, in an odd spelling, has the plain one's expert.
Quick LightGBM models with several seeds stand in for AutoGluon, whose own choices are the same for
both. Prints the mean test score (AUC for two classes, accuracy for more, R² for numbers) of each
and its standard error.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import lightgbm as lgb
import numpy as np
import pandas as pd
import typer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, r2_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "functions"), str(ROOT / "training_src")]

from prepare import prepare
from tests.job_specs import job_spec

SEED, SMALL = 0, 2000
IDS = {"titanic": ["PassengerId"], "telco_churn": ["customerID"]}
TEXTS = {"clothing_rating": ["Title", "Review Text"], "nsmc_ko": ["review"]}
# What is odd about a file, and no matter of its spelling, the expert has to bear too.
OWN_COLUMNS = ("penguins_wide1500",)


@dataclass(frozen=True)
class Rows:
    """Features and targets of one set."""

    train: pd.DataFrame
    test: pd.DataFrame
    target: pd.Series
    truth: pd.Series


def main(folders: Annotated[list[Path], typer.Argument(help="With the sets.")]) -> None:
    """Print one line of a table per set."""
    sets = {one["name"]: (folder, one) for folder in folders for one in _manifest(folder)}
    for name, (folder, one) in sets.items():
        plain = one.get("derived_from")
        by_hand = name if plain is None or name in OWN_COLUMNS else plain
        ours = scores(by_product(folder, name, one))
        theirs = scores(by_expert(sets[by_hand][0], by_hand, sets[plain or name][1]))
        print(f"| {name} | {_shown(ours)} | {_shown(theirs)} |", flush=True)


def by_product(folder: Path, name: str, one: dict[str, Any]) -> Rows:
    """What the job makes of the files."""
    target = str(one["label"])
    train, test = (next(folder.glob(f"{name}_{part}.csv*")) for part in ("train", "test"))
    found = prepare(job_spec(train=train, test=test, target=target))
    assert found.test is not None
    rows = found.rows.drop(columns=target)
    return Rows(rows, found.test, found.rows[target], _truth(folder, name, target))


def by_expert(folder: Path, name: str, one: dict[str, Any]) -> Rows:
    """What the columns mean, known beforehand: ids, missing values, texts."""
    target = str(one["label"])
    train, test = (
        pd.read_csv(
            folder / f"{name}_{part}.csv", sep=one.get("sep", ","), na_values=["?", " "]
        ).drop(columns=IDS.get(name, []))
        for part in ("train", "test")
    )
    goal = train.pop(target)
    if name == "titanic":
        for part in (train, test):
            part["title"] = part["Name"].str.extract(r", ([^.]+)\.")
            part["Name"] = part["Name"].str.len()
    for column in TEXTS.get(name, []):
        made = _text_scores(train.pop(column), test.pop(column), goal, name.endswith("_ko"))
        train, test = (
            part.assign(**{f"{column} {n}": own for n, own in enumerate(scored.T)})
            for part, scored in zip((train, test), made, strict=True)
        )
    return Rows(train, test[train.columns], goal, _truth(folder, name, target))


def scores(rows: Rows) -> np.ndarray:
    """Return the test score of each seed."""
    numbers = rows.truth.dtype.kind == "f" or rows.truth.nunique() > len(rows.truth) / 10
    kind: Any = float if numbers else str
    goal, truth = rows.target.astype(kind), rows.truth.astype(kind)
    train, test = _alike(rows.train, rows.test)
    small = len(train) < SMALL
    found = []
    for seed in range(12 if small else 4):
        model = (lgb.LGBMRegressor if numbers else lgb.LGBMClassifier)(
            **{"n_estimators": 100, "learning_rate": 0.05, "num_leaves": 15}
            if small
            else {"n_estimators": 200, "learning_rate": 0.08},
            **{"min_child_samples": 10, "subsample": 0.8, "subsample_freq": 1},
            **{"colsample_bytree": 0.8, "verbose": -1, "n_jobs": 1, "random_state": seed},
        ).fit(train, goal)
        if numbers:
            found.append(r2_score(truth, model.predict(test)))
            continue
        chances = model.predict_proba(test)
        if len(model.classes_) == 2:
            found.append(roc_auc_score(truth == model.classes_[1], chances[:, 1]))
        else:
            found.append(accuracy_score(truth, model.classes_[chances.argmax(axis=1)]))
    return np.array(found)


def _alike(train: pd.DataFrame, test: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The same with numbers as floats, and the categories of train; columns by place."""
    one, other = {}, {}
    for place, name in enumerate(train):
        cells = train[name], test[name]
        if not pd.api.types.is_numeric_dtype(cells[0]):
            known = pd.Index(cells[0].dropna().astype(str).unique())
            cells = tuple(  # type: ignore[assignment]
                pd.Series(pd.Categorical(part.astype(object), known)) for part in cells
            )
        else:
            cells = tuple(part.astype(float) for part in cells)  # type: ignore[assignment]
        one[f"f{place}"], other[f"f{place}"] = cells
    return pd.DataFrame(one), pd.DataFrame(other)


def _text_scores(
    train: pd.Series, test: pd.Series, goal: pd.Series, characters: bool
) -> list[np.ndarray]:
    """Out-of-fold probabilities of a linear model over words, and lengths."""
    shape: dict[str, Any] = (
        {"analyzer": "char_wb", "ngram_range": (1, 3)} if characters else {"ngram_range": (1, 2)}
    )
    words = TfidfVectorizer(min_df=3, max_features=200_000, sublinear_tf=True, **shape)
    learned, other = words.fit_transform(train.fillna("")), words.transform(test.fillna(""))
    model, folds = LogisticRegression(C=3, max_iter=300), StratifiedKFold(4, shuffle=True)
    folds.random_state = SEED
    ours = cross_val_predict(model, learned, goal, cv=folds, method="predict_proba")
    theirs = model.fit(learned, goal).predict_proba(other)
    return [
        np.column_stack([chances[:, 1:], part.fillna("").str.len()])
        for chances, part in ((ours, train), (theirs, test))
    ]


def _manifest(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "manifest.json").read_text("utf-8"))
    return found


def _truth(folder: Path, name: str, target: str) -> pd.Series:
    return pd.read_csv(folder / "truth" / f"{name}_test_labels.csv")[target]


def _shown(found: np.ndarray) -> str:
    return f"{found.mean():.4f} ± {found.std() / np.sqrt(len(found)):.4f}"


if __name__ == "__main__":
    typer.run(main)
