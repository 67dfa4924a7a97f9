"""Markdown: which lines are text, and which signs in them stand around words."""

import re
from collections.abc import Iterator

from translation.tags import Token, tokens

_FENCE = re.compile(r" {0,3}(?P<fence>`{3,}|~{3,})")
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n.*?\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
# What a line begins with that is no text: marks of quotes, lists, tasks, headings.
_BEGINNING = re.compile(
    r"(?:[ \t]*>)*[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?)?(?:#{1,6}[ \t]+)?"
)
_NO_TEXT = re.compile(r"[ \t]*(?:[-*_=][-*_= \t]*|\|?[ \t:|-]+\|?|\[[^\]]+\]:.*|)[ \t]*\r?\n?\Z")
_ROW = re.compile(r"[ \t]*\|.*\|[ \t]*\r?\n?\Z")
_HARD_BREAK = re.compile(r"(?:\\| {2,})\r?\n?\Z")
_INDENTED = re.compile(r"(?: {4}|\t)")
_SIGNS = re.compile(
    r"(?P<code>`+)(?P<inside>[^`]++)(?P=code)|(?P<escape>\\[\\`*_{}\[\]()#+.!~-])"
    r"|(?P<open>!?\[)|(?P<close>\](?:\([^()\s]*+(?:[ \t]+\"[^\"\n]*+\")?\)|\[[^\[\]]*+\]))"
    r"|(?P<emphasis>\*{1,3}|~~|(?<!\w)_{1,3}(?=\S)|(?<=[^\s_])_{1,3}(?!\w))"
)


def markdown_blocks(text: str) -> Iterator[tuple[str, bool]]:
    """Pieces that give the text back when joined, and whether each is a paragraph to translate."""
    front = _FRONT_MATTER.match(text)
    if front:
        yield front.group(), False
        text = text[front.end() :]
    paragraph, fence, was_text = "", "", False
    for line in text.splitlines(keepends=True):
        found = _FENCE.match(line)
        if fence or found:
            yield from _paragraph(paragraph)
            paragraph, was_text = "", False
            yield line, False
            if found and not fence:
                fence = found["fence"]
            elif found and found["fence"].startswith(fence) and not line[found.end() :].strip():
                fence = ""
            continue
        beginning = _BEGINNING.match(line)
        assert beginning is not None
        is_new = bool(beginning.group().strip()) or not was_text or bool(_ROW.match(line))
        if _NO_TEXT.match(line) or (_INDENTED.match(line) and not was_text):
            yield from _paragraph(paragraph)
            paragraph, was_text = "", False
            yield line, False
        elif is_new:
            yield from _paragraph(paragraph)
            paragraph, was_text = "", True
            yield beginning.group(), False
            if _ROW.match(line):
                yield from _cells(line[beginning.end() :])
                was_text = False
            else:
                paragraph = line[beginning.end() :]
        else:
            paragraph += line
        if paragraph and (_HARD_BREAK.search(line) or beginning.group().lstrip().startswith("#")):
            yield from _paragraph(paragraph)
            paragraph = ""
    yield from _paragraph(paragraph)


def _paragraph(text: str) -> Iterator[tuple[str, bool]]:
    """A paragraph on one line: where its lines break means nothing."""
    if not text:
        return
    end = re.search(r"(?:\\| {2,})?\s*\Z", text)
    assert end is not None
    words = text[: end.start()]
    yield re.sub(r"[ \t]*\r?\n[ \t]*(?:>[ \t]*)*", " ", words), True
    yield end.group(), False


def _cells(row: str) -> Iterator[tuple[str, bool]]:
    for piece in re.split(r"((?<!\\)\|)", row):
        yield piece, bool(piece.strip(" \t\r\n|"))


def markdown_tokens(text: str) -> Iterator[Token]:
    """The signs of a paragraph as tags around its words."""
    for token in tokens(text, "text"):
        if token.role != "text":
            yield token
            continue
        yield from _signs(token.raw)


def _signs(text: str) -> Iterator[Token]:
    at = 0
    opened: list[str] = []
    for sign in _SIGNS.finditer(text):
        yield Token("text", text[at : sign.start()])
        at = sign.end()
        raw = sign.group()
        if sign["open"]:
            yield Token("open", raw, "[")
        elif sign["close"]:
            yield Token("close", raw, "[")
        elif mark := sign["emphasis"]:
            follows = text[at : at + 1]
            if mark in opened and not text[sign.start() - 1 : sign.start()].isspace():
                del opened[opened.index(mark) :]
                yield Token("close", raw, mark)
            elif follows and not follows.isspace():
                opened.append(mark)
                yield Token("open", raw, mark)
            else:
                yield Token("text", raw)
        else:
            yield Token("text", raw)
    yield Token("text", text[at:])
