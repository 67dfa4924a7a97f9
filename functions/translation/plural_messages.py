"""ICU's MessageFormat: `{count, plural, one {# file} other {# files}} found`.

Each way in which a message can read is translated as a whole sentence: half sentences would not fit
into each other in another language. So `found` moves into both ways.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

_CHOICE = re.compile(
    r"\{\s*(?P<name>[\w.-]+)\s*,\s*(?P<decides>plural|select|selectordinal)\s*,"
    r"(?P<offset>\s*offset\s*:\s*\d+(?=\s))?"
)
_WAY = re.compile(r"\s*(?:=\d+|[\w-]+)\s*\{")
_END = re.compile(r"\s*\}")
_SIGN = re.compile(r"[{}]|'[{}#|][^']*+(?:'|$)")
# With more, the ways stay where they are.
MOST_WAYS = 24
DEEPEST = 5
# A protected span, as `#` alone is none.
NUMBER = "{#}"


@dataclass(frozen=True)
class Choice:
    """An argument that decides between texts."""

    head: str
    """`{count, plural,`"""
    name: str
    counts: bool
    """Whether `#` stands for its number."""
    ways: tuple[tuple[str, "Parts"], ...]
    """What is written before a text, and the text."""
    end: str


Parts = tuple[str | Choice, ...]


class _NotWellFormedError(Exception):
    """Raised where a brace has no other half."""


def message_of(text: str) -> Parts | None:
    """What a text chooses between; None for any other text, or one that is not well formed."""
    if not _CHOICE.search(text):
        return None
    try:
        parts, end = _parts(text, 0, 0)
    except _NotWellFormedError:
        return None
    if end < len(text):
        return None
    return _widened(parts) if _ways(parts) <= MOST_WAYS and not _has_offset(parts) else parts


def sentences_of(parts: Parts) -> list[str]:
    """Each way in which the message can read, in the order in which `put_together` takes them."""
    return [text.replace("#", NUMBER) for text in _texts(parts)]


def put_together(parts: Parts, translations: Sequence[str]) -> str:
    """The message whose ways read like these translations."""
    return _written(parts, iter([one.replace(NUMBER, "#") for one in translations]))


def _parts(text: str, at: int, depth: int) -> tuple[Parts, int]:
    """The parts up to the brace that closes them, and where that is."""
    if depth > DEEPEST:
        raise _NotWellFormedError
    parts: list[str | Choice] = []
    began = at
    while sign := _SIGN.search(text, at):
        if sign.group() == "}":
            if depth == 0:
                raise _NotWellFormedError
            return (*parts, text[began : sign.start()]), sign.start()
        if sign.group() != "{":
            at = sign.end()
        elif choice := _CHOICE.match(text, sign.start()):
            parts.append(text[began : sign.start()])
            found, at = _choice(text, choice, depth)
            parts.append(found)
            began = at
        else:
            at = _argument(text, sign.end())
    if depth:
        raise _NotWellFormedError
    return (*parts, text[began:]), len(text)


def _choice(text: str, head: re.Match[str], depth: int) -> tuple[Choice, int]:
    at, ways = head.end(), []
    while way := _WAY.match(text, at):
        inner, end = _parts(text, way.end(), depth + 1)
        ways.append((way.group(), inner))
        at = end + 1
    end_of_it = _END.match(text, at)
    if not ways or end_of_it is None:
        raise _NotWellFormedError
    counts = head["decides"] != "select"
    choice = Choice(head.group(), head["name"], counts, tuple(ways), end_of_it.group())
    return choice, end_of_it.end()


def _argument(text: str, at: int) -> int:
    """Where an argument without texts of its own ends: `{name}`, `{when, date, short}`."""
    end = text.find("}", at)
    if end < 0 or "{" in text[at:end]:
        raise _NotWellFormedError
    return end + 1


def _choices(parts: Parts) -> Iterator[Choice]:
    for part in parts:
        if isinstance(part, Choice):
            yield part
            for _, inner in part.ways:
                yield from _choices(inner)


def _has_offset(parts: Parts) -> bool:
    return any("offset" in choice.head for choice in _choices(parts))


def _ways(parts: Parts) -> int:
    """How many sentences the message stands for."""
    choices = [part for part in parts if isinstance(part, Choice)]
    return math.prod(sum(_ways(inner) for _, inner in choice.ways) for choice in choices)


def _widened(parts: Parts) -> Parts:
    """The same message with all that stands around a choice in each of its ways."""
    at = next((n for n, part in enumerate(parts) if isinstance(part, Choice)), None)
    if at is None:
        return ("".join(map(str, parts)),)
    choice = parts[at]
    assert isinstance(choice, Choice)
    before, behind = parts[:at], parts[at + 1 :]
    several = choice.counts and any(True for _ in _choices(behind))
    ways = tuple(
        (head, _widened((*before, *(_counted(inner, choice) if several else inner), *behind)))
        for head, inner in choice.ways
    )
    return (replace(choice, ways=ways),)


def _counted(parts: Parts, choice: Choice) -> Parts:
    """With the argument's name in the place of `#`, which will mean another argument's number."""
    number = f"{{{choice.name},number}}"
    return tuple(part.replace("#", number) if isinstance(part, str) else part for part in parts)


def _texts(parts: Parts) -> Iterator[str]:
    for part in parts:
        if isinstance(part, str):
            yield part
        else:
            for _, inner in part.ways:
                yield from _texts(inner)


def _written(parts: Parts, translations: Iterator[str]) -> str:
    pieces = []
    for part in parts:
        if isinstance(part, str):
            pieces.append(next(translations))
        else:
            ways = [f"{head}{_written(inner, translations)}}}" for head, inner in part.ways]
            pieces.append(f"{part.head}{''.join(ways)}{part.end}")
    return "".join(pieces)
