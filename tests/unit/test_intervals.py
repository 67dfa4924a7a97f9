"""The intervals of scores: published examples, AutoGluon's own scores, and simulations."""

import numpy as np
import pandas as pd
import pytest

from intervals import Area, of_areas, of_areas_lead, of_share
from metrics import ALIKE, BETTER, METRICS, WORSE, Predictions
from pipeline.settings import METRICS as SETTINGS
from problem import QUANTILES, Problem
from weighted_scores import OF_LABELS, areas_of, measure_of

# DeLong, DeLong & Clarke-Pearson 1988, as in the example "Comparing Receiver Operating
# Characteristic Curves" of SAS/STAT's LOGISTIC procedure: total protein, K-G score, survived.
DELONG = """
5.8 10 0 6.3 5 1 6.8 3 1 4.8 6 0 5.8 3 1 4.0 5 0 5.7 8 0 5.6 5 1 5.7 5 1 6.7 6 1 5.4 4 1 6.6 6 1
6.6 5 1 5.7 5 1 7.0 4 1 6.7 4 0 4.4 6 1 7.6 4 0 6.6 6 0 5.8 6 1 6.8 7 1 4.7 8 0 7.4 5 1 7.4 5 1
6.6 6 1 8.2 6 1 7.0 5 1 6.5 4 1 5.1 5 1 4.7 6 1 6.8 6 0 4.0 7 0 6.1 5 1 6.3 7 1 7.7 6 1 6.2 5 1
5.7 9 0 4.8 7 1 6.2 8 0 7.0 7 1 5.7 6 1 6.9 5 1 6.6 5 1
"""
CLASSES = ["a", "b", "c", "d"]
ROWS = 151


def test_shares_have_the_intervals_of_wilson() -> None:
    # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
    published = {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0.0000, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }
    for (right, rows), interval in published.items():
        assert of_share(right, rows) == pytest.approx(interval, abs=5e-5)


def test_of_no_rows_nothing_is_known() -> None:
    never = pd.Series(["a"] * 40)
    target = never.where(never.index > 9, "b")
    chances = pd.DataFrame({"a": [1.0] * 40, "b": [0.0] * 40})
    found = Predictions(Problem("binary", "", "", positive_class="b"), target, never, chances)
    assert found.interval("precision") == (0, 1)
    for metric in METRICS["binary"]:
        score, interval = found.score(metric), found.interval(metric)
        assert score is not None and interval is not None, metric
        assert interval[0] <= score <= interval[1], metric


def test_areas_have_the_errors_of_delong() -> None:
    protein, score, survived = np.array(DELONG.split(), float).reshape(-1, 3).T
    rows, positive = np.arange(len(score)), survived == 1
    protein_area = [Area(rows, positive, protein, 1.0)]
    score_area = [Area(rows, positive, 10 - score, 1.0)]
    low, high = of_areas_lead(protein_area, score_area, len(score))
    # SAS: -0.0780 with a standard error of 0.1046.
    assert ((low + high) / 2, (high - low) / 2 / 1.95996) == pytest.approx(
        (-0.0780, 0.1046), abs=5e-5
    )
    nothing = [Area(rows, positive, np.zeros(len(score)), 1.0)]
    low, high = of_areas_lead(score_area, nothing, len(score))
    # SAS: 0.7258, 0.5243 to 0.9273.
    assert (low + 0.5, high + 0.5) == pytest.approx((0.5243, 0.9273), abs=5e-5)


def test_an_area_of_one_is_not_certain() -> None:
    def low(rows: int) -> float:
        actual = np.arange(rows) % 2
        low, high = of_areas(areas_of("roc_auc", actual, actual.astype(float)), rows)
        assert high == 1
        return low

    assert 0.8 < low(30) < low(100) < low(1000) < 1


def examples(kind: str, random: np.random.Generator, rows: int = ROWS) -> Predictions:
    """Rows of a problem, and predictions that are right more often than not."""
    problem = Problem(kind, "", "", positive_class="b" if kind == "binary" else None)
    if problem.has_classes:
        names = CLASSES[:2] if kind == "binary" else CLASSES
        actual = np.append(np.arange(len(names)), random.integers(0, len(names), rows - len(names)))
        chances = random.dirichlet(np.ones(len(names)), rows) + 0.7 * np.eye(len(names))[actual]
        table = pd.DataFrame(chances / chances.sum(1, keepdims=True), columns=names)
        target = pd.Series(np.array(names)[actual])
        if kind == "binary":
            # Some rows have the same probability.
            table = table.assign(b=table["b"].round(2)).assign(a=lambda t: 1 - t["b"])
        return Predictions(problem, target, table.idxmax(axis=1), table)
    target = pd.Series(random.normal(3, 2, rows))
    said = target + random.normal(size=rows)
    if kind == "regression":
        return Predictions(problem, target, said, None)
    quantiles = {level: said + 4 * level - 2 for level in QUANTILES}
    return Predictions(problem, target, pd.DataFrame(quantiles), None)


@pytest.mark.parametrize("kind", list(METRICS))
def test_weighted_scores_are_autogluons(kind: str) -> None:
    found = examples(kind, np.random.default_rng(5))
    for metric in (name for name, kinds in SETTINGS.items() if kind in kinds):
        actual, predicted = found._arrays(metric)
        expected = found.score(metric)
        if metric.startswith("roc_auc"):
            areas = areas_of(metric, actual, predicted)
            low, high = of_areas_lead(areas, [], ROWS)
            assert (low + high) / 2 == pytest.approx(expected), metric
            continue
        one = np.ones((1, ROWS))
        assert measure_of(metric, actual, predicted)(one)[0] == pytest.approx(expected), metric
        if metric == "spearmanr" or metric == "median_absolute_error":
            # Ranks among repeated rows are others, and so is the middle of two.
            continue
        times = np.arange(ROWS) % 3 + 1
        again = np.repeat(np.arange(ROWS), times)
        repeated = found.of_rows(pd.Index(again))
        weighted = measure_of(metric, actual, predicted)(times[None].astype(float))[0]
        assert weighted == pytest.approx(repeated.score(metric)), metric


@pytest.mark.parametrize("kind", list(METRICS))
@pytest.mark.parametrize("rows", [30, 400])
def test_no_interval_is_without_width(kind: str, rows: int) -> None:
    some = examples(kind, np.random.default_rng(1), rows)
    target = some.target
    if some.probabilities is not None:
        right = pd.get_dummies(target).astype(float)
        perfect = Predictions(some.problem, target, target, right)
    else:
        perfect = Predictions(some.problem, target, target, None)
    for metric in METRICS[kind]:
        for found in (some, perfect) if kind != "quantile" else (some,):
            score, interval = found.score(metric), found.interval(metric)
            assert score is not None and interval is not None, metric
            # Of equal numbers, half and more are certain to be equal elsewhere.
            certain = found is perfect and metric == "median_absolute_error"
            assert interval[0] < interval[1] or certain, metric
            assert interval[0] <= score <= interval[1], metric


def test_intervals_are_the_same_every_time() -> None:
    found = examples("regression", np.random.default_rng(2))
    assert found.interval("r2") == found.interval("r2")


LIKE = {"binary": "average_precision", "multiclass": "f1_macro", "regression": "r2"}


@pytest.mark.parametrize("kind", list(LIKE))
def test_intervals_hold_the_truth_as_often_as_they_say(kind: str) -> None:
    random, times, metric = np.random.default_rng(3), 60, LIKE[kind]
    truth = examples(kind, random, 40_000).score(metric)
    assert truth is not None
    held = 0
    for _ in range(times):
        low, high = examples(kind, random, 80).interval(metric) or (0.0, 0.0)
        held += low <= truth <= high
    # Three standard errors below 95 %.
    assert held / times > 0.86


@pytest.mark.parametrize("rows", [10, 40])
def test_intervals_of_errors_with_long_tails_hold(rows: int) -> None:
    """Ten rows rarely have the largest errors; with plain percentiles 80% hold."""
    random, times = np.random.default_rng(4), 60

    def some(rows: int) -> Predictions:
        said = random.uniform(20, 30, rows)
        target = said + random.laplace(size=rows) * random.choice([0.5, 2], rows)
        return Predictions(Problem("regression", "", ""), pd.Series(target), pd.Series(said), None)

    many, moved_most = some(100_000), ("root_mean_squared_error", "r2", "pearsonr")
    truth = {metric: many.score(metric) for metric in moved_most}
    held = []
    for _ in range(times):
        few = some(rows)
        for metric, true in truth.items():
            low, high = few.interval(metric) or (0.0, 0.0)
            assert true is not None
            held.append(low <= true <= high)
    assert np.mean(held) > 0.87


def test_the_median_has_the_interval_of_ordered_errors() -> None:
    # Conover 1999, "Practical Nonparametric Statistics", table A3: of ten, the second and ninth.
    target = pd.Series(np.arange(1.0, 11.0))
    found = Predictions(Problem("regression", "", ""), target, target * 0, None)
    assert found.interval("median_absolute_error") == (2.0, 9.0)


def test_the_lead_of_one_row_is_none() -> None:
    target = pd.Series(["a", "b"] * 30)
    problem = Problem("binary", "accuracy", "accuracy", positive_class="b")

    def with_wrong(rows: int) -> Predictions:
        said = target.copy()
        said[:rows] = said[:rows].map({"a": "b", "b": "a"})
        return Predictions(problem, target, said, pd.get_dummies(said).astype(float))

    right = with_wrong(0)
    assert [right.compared_with(with_wrong(n), "accuracy") for n in (0, 1, 3)] == [ALIKE] * 3
    assert right.compared_with(with_wrong(12), "accuracy") == BETTER
    assert with_wrong(12).compared_with(right, "accuracy") == WORSE


def test_less_error_is_better() -> None:
    random = np.random.default_rng(4)
    target = pd.Series(random.normal(size=200))
    problem = Problem("regression", "r2", "r2")
    near, far = (
        Predictions(problem, target, target + size * random.normal(size=200), None)
        for size in (0.5, 1.0)
    )
    for metric in ("root_mean_squared_error", "r2"):
        assert (near.compared_with(far, metric), far.compared_with(near, metric)) == (BETTER, WORSE)


def test_equal_models_are_seldom_told_apart() -> None:
    random, times = np.random.default_rng(6), 60
    told = {"roc_auc": 0, "accuracy": 0}
    for _ in range(times):
        one = examples("binary", random, 120)
        other = Predictions(one.problem, one.target, *_again(one, random))
        for metric in told:
            told[metric] += one.compared_with(other, metric) != ALIKE
    # 5 % of 60, and three standard errors more.
    assert max(told.values()) <= 8


def _again(one: Predictions, random: np.random.Generator) -> tuple[pd.Series, pd.DataFrame]:
    """Predictions of the same quality with noise of their own."""
    actual = one.target.map({"a": 0, "b": 1}).to_numpy()
    chances = random.dirichlet(np.ones(2), len(actual)) + 0.7 * np.eye(2)[actual]
    table = pd.DataFrame(chances / chances.sum(1, keepdims=True), columns=["a", "b"])
    return table.idxmax(axis=1), table


def test_every_metric_of_labels_is_one_of_the_settings() -> None:
    assert set(OF_LABELS) <= set(SETTINGS)


def test_models_of_other_classes_are_compared_by_the_names_of_classes() -> None:
    problem = Problem("multiclass", "log_loss", "log_loss")
    target = pd.Series(["b", "c", "d"] * 40)
    sure = pd.get_dummies(target).astype(float) * 0.7 + 0.1
    ours = Predictions(problem, target, target, sure)
    # The other model knows a class more, which comes first.
    more = sure.mul(0.99).assign(a=0.01)[["a", "b", "c", "d"]]
    same = Predictions(problem, target, target, more)
    for metric in ("accuracy", "roc_auc_ovr"):
        assert ours.compared_with(same, metric) == ALIKE
    said = target.where(target.index < 40, "a")
    assert ours.compared_with(Predictions(problem, target, said, more), "accuracy") == BETTER
