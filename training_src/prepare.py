"""From the input files to what is fitted, scored and predicted."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from check_reading import check_reading
from choose_columns import (
    ChosenColumns,
    choose_columns,
    context_of,
    mark_cells,
    placeholders,
)
from contract.messages import message
from failure import TrainingError
from job_spec import JobSpec
from model_code.cell_checks import CellChecks
from model_code.cells import as_texts, has_points
from model_code.column_decisions import Context
from model_code.columns import typed
from model_code.dates import needs_order
from model_code.notes import Note, note, read_note
from model_code.preprocessor import Preprocessor
from model_code.tables import Table, chunks, look_at, read_table
from model_code.text_scores import Fold, TextScores, learn_text_scores
from problem import Problem, class_labels, decide_problem, missing, typed_target
from reading.column import TEXT
from reading.csv_head import Expected, expected_like
from reading.errors import UnreadableError
from reading.identifiers import is_row_name
from reading.numbers import PLAIN_NUMBERS, parse_number
from splits import Structure
from structure import folds_of_texts, read_structure
from suspected_structure import still_suspected, suspects_of

MOST_TEXT_COLUMNS = 10
ROWS_OF_HEAD = 1000


@dataclass(frozen=True)
class Prepared:
    """Typed rows, ready for AutoGluon."""

    problem: Problem
    preprocessor: Preprocessor
    """How any row becomes features."""
    rows: pd.DataFrame
    """Train: features, and the target as the last column."""
    test: pd.DataFrame | None
    """Features of all test rows."""
    test_target: pd.Series | None
    """By test row; missing where it is unknown. None when no row has one."""
    left_out: dict[str, str]
    sha256: dict[str, str]
    """Of the files."""
    notes: list[Note] = field(default_factory=list)
    structure: Structure | None = None
    """Which train rows belong together; None when every row stands alone."""
    test_structure: Structure | None = None
    """The same of test rows; None where the test file does not tell."""
    test_groups: int | None = None
    """How many groups the test file has; None where it does not tell, or rows stand alone."""
    suspects: Sequence[Structure] = ()
    """What rows may have in common although no setting says so."""
    places: np.ndarray | None = None
    """Which row of the train file each row is, from 0 on; None where that is not known."""

    @property
    def labelled_test(self) -> pd.DataFrame | None:
        """The test rows that can be scored, with their target."""
        if self.test is None or self.test_target is None:
            return None
        known = self.test_target.notna()
        return self.test[known].assign(**{self.preprocessor.target: self.test_target[known]})


def prepare(spec: JobSpec) -> Prepared:
    """Read, choose, type; raises TrainingError with a message."""
    try:
        return _prepare(spec)
    except UnreadableError as error:
        raise TrainingError(error.message) from error
    finally:
        # Otherwise the whole file stays in memory beside the fit.
        pa.default_memory_pool().release_unused()


def _prepare(spec: JobSpec) -> Prepared:
    table = read_table(spec.train, spec.encoding)
    if spec.target not in table.columns:
        raise TrainingError(
            message("target.not_found", column=spec.target, columns=tuple(table.columns))
        )
    notes = list(table.notes)
    expected = expected_like(table.head)
    context = context_of(table, spec, lambda name: _test_values(name, spec, expected))
    target = as_texts(table.data[spec.target]).to_pandas()
    problem = decide_problem(target, spec, context)
    table, goal, target, places = _with_target(table, target, problem, spec, context.points, notes)
    notes += _target_notes(table, goal, problem, context, spec)
    beside = read_structure(table, spec, context, notes)
    structure = None if beside is None else beside.structure
    chosen = choose_columns(table, target, spec, context, _row_numbers(table, expected, spec))
    notes += chosen.notes
    check_reading(chosen.columns, chosen.values, table, expected)
    suspects = suspects_of(table, chosen, spec, context)
    # All cells of the file, half of the memory so far: nothing needs them any more.
    del table
    pa.default_memory_pool().release_unused()
    folds = None if structure is None else folds_of_texts(goal, problem, structure)
    preprocessor, rows = _with_text_scores(
        chosen, goal, problem, expected, spec.target, folds, notes
    )
    rows[spec.target] = goal
    aside = [name for name in (spec.group_column, spec.time_column) if name]
    aside += [name for one in suspects for name in one.columns]
    test = read_test(spec, preprocessor, notes, aside) if spec.test else None
    suspects = still_suspected(suspects, test.beside if test else None, chosen, context)
    test_target = test_structure = test_groups = None
    if test is not None:
        test_target = scorable_target(test.target, problem, notes)
        test_groups = None if beside is None else beside.count_groups(test.beside)
        if beside is not None and test_target is not None:
            test_structure, test_target = beside.apart(test_target, test.beside, notes)
    return Prepared(
        problem,
        preprocessor,
        rows,
        test.features if test else None,
        test_target,
        chosen.left_out,
        {path.name: sha256(path) for path in (spec.train, spec.test) if path},
        notes,
        structure,
        test_structure,
        test_groups,
        suspects,
        places,
    )


def _test_values(name: str, spec: JobSpec, expected: Expected) -> list[str]:
    """The distinct texts of a column in the test file; none where there is no such file."""
    if spec.test is None:
        return []
    head = look_at(spec.test, expected)
    # A head of dates with the year in front says that there is nothing to settle.
    if name not in head.columns or not any(map(_may_settle, head.values(name)[:ROWS_OF_HEAD])):
        return []
    found = set[str]()
    for part in chunks(spec.test, head):
        found.update(pc.unique(as_texts(part[name])).to_pylist())
    return sorted(found)


def _may_settle(text: str) -> bool:
    """Whether a cell may say how dates or percentages of its column are written."""
    return needs_order(text) or not np.isnan(parse_number(text, PLAIN_NUMBERS))


def _row_numbers(table: Table, expected: Expected, spec: JobSpec) -> set[str]:
    """Columns that the test file lacks and that only name their rows, or have no name."""
    if spec.test is None:
        return set()
    present = look_at(spec.test, expected).columns
    named = zip(table.columns, table.head.header, strict=True)
    return {
        name
        for name, written in named
        if name not in present and is_row_name(written, table.head.values(name))
    }


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _with_target(
    table: Table,
    written: "pd.Series[str]",
    problem: Problem,
    spec: JobSpec,
    points: bool,
    notes: list[Note],
) -> tuple[Table, pd.Series, "pd.Series[str]", np.ndarray]:
    """The rows whose target is known, that target typed, and as texts, and which rows those are."""
    empty = missing(written, problem.marks, problem.style).to_numpy()
    if problem.has_classes:
        labels = class_labels(written[~empty], spec.merge_classes)
        written_so = {text.strip() for text in written[~empty].unique()}
        if spec.merge_classes and (merged := sorted(written_so - set(labels.unique()))):
            notes.append(note("classes_merged", classes=tuple(merged)))
        goal = labels.reindex(written.index)
        unread = empty & False
    else:
        goal = typed_target(written, problem, points)
        unread = goal.isna().to_numpy() & ~empty
    if empty.any():
        notes.append(note("no_target", count=int(empty.sum()), rows=len(written)))
        texts = pa.chunked_array([pa.array(written[empty], pa.string())])
        if cells := mark_cells(spec.target, texts, problem.marks):
            notes.append(read_note("marks_missing", cells=tuple(cells)))
    if unread.any():
        example = repr(written[unread].iloc[0])
        notes.append(note("target_unread", count=int(unread.sum()), example=example))
    left_out = empty | unread
    if left_out.any():
        table = replace(table, data=table.data.filter(pa.array(~left_out)))
        goal, written = (part[~left_out].reset_index(drop=True) for part in (goal, written))
    return table, goal, written, np.flatnonzero(~left_out)


def _target_notes(
    table: Table, goal: pd.Series, problem: Problem, context: Context, spec: JobSpec
) -> list[Note]:
    """Marks such as `None` that are classes of their own, and numbers such as -999."""
    if not problem.has_classes:
        found = [
            read_note("mark_cells", mark=f"{number:.0f}", column=spec.target, count=count)
            for number, count in placeholders(goal)
        ]
        return [note("placeholders", cells=tuple(found))] if found else []
    cells = mark_cells(spec.target, table.data[spec.target], context.perhaps)
    return [note("marks_kept", cells=tuple(cells))] if cells else []


def _with_text_scores(
    chosen: ChosenColumns,
    goal: pd.Series,
    problem: Problem,
    expected: Expected,
    target: str,
    folds: Sequence[Fold] | None,
    notes: list[Note],
) -> tuple[Preprocessor, pd.DataFrame]:
    """How rows become features, and the features of train."""
    learned: list[TextScores] = []
    made: dict[str, pd.DataFrame] = {}
    columns = [column for column in chosen.columns if column.kind == TEXT]
    if unused := [column.name for column in columns[MOST_TEXT_COLUMNS:]]:
        notes.append(note("many_texts", most=MOST_TEXT_COLUMNS, columns=tuple(unused)))
    for column in columns[:MOST_TEXT_COLUMNS]:
        found = learn_text_scores(
            column.name, chosen.values[column.name], goal, problem.has_classes, folds
        )
        if found:
            learned.append(found[0])
            made[column.name] = found[1]
    preprocessor = Preprocessor(target, chosen.columns, expected, learned)
    return preprocessor, preprocessor.made_from(chosen.values, made)


@dataclass(frozen=True)
class WrittenTarget:
    """The target of all rows of a file."""

    texts: "pd.Series[str]"
    points: bool
    """Whether `.` marks decimals in this file, whatever train writes."""


@dataclass(frozen=True)
class TestRows:
    """All rows of a test file."""

    features: pd.DataFrame
    target: WrittenTarget | None
    beside: pa.Table
    """The cells of the columns that say which rows belong together, where the file has them."""


def written_target(parts: Iterable[pa.Table], name: str) -> WrittenTarget | None:
    """The target that the parts of a file tell; None when they have no such column."""
    texts, points = [], False
    for part in parts:
        if name in part.column_names:
            texts.append(as_texts(part[name]).to_pandas())
            points = points or has_points(part, name)
    return WrittenTarget(pd.concat(texts, ignore_index=True), points) if texts else None


def read_test(
    spec: JobSpec, preprocessor: Preprocessor, notes: list[Note], aside: Sequence[str] = ()
) -> TestRows:
    """Read a test file in parts; raises UnreadableError or TrainingError with a message.

    `aside`: columns whose cells are kept too.
    """
    assert spec.test is not None
    head = look_at(spec.test, preprocessor.expected)
    if lacking := preprocessor.lacking(head.columns):
        raise TrainingError(message("data.test_lacks", count=len(lacking), columns=tuple(lacking)))
    checks = CellChecks(preprocessor.columns)
    parts, targets, beside = [], [], []
    for part in chunks(spec.test, head, notes):
        values = typed(preprocessor.columns, part)
        checks.add(part, values)
        parts.append(preprocessor.made_from(values))
        # A slice, and not the other columns, is kept.
        targets.append(part.select([n for n in part.column_names if n == preprocessor.target]))
        beside.append(part.select([n for n in part.column_names if n in aside]))
    notes += checks.notes()
    target = written_target(targets, preprocessor.target)
    return TestRows(_joined(parts), target, pa.concat_tables(beside, promote_options="permissive"))


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Categories differ from part to part, and pandas would make objects of them."""
    if len(parts) == 1:
        return parts[0]
    for name in parts[0].columns[parts[0].dtypes == "category"]:
        every = pd.api.types.union_categoricals([part[name] for part in parts]).categories
        for part in parts:
            part[name] = part[name].cat.set_categories(every)
    return pd.concat(parts, ignore_index=True)


def scorable_target(
    written: WrittenTarget | None, problem: Problem, notes: list[Note]
) -> pd.Series | None:
    """By row, the target that the model could know; None when there is none."""
    if written is None:
        return None
    target = typed_target(written.texts, problem, written.points)
    if problem.has_classes:
        unseen = target.notna() & ~target.isin(problem.classes)
        if unseen.any():
            names = sorted(target[unseen].unique())
            notes.append(note("unseen_classes", count=int(unseen.sum()), classes=tuple(names)))
        target = target.where(~unseen)
    else:
        unread = target.isna() & ~missing(written.texts, problem.marks, problem.style)
        if unread.any():
            example = repr(written.texts[unread].iloc[0])
            notes.append(note("test_target_unread", count=int(unread.sum()), example=example))
    known = int(target.notna().sum())
    if not known:
        return None
    if known < len(target):
        notes.append(note("partly_scored", count=known, rows=len(target)))
    return target
