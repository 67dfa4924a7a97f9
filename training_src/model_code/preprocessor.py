"""How any row becomes what the models were fitted on."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from model_code.columns import typed
from model_code.text_scores import TextScores, load, save
from reading.column import DATE, NUMBERS, TEXT, Column, column_from_json
from reading.csv_head import Expected
from reading.dates import MICROSECONDS_PER_DAY

FILE, SCORES_FILE = "columns.json", "text_scores.npz"
DAYS, DATE_PARTS = "days", ("year", "month", "day", "weekday")
HOUR = "hour"


@dataclass(frozen=True)
class Preprocessor:
    """The columns, how each is typed, and what is made of dates and free texts.

    Models know features by names of our own: AutoGluon makes `Date.year` of `Date` and would not
    tell it from a column of that name, and LightGBM takes no `[` in a name.
    """

    target: str
    columns: list[Column]
    expected: Expected
    """How files of this kind are written."""
    text_scores: list[TextScores]

    @property
    def needed(self) -> list[str]:
        """The columns that rows must have."""
        return [column.name for column in self.columns]

    def lacking(self, names: Collection[str]) -> list[str]:
        """The needed columns that are not among these."""
        return [name for name in self.needed if name not in names]

    def features(self, part: pa.Table) -> pd.DataFrame:
        """One row per row, with the features that the models know."""
        return self.made_from(typed(self.columns, part))

    def made_from(
        self,
        values: Mapping[str, pd.Series] | pd.DataFrame,
        scored: Mapping[str, pd.DataFrame] | None = None,
    ) -> pd.DataFrame:
        """The same from typed columns; `scored` has the scores of texts that were learned from."""
        scores = {scores.column: scores for scores in self.text_scores}
        made: dict[str, pd.Series | np.ndarray] = {}
        for column in self.columns:
            if column.kind == DATE:
                made |= self.of_date(column, values[column.name])
            elif column.kind == NUMBERS:
                made |= self._of_several(column, values[column.name])
            elif column.kind != TEXT:
                made[self.feature_of(column.name)] = values[column.name]
            elif column.name in scores:
                found = (scored or {}).get(column.name)
                if found is None:
                    found = scores[column.name].features(values[column.name])
                names = self.features_of_text(scores[column.name])
                made |= {name: found.iloc[:, n] for n, name in enumerate(names)}
        return pd.DataFrame(made)

    def of_date(self, column: Column, values: pd.Series) -> Mapping[str, np.ndarray]:
        """Days since the first year of train, and the parts that models look at."""
        feature, missing = self.feature_of(column.name), values.isna().to_numpy()
        whole = values.to_numpy("datetime64[us]").astype("int64")
        days = np.where(missing, np.nan, whole / MICROSECONDS_PER_DAY - column.offset)
        made = {f"{feature}_{DAYS}": days}
        for part in DATE_PARTS:
            numbers = getattr(values.dt, part).to_numpy("float64", na_value=np.nan)
            made[f"{feature}_{part}"] = np.where(missing, np.nan, numbers).astype(np.float32)
        if column.timed:
            hours = np.where(missing, np.nan, whole % MICROSECONDS_PER_DAY / 3_600_000_000)
            made[f"{feature}_{HOUR}"] = hours.astype(np.float32)
        return made

    def _of_several(self, column: Column, values: pd.Series) -> Mapping[str, np.ndarray]:
        """Each of a cell's numbers by itself."""
        names = self.features_of_several(column)
        cells = [list(map(float, cell.split())) for cell in values.cat.categories]
        # The last row is what missing cells, whose code is -1, have.
        numbers = np.array([*cells, [np.nan] * len(names)])[values.cat.codes.to_numpy()]
        return dict(zip(names, numbers.T, strict=True))

    def feature_of(self, name: str) -> str:
        """What the models call a column, or what the names of its features begin with."""
        return f"{self._prefix}{self._places[name]}"

    def features_of_several(self, column: Column) -> list[str]:
        """The features of a column of several numbers, in the order of the numbers."""
        return [f"{self.feature_of(column.name)}_{n}" for n in range(len(column.gaps) - 1)]

    def features_of_text(self, scores: TextScores) -> list[str]:
        return [f"{self.feature_of(scores.column)}_{n}" for n in range(len(scores.names))]

    def made_of(self, feature: str) -> str:
        """The column that a feature was made of."""
        name = self._named.get(feature.split("_")[0])
        return feature if name is None else name

    @cached_property
    def labels(self) -> dict[str, str]:
        """Feature → what people call it, of the features that stand for a column: not of the year
        or the month of a date, which say nothing beyond its days."""
        found = {}
        for column in self.columns:
            feature = self.feature_of(column.name)
            if column.kind == NUMBERS:
                for place, one in enumerate(self.features_of_several(column), start=1):
                    found[one] = f"{column.name} [{place}]"
            elif column.kind != TEXT:
                found[f"{feature}_{DAYS}" if column.kind == DATE else feature] = column.name
        for scores in self.text_scores:
            found |= dict(zip(self.features_of_text(scores), scores.names, strict=True))
        return found

    @cached_property
    def _prefix(self) -> str:
        """No feature may be called like the target."""
        return "z" if self.target.startswith("x") else "x"

    @cached_property
    def _places(self) -> dict[str, int]:
        return {column.name: place for place, column in enumerate(self.columns)}

    @cached_property
    def _named(self) -> dict[str, str]:
        return {self.feature_of(column.name): column.name for column in self.columns}

    def save(self, folder: Path) -> None:
        content = {
            "target": self.target,
            "columns": [column.to_json() for column in self.columns],
            "expected": vars(self.expected),
        }
        (folder / FILE).write_text(json.dumps(content, ensure_ascii=False, indent=1), "utf-8")
        if self.text_scores:
            save(self.text_scores, folder / SCORES_FILE)


def load_preprocessor(folder: Path) -> Preprocessor:
    content = json.loads((folder / FILE).read_text("utf-8"))
    scores = folder / SCORES_FILE
    expected = content["expected"]
    return Preprocessor(
        content["target"],
        [column_from_json(column) for column in content["columns"]],
        Expected(
            tuple(expected["columns"]),
            expected["delimiter"],
            expected["encoding"],
            tuple(expected.get("labels", ())),
        ),
        load(scores) if scores.exists() else [],
    )
