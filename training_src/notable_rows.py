"""Single rows to look at: where the model was right, wrong, or in doubt."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from metrics import Predictions
from model_code.predictions import Model
from model_code.preprocessor import Preprocessor
from model_code.tables import chunks, look_at
from report.numbers import numbers
from sampling import random_rows

BEST, WORST, DOUBTFUL = "best", "worst", "doubtful"
OF_EACH = 3
# Of the scored rows, by chance, and of the file, from its beginning: reading stays bounded.
MOST_ROWS, MOST_ROWS_READ = 50_000, 200_000
# How far an answer may be from the delivered model's own to be explained by it.
ALIKE = 0.005


@dataclass(frozen=True)
class Pick:
    """A scored row and why it is looked at."""

    kind: str
    """BEST, WORST or DOUBTFUL."""
    label: int
    """In the index of the predictions."""


@dataclass(frozen=True)
class NotableRow:
    """The same as people read it."""

    kind: str
    row: int
    """In its file, from 1 on, without the header."""
    actual: str
    predicted: str
    probability: float | None
    """Of the predicted class."""
    reasons: str
    """As in the predictions file; empty where there are none."""


def pick_rows(predictions: Predictions, threshold: float | None = None) -> list[Pick]:
    """Choose OF_EACH rows of each kind; a row is picked once.

    Best: the most certain and right, or the smallest errors. Worst: the least probability for what
    is true, or the largest errors. In doubt: nearest to the threshold, or to another class.
    """
    some = predictions.of_rows(predictions.target.index[random_rows(len(predictions), MOST_ROWS)])
    index = some.target.index.to_numpy()
    found: list[Pick] = []
    for kind, order in _orders(some, threshold):
        known = {one.label for one in found}
        chosen = [int(label) for label in index[order] if label not in known][:OF_EACH]
        found += [Pick(kind, label) for label in chosen]
    return found


def _orders(predictions: Predictions, threshold: float | None) -> Iterator[tuple[str, np.ndarray]]:
    """Kind → places of rows, the most notable first."""
    if predictions.probabilities is None:
        actual, predicted = numbers(predictions)
        error = np.abs(actual - predicted)
        yield WORST, np.argsort(-error, kind="stable")
        yield BEST, np.argsort(error, kind="stable")
        return
    chances = predictions.probabilities.to_numpy(float)
    actual_place = pd.Index(predictions.classes).get_indexer(
        pd.Index(predictions.target.astype(str))
    )
    of_true = chances[np.arange(len(chances)), actual_place]
    right = (predictions.target.astype(str) == predictions.predicted.astype(str)).to_numpy()
    wrong_first = np.argsort(of_true + right, kind="stable")
    yield WORST, wrong_first[~right[wrong_first]]
    right_first = np.argsort(-of_true, kind="stable")
    yield BEST, right_first[right[right_first]]
    if threshold is not None and predictions.problem.type == "binary":
        positive = predictions.probabilities[str(predictions.problem.positive_class)]
        doubt = np.abs(positive.to_numpy(float) - threshold)
    else:
        ordered = np.sort(chances, axis=1)
        doubt = ordered[:, -1] - ordered[:, -2]
    yield DOUBTFUL, np.argsort(doubt, kind="stable")


def notable_rows(
    predictions: Predictions,
    picks: Sequence[Pick],
    model: Model,
    scored: pd.DataFrame,
    file: Path,
    places: np.ndarray,
) -> list[NotableRow]:
    """Look the rows up in their file, and give reasons for their predictions.

    `scored`: features by label; `places`: which row of the file a label is, from 0 on. A row that
    the file does not have there is left out.
    """
    at = {one.label: int(places[one.label]) for one in picks if 0 <= one.label < len(places)}
    found = {place: part for place, part in _read(file, set(at.values()), model.preprocessor)}
    there = [one for one in picks if at.get(one.label) in found]
    if not there:
        return []
    part = pa.concat_tables([found[at[one.label]] for one in there])
    features = model.preprocessor.features(part)
    same = [
        _is_same(features.iloc[n], scored.loc[[one.label]].iloc[0], model.preprocessor)
        for n, one in enumerate(there)
    ]
    known = [one for one, is_same in zip(there, same, strict=True) if is_same]
    if not known:
        return []
    part, features = part.filter(pa.array(same)), features[same].reset_index(drop=True)
    rows = predictions.of_rows(pd.Index([one.label for one in known]))
    answer = model.answer_from(
        rows.predicted if rows.probabilities is None else rows.probabilities
    ).reset_index(drop=True)
    texts = _reasons(model, features, part, answer)
    said = answer["prediction"] if "prediction" in answer else answer.iloc[:, answer.shape[1] // 2]
    chances: list[float | None] = [None] * len(known)
    if rows.probabilities is not None:
        table = rows.probabilities
        chances = [float(table.iloc[n][str(name)]) for n, name in enumerate(said)]
    return [
        NotableRow(
            one.kind,
            at[one.label] + 1,
            str(rows.target.iloc[n]),
            str(said.iloc[n]),
            chances[n],
            texts[n],
        )
        for n, one in enumerate(known)
    ]


def _reasons(
    model: Model, features: pd.DataFrame, part: pa.Table, answer: pd.DataFrame
) -> list[str]:
    """Why the model says so; none of a row of which the delivered model says something else.

    What is scored may come from other folds, or from the model before it was fitted on all rows.
    """
    if not model.reasons.possible:
        return [""] * len(answer)
    texts = model.reasons.of_rows(features, part, answer).texts
    own = model.answer(features).reset_index(drop=True)
    numbers = [name for name in answer.columns if pd.api.types.is_numeric_dtype(answer[name])]
    gaps = np.abs(own[numbers].to_numpy(float) - answer[numbers].to_numpy(float))
    # Shares are from 0 to 1, numbers have a size of their own.
    sizes = 1.0 if len(numbers) > 1 else np.abs(answer[numbers].to_numpy(float))
    same = (gaps <= ALIKE * sizes).all(axis=1).tolist()
    return [text if alike else "" for text, alike in zip(texts, same, strict=True)]


def _read(
    file: Path, places: set[int], preprocessor: Preprocessor
) -> Iterator[tuple[int, pa.Table]]:
    """Each of these rows of a file, as a table of one row."""
    start, last = 0, max(places, default=-1)
    for part in chunks(file, look_at(file, preprocessor.expected)):
        for place in sorted(places):
            if start <= place < start + part.num_rows:
                yield place, part.slice(place - start, 1)
        start += part.num_rows
        if start > min(last, MOST_ROWS_READ):
            return


def _is_same(made: pd.Series, row: pd.Series, preprocessor: Preprocessor) -> bool:
    """Whether two rows have the same features; the scores of texts are not compared."""
    scores = {
        name for one in preprocessor.text_scores for name in preprocessor.features_of_text(one)
    }
    for name in made.index.difference(pd.Index(sorted(scores))):
        mine, other = made[name], row[name]
        if pd.isna(mine) and pd.isna(other):
            continue
        if mine != other:
            return False
    return True
