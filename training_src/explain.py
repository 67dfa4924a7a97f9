"""Which columns matter, and what the strongest of them do to the prediction."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fit import Fitted
from model_code.predictions import Model
from model_code.reasons import child_weights
from model_code.rows import Recipe
from prepare import Prepared

SEED = 0
ROWS, SHUFFLES = 1000, 5
MOST_FEATURES, ROWS_TO_CHOOSE_BY = 100, 100
EFFECT_COLUMNS, EFFECT_POINTS, EFFECT_ROWS = 6, 12, 150
MOST_CLASSES_DRAWN = 4
# Of a normal distribution; 95 % lie within.
SIGMAS = 1.96


@dataclass(frozen=True)
class Effect:
    """The mean prediction when all rows had one value of a column."""

    column: str
    values: list[str] | list[float]
    """Numbers in ascending order, or the usual categories."""
    curves: dict[str, list[float]]
    """Class → probability, or the name of the target → number."""
    unit: str
    """`number`, `date` or `category`."""


def importance(fitted: Fitted, model: Model, seconds: float) -> pd.DataFrame:
    """How much worse the metric gets when a column is shuffled, with 95 % intervals.

    Columns: feature, importance, low, high, shuffles. On the scored rows, which no model has seen.
    """
    if fitted.scored_on == "out-of-fold":
        found = _of_folds(fitted, seconds)
    else:
        found = fitted.predictor.feature_importance(
            fitted.scored,
            model=fitted.best,
            features=_worth_shuffling(fitted, model),
            subsample_size=ROWS,
            num_shuffle_sets=SHUFFLES,
            time_limit=seconds,
            silent=True,
        )
    return _by_column(found, model.recipe)


def _worth_shuffling(fitted: Fitted, model: Model) -> list[str] | None:
    """All of them, unless there is no time to shuffle so many: then those that move predictions."""
    names = [name for name in fitted.scored.columns if name != model.recipe.target]
    if len(names) <= MOST_FEATURES or not model.reasons.possible:
        return None
    sample = fitted.scored[names].head(ROWS_TO_CHOOSE_BY)
    moved = model.reasons.contributions(sample, None).abs().mean()
    strongest = set(moved.nlargest(MOST_FEATURES).index)
    return [name for name in names if model.recipe.made_of(name) in strongest]


def _of_folds(fitted: Fitted, seconds: float) -> pd.DataFrame:
    """Each fold's model on the rows that it has not seen, weighted as in the ensemble."""
    weights = child_weights(fitted.predictor, fitted.best)
    total: pd.DataFrame | None = None
    for name, weight in weights.items():
        # predictor.feature_importance has no out-of-fold mode.
        found = fitted.predictor._trainer.get_feature_importance(
            model=name,
            raw=False,
            subsample_size=ROWS,
            num_shuffle_sets=SHUFFLES,
            time_limit=seconds * weight,
            silent=True,
        )
        part = found[["importance", "stddev", "n"]].astype(float).fillna(0.0)
        part[["importance", "stddev"]] *= weight
        total = part if total is None else total.add(part, fill_value=0.0)
    assert total is not None
    return total


def _by_column(found: pd.DataFrame, recipe: Recipe) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "feature": [recipe.made_of(str(name)) for name in found.index],
            "importance": found["importance"].to_numpy(float),
            "variance": found["stddev"].fillna(0).to_numpy(float) ** 2
            / np.maximum(found["n"].to_numpy(float), 1),
            "shuffles": found["n"].to_numpy(float),
        }
    )
    groups = table.groupby("feature", sort=False)
    summed = groups[["importance", "variance"]].sum().assign(shuffles=groups["shuffles"].max())
    margin = SIGMAS * np.sqrt(summed.pop("variance"))
    summed["low"], summed["high"] = summed["importance"] - margin, summed["importance"] + margin
    order = ["importance", "low", "high", "shuffles"]
    return summed[order].sort_values("importance", ascending=False).reset_index()


def effects(model: Model, prepared: Prepared, columns: list[str]) -> list[Effect]:
    """Partial dependence of the strongest columns, from all their values in one prediction."""
    rows = prepared.rows
    sample = rows.sample(min(len(rows), EFFECT_ROWS), random_state=SEED)
    sample = sample.drop(columns=prepared.recipe.target)
    chosen = [name for name in columns if name in sample.columns][:EFFECT_COLUMNS]
    grids = {name: _grid(rows[name]) for name in chosen}
    copies = [
        sample.assign(**{name: _filled(sample[name], value)})
        for name, grid in grids.items()
        for value in grid
    ]
    if not copies:
        return []
    answers = _means(model, pd.concat(copies, ignore_index=True), len(sample))
    made, place = [], 0
    for name, grid in grids.items():
        means = answers.iloc[place : place + len(grid)]
        place += len(grid)
        curves = {str(label): means[label].tolist() for label in means}
        made.append(Effect(name, _shown(grid), curves, _unit(rows[name])))
    return made


def _means(model: Model, rows: pd.DataFrame, size: int) -> pd.DataFrame:
    """The mean prediction of each `size` rows, a column per class or one for the number."""
    predictor = model.predictor
    if predictor.problem_type == "binary":
        positive = predictor.positive_class
        found = predictor.predict_proba(rows)[[positive]]
    elif predictor.problem_type == "multiclass":
        found = predictor.predict_proba(rows)
        usual = found.mean().nlargest(MOST_CLASSES_DRAWN).index
        found = found[sorted(usual)]
    else:
        answer = predictor.predict(rows)
        found = answer if isinstance(answer, pd.DataFrame) else answer.to_frame(predictor.label)
    means: pd.DataFrame = found.groupby(np.arange(len(rows)) // size).mean()
    return means


def _grid(values: pd.Series) -> list[object]:
    """Values from the 2nd to the 98th percentile, or the usual categories."""
    present = values.dropna()
    if _unit(values) == "category":
        return list(present.astype(object).value_counts().index[:8])
    if present.nunique() <= EFFECT_POINTS:
        return sorted(present.unique())
    shares = np.linspace(0.02, 0.98, EFFECT_POINTS)
    return list(dict.fromkeys(present.quantile(shares, interpolation="nearest")))


def _filled(values: pd.Series, value: object) -> pd.Series:
    if values.dtype == "category":
        return pd.Series(pd.Categorical([value] * len(values), values.cat.categories), values.index)
    return pd.Series(value, values.index).astype(values.dtype)


def _unit(values: pd.Series) -> str:
    if values.dtype == "category" or values.dtype == object:
        return "category"
    return "date" if values.dtype.kind == "M" else "number"


def _shown(grid: list[object]) -> list[str] | list[float]:
    if all(isinstance(value, int | float | np.number) for value in grid):
        return [float(value) for value in grid]  # type: ignore[arg-type]
    return [f"{v:%Y-%m-%d}" if isinstance(v, pd.Timestamp) else str(v) for v in grid]
