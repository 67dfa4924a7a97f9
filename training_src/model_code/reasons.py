"""Explain predictions: how much each column moved the prediction of a row.

Exact Shapley values of each boosted model, from its own library (LightGBM, CatBoost, XGBoost), and
of the linear model: a weight times the distance to the mean. Those of classes are log-odds; they
become points of probability along the straight line from the average row to this one (Aumann and
Shapley), so that they add up to what the model says. A forest's are what each split on the row's
way adds, points at once. The ensemble averages its models' answers, and so do these.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from autogluon.tabular import TabularPredictor
from scipy.special import expit, softmax

from model_code.amounts import RowReasons, of_strongest, row_reasons, strongest
from model_code.cells import as_texts
from model_code.forest import Forest
from model_code.preprocessor import Preprocessor
from model_code.text_scores import TextScores

LEAST_SHARE = 0.02
# How many rows are explained in one call of a library.
ROWS_AT_A_TIME = 5000
# A step is one leaf of one tree for one row. LightGBM and XGBoost take so many per second on a core
# of 2026; of trees of 8 leaves twice as many.
STEPS_PER_SECOND = 5_000_000
# Of each tree, in LightGBM's text.
LEAVES = re.compile(r"^num_leaves=(\d+)$", re.MULTILINE)
# Of the line between two rows; more change nothing that is shown.
NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(48)


@dataclass(frozen=True)
class Member:
    """A model of the ensemble that can be explained."""

    model: Any
    weight: float
    share: float = 1.0
    """Share of its trees that are evaluated, 0 to 1."""


class Reasons:
    """Contributions of columns to the predictions of one predictor."""

    def __init__(
        self,
        predictor: TabularPredictor,
        preprocessor: Preprocessor,
        members: Sequence[Member] | None = None,
    ) -> None:
        self._predictor, self._preprocessor = predictor, preprocessor
        self._members = _members(predictor) if members is None else members

    @property
    def possible(self) -> bool:
        """False for quantiles, and without a model that can be explained."""
        return bool(self._members) and self._predictor.problem_type != "quantile"

    def within(self, steps: float, rows: int) -> "Reasons":
        """Return reasons of at most so many steps for so many rows, from fewer trees if need be.

        The models with the most weight per step come first. As a last resort, only the first trees
        of one model are used, which contribute most. No clock decides: a row has the same reasons
        on every machine.
        """
        costs = {id(member): _steps(member.model, rows) for member in self._members}
        in_order = sorted(self._members, key=lambda member: costs[id(member)] / member.weight)
        chosen: list[Member] = []
        needed = 0.0
        for member in in_order:
            if chosen and needed + costs[id(member)] > steps:
                break
            chosen.append(member)
            needed += costs[id(member)]
        if needed > steps:
            chosen = [replace(chosen[0], share=max(LEAST_SHARE, steps / needed))]
        whole = sum(member.weight for member in chosen)
        kept = [replace(member, weight=member.weight / whole) for member in chosen]
        return Reasons(self._predictor, self._preprocessor, kept)

    def contributions(self, features: pd.DataFrame, classes: np.ndarray | None) -> pd.DataFrame:
        """Return each column's contribution to each prediction, shape (n_rows, n_columns).

        Contributions are shares of probability for classes, the target's own unit for numbers. With
        more than two classes, `classes` of shape (n_rows,) holds the class number to explain per
        row; without it, each model explains the class that it predicts.
        """
        return self._contributions(features, classes)[1]

    def of_rows(self, features: pd.DataFrame, part: pa.Table, answer: pd.DataFrame) -> RowReasons:
        """Return the strongest columns of each row with their amounts, and a text per row:
        `38.1% → 95.6%: Sex = female +41.3; … +16.2`.

        From where the models start to this prediction, the strongest columns first, and the rest.
        It is the number, the probability of the positive class in points, or with more classes that
        of the predicted one.
        """
        base, moved = self._contributions(features, self._class_numbers(answer))
        said = _explained(answer, self._predictor)
        names = self._preprocessor.needed
        cells = {name: as_texts(part[name]).to_pylist() for name in names}
        order, words = strongest(moved), {}
        for scores in self._preprocessor.text_scores:
            is_said = (order == names.index(scores.column)).any(axis=1)
            texts = [
                text if said_here else ""
                for text, said_here in zip(cells[scores.column], is_said, strict=True)
            ]
            words[scores.column] = scores.words_of(texts, self._direction(scores, answer))
        is_share = self._predictor.problem_type in ("binary", "multiclass")
        texts = row_reasons(base, said, moved, cells, words, is_share=is_share)
        return of_strongest(texts, moved, order)

    def _contributions(
        self, features: pd.DataFrame, classes: np.ndarray | None
    ) -> tuple[np.ndarray, pd.DataFrame]:
        """Return where the models start, shape (n_rows,), and what each column adds to it."""
        inner = self._predictor.transform_features(features)
        base = np.zeros(len(features))
        total = pd.DataFrame(0.0, features.index, self._preprocessor.needed)
        for member in self._members:
            names, values = _moved(member, inner)
            if self._predictor.problem_type == "multiclass":
                to_shares = _of_one_class if _in_shares(member.model) else _shares_of_many
                values = to_shares(values, classes)
            elif self._predictor.problem_type == "binary" and not _in_shares(member.model):
                values = _shares_of_two(values)
            base += member.weight * values[:, -1]
            for place, name in enumerate(names):
                column = self._preprocessor.made_of(str(name))
                if column in total:
                    total[column] += member.weight * values[:, place]
        return base, total

    def _class_numbers(self, answer: pd.DataFrame) -> np.ndarray | None:
        if self._predictor.problem_type != "multiclass":
            return None
        number = {str(label): n for n, label in enumerate(self._predictor.class_labels)}
        return answer["prediction"].astype(str).map(number).to_numpy(int)

    def _direction(self, scores: TextScores, answer: pd.DataFrame) -> np.ndarray:
        """Return the score that speaks for what is explained: its row, and its sign per row."""
        if not scores.classes:
            return np.tile([0, 1], (len(answer), 1))
        if len(scores.classes) == 2:
            positive = str(self._predictor.positive_class)
            return np.tile([0, 1 if scores.classes[1] == positive else -1], (len(answer), 1))
        number = {label: n for n, label in enumerate(scores.classes)}
        rows = answer["prediction"].astype(str).map(number).fillna(0).to_numpy(int)
        return np.column_stack([rows, np.ones(len(rows), int)])


def _explained(answer: pd.DataFrame, predictor: TabularPredictor) -> np.ndarray:
    """Return the number or probability that reasons add up to, shape (n_rows,)."""
    if predictor.problem_type == "binary":
        return answer[f"probability_{predictor.positive_class}"].to_numpy(float)
    if predictor.problem_type == "multiclass":
        # AutoGluon predicts the class of the highest probability.
        return answer.filter(regex="^probability_").max(axis=1).to_numpy(float)
    return answer["prediction"].to_numpy(float)


def _shares_of_two(values: np.ndarray) -> np.ndarray:
    """Turn log-odds into shares of probability; the start is the last column.

    Shape (n_rows, n_features + 1) in and out.
    """
    start, total = values[:, -1], values[:, :-1].sum(axis=1)
    chance = expit(start)
    still = np.abs(total) < 1e-6
    slope = np.where(
        still,
        chance * (1 - chance),
        (expit(start + total) - chance) / np.where(still, 1.0, total),
    )
    return np.column_stack([values[:, :-1] * slope[:, None], chance])


def _shares_of_many(values: np.ndarray, classes: np.ndarray | None) -> np.ndarray:
    """Turn the scores of all classes into shares of the probability of one class per row.

    Shape (n_rows, n_classes, n_features + 1) in, (n_rows, n_features + 1) out.
    """
    start, moved = values[:, :, -1], values[:, :, :-1]
    total, rows = moved.sum(axis=2), np.arange(len(values))
    chosen = (start + total).argmax(axis=1) if classes is None else classes
    weights = np.zeros_like(start)
    for node, weight in zip(NODES, NODE_WEIGHTS, strict=True):
        chance = softmax(start + (1 + node) / 2 * total, axis=1)
        own = chance[rows, chosen]
        weights -= weight / 2 * own[:, None] * chance
        weights[rows, chosen] += weight / 2 * own
    shares = np.einsum("rk,rkf->rf", weights, moved)
    return np.column_stack([shares, softmax(start, axis=1)[rows, chosen]])


def _of_one_class(values: np.ndarray, classes: np.ndarray | None) -> np.ndarray:
    """Return the shares of one class per row; shapes as of `_shares_of_many`."""
    chosen = values.sum(axis=2).argmax(axis=1) if classes is None else classes
    found: np.ndarray = values[np.arange(len(values)), chosen]
    return found


def _in_shares(model: Any) -> bool:
    """True if what columns add is in shares of probability, not in log-odds."""
    return isinstance(model, Forest)


def child_weights(predictor: TabularPredictor, ensemble: str) -> dict[str, float]:
    """Return name → weight of each model whose predictions the ensemble averages."""
    # AutoGluon has no public API for weights and inner models.
    best = predictor._trainer.load_model(ensemble)
    if not hasattr(best, "_get_model_weights"):
        return {best.name: 1.0}
    known = set(predictor.model_names())
    weights: dict[str, float] = {}
    for name, weight in best._get_model_weights().items():
        full = f"{name}_FULL"
        # An ensemble that was fitted again still names the models of the first time.
        used = full if best.name.endswith("_FULL") and full in known else name
        weights[used] = float(weight)
    return weights


def _members(predictor: TabularPredictor) -> list[Member]:
    """Return the models behind the best one that can be explained; weights add up to 1."""
    found = []
    for name, weight in child_weights(predictor, predictor.model_best).items():
        model = _child(predictor._trainer.load_model(name))
        if _kind(model) and not _stacked(model):
            found.append(Member(model, weight))
    whole = sum(member.weight for member in found)
    return [Member(member.model, member.weight / whole) for member in found if whole]


def _child(model: Any) -> Any:
    """Return the first fold's model: nearly the same answer in a fifth of the time."""
    if hasattr(model, "load_child") and hasattr(model, "models"):
        return model.load_child(model.models[0])
    return model


def _stacked(model: Any) -> bool:
    """True if the model learns from other models' predictions."""
    return any("_BAG_L" in str(name) for name in getattr(model, "features", None) or [])


def _kind(model: Any) -> Callable[..., tuple[list[str], np.ndarray]] | None:
    return _MOVED.get(type(model).__name__)


def _steps(model: Any, rows: int) -> float:
    """Return how many leaves are looked at for so many rows, counted from the trees alone."""
    calls = -(-rows // ROWS_AT_A_TIME)
    match type(model).__name__:
        case "LGBModel":
            text = model.model.model_to_string(num_iteration=_rounds_of_lightgbm(model))
            return rows * sum(map(int, LEAVES.findall(text)))
        case "XGBoostModel":
            booster = model.model.get_booster()[: _rounds_of_xgboost(model)]
            trees: list[str] = booster.get_dump()
            return rows * sum(tree.count("leaf=") for tree in trees)
        case "CatBoostModel":
            # It prepares each tree for all its leaves, in every call, or for each row.
            leaves = model.model.get_tree_leaf_counts().astype(float)
            some = np.minimum(leaves, min(rows, ROWS_AT_A_TIME))
            return float(calls * (some * leaves).sum() + rows * len(leaves))
        case "Forest":
            return float(rows * len(model.model.roots))
    return rows


def _moved(member: Member, inner: pd.DataFrame) -> tuple[list[str], np.ndarray]:
    """Return feature names and what each adds, shape (n_rows, n_features + 1).

    The last column is the expected value, which belongs to no feature. With more than two classes,
    the shape is (n_rows, n_classes, n_features + 1).
    """
    kind = _kind(member.model)
    assert kind is not None
    names, values = kind(member.model, inner, member.share)
    return names, np.asarray(values, float)


def _lightgbm(model: Any, inner: pd.DataFrame, share: float) -> tuple[list[str], np.ndarray]:
    rows = model.preprocess(inner)
    rounds = _some(_rounds_of_lightgbm(model), share)
    values = np.asarray(model.model.predict(rows, pred_contrib=True, num_iteration=rounds))
    width = rows.shape[1] + 1
    if values.shape[1] > width:
        values = values.reshape(len(rows), -1, width)
    return list(rows.columns), values


def _rounds_of_lightgbm(model: Any) -> int:
    best = model.model.best_iteration
    return int(best if best > 0 else model.model.current_iteration())


def _some(rounds: int, share: float) -> int:
    return max(1, round(rounds * share))


def _catboost(model: Any, inner: pd.DataFrame, share: float) -> tuple[list[str], np.ndarray]:
    from catboost import Pool

    # Its trees are quick to explain, and it has no way to leave some out.
    del share
    rows = model.preprocess(inner)
    categories = list(rows.select_dtypes("category").columns)
    pool = Pool(rows, cat_features=categories)
    return list(rows.columns), np.asarray(
        model.model.get_feature_importance(pool, type="ShapValues")
    )


def _xgboost(model: Any, inner: pd.DataFrame, share: float) -> tuple[list[str], np.ndarray]:
    from xgboost import DMatrix

    rows = model.preprocess(inner)
    hot = model._ohe_generator
    if hot is None:
        names = list(rows.columns)
        matrix = DMatrix(rows, enable_categorical=True)
    else:
        names = [name for name, wide in _widths(hot).items() for _ in range(wide)]
        matrix = DMatrix(rows)
    matrix.feature_names = None
    booster, rounds = model.model.get_booster(), _some(_rounds_of_xgboost(model), share)
    # With validate_features, names would have to equal those of the fit.
    values = booster.predict(
        matrix, pred_contribs=True, iteration_range=(0, rounds), validate_features=False
    )
    return names, np.asarray(values)


def _rounds_of_xgboost(model: Any) -> int:
    """Rounds after the best one, which early stopping still tries, take no part in predictions."""
    booster = model.model.get_booster()
    best = booster.attr("best_iteration")
    return int(booster.num_boosted_rounds() if best is None else int(best) + 1)


def _widths(hot: Any) -> dict[str, int]:
    """Return column → number of one-hot columns; rare categories share one."""
    widths = {}
    for place, name in enumerate(hot.cat_cols):
        rare = hot.ohe_encs.infrequent_indices_[place]
        known = len(hot.labels[name])
        widths[name] = known - len(rare) + 1 if rare is not None and len(rare) else known
    return widths | dict.fromkeys(hot.other_cols, 1)


def _plain(model: Any, inner: pd.DataFrame, share: float) -> tuple[list[str], np.ndarray]:
    del share
    names, values = model.contributions(model.preprocess(inner))
    return names, values if values.shape[1] > 1 else values[:, 0]


_MOVED = {
    "LGBModel": _lightgbm,
    "CatBoostModel": _catboost,
    "XGBoostModel": _xgboost,
    "Linear": _plain,
    "Guess": _plain,
    "Forest": _plain,
}
