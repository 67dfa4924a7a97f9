"""What an S3 key means: the only place that knows the layout of the bucket."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from typing import Protocol

from automl.errors import RefusedError

TRAIN_SUFFIX, TEST_SUFFIX, SETTINGS_SUFFIX = "_train.csv", "_test.csv", ".json"
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
    def results_prefix(self) -> str: ...


@dataclass(frozen=True)
class Dataset:
    """A name, and the keys that belong to it."""

    name: str

    @property
    def train_key(self) -> str:
        return f"data/{self.name}{TRAIN_SUFFIX}"

    @property
    def train_keys(self) -> tuple[str, ...]:
        """Where its train file may be."""
        return (self.train_key,)

    @property
    def test_key(self) -> str:
        return f"data/{self.name}{TEST_SUFFIX}"

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
    for suffix in (TRAIN_SUFFIX, TEST_SUFFIX, SETTINGS_SUFFIX):
        if stem.endswith(suffix):
            return stem.removesuffix(suffix)
    raise MisnamedError(
        f"The file {key!r} was left alone: name it data/<name>{TRAIN_SUFFIX} to train a model, "
        f"data/<name>{TEST_SUFFIX} to get predictions, data/<name>.json for settings, or "
        "data/<name>_translate.csv to have columns translated."
    )


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
