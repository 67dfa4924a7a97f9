"""What the files and the settings say of rows that do not stand alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from contract.messages import message
from failure import TrainingError
from job_spec import JobSpec
from model_code.cells import as_texts
from model_code.column_decisions import Context, decide_and_type
from model_code.columns import typed
from model_code.notes import Note, note
from model_code.tables import Table
from model_code.text_scores import FOLDS, Fold
from problem import Problem, missing, number_key
from reading.column import DATE, NUMBER, Column
from splits import Structure, deal, time_blocks
from verdict import FEW_SCORED_ROWS

SECONDS_PER_DAY = 86_400


@dataclass(frozen=True)
class Beside:
    """The structure of the train rows, and how that of other rows is read."""

    structure: Structure
    context: Context
    time: Column | None

    def count_groups(self, cells: pa.Table) -> int | None:
        """How many groups a file has; None where it lacks the column, or rows stand alone."""
        groups = self.structure.groups
        if groups is None or str(groups.name) not in cells.column_names:
            return None
        return int(group_keys(cells[str(groups.name)], self.context)[0].nunique())

    def apart(
        self, target: pd.Series, cells: pa.Table, notes: list[Note]
    ) -> tuple[Structure | None, pd.Series | None]:
        """The structure of the test rows, and the target of rows that stand apart from train.

        Their group has no train row, and they are not earlier than any train row. The score comes
        from these alone. Without a target, they are too few, and it comes from train.
        """
        if lacking := [name for name in self.structure.columns if name not in cells.column_names]:
            notes.append(note("test_without_column", column=lacking[0]))
            return None, None
        near, train = np.zeros(len(target), bool), self.structure
        groups = times = None
        if train.groups is not None:
            groups, unknown = group_keys(cells[str(train.groups.name)], self.context)
            groups = groups.rename(str(train.groups.name))
            near |= groups.isin(train.groups.unique()).to_numpy() | unknown
        if train.times is not None and self.time is not None:
            times = as_numbers(typed([self.time], cells)[self.time.name]).rename(self.time.name)
            near |= ~(times >= train.times.max()).to_numpy()
        structure = Structure(groups, times, train.dated)
        near &= target.notna().to_numpy()
        count, known = int(near.sum()), int(target.notna().sum())
        if not count:
            return structure, target
        values = {"columns": tuple(self.structure.columns), "count": count, "rows": known}
        if known - count < FEW_SCORED_ROWS:
            notes.append(note("test_not_apart", **values))
            return structure, None
        notes.append(note("test_some_not_apart", **values))
        return structure, target.mask(near)


def read_structure(
    table: Table, spec: JobSpec, context: Context, notes: list[Note]
) -> Beside | None:
    """How the train rows belong together; None where the settings name no column for it.

    Raises TrainingError where a column is lacking or leaves nothing to split by.
    """
    for setting in ("group_column", "time_column"):
        column = getattr(spec, setting)
        if column is not None and column not in table.columns:
            lacking = {"column": column, "columns": tuple(table.columns)}
            raise TrainingError(message("data.no_split_column", setting=setting, **lacking))
    groups = _groups(table, spec.group_column, context, notes) if spec.group_column else None
    if spec.time_column is None:
        return None if groups is None else Beside(Structure(groups), context, None)
    time, times = _times(table, spec.time_column, context, notes)
    return Beside(Structure(groups, times, time.kind == DATE), context, time)


def _groups(table: Table, column: str, context: Context, notes: list[Note]) -> "pd.Series[str]":
    keys, empty = group_keys(table.data[column], context)
    count = int(keys.nunique())
    if count < 2:
        raise TrainingError(message("data.one_group", column=column))
    notes.append(note("split_by_groups", column=column, count=count, rows=len(keys)))
    if alone := int(empty.sum()):
        notes.append(note("rows_without_group", column=column, count=alone, rows=len(keys)))
    return keys.rename(column)


def _times(
    table: Table, column: str, context: Context, notes: list[Note]
) -> tuple[Column, "pd.Series[float]"]:
    found, values = decide_and_type(column, table.data[column], context)
    if found.kind not in (DATE, NUMBER):
        texts = as_texts(table.data[column]).to_pandas()
        example = next((text for text in texts if text), "")
        raise TrainingError(message("data.no_time", column=column, value=example))
    times = as_numbers(values).rename(column)
    if times.nunique() < 2:
        raise TrainingError(message("data.one_time", column=column))
    if unknown := int(times.isna().sum()):
        notes.append(note("rows_without_time", column=column, count=unknown, rows=len(times)))
    return found, times


def as_numbers(values: pd.Series) -> "pd.Series[float]":
    """Dates as days since 1970, numbers as they are; NaN where unknown."""
    if values.dtype.kind == "M":
        values = (values - pd.Timestamp(0)).dt.total_seconds() / SECONDS_PER_DAY
    return values.astype(float).reset_index(drop=True)


def group_keys(values: pa.ChunkedArray, context: Context) -> tuple["pd.Series[str]", np.ndarray]:
    """By row, what its group is called, and whether it has no value: then it is one of its own.

    The same value has the same key in every file.
    """
    texts = as_texts(values).to_pandas()
    keys = texts.map({text: number_key(text) for text in texts.unique()}).astype(object)
    empty = missing(texts, (*context.always, *context.perhaps)).to_numpy()
    # With a blank in front, they are the keys of no value.
    keys[empty] = [f" {place}" for place in np.flatnonzero(empty)]
    return keys, empty


def folds_of_texts(goal: pd.Series, problem: Problem, structure: Structure) -> Sequence[Fold]:
    """The folds that texts are scored in: a text by other groups, and by earlier rows.

    The earliest rows, and rows without a time, are in none.
    """
    parts, blocks = np.zeros(len(goal), int), np.zeros(len(goal), int)
    if structure.groups is not None:
        most = min(FOLDS, structure.count)
        parts = deal(goal, problem, structure.groups, most).to_numpy()
    if structure.times is not None:
        blocks = time_blocks(structure.times, FOLDS + 1)
    folds = []
    for part in np.unique(parts):
        for block in np.unique(blocks):
            here, others = (parts == part), np.ones(len(goal), bool)
            if structure.groups is not None:
                others = ~here
            if structure.times is not None:
                here = here & (blocks == block)
                others = others & (blocks >= 0) & (blocks < block)
            if here.any() and others.any():
                folds.append((np.flatnonzero(others), np.flatnonzero(here)))
    return folds
