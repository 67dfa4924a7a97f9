"""What is wrong with data although it can be read: leaks, repeats, rare classes."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from leaks import find_leaks, leak_note
from model_code.notes import Note, note
from prepare import Prepared
from problem import Problem
from reading.names import key_of

ROWS_HASHED = 300_000
REPEATED_SHARE = 0.01
RARE = 10
IMBALANCED = 0.05


def check_data(prepared: Prepared, ignored: Sequence[str] = ()) -> list[Note]:
    """A note per finding; `ignored` are the columns that the settings leave out already."""
    preprocessor = prepared.preprocessor
    labels = preprocessor.labels
    rows = prepared.rows[list(labels)].rename(columns=labels)
    test = None if prepared.test is None else prepared.test[list(labels)].rename(columns=labels)
    columns = {label: preprocessor.made_of(feature) for feature, label in labels.items()}
    target = prepared.rows[preprocessor.target]
    groups = None if prepared.structure is None else prepared.structure.groups
    return find_faults(rows, target, prepared.problem, test, columns, ignored, groups)


def find_faults(
    rows: pd.DataFrame,
    target: pd.Series,
    problem: Problem,
    test: pd.DataFrame | None,
    columns: Mapping[str, str] | None = None,
    ignored: Sequence[str] = (),
    groups: pd.Series | None = None,
) -> list[Note]:
    """The same of features and target apart; `columns` are what features were made of."""
    found = _class_notes(target, problem)
    if suspects := find_leaks(rows, target, problem, groups):
        names = [(columns or {}).get(one.column, one.column) for one in suspects]
        found.append(leak_note(suspects, names, ignored))
    found += _repeats(rows, target)
    if test is not None:
        found += _shared_rows(rows, test)
    return found


def _class_notes(target: pd.Series, problem: Problem) -> list[Note]:
    if not problem.has_classes:
        return []
    counts = target.value_counts()
    notes = []
    rare = [str(label) for label, count in counts.items() if count < RARE]
    if rare:
        notes.append(note("rare_classes", classes=tuple(rare), rows=RARE))
    share = counts.min() / len(target)
    if not rare and share < IMBALANCED:
        notes.append(note("imbalance", label=str(counts.idxmin()), percent=round(100 * share, 1)))
    keys = counts.index.to_series().map(key_of)
    alike = sorted(keys[keys.duplicated(keep=False)].index)
    if alike:
        notes.append(note("class_spelling", classes=tuple(alike)))
    return notes


def _repeats(rows: pd.DataFrame, target: pd.Series) -> list[Note]:
    if len(rows) > ROWS_HASHED:
        return []
    repeated = int(pd.Series(_hashes(rows.assign(target=target.to_numpy()))).duplicated().sum())
    if repeated <= REPEATED_SHARE * len(rows):
        return []
    return [note("repeated_rows", count=repeated, percent=round(100 * repeated / len(rows), 1))]


def _shared_rows(rows: pd.DataFrame, test: pd.DataFrame) -> list[Note]:
    if len(rows) + len(test) > ROWS_HASHED:
        return []
    both = pd.concat([rows, test[rows.columns]], ignore_index=True)
    hashes = _hashes(both)
    shared = int(np.isin(hashes[len(rows) :], hashes[: len(rows)]).sum())
    if shared <= REPEATED_SHARE * len(test):
        return []
    return [note("shared_rows", count=shared, percent=round(100 * shared / len(test), 1))]


def _hashes(rows: pd.DataFrame) -> np.ndarray:
    plain = rows.apply(lambda c: c.astype(object).fillna("") if c.dtype == "category" else c)
    return pd.util.hash_pandas_object(plain, index=False).to_numpy()
