"""Texts cut into segments that an engine takes, and put together again without losing a space."""

import re
from dataclasses import dataclass

_ABBREVIATIONS = (
    "mr mrs ms dr prof st sr jr vs etc e.g i.e cf no nr fig vol ca bzw z.b d.h u.a usw inc ltd co"
)
_NO_END = tuple(f" {word}." for word in _ABBREVIATIONS.split())
# An end mark, closing quotes, then space; East Asian end marks need no space.
_END = re.compile(r"(?:[.!?…]+[\"'”’»)\]]*(?=\s)|[。！？]+[」』”）]*)")
_CLAUSE = re.compile(r"(?<=[,;:—–、，；])\s*")


@dataclass(frozen=True)
class Segment:
    """A piece of text to translate, with the white space around it."""

    before: str
    text: str
    after: str


def cut(text: str, longest_bytes: int, by_sentence: bool) -> list[Segment]:
    """Lines, then sentences when `by_sentence` or when a line is too long, then clauses, words.

    Joining before + text + after of all segments gives the text back.
    """
    segments: list[Segment] = []
    for line in re.split(r"(?<=\n)|(?<=\r)(?!\n)", text):
        pieces = sentences(line) if by_sentence or _bytes(line) > longest_bytes else [line]
        for piece in _packed(pieces, longest_bytes) if not by_sentence else pieces:
            segments.extend(_segment(part) for part in _shortened(piece, longest_bytes))
    return segments


def sentences(line: str) -> list[str]:
    """The sentences of a line, each with the space that follows it."""
    found, at = [], 0
    for match in _END.finditer(line):
        if not _ends(line, at, match):
            continue
        end = match.end()
        while end < len(line) and line[end].isspace():
            end += 1
        found.append(line[at:end])
        at = end
    return [*found, line[at:]] if at < len(line) or not found else found


def _ends(line: str, start: int, match: re.Match[str]) -> bool:
    """Not after an abbreviation, an initial or an ordinal, nor before a small letter."""
    if match.group()[0] != ".":
        return True
    sentence = f" {line[start : match.end()].lower()}".replace("(", " ")
    if sentence.endswith(_NO_END) or re.search(r"\s[a-z]\.$", sentence):
        return False
    following = line[match.end() :].lstrip()
    return not (following[:1].islower() or re.search(r"\s\d{1,2}\.$", sentence))


def _packed(pieces: list[str], longest_bytes: int) -> list[str]:
    packed: list[str] = []
    for piece in pieces:
        if packed and _bytes(packed[-1]) + _bytes(piece) <= longest_bytes:
            packed[-1] += piece
        else:
            packed.append(piece)
    return packed


def _shortened(piece: str, longest_bytes: int) -> list[str]:
    """Cut at commas, then at spaces, then anywhere, until everything fits."""
    if _bytes(piece) <= longest_bytes:
        return [piece]
    for pattern in (_CLAUSE, re.compile(r"(?<=\s)")):
        parts = [part for part in pattern.split(piece) if part]
        if pattern is _CLAUSE:
            parts = _with_spaces(piece, parts)
        if len(parts) > 1:
            packed = _packed(parts, longest_bytes)
            return [short for part in packed for short in _shortened(part, longest_bytes)]
    middle = len(piece) // 2
    halves = piece[:middle], piece[middle:]
    return [short for half in halves for short in _shortened(half, longest_bytes)]


def _with_spaces(piece: str, parts: list[str]) -> list[str]:
    """Give each part the white space that splitting took from behind it."""
    whole, at = [], 0
    for part in parts:
        end = at + len(part)
        while end < len(piece) and piece[end].isspace():
            end += 1
        whole.append(piece[at:end])
        at = end
    return whole


def _segment(text: str) -> Segment:
    stripped = text.strip()
    if not stripped:
        return Segment(text, "", "")
    start = text.index(stripped)
    return Segment(text[:start], stripped, text[start + len(stripped) :])


def _bytes(text: str) -> int:
    return len(text.encode())
