"""What tests ask of messages: their codes, values and language, never their words."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from contract.messages import Message, message_from_json
from pipeline.status import Status

# What stays as it is in every language: commands and names of formats.
NAMES = ("codefree predict", "JSON Lines", "aws sso login")
# Three words of Latin letters in a row are a sentence, or the beginning of one.
SENTENCE = re.compile(r"(?:\b[A-Za-z][a-z']+ ){2,}[A-Za-z][a-z']+")


def english(text: str) -> list[str]:
    """The English sentences in a text."""
    for name in NAMES:
        text = text.replace(name, "")
    return SENTENCE.findall(text)


@contextmanager
def raises(error: type[Exception], code: str, **values: Any) -> Iterator[None]:
    """The block must raise this error with a message of this code that holds these values."""
    with pytest.raises(error) as caught:
        yield
    root: Message = caught.value.message.root  # type: ignore[attr-defined]
    assert root.code == code
    assert {name: root.values[name] for name in values} == values


def codes(status: Status) -> list[str]:
    """The codes of all that a status says, reasons included."""
    said = (status.headline, *status.details, *status.notes, *status.next)
    return [code for one in said for code in _codes(one)]


def said(status: Status, code: str) -> Message:
    """The one message of this code in a status."""
    said = (status.headline, *status.details, *status.notes, *status.next)
    (found,) = [one for one in said if one.code == code]
    return found


def _codes(message: Message) -> Iterator[str]:
    yield message.code
    for value in message.values.values():
        for inner in value if isinstance(value, tuple) else (value,):
            if isinstance(inner, Message):
                yield from _codes(inner)


def codes_in(written: Mapping[str, Any]) -> list[str]:
    """The codes of all that a status.json says."""
    messages = written["messages"]
    listed = [*messages["details"], *messages["notes"], *messages["next"]]
    return [
        code for one in (messages["headline"], *listed) for code in _codes(message_from_json(one))
    ]


def notes_by_code(performance: Mapping[str, Any]) -> dict[str, Message]:
    """What a job has noted, by code."""
    found = map(message_from_json, performance["notes"])
    return {note.code: note for note in found}
