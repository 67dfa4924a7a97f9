"""The numbers behind the pictures of the report, as tables; their columns have texts."""

import numpy as np
import pandas as pd
from sklearn.metrics import precision_recall_curve, roc_curve

from intervals import of_share
from metrics import Predictions

MOST_CLASSES_DRAWN = 30
CALIBRATION_BINS = 10
SIZE_BINS, RESIDUAL_BINS, GROUPS = 5, 40, 10
# So many points of a curve are in a table, and drawn.
POINTS_LISTED, POINTS_DRAWN = 20, 400


def picture_numbers(predictions: Predictions) -> dict[str, pd.DataFrame]:
    """Key of a picture → its table."""
    kind = predictions.problem.type
    if kind == "binary":
        actual, probability = positive_class(predictions)
        curves = {}
        if 0 < actual.mean() < 1:
            curves = {
                "roc": roc(actual, probability, POINTS_LISTED),
                "precision_recall": precision_recall(actual, probability, POINTS_LISTED),
                "calibration": calibration(actual, probability),
                "gain": gain(actual, probability, POINTS_LISTED),
            }
        return {**curves, "confusion": confusion(predictions)}
    if kind == "multiclass":
        calibrated = calibration(*said_and_happened(predictions))
        return {"confusion": confusion(predictions), "calibration": calibrated}
    return {
        "against": against(predictions),
        "residuals": residuals(predictions),
        "error_by_size": error_by_size(predictions),
    }


def positive_class(predictions: Predictions) -> tuple[np.ndarray, np.ndarray]:
    """Of each row: whether it is of the positive class, and the probability given to that."""
    positive = str(predictions.problem.positive_class)
    assert predictions.probabilities is not None
    actual = (predictions.target.astype(str) == positive).to_numpy()
    return actual, predictions.probabilities[positive].to_numpy(float)


def roc(actual: np.ndarray, probability: np.ndarray, most: int = POINTS_DRAWN) -> pd.DataFrame:
    """The ROC curve, at most so many points."""
    wrong, right, _ = roc_curve(actual, probability)
    return _thinned({"false_positive_rate": wrong, "true_positive_rate": right}, most)


def precision_recall(
    actual: np.ndarray, probability: np.ndarray, most: int = POINTS_DRAWN
) -> pd.DataFrame:
    """Precision by recall, at most so many points."""
    precision, recall, _ = precision_recall_curve(actual, probability)
    return _thinned({"recall": recall, "precision": precision}, most)


def gain(actual: np.ndarray, probability: np.ndarray, most: int = POINTS_DRAWN) -> pd.DataFrame:
    """Of the rows with the highest probabilities: which share of all rows, and of all positives.

    Rows with the same probability come at once, as nothing tells them apart.
    """
    order = np.argsort(-probability, kind="stable")
    last_of_equals = np.append(np.diff(probability[order]) != 0, True)
    found = actual[order].cumsum()[last_of_equals] / actual.sum()
    rows = np.flatnonzero(last_of_equals) + 1
    shares = np.append(0.0, rows / len(actual))
    return _thinned({"share_of_rows": shares, "share_found": np.append(0.0, found)}, most)


def calibration(happened: np.ndarray, probability: np.ndarray) -> pd.DataFrame:
    """Rows by predicted probability, in tenths: the mean that was predicted, the share that came
    true with its 95% interval, and rows. Tenths without rows are left out.
    """
    places = np.minimum((probability * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    found = []
    for place in np.unique(places):
        here = places == place
        true, rows = int(happened[here].sum()), int(here.sum())
        low, high = of_share(true, rows)
        ends = (place / CALIBRATION_BINS, (place + 1) / CALIBRATION_BINS)
        found.append((*ends, float(probability[here].mean()), true / rows, low, high, rows))
    names = ("from", "to", "probability_said", "share_that_happened", "low", "high", "rows")
    return pd.DataFrame(found, columns=list(names))


def said_and_happened(predictions: Predictions) -> tuple[np.ndarray, np.ndarray]:
    """Of each row: whether what was predicted came true, and the probability given to that.

    Of two classes it is the positive one, of more the predicted one.
    """
    if predictions.problem.type == "binary":
        return positive_class(predictions)
    assert predictions.probabilities is not None
    right = predictions.target.astype(str) == predictions.predicted.astype(str)
    return right.to_numpy(), predictions.probabilities.max(axis=1).to_numpy(float)


def confusion(predictions: Predictions) -> pd.DataFrame:
    """Rows per actual class (the index) and predicted class (the columns)."""
    target, predicted = predictions.target.astype(str), predictions.predicted.astype(str)
    classes = shown_classes(predictions)
    # scikit-learn's is thirty times slower on texts.
    table = pd.crosstab(target.to_numpy(), predicted.to_numpy())
    found: pd.DataFrame = table.reindex(index=classes, columns=classes, fill_value=0)
    return found


def shown_classes(predictions: Predictions) -> list[str]:
    """The most frequent ones, in order."""
    counts = predictions.target.astype(str).value_counts()
    usual = set(counts.index[:MOST_CLASSES_DRAWN])
    every = [*predictions.classes, *sorted(set(counts.index) - set(predictions.classes))]
    shown = [name for name in every if name in usual]
    return shown if len(shown) > 1 else every[:MOST_CLASSES_DRAWN]


def against(predictions: Predictions) -> pd.DataFrame:
    """Ten groups of about equal size by prediction: their means, and rows."""
    actual, predicted = numbers(predictions)
    groups = np.array_split(np.argsort(predicted, kind="stable"), GROUPS)
    groups = [group for group in groups if len(group)]
    return pd.DataFrame(
        {
            "predicted": [predicted[group].mean() for group in groups],
            "actual": [actual[group].mean() for group in groups],
            "rows": [len(group) for group in groups],
        }
    )


def residuals(predictions: Predictions) -> pd.DataFrame:
    """How many rows are so far off: actual minus predicted."""
    actual, predicted = numbers(predictions)
    rows, edges = np.histogram(actual - predicted, RESIDUAL_BINS)
    return pd.DataFrame({"from": edges[:-1], "to": edges[1:], "rows": rows})


def error_by_size(predictions: Predictions) -> pd.DataFrame:
    """Five groups by size of the target: from, to, rows, mean absolute error, mean of actual minus
    predicted."""
    actual, predicted = numbers(predictions)
    groups = pd.qcut(actual, SIZE_BINS, labels=False, duplicates="drop")
    table = pd.DataFrame({"actual": actual, "off": actual - predicted, "group": groups})
    found = table.groupby("group")
    return pd.DataFrame(
        {
            "from": found["actual"].min(),
            "to": found["actual"].max(),
            "rows": found.size(),
            "mean_absolute_error": found["off"].apply(lambda off: off.abs().mean()),
            "bias": found["off"].mean(),
        }
    ).reset_index(drop=True)


def numbers(predictions: Predictions) -> tuple[np.ndarray, np.ndarray]:
    """Actual and predicted; of quantiles the middle one."""
    predicted = predictions.predicted
    if isinstance(predicted, pd.DataFrame):
        predicted = predicted.iloc[:, predicted.shape[1] // 2]
    return predictions.target.to_numpy(float), predicted.to_numpy(float)


def _thinned(curve: dict[str, np.ndarray], most: int) -> pd.DataFrame:
    table = pd.DataFrame(curve)
    if len(table) <= most:
        return table
    chosen = np.unique(np.linspace(0, len(table) - 1, most).astype(int))
    return table.iloc[chosen].reset_index(drop=True)
