"""How any row becomes what the models were fitted on."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from model_code.columns import TEXT, Column, column_from_json, typed
from model_code.text_scores import TextScores, load, save
from reading.csv_head import Expected

FILE, SCORES_FILE = "columns.json", "text_scores.joblib"


@dataclass(frozen=True)
class Recipe:
    """The columns, how each is typed, and what is made of free texts."""

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
        """One row per row, with the columns that the models know."""
        return self.with_scores(typed(self.columns, part))

    def with_scores(self, values: pd.DataFrame) -> pd.DataFrame:
        """Scores in the place of free texts."""
        texts = [column.name for column in self.columns if column.kind == TEXT]
        if not texts:
            return values
        made = [scores.features(values[scores.column]) for scores in self.text_scores]
        return pd.concat([values.drop(columns=texts), *made], axis=1)

    def made_of(self, feature: str) -> str:
        """The column that a feature was made of."""
        for scores in self.text_scores:
            if feature in scores.names:
                return scores.column
        names = [c.name for c in self.columns if feature == c.name]
        # AutoGluon makes `sold.year` of the date `sold`.
        names += [c.name for c in self.columns if feature.startswith(f"{c.name}.")]
        return max(names, key=len, default=feature)

    def save(self, folder: Path) -> None:
        content = {
            "target": self.target,
            "columns": [column.to_json() for column in self.columns],
            "expected": {"columns": self.expected.columns, "delimiter": self.expected.delimiter},
        }
        (folder / FILE).write_text(json.dumps(content, ensure_ascii=False, indent=1), "utf-8")
        if self.text_scores:
            save(self.text_scores, folder / SCORES_FILE)


def load_recipe(folder: Path) -> Recipe:
    content = json.loads((folder / FILE).read_text("utf-8"))
    scores = folder / SCORES_FILE
    return Recipe(
        content["target"],
        [column_from_json(column) for column in content["columns"]],
        Expected(tuple(content["expected"]["columns"]), content["expected"]["delimiter"]),
        load(scores) if scores.exists() else [],
    )
