"""A document to translate: what is asked for, and the document that comes."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.errors import RefusedError
from reading.bounded import bounded
from reading.errors import UnreadableError, in_file
from translation.columns import ColumnsFile, chosen_pair, require_size
from translation.documents import FORMATS, read_document
from translation.formats import Format
from translation.languages import Pair

SETTINGS = ("source", "target", "max_cost_usd")
EXAMPLE = '{"source": "en", "target": "de"}'


@dataclass(frozen=True)
class DocumentPlan:
    """Which document goes from which language into which."""

    file: ColumnsFile
    content: bytes = field(repr=False)
    texts: list[str] = field(repr=False)
    """Each once."""
    pair: Pair

    @property
    def written_in(self) -> Format:
        return FORMATS[self.file.ending]

    @property
    def chosen(self) -> tuple[str, ...]:
        """What of the file is translated: all of it, as its kind is read."""
        return (f"document{self.file.ending}",)


def plan_document(file: ColumnsFile, content: bytes, settings: bytes, usual: Pair) -> DocumentPlan:
    """Look before you translate; raises RefusedError with a sentence for the uploader."""
    require_size(file, content)
    pair = chosen_pair(file, settings, usual, SETTINGS, EXAMPLE)
    texts = _in_child(file, lambda: read_document(content, file.ending).texts)
    return DocumentPlan(file, content, texts, pair)


def translated_document(plan: DocumentPlan, translations: Mapping[str, str]) -> bytes:
    """The document with its translations; raises RefusedError."""

    def written() -> str:
        document = read_document(plan.content, plan.file.ending)
        return b64encode(document.translated(translations)).decode()

    return b64decode(_in_child(plan.file, written))


def _in_child(file: ColumnsFile, read: Callable[[], object]) -> Any:
    def named() -> object:
        with in_file(file.key):
            return read()

    try:
        return bounded(file.key, named)
    except UnreadableError as error:
        raise RefusedError(error.message) from error
