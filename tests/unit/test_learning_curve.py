"""Whether more rows would help: quick trees, and no word beyond what they show."""

import numpy as np
import pandas as pd
import pytest

import learning_curve as module
from learning_curve import FEWEST_ROWS, MOST_ROWS, PARTS, learning_curve
from metrics import ALIKE, BETTER
from problem import Problem

PLENTY = 600.0
PROBLEMS = {
    "binary": Problem("binary", "roc_auc", "roc_auc", positive_class="yes"),
    "multiclass": Problem("multiclass", "accuracy", "log_loss"),
    "regression": Problem("regression", "root_mean_squared_error", "root_mean_squared_error"),
}


def rows(kind: str, count: int = 1600, noise: float = 0.3) -> pd.DataFrame:
    random = np.random.default_rng(0)
    table = pd.DataFrame(random.normal(size=(count, 6)), columns=[f"x{n}" for n in range(6)])
    table["x6"] = pd.Categorical(random.choice(["a", "b", None], count))
    value = table.x0 * table.x1 + table.x2 + random.normal(size=count) * noise
    if kind == "binary":
        return table.assign(y=np.where(value > 0, "yes", "no"))
    if kind == "multiclass":
        return table.assign(y=pd.qcut(value, 4, labels=list("abcd")).astype(str))
    return table.assign(y=value)


@pytest.mark.parametrize("kind", PROBLEMS)
def test_what_rows_teach_is_seen(kind: str) -> None:
    found = learning_curve(rows(kind), "y", PROBLEMS[kind], PLENTY)
    assert found is not None and len(found.points) == len(PARTS)
    counts = [point.rows for point in found.points]
    assert counts == sorted(counts)
    assert all(p.interval[0] <= p.score <= p.interval[1] for p in found.points)
    first, last = found.points[0].score, found.points[-1].score
    assert last < first if kind == "regression" else last > first
    assert found.doubling == BETTER or (kind == "binary" and found.doubling == ALIKE)


def test_of_noise_nothing_is_learned() -> None:
    table = rows("binary")
    table["y"] = np.random.default_rng(1).permutation(table["y"])
    found = learning_curve(table, "y", PROBLEMS["binary"], PLENTY)
    assert found is not None and found.doubling != BETTER


def test_without_time_or_rows_there_is_no_curve() -> None:
    problem = PROBLEMS["binary"]
    assert learning_curve(rows("binary"), "y", problem, 0.0) is None
    assert learning_curve(rows("binary", FEWEST_ROWS - 1), "y", problem, PLENTY) is None
    quantile = Problem("quantile", "pinball_loss", "pinball_loss")
    assert learning_curve(rows("regression"), "y", quantile, PLENTY) is None


def test_of_many_rows_a_part_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(
        module, "_predictions", lambda few, scored, *rest: seen.append((len(few), len(scored)))
    )
    table = pd.DataFrame({"x": np.zeros(200_000), "y": np.arange(200_000.0)})
    assert learning_curve(table, "y", PROBLEMS["regression"], PLENTY) is None
    assert max(few for few, _ in seen) <= MOST_ROWS
    assert max(scored for _, scored in seen) <= module.MOST_ROWS_SCORED


def test_a_class_that_few_rows_lack_is_still_scored() -> None:
    table = rows("multiclass", 800)
    table.loc[table.index[:6], "y"] = "rare"
    found = learning_curve(table, "y", PROBLEMS["multiclass"], PLENTY)
    assert found is not None and isinstance(found.points[0].score, float)
