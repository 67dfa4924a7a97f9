"""What an S3 key means: the only place that knows the layout of the bucket."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from typing import Protocol

from automl.errors import RefusedError
from reading.head import ENDINGS

TRAIN_SUFFIXES = tuple(f"_train{ending}" for ending in ENDINGS)
TEST_SUFFIXES = tuple(f"_test{ending}" for ending in ENDINGS)
SETTINGS_SUFFIX = ".json"
TABLE = re.compile(r"_(train|test|translate)(?P<ending>(\.[a-z0-9]+)+)$", re.IGNORECASE)
# Ending of a table that is not read → what to do instead.
INSTEAD = {
    **dict.fromkeys((".xls", ".xlsm", ".xlsb", ".ods", ".numbers"), "save it as .xlsx"),
    **dict.fromkeys((".tsv", ".tab", ".txt", ".dat"), "end its name with .csv, tabs may stay"),
    **dict.fromkeys((".gz", ".gzip", ".tgz", ".tar.gz"), "pack the CSV alone as .csv.gz"),
    **dict.fromkeys(
        (".zip", ".csv.zip", ".7z", ".rar", ".bz2", ".csv.bz2", ".xz", ".csv.xz", ".zst"),
        "unpack it, or pack the CSV with gzip",
    ),
    **dict.fromkeys((".pq", ".parq"), "end its name with .parquet"),
}
# `<name>_model_performance.txt` must fit into the 255 bytes of a Linux file name.
MAX_NAME_BYTES = 200
SLUG_LENGTH = 40


class MisnamedError(RefusedError):
    """Raised when a key below data/ cannot belong to a dataset."""


class Named(Protocol):
    """What has a status of its own in the bucket."""

    @property
    def name(self) -> str: ...

    @property
    def train_keys(self) -> tuple[str, ...]: ...

    @property
    def results_prefix(self) -> str: ...


@dataclass(frozen=True)
class Dataset:
    """A name, and the keys that belong to it."""

    name: str

    @property
    def train_keys(self) -> tuple[str, ...]:
        """Where its train file may be; the newest counts."""
        return tuple(f"data/{self.name}{suffix}" for suffix in TRAIN_SUFFIXES)

    @property
    def test_keys(self) -> tuple[str, ...]:
        """Where its test file may be; the newest counts."""
        return tuple(f"data/{self.name}{suffix}" for suffix in TEST_SUFFIXES)

    @property
    def settings_key(self) -> str:
        return f"data/{self.name}{SETTINGS_SUFFIX}"

    @property
    def results_prefix(self) -> str:
        return f"results/{self.name}/"


def dataset_of_key(key: str) -> Dataset | None:
    """The dataset that an object below data/ belongs to; None for a folder marker.

    Raises MisnamedError with a sentence for the uploader.
    """
    if key.endswith("/"):
        return None
    name = _name_of(key)
    _require_plain_name(name, key)
    return Dataset(name)


def refusal_prefix(key: str) -> str:
    """Where the status of a misnamed key goes: a prefix made of safe characters only."""
    digest = hashlib.sha256(key.encode(errors="replace")).hexdigest()[:12]
    return f"results/_refused/{slug(key.rsplit('/', 1)[-1])}-{digest}/"


def slug(name: str) -> str:
    """ASCII letters, digits and single hyphens, at most 40; `dataset` when nothing is left."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    hyphened = re.sub(r"[^A-Za-z0-9]+", "-", ascii_name).strip("-")
    return hyphened[:SLUG_LENGTH].strip("-") or "dataset"


def _name_of(key: str) -> str:
    stem = key.removeprefix("data/")
    for suffix in (*TRAIN_SUFFIXES, *TEST_SUFFIXES, SETTINGS_SUFFIX):
        if stem.endswith(suffix):
            return stem.removesuffix(suffix)
    raise MisnamedError(f"The file {key!r} was left alone: {_what_to_do(stem)}")


def _what_to_do(stem: str) -> str:
    """How to name it, or how to save what is no table that is read."""
    found = TABLE.search(stem)
    if found is None:
        return (
            "name it data/<name>_train.csv to train a model, data/<name>_test.csv to get "
            f"predictions ({', '.join(ENDINGS[1:])} are read, too), data/<name>.json for settings, "
            "or data/<name>_translate.csv to have columns translated."
        )
    if found[1].lower() == "translate":
        return "columns are translated in CSV files only; save it as data/<name>_translate.csv."
    ending = found["ending"].lower()
    if ending in ENDINGS:
        return f"write the end of its name in small letters, _{found[1].lower()}{ending}."
    instead = INSTEAD.get(ending, "save it as one of these")
    return f"tables that are read end in {', '.join(ENDINGS)}; {instead} and upload it again."


def _require_plain_name(name: str, key: str) -> None:
    if "/" in name:
        raise MisnamedError(
            f"The file {key!r} was left alone: put it directly into data/, not into a folder."
        )
    if not name.strip(" .") or name != name.strip():
        raise MisnamedError(
            f"The file {key!r} was left alone: its name is blank or begins or ends with a space; "
            "rename it."
        )
    if name.endswith("_translate"):
        raise MisnamedError(
            f"The file {key!r} was left alone: names that end with _translate are for files to "
            "translate; rename it."
        )
    if name == "_refused":
        raise MisnamedError(
            f"The file {key!r} was left alone: the name _refused is taken; rename it."
        )
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
        raise MisnamedError(
            f"The file {key!r} was left alone: its name holds a control character; rename it."
        )
    if len(name.encode()) > MAX_NAME_BYTES:
        raise MisnamedError(
            f"The file {key!r} was left alone: its name is longer than {MAX_NAME_BYTES} bytes; "
            "shorten it."
        )
