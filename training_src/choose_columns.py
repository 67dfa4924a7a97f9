"""Choose the columns to learn from, and note why the others are left out."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from contract.messages import message
from failure import TrainingError
from job_spec import JobSpec
from model_code.cell_checks import CellChecks
from model_code.cells import as_texts, separated_by_commas
from model_code.column_decisions import (
    FEW_CATEGORIES,
    Context,
    decide_and_type,
    decimal_in_columns,
    looks_like_id,
    value_counts,
)
from model_code.notes import Note, note, read_note
from model_code.row_sample import spreads_of
from model_code.tables import Table
from reading.column import CATEGORY, DATE, DURATION, NUMBER, NUMBERS, TEXT, Column
from reading.numbers import PERCENT

ROWS_COMPARED = 1000
BOUND = r"[<>≤≥]|\d\+"
NINES, FEWEST_PLACEHOLDERS = re.compile("9{2,}"), 3
Others = Callable[[str], Iterable[str]]


@dataclass(frozen=True)
class ChosenColumns:
    """The columns to learn from, their values, and what was left out."""

    columns: list[Column]
    values: dict[str, pd.Series]
    """Typed, by the names of the columns."""
    left_out: dict[str, str]
    """Name of a column → key of the reason."""
    notes: list[Note] = field(default_factory=list)


def context_of(table: Table, spec: JobSpec, others: Others = lambda name: ()) -> Context:
    """What the file and the settings say of how columns are written."""
    decimal, doubt = ".", False
    if table.head.delimiter != ",":
        names = [name for name in table.columns if name not in spec.ignore_columns]
        found = decimal_in_columns(table.data[name] for name in names)
        decimal = found or ("," if table.head.delimiter == ";" else ".")
        doubt = found is None
    points = separated_by_commas(table.data)
    return Context(decimal, doubt, spec.missing_values, spec.date_order, points, others)


def choose_columns(
    table: Table,
    target: "pd.Series[str]",
    spec: JobSpec,
    context: Context,
    row_numbers: Collection[str] = (),
) -> ChosenColumns:
    """Look at every column once; raises TrainingError when none is left.

    `row_numbers` are columns that are known to be none to learn from.
    """
    aside = {spec.target, spec.id_column, *spec.ignore_columns}
    left_out: dict[str, str] = {}
    if spec.group_column and spec.group_column not in {*aside, *spec.keep_columns}:
        left_out[spec.group_column] = "group_column"
    names = [name for name in table.columns if name not in {*aside, *left_out}]
    written = dict(zip(table.columns, table.head.header, strict=True))
    goal = pa.chunked_array([pa.array(target, pa.string())])
    chosen, values = [], {}
    for name in names:
        column, typed = decide_and_type(name, table.data[name], context)
        reason = "id_column" if name in row_numbers else None
        if not reason and not typed.notna().any():
            reason = "constant_column"
        if not reason:
            reason = _reason_against(column, written[name], table.data[name], typed, goal)
        if reason and (reason == "constant_column" or name not in spec.keep_columns):
            left_out[name] = reason
            continue
        values[name] = typed
        chosen.append(_measured(column, typed))
    for name in _duplicates(values):
        if name not in spec.keep_columns:
            left_out[name] = "duplicate_column"
    kept = [column for column in chosen if column.name not in left_out]
    if not kept:
        raise TrainingError(message("data.nothing_to_learn", column=spec.target))
    # Before the spreads are known: train would be compared with itself.
    notes = _notes(left_out, kept, values, table, context)
    spreads = spreads_of(kept, values, len(table))
    return ChosenColumns(
        [replace(column, spreads=spreads[column.name]) for column in kept],
        {column.name: values[column.name] for column in kept},
        left_out,
        notes,
    )


def _measured(column: Column, values: pd.Series) -> Column:
    """The column with what its values in train tell."""
    missing = float(values.isna().mean())
    if column.kind != DATE:
        return replace(column, missing_share=missing)
    present = values.dropna()
    first = int(present.min().year) if len(present) else 1970
    days = (pd.Timestamp(year=first, month=1, day=1).as_unit("us") - pd.Timestamp(0)).days
    timed = bool((present != present.dt.normalize()).any())
    return replace(column, missing_share=missing, offset=days, timed=timed)


def _reason_against(
    column: Column,
    written: str,
    values: pa.ChunkedArray,
    typed: pd.Series,
    target: pa.ChunkedArray,
) -> str | None:
    if _is_constant(values):
        return "constant_column"
    if looks_like_id(column, written, values, typed):
        return "id_column"
    copied = all(
        as_texts(values.slice(0, rows)).equals(target.slice(0, rows))
        for rows in (ROWS_COMPARED, len(values))
    )
    return "copy_of_target" if copied else None


def _is_constant(values: pa.ChunkedArray) -> bool:
    """Looks at a part first: nearly every column varies there already."""
    return all(
        pc.count_distinct(as_texts(part), mode="all").as_py() <= 1
        for part in (values.slice(0, ROWS_COMPARED), values)
    )


def _duplicates(rows: Mapping[str, pd.Series]) -> list[str]:
    """The later ones of columns that hold the same in every row."""
    seen: dict[int, list[str]] = {}
    found = []
    for name, values in rows.items():
        comparable = values.astype(object) if values.dtype == "category" else values
        mark = hash(tuple(comparable.iloc[:ROWS_COMPARED].fillna("").tolist()))
        equal = [other for other in seen.get(mark, []) if _same(rows[other], values)]
        if equal:
            found.append(str(name))
        else:
            seen.setdefault(mark, []).append(str(name))
    return found


def _same(one: pd.Series, other: pd.Series) -> bool:
    if one.dtype != other.dtype and "category" not in (str(one.dtype), str(other.dtype)):
        return False
    return bool(one.astype(object).equals(other.astype(object)))


def _notes(
    left_out: dict[str, str],
    kept: Sequence[Column],
    values: Mapping[str, pd.Series],
    table: Table,
    context: Context,
) -> list[Note]:
    checks = CellChecks(kept)
    checks.add(table.data, values)
    notes = checks.notes("train_odd_cells")
    for reason in ("constant_column", "id_column", "copy_of_target", "duplicate_column"):
        names = [name for name, why in left_out.items() if why == reason]
        if names:
            notes.append(note(reason, columns=tuple(names)))
    return [
        *notes,
        *_number_notes(kept, table),
        *_placeholder_notes(kept, values),
        *_date_notes(kept),
        *_category_notes(kept, values),
        *_mark_notes(kept, table, context),
    ]


def _number_notes(kept: Sequence[Column], table: Table) -> list[Note]:
    """How numbers were read, where they are not written plainly."""
    notes = []
    numbers = [column for column in kept if column.kind == NUMBER]
    styles: dict[tuple[str, str], list[str]] = {}
    for column in numbers:
        signs = " ".join(column.style.signs)
        if signs or (column.style.decimal != "." and _has(table.data[column.name], "[.,]")):
            example = f"1{column.style.group}234{column.style.decimal}5"
            styles.setdefault((example, signs), []).append(column.name)
    for (example, signs), names in styles.items():
        known = {"columns": tuple(names), "shape": example}
        said = read_note("number_style", **known, signs=signs) if signs else None
        notes.append(said or read_note("number_form", **known))
    if percents := tuple(c.name for c in numbers if PERCENT in c.style.signs):
        notes.append(read_note("percent", columns=percents))
    if measured := tuple(_with_unit(column) for column in numbers if column.style.unit):
        notes.append(read_note("units", columns=measured))
    if fractions := tuple(c.name for c in numbers if c.style.fractions):
        notes.append(read_note("fractions", columns=fractions))
    if ranges := tuple(c.name for c in numbers if c.style.ranges):
        notes.append(read_note("ranges", columns=ranges))
    if several := tuple(c.name for c in kept if c.kind == NUMBERS):
        notes.append(read_note("several_numbers", columns=several))
    if bounded := tuple(c.name for c in numbers if _has(table.data[c.name], BOUND)):
        notes.append(read_note("bounds", columns=bounded))
    if doubtful := [column for column in numbers if column.in_doubt]:
        shown = tuple(f"{c.name} (1{c.style.group}234{c.style.decimal}5)" for c in doubtful)
        notes.append(note("numbers_in_doubt", columns=shown))
    return notes


def _with_unit(column: Column) -> str:
    worth = dict(column.style.units)[column.style.unit]
    return f"{column.name} ({column.style.unit}{'' if worth == 1 else f' = {worth:,.0f}'})"


def _has(values: pa.ChunkedArray, pattern: str) -> bool:
    """Whether any of the first cells has such a mark."""
    texts = as_texts(values.slice(0, ROWS_COMPARED))
    return bool(pc.any(pc.match_substring_regex(texts, pattern)).as_py())


def _placeholder_notes(kept: Sequence[Column], values: Mapping[str, pd.Series]) -> list[Note]:
    """Numbers such as -999 that may stand for a missing value."""
    found = [
        read_note("mark_cells", mark=f"{number:.0f}", column=column.name, count=count)
        for column in kept
        if column.kind == NUMBER
        for number, count in placeholders(values[column.name], column.offset)
    ]
    return [note("placeholders", cells=tuple(found))] if found else []


def placeholders(values: pd.Series, offset: int = 0) -> list[tuple[float, int]]:
    """Numbers of nines that repeat, far from all others, and how often each occurs."""
    numbers = values.to_numpy(np.float64)
    numbers = numbers[~np.isnan(numbers)] + offset
    found = []
    ends = {numbers.min(), numbers.max()} if len(numbers) else set[float]()
    for end in ends:
        if not NINES.fullmatch(f"{abs(end):.12g}"):
            continue
        rest = numbers[numbers != end]
        count = len(numbers) - len(rest)
        if count < FEWEST_PLACEHOLDERS or not len(rest):
            continue
        if np.abs(rest - end).min() > rest.max() - rest.min():
            found.append((float(end), count))
    return found


def _date_notes(kept: Sequence[Column]) -> list[Note]:
    notes = []
    dates = [column for column in kept if column.kind == DATE]
    if dates:
        notes.append(read_note("dates", columns=_with_order(dates)))
    if doubtful := [column for column in dates if column.in_doubt]:
        notes.append(note("dates_in_doubt", columns=_with_order(doubtful)))
    for kind, code in ((DURATION, "durations"), (TEXT, "texts")):
        if names := tuple(column.name for column in kept if column.kind == kind):
            notes.append(read_note(code, columns=names))
    return notes


def _category_notes(kept: Sequence[Column], values: Mapping[str, pd.Series]) -> list[Note]:
    """Texts that hardly repeat: a net for spellings that no reader knows."""
    rare = []
    for column in kept:
        if column.kind == CATEGORY:
            present = values[column.name].cat.codes >= 0
            distinct = len(values[column.name].cat.categories)
            if distinct > max(FEW_CATEGORIES, present.sum() / 2):
                rare.append(column.name)
    return [read_note("rare_categories", columns=tuple(rare))] if rare else []


def _with_order(dates: Sequence[Column]) -> tuple[str | Note, ...]:
    return tuple(
        read_note(column.order, column=column.name) if column.ordered else column.name
        for column in dates
    )


def _mark_notes(kept: Sequence[Column], table: Table, context: Context) -> list[Note]:
    """What became of marks such as `?` and `-`, which may be a value or not."""
    missing: list[Note] = []
    categories: list[Note] = []
    for column in kept:
        if column.missing_share > 0:
            missing += mark_cells(column.name, table.data[column.name], column.marks)
        if not set(context.perhaps).isdisjoint(map(str.lower, column.categories)):
            categories += mark_cells(column.name, table.data[column.name], context.perhaps)
    notes = []
    if missing:
        notes.append(read_note("marks_missing", cells=tuple(missing)))
    if categories:
        notes.append(note("marks_kept", cells=tuple(categories)))
    return notes


def mark_cells(name: str, values: pa.ChunkedArray, marks: Sequence[str]) -> list[Note]:
    """A phrase per mark in a column: which, and in how many cells."""
    if not pa.types.is_string(values.type) and not pa.types.is_struct(values.type):
        return []
    texts = as_texts(values)
    marked = pc.is_in(pc.utf8_lower(texts), value_set=pa.array(marks, pa.string()))
    chosen = texts.filter(pc.and_(marked, pc.not_equal(texts, "")))
    return [
        read_note("mark_cells", mark=mark, column=name, count=count)
        for mark, count in value_counts(chosen).items()
    ]
