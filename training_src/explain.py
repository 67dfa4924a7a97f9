"""Which columns matter, and what the strongest of them do to the prediction."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fit import Fitted
from model_code.columns import CATEGORY, DATE, Column
from model_code.predictions import Model
from model_code.preprocessor import Preprocessor
from model_code.reasons import child_weights
from prepare import Prepared

SEED = 0
ROWS, SHUFFLES = 1000, 5
MOST_FEATURES, ROWS_TO_CHOOSE_BY = 100, 100
EFFECT_COLUMNS, EFFECT_POINTS, EFFECT_ROWS = 6, 12, 150
MOST_CLASSES_DRAWN = 4
UNITS = {DATE: "date", CATEGORY: "category"}
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
    return _by_column(found, model.preprocessor)


def _worth_shuffling(fitted: Fitted, model: Model) -> list[str] | None:
    """Return all features, or only the strongest when shuffling all would take too long."""
    names = [name for name in fitted.scored.columns if name != model.preprocessor.target]
    if len(names) <= MOST_FEATURES or not model.reasons.possible:
        return None
    sample = fitted.scored[names].head(ROWS_TO_CHOOSE_BY)
    moved = model.reasons.contributions(sample, None).abs().mean()
    strongest = set(moved.nlargest(MOST_FEATURES).index)
    return [name for name in names if model.preprocessor.made_of(name) in strongest]


def _of_folds(fitted: Fitted, seconds: float) -> pd.DataFrame:
    """Sum the models' importances on held-out rows, weighted as in the ensemble."""
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


def _by_column(found: pd.DataFrame, preprocessor: Preprocessor) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "feature": [preprocessor.made_of(str(name)) for name in found.index],
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
    """Return partial dependence of the given columns, from one prediction for all values."""
    rows, preprocessor = prepared.rows, prepared.preprocessor
    sample = rows.sample(min(len(rows), EFFECT_ROWS), random_state=SEED)
    sample = sample.drop(columns=preprocessor.target)
    features = {name: feature for feature, name in preprocessor.labels.items()}
    known = {column.name: column for column in preprocessor.columns}
    chosen = [known[name] for name in columns if name in known and name in features]
    chosen = chosen[:EFFECT_COLUMNS]
    grids = {column.name: _grid(rows[features[column.name]]) for column in chosen}
    copies = [
        _with_value(sample, column, value, preprocessor)
        for column in chosen
        for value in grids[column.name]
    ]
    if not copies:
        return []
    answers = _means(model, pd.concat(copies, ignore_index=True), len(sample))
    made, place = [], 0
    for column in chosen:
        grid = grids[column.name]
        means = answers.iloc[place : place + len(grid)]
        place += len(grid)
        curves = {str(label): means[label].tolist() for label in means}
        unit = UNITS.get(column.kind, "number")
        made.append(Effect(column.name, _shown(column, grid), curves, unit))
    return made


def _with_value(
    sample: pd.DataFrame, column: Column, value: object, preprocessor: Preprocessor
) -> pd.DataFrame:
    """The rows as if all had this value of a column."""
    feature = preprocessor.feature_of(column.name)
    if column.kind == DATE:
        days = pd.Series(_date(column, float(value)), sample.index)  # type: ignore[arg-type]
        return sample.assign(**preprocessor.of_date(column, days))
    return sample.assign(**{feature: _filled(sample[feature], value)})


def _date(column: Column, days: float) -> pd.Timestamp:
    return (pd.Timestamp(0) + pd.Timedelta(days=days + column.offset)).as_unit("us")


def _means(model: Model, rows: pd.DataFrame, size: int) -> pd.DataFrame:
    """Return the mean prediction of each block of `size` rows.

    Shape (n_blocks, n): the probability of the positive class, at most MOST_CLASSES_DRAWN
    classes, each quantile, or the number.
    """
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
    """Return values from the 2nd to the 98th percentile, or the most frequent categories."""
    present = values.dropna()
    if values.dtype == "category":
        return list(present.astype(object).value_counts().index[:8])
    if present.nunique() <= EFFECT_POINTS:
        return sorted(present.unique())
    shares = np.linspace(0.02, 0.98, EFFECT_POINTS)
    return list(dict.fromkeys(present.quantile(shares, interpolation="nearest")))


def _filled(values: pd.Series, value: object) -> pd.Series:
    if values.dtype == "category":
        return pd.Series(pd.Categorical([value] * len(values), values.cat.categories), values.index)
    return pd.Series(value, values.index).astype(values.dtype)


def _shown(column: Column, grid: list[object]) -> list[str] | list[float]:
    """The values as people write them."""
    if column.kind == CATEGORY:
        return [str(value) for value in grid]
    numbers = [float(value) for value in grid]  # type: ignore[arg-type]
    if column.kind == DATE:
        return [f"{_date(column, number):%Y-%m-%d}" for number in numbers]
    return [number + column.offset for number in numbers]
