"""Columns of a CSV translated beside the originals: what is asked for, and the file that comes."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from contract.layout import DATA, MAX_NAME_BYTES, results_prefix
from contract.messages import message
from contract.spreadsheet import safe, safe_row
from pipeline.errors import RefusedError
from pipeline.files import csv_head
from pipeline.settings import (
    Settings,
    apply_settings,
    in_settings_file,
    parse_object,
    require_setting,
    wrong,
)
from reading.csv_head import TableHead
from reading.names import plain
from translation.documents import ENDINGS
from translation.formats import Format
from translation.languages import Pair, is_code

FILE_SUFFIX, SETTINGS_SUFFIX = "_translate", "_translate.json"
TABLE = ".csv"
LARGEST_FILE = 5_000_000
SETTINGS = ("columns", "source", "target", "max_cost_usd")
EXAMPLE = '{"columns": ["review"]}'


@dataclass(frozen=True)
class ColumnsFile:
    """A table or document to translate: a name, and the keys that belong to it."""

    name: str
    ending: str = TABLE

    @property
    def key(self) -> str:
        return f"{DATA}{self.name}{FILE_SUFFIX}{self.ending}"

    @property
    def keys(self) -> tuple[str, ...]:
        """Where a file of this name may be, of whatever kind."""
        return tuple(replace(self, ending=ending).key for ending in (TABLE, *ENDINGS))

    @property
    def is_table(self) -> bool:
        return self.ending == TABLE

    @property
    def settings_key(self) -> str:
        return f"{DATA}{self.name}{SETTINGS_SUFFIX}"

    @property
    def results_prefix(self) -> str:
        return results_prefix(f"{self.name}_translate")

    @property
    def result_key(self) -> str:
        return f"{self.results_prefix}{self.name}_translated{self.ending}"


@dataclass(frozen=True)
class ColumnsPlan:
    """Which columns of which table go from which language into which."""

    table: TableHead
    columns: tuple[str, ...]
    pair: Pair

    @property
    def written_in(self) -> Format:
        return "text"

    @property
    def chosen(self) -> tuple[str, ...]:
        """What of the file is translated."""
        return self.columns

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
    stem = key.removeprefix(DATA) if key.startswith(DATA) else ""
    for suffix in (SETTINGS_SUFFIX, *(f"{FILE_SUFFIX}{one}" for one in (TABLE, *ENDINGS))):
        name = stem.removesuffix(suffix)
        if stem.endswith(suffix) and name.strip(" .") and "/" not in name:
            ending = TABLE if suffix == SETTINGS_SUFFIX else suffix.removeprefix(FILE_SUFFIX)
            return ColumnsFile(name, ending) if len(name.encode()) <= MAX_NAME_BYTES else None
    return None


def require_size(file: ColumnsFile, content: bytes) -> None:
    """Raises RefusedError for a file that is too large."""
    if len(content) > LARGEST_FILE:
        size = message("columns.too_large", megabytes=LARGEST_FILE // 1_000_000)
        raise RefusedError(message("file.unreadable", file=file.key, reason=size))


def chosen_pair(
    file: ColumnsFile, settings: bytes, usual: Pair, known: Sequence[str], example: str
) -> Pair:
    """The languages in a settings file; raises RefusedError, also for settings of other names."""
    with in_settings_file(file.settings_key):
        return _pair(_settings(settings, known, example), usual)


def plan_columns(file: ColumnsFile, content: bytes, settings: bytes, usual: Pair) -> ColumnsPlan:
    """Look before you translate; raises RefusedError with a sentence for the uploader."""
    require_size(file, content)
    table = csv_head(content, whole=True, key=file.key)
    with in_settings_file(file.settings_key):
        chosen = _settings(settings, SETTINGS, EXAMPLE)
        return ColumnsPlan(table, _columns(chosen, table, file.key), _pair(chosen, usual))


def columns_cap(file: ColumnsFile, settings: bytes, stack: Settings) -> float:
    """The most that translating the file may cost, in US dollars; raises RefusedError."""
    with in_settings_file(file.settings_key):
        chosen = parse_object(settings, EXAMPLE)
        asked = {name: chosen[name] for name in ("max_cost_usd",) if name in chosen}
        return apply_settings(stack, asked).max_cost_usd


def plan_copy(key: str, content: bytes, columns: Sequence[str], pair: Pair) -> ColumnsPlan:
    """The same for a file of a training set; a column that it lacks is not its business."""
    table = csv_head(content, whole=True, key=key)
    return ColumnsPlan(table, tuple(name for name in columns if name in table.columns), pair)


def translated_csv(
    plan: ColumnsPlan, translations: Mapping[str, str], for_people: bool = True
) -> str:
    """The table with `<column>_<target>` to the right of each column that was translated.

    A cell without a translation is left empty. For people, no cell and no name is a formula; for a
    training job all that was in the file stays as it is, text for text.
    """
    guard = safe_row if for_people else list[object]
    written = io.StringIO()
    rows = csv.writer(written, delimiter=plan.table.delimiter, lineterminator="\r\n")
    added = {plan.table.columns.index(column) for column in plan.columns}
    rows.writerows(guard(title.split(plan.table.delimiter)) for title in plan.table.titles)
    rows.writerow(
        guard(_beside(plan.table.header, added, lambda name: f"{plain(name)}_{plan.pair.target}"))
    )
    for row in plan.table.rows:
        rows.writerow(guard(_beside(row, added, lambda text: safe(translations.get(text, "")))))
    return written.getvalue()


def _beside(row: Sequence[str], added: set[int], make: Callable[[str], str]) -> list[str]:
    cells = []
    for number, cell in enumerate(row):
        cells.append(cell)
        if number in added:
            cells.append(make(cell))
    return cells


def _settings(content: bytes, known: Sequence[str], example: str) -> dict[str, object]:
    chosen = parse_object(content, example)
    for name in chosen:
        require_setting(name, known)
    return chosen


def _pair(chosen: dict[str, object], usual: Pair) -> Pair:
    source = _code(chosen, "source", usual.source)
    target = _code(chosen, "target", usual.target)
    if source == target:
        raise RefusedError(message("settings.same_language"))
    return Pair(source, target)


def _columns(chosen: dict[str, object], table: TableHead, key: str) -> tuple[str, ...]:
    names = chosen.get("columns")
    if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
        raise RefusedError(message("columns.not_named", file=key, columns=table.columns))
    for name in map(plain, names):
        if name not in table.columns:
            raise RefusedError(message("columns.no_column", column=name, columns=table.columns))
    return tuple(dict.fromkeys(map(plain, names)))


def _code(chosen: dict[str, object], name: str, usual: str) -> str:
    code = chosen.get(name, usual)
    if not isinstance(code, str) or not is_code(code):
        raise wrong(name, code, message("want.language_code"))
    return code
