"""What a column of free texts says of the target, as numbers that tree models can use.

A linear model over words or pieces of words, one per column. Rows that it learns from get the
scores of a model that has not seen them, or everything behind it would trust it too much.
"""

import re
from dataclasses import dataclass
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge, SGDClassifier
from sklearn.model_selection import KFold, StratifiedKFold

SEED = 0
FOLDS = 5
MOST_TERMS = 50_000
MOST_ROWS = 200_000
# Korean, Chinese and Japanese glue what other languages part by spaces; short texts misspell.
GLUED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
SHORT = 80
TERMS_SHOWN = 8


@dataclass(frozen=True)
class TextScores:
    """Of one column: how its texts are cut, and what the pieces weigh."""

    column: str
    vectorizer: TfidfVectorizer
    model: SGDClassifier | Ridge
    classes: tuple[str, ...]
    """Of the target; none when it is a number."""

    @property
    def names(self) -> list[str]:
        """Of the columns that it makes."""
        scores = self.classes if len(self.classes) > 2 else ("score",)
        return [f"{self.column}: {score}" for score in (*scores, "characters", "words")]

    def features(self, texts: pd.Series) -> pd.DataFrame:
        """One row per text, float32."""
        filled = texts.fillna("").astype(str)
        scores = _scores(self.model, self.vectorizer.transform(filled))
        return _frame(self.names, scores, filled, texts.index)

    def strongest_terms(self) -> dict[str, list[str]]:
        """Class, or `+` and `-` → the pieces that speak most for it."""
        names = self.vectorizer.get_feature_names_out()
        weights = np.atleast_2d(self.model.coef_)
        if len(weights) == 1:
            order = np.argsort(weights[0])
            return {"+": _top(names, order[::-1]), "-": _top(names, order)}
        return {
            label: _top(names, np.argsort(row)[::-1])
            for label, row in zip(self.classes, weights, strict=True)
        }


def learn_text_scores(
    column: str, texts: pd.Series, target: pd.Series, has_classes: bool
) -> tuple[TextScores, pd.DataFrame] | None:
    """The scores of new rows, and the features of these; None when the texts share no words."""
    filled = texts.fillna("").astype(str)
    vectorizer = _vectorizer(filled)
    learned = filled.sample(min(len(filled), MOST_ROWS), random_state=SEED)
    try:
        vectorizer.fit(learned)
    except ValueError:
        return None
    pieces = vectorizer.transform(filled)
    seen = _out_of_fold(pieces, target, has_classes)
    model = _model(has_classes).fit(pieces, target)
    classes = tuple(map(str, model.classes_)) if has_classes else ()
    made = TextScores(column, vectorizer, model, classes)
    return made, _frame(made.names, seen, filled, texts.index)


def save(scores: list[TextScores], path: Any) -> None:
    for score in scores:
        _forget_how_it_was_learned(score.model)
    parts = [(s.column, s.vectorizer, s.model, s.classes) for s in scores]
    joblib.dump(parts, path, compress=3)


def _forget_how_it_was_learned(model: SGDClassifier | Ridge) -> None:
    """Two more copies of the weights, which are most of a model of texts."""
    for name in ("_standard_coef", "_standard_intercept", "_average_coef", "_average_intercept"):
        vars(model).pop(name, None)


def load(path: Any) -> list[TextScores]:
    return [TextScores(*parts) for parts in joblib.load(path)]


def _vectorizer(texts: pd.Series) -> TfidfVectorizer:
    sample = texts.sample(min(len(texts), 500), random_state=SEED)
    length = sample.str.len().mean()
    glued = sum(len(GLUED.findall(text)) for text in sample) > 0.2 * sample.str.len().sum()
    pieces = {"analyzer": "char_wb", "ngram_range": (1, 3)}
    words = {"analyzer": "word", "ngram_range": (1, 2)}
    return TfidfVectorizer(
        **(pieces if glued or length < SHORT else words),
        min_df=2,
        max_features=MOST_TERMS,
        sublinear_tf=True,
        dtype=np.float32,
    )


def _model(has_classes: bool) -> SGDClassifier | Ridge:
    if not has_classes:
        return Ridge(alpha=1.0, solver="sparse_cg", random_state=SEED)
    # Averaging ten rounds is as good as a solved logistic regression, at a hundredth of its time.
    return SGDClassifier(
        loss="log_loss", alpha=1e-5, average=True, max_iter=10, tol=None, random_state=SEED
    )


def _out_of_fold(pieces: Any, target: pd.Series, has_classes: bool) -> np.ndarray:
    labels = target.to_numpy()
    smallest = target.value_counts().min() if has_classes else FOLDS
    kind = StratifiedKFold if smallest >= FOLDS else KFold
    known = np.unique(labels) if has_classes else np.array([])
    width = len(known) if len(known) > 2 else 1
    scores = np.zeros((len(labels), width), dtype=np.float32)
    for fit, rest in kind(FOLDS, shuffle=True, random_state=SEED).split(pieces, labels):
        if has_classes and len(np.unique(labels[fit])) < max(2, len(known)):
            continue
        model = _model(has_classes).fit(pieces[fit], labels[fit])
        scores[rest] = _scores(model, pieces[rest])
    return scores


def _scores(model: SGDClassifier | Ridge, pieces: Any) -> np.ndarray:
    scores = model.decision_function(pieces) if hasattr(model, "classes_") else None
    found = model.predict(pieces) if scores is None else scores
    return np.asarray(found, dtype=np.float32).reshape(len(found), -1)


def _frame(names: list[str], scores: np.ndarray, texts: pd.Series, index: Any) -> pd.DataFrame:
    columns = [scores, _column(texts.str.len()), _column(texts.str.count(r"\s+") + 1)]
    return pd.DataFrame(np.hstack(columns), columns=names, index=index)


def _column(values: pd.Series) -> np.ndarray:
    return values.to_numpy(dtype=np.float32).reshape(-1, 1)


def _top(names: np.ndarray, order: np.ndarray) -> list[str]:
    return [str(names[place]).strip() for place in order[:TERMS_SHOWN]]
