"""From the input files to what is fitted, scored and predicted."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd
import pyarrow as pa

from choose_columns import ChosenColumns, OddCells, choose_columns, number_columns
from failure import TrainingError
from job_spec import JobSpec
from model_code.columns import TEXT, as_texts, typed
from model_code.notes import Note, listed, note
from model_code.rows import Recipe
from model_code.tables import Table, chunks, look_at, read_table
from model_code.text_scores import TextScores, learn_text_scores
from problem import Problem, decide_problem, missing, typed_target
from reading.csv_head import Expected
from reading.errors import UnreadableError
from reading.names import was_unnamed

MOST_TEXT_COLUMNS = 10


@dataclass(frozen=True)
class Prepared:
    """Typed rows, ready for AutoGluon."""

    problem: Problem
    recipe: Recipe
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

    @property
    def labelled_test(self) -> pd.DataFrame | None:
        """The test rows that can be scored, with their target."""
        if self.test is None or self.test_target is None:
            return None
        known = self.test_target.notna()
        return self.test[known].assign(**{self.recipe.target: self.test_target[known]})


def prepare(spec: JobSpec) -> Prepared:
    """Read, choose, type; raises TrainingError in words."""
    try:
        return _prepare(spec)
    except UnreadableError as error:
        raise TrainingError(str(error)) from error
    finally:
        # Otherwise the whole file stays in memory beside the fit.
        pa.default_memory_pool().release_unused()


def _prepare(spec: JobSpec) -> Prepared:
    table = read_table(spec.train, as_text=[spec.target])
    if spec.target not in table.columns:
        raise TrainingError(f"The file {spec.train.name} has no column {spec.target!r}.")
    notes = list(table.notes)
    table, target = _with_target(table, spec, notes)
    problem = decide_problem(target, spec, decimal_commas=table.head.delimiter == ";")
    expected = Expected(tuple(table.columns), table.head.delimiter)
    chosen = choose_columns(table, target, spec, _row_numbers(table, expected, spec))
    notes += chosen.notes
    goal = typed_target(target, problem)
    rows, scores = _with_text_scores(chosen, goal, problem, notes)
    recipe = Recipe(spec.target, chosen.columns, expected, scores)
    test = read_test(spec, recipe, notes) if spec.test else None
    test_target = None
    if test is not None:
        classes = goal.unique() if problem.has_classes else ()
        test_target = scorable_target(test.target, problem, classes, notes)
    return Prepared(
        problem,
        recipe,
        rows.assign(**{spec.target: goal}),
        test.features if test else None,
        test_target,
        chosen.left_out,
        {path.name: sha256(path) for path in (spec.train, spec.test) if path},
        notes,
    )


def _row_numbers(table: Table, expected: Expected, spec: JobSpec) -> set[str]:
    """Columns without a name that the test file lacks: a program has written row numbers here."""
    if spec.test is None:
        return set()
    present = look_at(spec.test, expected).columns
    named = zip(table.columns, table.head.header, strict=True)
    return {name for name, written in named if was_unnamed(written) and name not in present}


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _with_target(table: Table, spec: JobSpec, notes: list[Note]) -> tuple[Table, "pd.Series[str]"]:
    """The rows whose target is known, and that as texts."""
    target = as_texts(table.data[spec.target]).to_pandas()
    unknown = missing(target).to_numpy()
    if unknown.any():
        notes.append(note("no_target", count=int(unknown.sum()), rows=len(target)))
        table = replace(table, data=table.data.filter(~unknown))
        target = target[~unknown].reset_index(drop=True)
    return table, target


def _with_text_scores(
    chosen: ChosenColumns, goal: pd.Series, problem: Problem, notes: list[Note]
) -> tuple[pd.DataFrame, list[TextScores]]:
    """The rows with scores in the place of free texts."""
    rows = chosen.rows
    learned: list[TextScores] = []
    columns = [column for column in chosen.columns if column.kind == TEXT]
    if unused := [column.name for column in columns[MOST_TEXT_COLUMNS:]]:
        notes.append(note("many_texts", most=MOST_TEXT_COLUMNS, columns=listed(unused)))
        rows = rows.drop(columns=unused)
    for column in columns[:MOST_TEXT_COLUMNS]:
        texts = rows[column.name]
        rows = rows.drop(columns=column.name)
        made = learn_text_scores(column.name, texts, goal, problem.has_classes)
        if made:
            scores, features = made
            learned.append(scores)
            rows = pd.concat([rows, features], axis=1)
    return rows, learned


@dataclass(frozen=True)
class TestRows:
    """All rows of a test file."""

    features: pd.DataFrame
    target: "pd.Series[str] | None"


def read_test(spec: JobSpec, recipe: Recipe, notes: list[Note]) -> TestRows:
    """Read a test file in parts; raises UnreadableError or TrainingError in words."""
    assert spec.test is not None
    head = look_at(spec.test, recipe.expected)
    if lacking := recipe.lacking(head.columns):
        raise TrainingError(
            f"The test file lacks {len(lacking)} of the train file's columns: {listed(lacking)}."
        )
    odd = [OddCells(column) for column in number_columns(recipe.columns)]
    parts, targets, row = [], [], 1
    for part in chunks(spec.test, head, notes):
        values = typed(recipe.columns, part)
        for cells in odd:
            cells.look(part[cells.column.name], values[cells.column.name], row)
        parts.append(recipe.with_scores(values))
        if recipe.target in part.column_names:
            targets.append(as_texts(part[recipe.target]).to_pandas())
        row += part.num_rows
    notes += [cells.note for cells in odd if cells.count]
    target = pd.concat(targets, ignore_index=True) if targets else None
    return TestRows(_joined(parts), target)


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
    written: "pd.Series[str] | None",
    problem: Problem,
    classes: Collection[str],
    notes: list[Note],
) -> pd.Series | None:
    """By row, the target that a model of these classes could know; None when there is none."""
    if written is None:
        return None
    target = typed_target(written, problem)
    if problem.has_classes:
        unseen = target.notna() & ~target.isin(classes)
        if unseen.any():
            names = sorted(target[unseen].unique())
            notes.append(note("unseen_classes", count=int(unseen.sum()), classes=listed(names)))
        target = target.where(~unseen)
    known = int(target.notna().sum())
    if not known:
        return None
    if known < len(target):
        notes.append(note("partly_scored", count=known, rows=len(target)))
    return target
