"""What a column of free texts says of the target, as numbers that tree models can use.

A linear model over words or pieces of words, one per column. Rows that it learns from get the
scores of a model that has not seen them, or everything behind it would trust it too much.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
# Of one text: words in its reason, and the strongest pieces that they are taken from.
WORDS_SHOWN, PIECES_TRIED, LONGEST_WORD = 2, 8, 20
BETWEEN_WORDS = re.compile(r"[^\w'’-]+")
EDGES_OF_WORD = re.compile(r"^\W+|\W+$")
# Places of the rows that teach, and of the rows that they score.
Fold = tuple[np.ndarray, np.ndarray]
# In the file of a model.
SETTINGS, ARRAYS = "settings", ("idf", "weights", "intercepts")


@dataclass(frozen=True)
class TextScores:
    """Of one column: how its texts are cut, and what the pieces weigh."""

    column: str
    vectorizer: TfidfVectorizer
    weights: np.ndarray
    """Of each piece, a row per score."""
    intercepts: np.ndarray
    """By score."""
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
        scores = self.vectorizer.transform(filled) @ self.weights.T + self.intercepts
        return _frame(self.names, scores.astype(np.float32), filled, texts.index)

    def words_of(self, texts: Sequence[str], direction: np.ndarray) -> list[tuple[str, str]]:
        """Return the words of each text that raise its score most, and others that lower it.

        `direction` has the row of `weights` that counts for each text and the sign of raising,
        shape (n_texts, 2). Either is empty where the text has no such word.
        """
        pieces = self.vectorizer.transform(texts).tocsr()
        names = self.vectorizer.get_feature_names_out()
        found = []
        for row, (text, (score, sign)) in enumerate(zip(texts, direction, strict=True)):
            own = slice(pieces.indptr[row], pieces.indptr[row + 1])
            places = pieces.indices[own]
            strength = sign * self.weights[score, places] * pieces.data[own]
            order = np.argsort(-strength, kind="stable")
            raising = [names[places[n]] for n in order if strength[n] > 0]
            lowering = [names[places[n]] for n in order[::-1] if strength[n] < 0]
            found.append((_words(text, raising), _words(text, lowering)))
        return found

    def strongest_terms(self) -> dict[str, list[str]]:
        """Class, or `+` and `-` → the pieces that speak most for it."""
        names = self.vectorizer.get_feature_names_out()
        if len(self.weights) == 1:
            order = np.argsort(self.weights[0])
            return {"+": _top(names, order[::-1]), "-": _top(names, order)}
        return {
            label: _top(names, np.argsort(row)[::-1])
            for label, row in zip(self.classes, self.weights, strict=True)
        }


def learn_text_scores(
    column: str,
    texts: pd.Series,
    target: pd.Series,
    has_classes: bool,
    folds: Sequence[Fold] | None = None,
) -> tuple[TextScores, pd.DataFrame] | None:
    """The scores of new rows, and the features of these; None when the texts share no words.

    `folds`: which rows teach, and which they score; five by chance unless given.
    """
    filled = texts.fillna("").astype(str)
    vectorizer = _vectorizer(**_cut(filled), min_df=2, max_features=MOST_TERMS)
    learned = filled.sample(min(len(filled), MOST_ROWS), random_state=SEED)
    try:
        vectorizer.fit(learned)
    except ValueError:
        return None
    pieces = vectorizer.transform(filled)
    seen = _out_of_fold(pieces, target, has_classes, folds)
    model = _model(has_classes).fit(pieces, target)
    classes = tuple(map(str, model.classes_)) if has_classes else ()
    weights, intercepts = np.atleast_2d(model.coef_), np.atleast_1d(model.intercept_)
    made = TextScores(column, vectorizer, weights, intercepts, classes)
    return made, _frame(made.names, seen, filled, texts.index)


def save(scores: list[TextScores], path: Path) -> None:
    """Write numbers and JSON, which any version of scikit-learn reads.

    A model is learned in AWS's container and predicts on laptops that have another one.
    """
    parts = {SETTINGS: _bytes([_settings(made) for made in scores])}
    for place, made in enumerate(scores):
        arrays = (made.vectorizer.idf_, made.weights, made.intercepts)
        parts |= {f"{name}_{place}": array for name, array in zip(ARRAYS, arrays, strict=True)}
    np.savez_compressed(path, allow_pickle=False, **parts)


def load(path: Path) -> list[TextScores]:
    with np.load(path, allow_pickle=False) as parts:
        settings = json.loads(parts[SETTINGS].tobytes())
        return [
            _of_settings(one, *(parts[f"{name}_{place}"] for name in ARRAYS))
            for place, one in enumerate(settings)
        ]


def _bytes(content: Any) -> np.ndarray:
    return np.frombuffer(json.dumps(content).encode(), np.uint8)


def _settings(made: TextScores) -> dict[str, Any]:
    return {
        "column": made.column,
        "analyzer": made.vectorizer.analyzer,
        "ngram_range": made.vectorizer.ngram_range,
        "vocabulary": made.vectorizer.get_feature_names_out().tolist(),
        "classes": made.classes,
    }


def _of_settings(
    settings: dict[str, Any], idf: np.ndarray, weights: np.ndarray, intercepts: np.ndarray
) -> TextScores:
    vectorizer = _vectorizer(
        settings["analyzer"], settings["ngram_range"], vocabulary=settings["vocabulary"]
    )
    vectorizer.idf_ = idf
    classes = tuple(settings["classes"])
    return TextScores(settings["column"], vectorizer, weights, intercepts, classes)


def _cut(texts: pd.Series) -> dict[str, Any]:
    """Into words, or into pieces of words."""
    sample = texts.sample(min(len(texts), 500), random_state=SEED)
    length = sample.str.len().mean()
    glued = sum(len(GLUED.findall(text)) for text in sample) > 0.2 * sample.str.len().sum()
    pieces = {"analyzer": "char_wb", "ngram_range": (1, 3)}
    words = {"analyzer": "word", "ngram_range": (1, 2)}
    return pieces if glued or length < SHORT else words


def _vectorizer(analyzer: str, ngram_range: Sequence[int], **learned: Any) -> TfidfVectorizer:
    """The same when it learns and when it is loaded."""
    return TfidfVectorizer(
        analyzer=analyzer,
        ngram_range=tuple(ngram_range),
        sublinear_tf=True,
        dtype=np.float32,
        **learned,
    )


def _model(has_classes: bool) -> SGDClassifier | Ridge:
    if not has_classes:
        return Ridge(alpha=1.0, solver="sparse_cg", random_state=SEED)
    # Averaging ten rounds is as good as a solved logistic regression, at a hundredth of its time.
    return SGDClassifier(
        loss="log_loss", alpha=1e-5, average=True, max_iter=10, tol=None, random_state=SEED
    )


def _out_of_fold(
    pieces: Any, target: pd.Series, has_classes: bool, folds: Sequence[Fold] | None
) -> np.ndarray:
    """By row, the scores of a model that has not seen it."""
    labels = target.to_numpy()
    known = np.unique(labels) if has_classes else np.array([])
    width = len(known) if len(known) > 2 else 1
    scores = np.full((len(labels), width), 0 if folds is None else np.nan, dtype=np.float32)
    for fit, rest in folds or _folds(target, has_classes).split(pieces, labels):
        seen = np.unique(labels[fit])
        if has_classes and len(seen) < 2:
            continue
        model = _model(has_classes).fit(pieces[fit], labels[fit])
        found = _scores(model, pieces[rest])
        lacking = has_classes and len(seen) < len(known)
        scores[rest] = _spread(found, seen, known) if lacking else found
    # Of rows that no other may teach, nothing is known.
    usual = np.nan_to_num(np.array([one[~np.isnan(one)].mean() for one in scores.T]))
    return np.where(np.isnan(scores), usual.astype(np.float32), scores)


def _folds(target: pd.Series, has_classes: bool) -> KFold | StratifiedKFold:
    """Each class in as many folds as it has rows; numbers have no classes to part by."""
    kind = StratifiedKFold if has_classes and target.value_counts().max() >= FOLDS else KFold
    return kind(min(FOLDS, len(target)), shuffle=True, random_state=SEED)


def _spread(found: np.ndarray, seen: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Scores of some classes as scores of all: nothing speaks for a class that was not seen."""
    if len(seen) == 2:
        found = np.hstack([-found, found])
    scores = np.repeat(found.min(axis=1, keepdims=True), len(known), axis=1)
    scores[:, np.searchsorted(known, seen)] = found
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


def _words(text: str, pieces: Sequence[str]) -> str:
    """The whole words of a text around its first pieces; the piece itself where words are glued."""
    folded, words = text.lower(), list[str]()
    for piece in pieces[:PIECES_TRIED]:
        bare = EDGES_OF_WORD.sub("", piece)
        place = folded.find(bare)
        # Words that stand apart make a term of two; some letters change their length in small.
        if not bare or place < 0 or len(folded) != len(text):
            word = bare
        else:
            start = max((at.end() for at in BETWEEN_WORDS.finditer(text, 0, place)), default=0)
            after = BETWEEN_WORDS.search(text, place + len(bare))
            word = text[start : after.start() if after else len(text)]
            if len(word) > LONGEST_WORD:
                word = text[place : place + len(bare)]
        word = EDGES_OF_WORD.sub("", word)
        if word and word not in words:
            words.append(word)
        if len(words) == WORDS_SHOWN:
            break
    return ", ".join(words)


def _top(names: np.ndarray, order: np.ndarray) -> list[str]:
    return [str(names[place]).strip() for place in order[:TERMS_SHOWN]]
