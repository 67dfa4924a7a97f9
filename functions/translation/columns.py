"""Columns of a CSV translated beside the originals: what is asked for, and the file that comes."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from automl.dataset import MAX_NAME_BYTES
from automl.errors import RefusedError
from automl.files import csv_head
from reading.csv_head import TableHead
from reading.names import plain
from translation.languages import Pair, is_code

FILE_SUFFIX, SETTINGS_SUFFIX = "_translate.csv", "_translate.json"
LARGEST_FILE = 5_000_000
SETTINGS = ("columns", "source", "target")
# A spreadsheet takes a text that begins so for a formula.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t")


@dataclass(frozen=True)
class ColumnsFile:
    """A name, and the keys that belong to it."""

    name: str

    @property
    def key(self) -> str:
        return f"data/{self.name}{FILE_SUFFIX}"

    @property
    def settings_key(self) -> str:
        return f"data/{self.name}{SETTINGS_SUFFIX}"

    @property
    def results_prefix(self) -> str:
        return f"results/{self.name}_translate/"

    @property
    def result_key(self) -> str:
        return f"{self.results_prefix}{self.name}_translated.csv"


@dataclass(frozen=True)
class ColumnsPlan:
    """Which columns of which table go from which language into which."""

    table: TableHead
    columns: tuple[str, ...]
    pair: Pair

    @property
    def texts(self) -> list[str]:
        """Every cell that has to be translated, once."""
        return list(
            dict.fromkeys(
                text
                for column in self.columns
                for text in self.table.values(column)
                if text.strip()
            )
        )


def columns_file_of_key(key: str) -> ColumnsFile | None:
    """The file that an object below data/ belongs to; None when it is none to translate."""
    stem = key.removeprefix("data/")
    for suffix in (FILE_SUFFIX, SETTINGS_SUFFIX):
        name = stem.removesuffix(suffix)
        if stem.endswith(suffix) and name.strip(" .") and "/" not in name:
            return ColumnsFile(name) if len(name.encode()) <= MAX_NAME_BYTES else None
    return None


def plan_columns(file: ColumnsFile, content: bytes, settings: bytes, usual: Pair) -> ColumnsPlan:
    """Look before you translate; raises RefusedError with a sentence for the uploader."""
    if len(content) > LARGEST_FILE:
        raise RefusedError(
            f"The file {file.key} is larger than {LARGEST_FILE // 1_000_000} MB; split it and "
            "upload its parts under names of their own."
        )
    table = csv_head(content, whole=True, key=file.key)
    chosen = _settings(settings, file.settings_key)
    columns = _columns(chosen, table, file)
    codes = [
        _code(chosen, "source", usual.source, file),
        _code(chosen, "target", usual.target, file),
    ]
    if codes[0] == codes[1]:
        raise RefusedError(f"In {file.settings_key}, source and target are the same language.")
    return ColumnsPlan(table, columns, Pair(*codes))


def plan_copy(key: str, content: bytes, columns: Sequence[str], pair: Pair) -> ColumnsPlan:
    """The same for a file of a training set; a column that it lacks is not its business."""
    table = csv_head(content, whole=True, key=key)
    return ColumnsPlan(table, tuple(name for name in columns if name in table.columns), pair)


def translated_csv(plan: ColumnsPlan, translations: Mapping[str, str]) -> str:
    """The table with `<column>_<target>` to the right of each column that was translated.

    Everything else stays as it is, text for text; a cell without a translation is left empty.
    """
    written = io.StringIO()
    rows = csv.writer(written, delimiter=plan.table.delimiter, lineterminator="\r\n")
    added = {plan.table.columns.index(column) for column in plan.columns}
    rows.writerows([title.split(plan.table.delimiter) for title in plan.table.titles])
    rows.writerow(
        _beside(plan.table.header, added, lambda name: f"{plain(name)}_{plan.pair.target}")
    )
    for row in plan.table.rows:
        rows.writerow(_beside(row, added, lambda text: _safe(translations.get(text, ""))))
    return written.getvalue()


def _beside(row: Sequence[str], added: set[int], make: Callable[[str], str]) -> list[str]:
    cells = []
    for number, cell in enumerate(row):
        cells.append(cell)
        if number in added:
            cells.append(make(cell))
    return cells


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text


def _settings(content: bytes, key: str) -> dict[str, object]:
    try:
        chosen = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"The settings file {key} is not valid JSON: {error}.") from error
    if not isinstance(chosen, dict):
        raise RefusedError(f'{key} must hold a JSON object such as {{"columns": ["review"]}}.')
    for name in chosen:
        if name not in SETTINGS:
            raise RefusedError(
                f"The settings file {key} has an unknown setting {name!r}; known are "
                f"{', '.join(SETTINGS)}."
            )
    return chosen


def _columns(chosen: dict[str, object], table: TableHead, file: ColumnsFile) -> tuple[str, ...]:
    names = chosen.get("columns")
    listed = ", ".join(table.columns[:20])
    if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
        raise RefusedError(
            f"In {file.settings_key}, columns must be a list of column names; {file.key} has "
            f"{listed}."
        )
    for name in map(plain, names):
        if name not in table.columns:
            raise RefusedError(f"{file.key} has no column {name!r}; it has {listed}.")
    return tuple(dict.fromkeys(map(plain, names)))


def _code(chosen: dict[str, object], name: str, usual: str, file: ColumnsFile) -> str:
    code = chosen.get(name, usual)
    if not isinstance(code, str) or not is_code(code):
        raise RefusedError(
            f"In {file.settings_key}, {name} must be a language code such as en, de or zh-TW."
        )
    return code
