"""Documents: which of their text is translated, and the same document with translations in place.

All of a document that is not such text comes out as it came in. No reader here builds a tree or
resolves what a file refers to, and each takes a time that grows with the file alone.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain

from contract.messages import message
from reading.errors import UnreadableError
from translation.formats import Format, blocks
from translation.office import office_members, office_written
from translation.pieces import Piece, Slot

# What a name ends with → what its texts are written in.
FORMATS: Mapping[str, Format] = {
    ".txt": "text",
    ".md": "markdown",
    ".html": "html",
    ".srt": "text",
    ".po": "text",
    ".strings.json": "text",
    ".docx": "xml",
    ".odt": "xml",
}
ENDINGS = tuple(FORMATS)
_OFFICE = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".odt": "application/vnd.oasis.opendocument.text",
}
_ENDS = re.compile(r"[.!?:;…。！？][\"'”’\u00bb)\]\s]{0,9}\Z")
_CUE = re.compile(r"\A[^\n]*-->[^\n]*\n?\Z")
_BEGINNING = re.compile(r"\s*(?:[-–•*]+\s+)?")
_LONGEST_LINE = 42
_PO_LINE = re.compile(
    r"(?P<name>msgctxt|msgid_plural|msgid|msgstr(?:\[\d+\])?)\s+\"(?P<text>.*)\"\s*\Z"
)
_PO_MORE = re.compile(r"\"(?P<text>.*)\"\s*\Z")
_ESCAPE = re.compile(r"\\(.)")
_PO_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_JSON_STRING = re.compile(r"\"(?:[^\"\\]|\\.)*+\"(?P<name>\s*+:)?")
DEEPEST_JSON = 100


@dataclass(frozen=True)
class Document:
    """Files that a document consists of, as pieces: text to translate, and all else."""

    written_in: Format
    members: Mapping[str, list[Piece]]
    put: Callable[[Mapping[str, str]], bytes] = field(repr=False)
    """The whole document, of its members."""

    @property
    def texts(self) -> list[str]:
        """What has to be translated, once."""
        pieces = chain.from_iterable(self.members.values())
        return list(dict.fromkeys(one.text for one in pieces if isinstance(one, Slot)))

    def translated(self, translations: Mapping[str, str]) -> bytes:
        """The document with these; a text without a translation stays as it is."""
        written = {
            name: "".join(
                one if isinstance(one, str) else one.written(translations) for one in pieces
            )
            for name, pieces in self.members.items()
        }
        return self.put(written)


def read_document(content: bytes, ending: str) -> Document:
    """Read a document of one of ENDINGS; raises UnreadableError."""
    if ending in (".docx", ".odt"):
        members = office_members(content, ending)
        return Document(FORMATS[ending], members, lambda written: office_written(content, written))
    text, encoding = _decoded(content)
    pieces = _PIECES[ending](text)
    return Document(
        FORMATS[ending], {"": list(pieces)}, lambda written: written[""].encode(encoding)
    )


def content_type(key: str) -> str:
    """As what a browser saves the document: not even a page is shown under the bucket's name."""
    return next((kind for end, kind in _OFFICE.items() if key.endswith(end)), "text/plain")


def _decoded(content: bytes) -> tuple[str, str]:
    encoding = "utf-8-sig" if content.startswith(b"\xef\xbb\xbf") else "utf-8"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    try:
        return content.decode(encoding), encoding
    except UnicodeDecodeError as error:
        raise UnreadableError(message("document.encoding")) from error


def _of_blocks(pieces: Iterable[tuple[str, bool]]) -> Iterable[Piece]:
    return (Slot(piece) if is_text else piece for piece, is_text in pieces)


def _text(text: str) -> Iterable[Piece]:
    """Lines; those of a sentence that goes on in the next line are one."""
    lines: list[str] = []
    for line in text.splitlines(keepends=True):
        goes_on = lines and lines[-1].strip() and not _ENDS.search(lines[-1]) and line[:1].islower()
        if not goes_on:
            yield from _lines(lines)
            lines = []
        lines.append(line)
    yield from _lines(lines)


def _lines(lines: list[str]) -> Iterable[Piece]:
    yield from _line(" ".join([*(line.rstrip() for line in lines[:-1]), *lines[-1:]]))


def _line(line: str) -> Iterable[Piece]:
    beginning = _BEGINNING.match(line)
    start = beginning.end() if beginning else 0
    words = line[start:].rstrip()
    if words:
        yield from (line[:start], Slot(words), line[start + len(words) :])
    else:
        yield line


def _subtitles(text: str) -> Iterable[Piece]:
    """The lines of a cue are one text, unless they are of several speakers."""
    lines: list[str] = []
    is_cue = False
    for line in text.splitlines(keepends=True):
        if not line.strip() or _CUE.match(line):
            yield from _cue(lines)
            lines, is_cue = [], "-->" in line
            yield line
        elif is_cue:
            lines.append(line)
        else:
            yield line
    yield from _cue(lines)


def _cue(lines: list[str]) -> Iterable[Piece]:
    if len(lines) < 2 or any(line.lstrip().startswith(("-", "–")) for line in lines):
        for line in lines:
            yield from _line(line)
        return
    words = " ".join(line.strip() for line in lines)
    end = lines[-1][len(lines[-1].rstrip()) :]
    longest = max(_LONGEST_LINE, *(len(line.strip()) for line in lines))
    line_end = end.strip(" \t") or "\n"
    yield from (Slot(words, lambda one: _broken(one, longest, line_end)), end)


def _broken(text: str, longest: int, line_end: str) -> str:
    """On two lines where it is too long for one, at the space nearest to its middle."""
    spaces = [at for at, character in enumerate(text) if character == " "]
    if len(text) <= longest or not spaces:
        return text
    middle = min(spaces, key=lambda at: abs(at - len(text) / 2))
    return f"{text[:middle]}{line_end}{text[middle + 1 :]}"


def _catalogue(text: str) -> Iterable[Piece]:
    """A .po file of gettext: each msgid becomes its msgstr, unless that is translated already."""
    name, said, texts = "", "", dict[str, str]()
    waiting: list[str] = []
    for line in [*text.splitlines(keepends=True), ""]:
        bare = line.strip()
        more = _PO_MORE.match(bare) if name else None
        if more:
            said += more["text"]
            waiting.append(line)
            continue
        texts[name] = _po_read(said)
        yield from _message(name, texts, waiting)
        name, said, waiting = "", "", []
        found = _PO_LINE.match(bare)
        if not found:
            yield line
            continue
        name, said, waiting = found["name"], found["text"], [line]
        if name in ("msgid", "msgctxt"):
            texts = {}


def _message(name: str, texts: Mapping[str, str], lines: list[str]) -> Iterable[Piece]:
    """One name of an entry with its lines: all of them as they are, or a translation instead."""
    source = texts.get("msgid", "")
    if name.startswith("msgstr[") and name != "msgstr[0]":
        source = texts.get("msgid_plural", source)
    if name.startswith("msgstr") and source and not texts[name]:
        end = lines[-1][len(lines[-1].rstrip()) :]
        before = "".join(lines)
        yield Slot(
            source,
            lambda translation: f"{name} {_po_written(translation)}{end}",
            before,
        )
    else:
        yield "".join(lines)


def _po_read(text: str) -> str:
    return _ESCAPE.sub(lambda sign: _PO_ESCAPES.get(sign[1], sign[1]), text)


def _po_written(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    for letter, sign in _PO_ESCAPES.items():
        escaped = escaped.replace(sign, f"\\{letter}")
    return f'"{escaped}"'


def _strings(text: str) -> Iterable[Piece]:
    """The strings of a JSON file, not its names."""
    _require_json(text)
    at = 0
    is_ascii = text.isascii() and "\\u" in text
    for found in _JSON_STRING.finditer(text):
        if found["name"]:
            continue
        words = json.loads(found.group())
        if not any(map(str.isalpha, words)):
            continue
        yield text[at : found.start()]
        yield Slot(words, lambda one: json.dumps(one, ensure_ascii=is_ascii), found.group())
        at = found.end()
    yield text[at:]


def _require_json(text: str) -> None:
    depth = 0
    for sign in re.finditer(r"\"(?:[^\"\\]|\\.)*+\"|[\[{]|[\]}]", text):
        depth += (sign.group() in "[{") - (sign.group() in "]}")
        if depth > DEEPEST_JSON:
            raise UnreadableError(message("document.damaged", ending=".json"))
    try:
        json.loads(text)
    except ValueError as error:
        raise UnreadableError(message("document.damaged", ending=".json")) from error


_PIECES: Mapping[str, Callable[[str], Iterable[Piece]]] = {
    ".txt": _text,
    ".md": lambda text: _of_blocks(blocks(text, "markdown")),
    ".html": lambda text: _of_blocks(blocks(text, "html")),
    ".srt": _subtitles,
    ".po": _catalogue,
    ".strings.json": _strings,
}
