"""A portable model: rows in, answers out."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from contract.messages import message
from portable.features import Category, Cells, Feature, columns_of, read_cells
from portable.files import Arrays, PortableError, read_files
from portable.links import F32, Problem, clipped
from portable.loading import Members, feature_of, texts_of
from portable.members import Member
from portable.odd_cells import OddCell, odd_cells
from portable.reasons import shares
from reading.column import Column, column_from_json

# So that several cores have something to do, and a block stays near each.
ROWS_AT_A_TIME = 8000
Bound = float | tuple[float, ...] | datetime | None
Rows = Sequence[Mapping[str, Any]] | Mapping[str, Sequence[Any]]


@dataclass(frozen=True)
class KnownColumn:
    """A column as the model knows it from its train rows."""

    column: Column
    low: Bound = None
    """The least and the greatest value of train, or of each of several numbers; None where it is no
    number and no date."""
    high: Bound = None

    @property
    def name(self) -> str:
        return self.column.name

    @property
    def kind(self) -> str:
        """number, numbers, duration, date, category or text."""
        return self.column.kind

    @property
    def categories(self) -> tuple[str, ...]:
        """Those of train; none where they are too many to keep."""
        return self.column.categories

    @property
    def missing_share(self) -> float:
        """Of the rows of train."""
        return self.column.missing_share


@dataclass(frozen=True)
class Weighted:
    """A model of the ensemble: the mean of its folds, and what it weighs."""

    members: tuple[int, ...]
    weight: float
    clips: bool
    """Whether probabilities of its folds are kept from 0 and 1."""


@dataclass(frozen=True)
class Answers:
    """What the model says of rows."""

    predictions: list[str] | np.ndarray
    """Labels as train has them, or numbers; shape (n_rows,)."""
    probabilities: np.ndarray
    """Of the labels in their order, shape (n_rows, n_classes); (n_rows, 0) of numbers."""
    notes: list[list[OddCell]]
    """By row, the cells that the model cannot read or has never seen alike."""


@dataclass(frozen=True)
class Reasons:
    """What each column adds to the prediction of each row."""

    base: np.ndarray
    """What the model says before it knows any column, shape (n_rows,): the average of its members'
    own scores, which as a probability is not the average probability."""
    amounts: np.ndarray
    """Shape (n_rows, n_columns); with `base`, they add up to the number, the probability of the
    positive class, or with more classes that of the predicted one."""


@dataclass(frozen=True)
class PortableModel:
    """A trained model without the libraries that trained it."""

    target: str
    problem: Problem
    """`binary`, `multiclass` or `number`."""
    labels: tuple[str, ...]
    """The classes as train writes them; none of numbers."""
    learned: tuple[int, ...]
    """Of more than two classes, which of them train has often enough; no other is predicted."""
    positive: str | None
    threshold: float | None
    """From this probability on, a row is predicted as positive."""
    columns: tuple[KnownColumn, ...]
    features: tuple[Feature, ...]
    members: tuple[Member, ...]
    models: tuple[Weighted, ...]
    is_weighted: bool
    """Whether an ensemble adds up its models."""
    clips: bool

    def predict(self, rows: Rows, *, points: bool = False) -> Answers:
        """What the model says of each row.

        Rows are mappings by column, or one mapping to columns; cells are texts, or JSON's numbers,
        booleans and null. A column that is not there is missing. `points` tells that `.` marks
        decimals, whatever train writes: so in a CSV whose cells are separated by commas.
        """
        cells = self.read(rows, points=points)
        found = self.answers_to(self.matrix(cells))
        notes = odd_cells(self.columns, cells)
        if self.problem == "number":
            return Answers(found, np.empty((len(found), 0)), notes)
        return Answers(self.labels_of(found), found, notes)

    def reasons(self, rows: Rows, *, points: bool = False) -> Reasons:
        """What each column, in the order of `columns`, adds to what the model says of each row.

        Shapley values of every member, or of the forest what the splits on the row's way add,
        averaged as the members are. Probabilities are shares, 0 to 1, and numbers have the unit of
        the target.
        """
        x = self.matrix(self.read(rows, points=points))
        classes = self._classes(x)
        total = np.zeros((len(self.features) + 1, x.shape[1]))
        whole = sum(model.weight for model in self.models)
        for model in self.models:
            share = model.weight / whole / len(model.members)
            for place in model.members:
                explained = self.members[place].explained(x)
                total += share * shares(explained, self.problem, classes)
        amounts = np.zeros((len(self.columns), x.shape[1]))
        for feature, added in zip(self.features, total[:-1], strict=True):
            amounts[self.names.index(feature.column)] += added
        return Reasons(total[-1], amounts.T)

    @cached_property
    def n_leaves(self) -> int:
        """How many leaves are looked at to explain a row, which takes a microsecond each."""
        return sum(member.n_leaves for member in self.members)

    def _classes(self, x: np.ndarray) -> np.ndarray:
        """The predicted class of each row, where there are more than two."""
        if self.problem != "multiclass":
            return np.zeros(x.shape[1], np.intp)
        return np.asarray(self._ensemble(x).argmax(axis=0))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of the columns that rows should have."""
        return tuple(column.name for column in self.columns)

    def read(self, rows: Rows, *, points: bool = False) -> dict[str, Cells]:
        """What the cells of the needed columns say."""
        given = columns_of(rows, self.names)
        return {
            known.name: read_cells(known.column, given[known.name], points)
            for known in self.columns
        }

    def matrix(self, cells: Mapping[str, Cells]) -> np.ndarray:
        """The features of rows, float64, shape (n_features, n_rows)."""
        known = {column.name: column.column for column in self.columns}
        n_rows = len(next(iter(cells.values())).places) if cells else 0
        found = np.empty((len(self.features), n_rows))
        for place, feature in enumerate(self.features):
            found[place] = feature.of(known[feature.column], cells[feature.column])
        return found

    def answers_to(self, x: np.ndarray) -> np.ndarray:
        """Numbers of shape (n_rows,), or probabilities of shape (n_rows, n_classes)."""
        found = self._in_blocks(x)
        if self.problem == "number":
            return found
        if self.problem == "binary":
            # AutoGluon predicts that of the second class.
            return np.column_stack([1 - found, found])
        spread = np.zeros((x.shape[1], len(self.labels)), F32)
        spread[:, self.learned] = found.T
        return spread

    def labels_of(self, probabilities: np.ndarray) -> list[str]:
        """The label of each row."""
        if self.problem == "binary":
            places = (probabilities[:, 1] >= self.threshold).astype(int)
        else:
            places = probabilities.argmax(axis=1)
        return [self.labels[place] for place in places]

    def _in_blocks(self, x: np.ndarray) -> np.ndarray:
        """Some rows at a time on each core: numpy lets others work while it does."""
        blocks = [x[:, at : at + ROWS_AT_A_TIME] for at in range(0, x.shape[1], ROWS_AT_A_TIME)]
        if len(blocks) < 2:
            return self._ensemble(x)
        # The first one makes the tables, which all others use.
        first, *others = blocks
        found = [self._ensemble(first)]
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            found += threads.map(self._ensemble, others)
        return np.concatenate(found, axis=-1)

    def _ensemble(self, x: np.ndarray) -> np.ndarray:
        """As AutoGluon adds up, each step in its own precision."""
        total: np.ndarray | None = None
        for model in self.models:
            found = self._mean_of_folds(model, x)
            if self.is_weighted:
                found = found * np.float64(model.weight)
            total = found if total is None else total + found
        assert total is not None
        return (clipped(total) if self.clips else total).astype(F32)

    def _mean_of_folds(self, model: Weighted, x: np.ndarray) -> np.ndarray:
        total: np.ndarray | None = None
        for place in model.members:
            member = self.members[place]
            found = member.link(member.scores(x))
            if model.clips:
                found = clipped(found).astype(F32)
            total = found if total is None else total + found
        assert total is not None
        mean: np.ndarray = total / len(model.members)
        return mean


def load_model(source: Path | Mapping[str, bytes]) -> PortableModel:
    """Load the model of a folder, or of files by their names.

    Raises PortableError, in words, when they are of a format that this release does not know.
    """
    described, arrays = read_files(source)
    try:
        return _model(described, arrays)
    except (KeyError, TypeError, ValueError) as error:
        raise PortableError(message("portable.damaged")) from error


def _model(described: Mapping[str, Any], arrays: Arrays) -> PortableModel:
    problem: Problem = described["problem"]
    labels = tuple(described["labels"])
    texts = texts_of(described["texts"], arrays)
    features = tuple(feature_of(one, texts) for one in described["features"])
    sizes = [len(one.categories) if isinstance(one, Category) else 0 for one in features]
    members = Members(arrays, problem, sizes, len(described["learned"]) or 1)
    return PortableModel(
        described["target"],
        problem,
        labels,
        tuple(described["learned"]),
        described["positive"],
        described["threshold"],
        tuple(map(known_column, described["columns"])),
        features,
        tuple(members.member(place, one) for place, one in enumerate(described["members"])),
        tuple(Weighted(tuple(m["members"]), m["weight"], m["clips"]) for m in described["models"]),
        described["is_weighted"],
        described["clips"],
    )


def known_column(content: Mapping[str, Any]) -> KnownColumn:
    """The column that a description has, with its bounds."""
    column = column_from_json(content["column"])
    return KnownColumn(column, *(_bound(content[end]) for end in ("low", "high")))


def _bound(written: float | list[float] | str | None) -> Bound:
    if isinstance(written, list):
        return tuple(map(float, written))
    return datetime.fromisoformat(written) if isinstance(written, str) else written
