"""What is wrong with data although it can be read: leaks, drift, repeats, rare classes."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import ks_2samp

from leaks import ROWS_LOOKED_AT, find_leaks, leak_note
from model_code.notes import Note, note
from prepare import Prepared
from problem import Problem
from reading.names import key_of
from sampling import random_rows

ROWS_HASHED = 300_000
DRIFT, CHANCE = 0.25, 0.01
MISSING_DRIFT = 0.2
FEWEST_ROWS_FOR_DRIFT = 50
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
        found += _drift(rows, test)
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


def _drift(rows: pd.DataFrame, test: pd.DataFrame) -> list[Note]:
    """Columns whose values are spread differently in the two files."""
    if min(len(rows), len(test)) < FEWEST_ROWS_FOR_DRIFT:
        return []
    chosen = random_rows(len(rows), ROWS_LOOKED_AT)
    chosen_test = random_rows(len(test), ROWS_LOOKED_AT)
    moved, lost = [], []
    least = max(DRIFT, _by_chance(len(chosen), len(chosen_test), rows.shape[1]))
    for name in rows.columns:
        before, after = rows[name].iloc[chosen], test[name].iloc[chosen_test]
        gap = float(after.isna().mean() - before.isna().mean())
        if abs(gap) > MISSING_DRIFT:
            lost.append(f"{name} ({before.isna().mean():.0%} → {after.isna().mean():.0%})")
        elif (distance := _distance(before.dropna(), after.dropna())) > least:
            moved.append((distance, str(name)))
    notes = []
    if moved:
        names = [f"{name} ({distance:.2f})" for distance, name in sorted(moved, reverse=True)]
        notes.append(note("drift", columns=tuple(names)))
    if lost:
        notes.append(note("missing_drift", columns=tuple(lost)))
    return notes


def _by_chance(before: int, after: int, columns: int) -> float:
    """The distance that one of so many columns reaches in one of a hundred files by chance.

    The limit of the Kolmogorov–Smirnov test.
    """
    return float(np.sqrt(-np.log(CHANCE / columns / 2) / 2 * (before + after) / (before * after)))


def _distance(before: pd.Series, after: pd.Series) -> float:
    """Kolmogorov–Smirnov for numbers and dates, total variation for categories; 0 to 1."""
    if min(len(before), len(after)) < FEWEST_ROWS_FOR_DRIFT:
        return 0.0
    if before.dtype == "category" or before.dtype == object:
        shares = before.astype(object).value_counts(normalize=True)
        # Names that hardly repeat differ from sample to sample.
        if len(shares) > len(before) / 20:
            return 0.0
        others = after.astype(object).value_counts(normalize=True)
        return float(shares.sub(others, fill_value=0).abs().sum() / 2)
    return float(ks_2samp(_as_float(before), _as_float(after)).statistic)


def _as_float(values: pd.Series) -> np.ndarray:
    whole = values.astype("int64") if values.dtype.kind == "M" else values
    return whole.to_numpy(dtype=float)
