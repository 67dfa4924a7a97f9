"""What the strongest columns do to the prediction, and where their rows are."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from model_code.predictions import Model
from model_code.preprocessor import Preprocessor
from prepare import Prepared
from reading.column import CATEGORY, DATE, Column

SEED = 0
EFFECT_COLUMNS, EFFECT_POINTS, EFFECT_ROWS = 6, 12, 150
MOST_CATEGORIES, BINS = 8, 20
MOST_CLASSES_DRAWN = 4
UNITS = {DATE: "date", CATEGORY: "category"}


@dataclass(frozen=True)
class Effect:
    """The mean prediction when all rows had one value of a column."""

    column: str
    values: list[str] | list[float]
    """Numbers or dates in ascending order, or the usual categories."""
    places: list[float]
    """Where they are drawn: numbers themselves, days since 1970, or one after the other."""
    rows: list[int]
    """How many rows have that value, or one nearer to it than to the others."""
    curves: dict[str, list[float]]
    """Class → probability, or the name of the target → number."""
    unit: str
    """`number`, `date` or `category`."""
    edges: list[float]
    """Of the histogram's bins, one more than there are; none where each value is a bar."""
    counts: list[int]
    """Rows in each bin; of the first and the last 2 % of the rows, none."""


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
        made.append(_effect(column, rows[features[column.name]], grid, curves))
    return made


def _effect(
    column: Column, values: pd.Series, grid: list[object], curves: dict[str, list[float]]
) -> Effect:
    """The curves, with where the rows are; `values` is the column in all rows."""
    shown, unit = _shown(column, grid), UNITS.get(column.kind, "number")
    if column.kind == CATEGORY:
        rows = values.astype(object).value_counts().reindex(grid, fill_value=0).tolist()
        return Effect(column.name, shown, [*range(len(grid))], rows, curves, unit, [], [])
    present = values.dropna().to_numpy(float)
    numbers = np.array(grid, float)
    nearest = np.searchsorted((numbers[1:] + numbers[:-1]) / 2, present)
    rows = np.bincount(nearest, minlength=len(numbers)).tolist()
    edges, bins = np.array([]), np.array([], int)
    distinct = pd.Series(present).nunique()
    if len(numbers) > 1 and distinct > EFFECT_POINTS:
        # Of whole numbers, no bin stays empty between two others.
        bins, edges = np.histogram(present, min(BINS, distinct), (numbers[0], numbers[-1]))
    places, edges = (part + column.offset for part in (numbers, edges))
    return Effect(
        column.name, shown, places.tolist(), rows, curves, unit, edges.tolist(), bins.tolist()
    )


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
        return list(present.astype(object).value_counts().index[:MOST_CATEGORIES])
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
