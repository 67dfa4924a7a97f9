"""What the files and the settings say of rows that do not stand alone."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from contract.messages import message
from failure import TrainingError
from job_spec import JobSpec
from model_code.cells import as_texts
from model_code.columns import Context
from model_code.notes import Note, note, read_note
from model_code.tables import Table
from model_code.text_scores import FOLDS, Fold
from problem import Problem, missing, number_key
from splits import Structure, deal
from verdict import FEW_SCORED_ROWS


def structure_of(
    table: Table, spec: JobSpec, context: Context, notes: list[Note]
) -> Structure | None:
    """Which train rows belong together; None where the settings name no column for it.

    Raises TrainingError where the column is lacking or leaves nothing to split by.
    """
    column = spec.group_column
    if column is None:
        return None
    if column not in table.columns:
        lacking = {"column": column, "columns": tuple(table.columns)}
        raise TrainingError(message("data.no_split_column", setting="group_column", **lacking))
    keys, empty = group_keys(table.data[column], context)
    structure = Structure(keys.rename(column))
    if structure.count < 2:
        raise TrainingError(message("data.one_group", column=column))
    notes.append(read_note("groups", column=column, count=structure.count, rows=len(keys)))
    if alone := int(empty.sum()):
        notes.append(note("rows_without_group", column=column, count=alone, rows=len(keys)))
    return structure


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
    """The folds that texts are scored in: a text of a group, by other groups."""
    parts = deal(goal, problem, structure.groups, min(FOLDS, structure.count)).to_numpy()
    return [(np.flatnonzero(parts != n), np.flatnonzero(parts == n)) for n in np.unique(parts)]


def apart_rows(
    target: pd.Series,
    beside: pa.Table,
    structure: Structure,
    spec: JobSpec,
    context: Context,
    notes: list[Note],
) -> tuple["pd.Series[str] | None", pd.Series | None]:
    """The groups of the test rows, and the target of rows whose group has no train row.

    The score comes from these alone. Without a target, they are too few, and it comes from train.
    """
    column = str(spec.group_column)
    if column not in beside.column_names:
        notes.append(note("test_without_column", column=column))
        return None, None
    keys, unknown = group_keys(beside[column], context)
    groups = keys.rename(column)
    shared = (groups.isin(structure.groups.unique()) | unknown) & target.notna()
    count, known = int(shared.sum()), int(target.notna().sum())
    if not count:
        return groups, target
    values = {"column": column, "count": count, "rows": known}
    if known - count < FEW_SCORED_ROWS:
        notes.append(note("test_shares_groups", **values))
        return groups, None
    notes.append(note("test_shares_some_groups", **values))
    return groups, target.mask(shared)
