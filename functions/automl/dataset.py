"""The dataset that an upload below data/ belongs to."""

import re
import unicodedata
from dataclasses import dataclass

from contract.layout import DATA, MAX_NAME_BYTES, QUERY_ENDING, results_prefix
from contract.messages import Message, message
from pipeline.errors import MisnamedError
from reading.head import ENDINGS

TRAIN_SUFFIXES = tuple(f"_train{ending}" for ending in (*ENDINGS, QUERY_ENDING))
TEST_SUFFIXES = tuple(f"_test{ending}" for ending in (*ENDINGS, QUERY_ENDING))
SETTINGS_SUFFIX = ".json"
TABLE = re.compile(r"_(train|test|translate)(?P<ending>(\.[a-z0-9]+)+)$", re.IGNORECASE)
# Ending of a table that is not read → what to do instead.
INSTEAD = {
    **dict.fromkeys((".xls", ".xlsm", ".xlsb", ".ods", ".numbers"), message("instead.xlsx")),
    **dict.fromkeys((".tsv", ".tab", ".txt", ".dat"), message("instead.csv")),
    **dict.fromkeys((".gz", ".gzip", ".tgz", ".tar.gz"), message("instead.csv_gz")),
    **dict.fromkeys(
        (".zip", ".csv.zip", ".7z", ".rar", ".bz2", ".csv.bz2", ".xz", ".csv.xz", ".zst"),
        message("instead.unpack"),
    ),
    **dict.fromkeys((".pq", ".parq"), message("instead.parquet")),
}


@dataclass(frozen=True)
class Dataset:
    """A name, and the keys that belong to it."""

    name: str

    @property
    def train_keys(self) -> tuple[str, ...]:
        """Where its train file may be; the newest counts."""
        return tuple(f"{DATA}{self.name}{suffix}" for suffix in TRAIN_SUFFIXES)

    @property
    def test_keys(self) -> tuple[str, ...]:
        """Where its test file may be; the newest counts."""
        return tuple(f"{DATA}{self.name}{suffix}" for suffix in TEST_SUFFIXES)

    @property
    def settings_key(self) -> str:
        return f"{DATA}{self.name}{SETTINGS_SUFFIX}"

    @property
    def alike(self) -> tuple["Dataset", ...]:
        """Those whose names look the same: macOS stores accents and Hangul in another way."""
        names = {unicodedata.normalize(form, self.name) for form in ("NFC", "NFD")}
        return tuple(map(Dataset, sorted(names - {self.name})))

    @property
    def results_prefix(self) -> str:
        return results_prefix(self.name)


def dataset_of_key(key: str) -> Dataset | None:
    """The dataset that an object below data/ belongs to; None for a folder marker.

    Raises MisnamedError with a sentence for the uploader.
    """
    if key.endswith("/"):
        return None
    name = _name_of(key)
    _require_plain_name(name, key)
    return Dataset(name)


def _name_of(key: str) -> str:
    stem = key.removeprefix(DATA)
    for suffix in (*TRAIN_SUFFIXES, *TEST_SUFFIXES, SETTINGS_SUFFIX):
        if stem.endswith(suffix):
            return stem.removesuffix(suffix)
    raise MisnamedError(_unreadable_name(stem, key))


def _unreadable_name(stem: str, key: str) -> Message:
    """How to name it, or how to save a table of a kind that is not read."""
    found = TABLE.search(stem)
    if found is None:
        return message("name.unknown", key=key, endings=ENDINGS[1:])
    if found[1].lower() == "translate":
        return message("name.translate_csv_only", key=key)
    ending = found["ending"].lower()
    if ending in ENDINGS:
        return message("name.upper_case", key=key, ending=f"_{found[1].lower()}{ending}")
    instead = INSTEAD.get(ending, message("instead.supported"))
    return message("name.unknown_kind", key=key, endings=ENDINGS, instead=instead)


def _require_plain_name(name: str, key: str) -> None:
    if wrong := _wrong_name(name):
        raise MisnamedError(message(wrong, key=key, bytes=MAX_NAME_BYTES))


def _wrong_name(name: str) -> str | None:
    """The code of what is wrong with the name of a dataset."""
    if "/" in name:
        return "name.folder"
    if not name.strip(" .") or name != name.strip():
        return "name.blank"
    if name.endswith("_translate"):
        return "name.translate_reserved"
    if name == "_refused":
        return "name.refused_reserved"
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
        return "name.control_character"
    return "name.too_long" if len(name.encode()) > MAX_NAME_BYTES else None
