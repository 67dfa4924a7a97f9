"""Documents of Word (.docx) and OpenDocument (.odt): paragraphs with the formatting of their words.

Their XML is read as a text with tags. Nothing is resolved or unpacked that its own list of contents
does not admit to, and what is not a paragraph's text comes out as it came in.
"""

import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from contract.messages import message
from reading.errors import UnreadableError
from translation.pieces import Piece, Slot
from translation.tags import has_words, tokens

LARGEST_UNPACKED, MOST_MEMBERS = 50_000_000, 2_000
_MEMBERS = {
    ".docx": re.compile(r"word/(?:document|header\d*|footer\d*|footnotes|endnotes)\.xml"),
    ".odt": re.compile(r"(?:content|styles)\.xml"),
}
_DECLARATION = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)

# Of Word: text stands in runs, each with its formatting.
_TOKEN = re.compile(
    r"(?P<properties><w:pPr>(?:(?!</?w:pPr[\s>]).)*+</w:pPr>)"
    r"|(?P<run><w:r(?:\s[^<>]*+)?>(?:(?!</?w:(?:r|p)[\s>]).)*+</w:r>)"
    r"|<(?P<end>/?)(?P<name>[\w:]*)[^<>]*+>|(?P<space>\s++)|[^<]++|<",
    re.DOTALL,
)
_RUN = re.compile(
    r"<w:r(?:\s[^<>]*+)?>(?P<look><w:rPr>(?:(?!</w:rPr>).)*+</w:rPr>|<w:rPr/>|)(?P<inside>.*)</w:r>",
    re.DOTALL,
)
_PART = re.compile(
    r"<w:t(?:\s[^<>]*+)?>(?P<text>[^<]*+)</w:t>|<w:t/>|<w:lastRenderedPageBreak/>"
    r"|(?P<break><w:(?:br|tab|cr)(?:\s[^<>]*+)?/>)"
)
_REFERENCE = re.compile(r"<w:(?:footnote|endnote|comment)Reference\s")
_AROUND = frozenset({"w:hyperlink", "w:ins", "w:smartTag"})
_STARTS = frozenset({"w:bookmarkStart", "w:commentRangeStart"})
_ENDS = frozenset({"w:bookmarkEnd", "w:commentRangeEnd"})
_SPELLING = "w:proofErr"
# Of OpenDocument: text stands in paragraphs, and in spans with a style.
_PARAGRAPHS, _SPANS = frozenset({"text:p", "text:h"}), frozenset({"text:span", "text:a"})
_PLACES = frozenset(
    {"text:bookmark", "text:bookmark-start", "text:bookmark-end", "text:soft-page-break"}
)
_STYLE = re.compile(
    r"<style:style style:name=\"(?P<name>[^\"<>]*+)\" style:family=\"text\"[^<>]*+>"
    r"<style:text-properties(?:\s+\w+:(?:paragraph-)?rsid=\"\w*\")*+\s*/></style:style>"
)
_SPACES = re.compile(r"\s+")


def office_members(content: bytes, ending: str) -> dict[str, list[Piece]]:
    """The files in a document that hold text, as pieces; raises UnreadableError."""
    read = _word if ending == ".docx" else _open_document
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _require_bounded(archive)
            return {
                info.filename: list(read(_xml(archive.read(info), ending)))
                for info in archive.infolist()
                if _MEMBERS[ending].fullmatch(info.filename)
            }
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, ValueError, EOFError) as error:
        raise _damaged(ending) from error


def office_written(content: bytes, members: Mapping[str, str]) -> bytes:
    """The same document with these files in the place of its own."""
    written = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as archive,
        zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as copy,
    ):
        for info in archive.infolist():
            own = members.get(info.filename)
            same = zipfile.ZipInfo(info.filename, info.date_time)
            same.compress_type, same.external_attr = info.compress_type, info.external_attr
            copy.writestr(same, archive.read(info) if own is None else own.encode())
    return written.getvalue()


def _require_bounded(archive: zipfile.ZipFile) -> None:
    """What is read of a file in an archive never exceeds the size that the archive names for it."""
    infos = archive.infolist()
    if sum(info.file_size for info in infos) > LARGEST_UNPACKED or len(infos) > MOST_MEMBERS:
        megabytes = LARGEST_UNPACKED // 1_000_000
        raise UnreadableError(message("document.unpacked_too_large", megabytes=megabytes))


def _xml(content: bytes, ending: str) -> str:
    text = content.decode("utf-8-sig")
    if _DECLARATION.search(text):
        raise _damaged(ending)
    return text


def _damaged(ending: str) -> UnreadableError:
    return UnreadableError(message("document.damaged", ending=ending))


@dataclass
class _Paragraph:
    """What there is of a paragraph so far: as it came, and as one text with tags."""

    raw: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    starts: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)

    def pieces(self, base: str = "", known: Sequence[tuple[str, str]] = ()) -> Iterator[Piece]:
        """Its text to translate, or what it was where it has no words; then it is empty."""
        raw, text = "".join(self.raw), "".join(self.text)
        before, behind = "".join(self.starts), "".join(self.ends)
        if has_words(tokens(text, "xml")):
            yield Slot(text, lambda one: f"{before}{_written(one, base, known)}{behind}", raw)
        elif raw:
            yield raw


def _written(text: str, base: str, known: Sequence[tuple[str, str]]) -> str:
    """A translation as it stands in the file; Word's numbered tags become runs again."""
    if not known:
        return text
    written, look = [], base
    for token in tokens(text, "xml"):
        if token.role == "text":
            written.append(_run(look, token.raw))
            continue
        opening, closing = known[int(token.name[1:])]
        if token.name[0] == "r":
            look = opening if token.role == "open" else base
        else:
            written.append(closing if token.role == "close" else opening)
    return "".join(written)


def _run(look: str, words: str) -> str:
    return f'<w:r>{look}<w:t xml:space="preserve">{words}</w:t></w:r>' if words else ""


@dataclass
class _Runs:
    """The runs of one paragraph of Word."""

    marks: list[tuple[str, str]] = field(default_factory=list)
    """What a mark is (`r` for words, `h`, `e` for tags around runs, `x`), and the words or tag."""
    looks: list[str] = field(default_factory=list)
    paragraph: _Paragraph = field(default_factory=_Paragraph)

    def add(self, mark: str, raw: str, look: str = "") -> None:
        self.marks.append((mark, raw))
        self.looks.append(look)

    def pieces(self) -> Iterator[Piece]:
        """The formatting of most words is that of the text; tags stand for any other."""
        counted: Counter[str] = Counter()
        for (mark, raw), look in zip(self.marks, self.looks, strict=True):
            counted[look] += len(raw) if mark == "r" else 0
        base = max(counted, key=lambda look: counted[look], default="")
        known, around, text = [(base, "")], list[int](), self.paragraph.text
        opened = 0
        for (mark, raw), look in zip(self.marks, self.looks, strict=True):
            if opened and (mark != "r" or look != known[opened][0]):
                text.append(f"</r{opened}>")
                opened = 0
            if mark == "e":
                if not around:
                    around.append(len(known))
                    known.append(("", ""))
                number = around.pop()
                known[number] = known[number][0], raw
                text.append(f"</h{number}>")
            elif mark != "r":
                text.append(f"<x{len(known)}/>" if mark == "x" else f"<h{len(known)}>")
                if mark == "h":
                    around.append(len(known))
                known.append((raw, ""))
            else:
                if look != base and not opened:
                    opened = len(known)
                    known.append((look, ""))
                    text.append(f"<r{opened}>")
                text.append(raw)
        if opened:
            text.append(f"</r{opened}>")
        yield from self.paragraph.pieces(base, known)


def _word(xml: str) -> Iterator[Piece]:
    runs = _Runs()
    for token in _TOKEN.finditer(xml):
        raw, name = token.group(), token["name"]
        if token["run"] and (parts := _parts(raw)) is not None:
            for look, words, breaks in parts:
                if breaks:
                    yield from runs.pieces()
                    yield breaks
                    runs = _Runs()
                else:
                    runs.add("r", words, look)
                    runs.paragraph.raw.append(_run(look, words))
            continue
        if token["run"] and _REFERENCE.search(raw):
            runs.add("x", raw)
        elif name in _AROUND and not raw.endswith("/>"):
            runs.add("e" if token["end"] else "h", raw)
        elif name in _STARTS:
            runs.paragraph.starts.append(raw)
        elif name in _ENDS:
            runs.paragraph.ends.append(raw)
        elif not (name == _SPELLING or token["space"]):
            yield from runs.pieces()
            yield raw
            runs = _Runs()
            continue
        runs.paragraph.raw.append(raw)
    yield from runs.pieces()


def _parts(run: str) -> list[tuple[str, str, str]] | None:
    """Formatting and words of a run, or a run that breaks the line; None where it holds more."""
    found = _RUN.fullmatch(run)
    if found is None:
        return None
    look, at, parts = found["look"], found.start("inside"), list[tuple[str, str, str]]()
    while part := _PART.match(run, at):
        at = part.end()
        if part["break"]:
            parts.append((look, "", f"<w:r>{look}{part['break']}</w:r>"))
        elif part["text"]:
            parts.append((look, part["text"], ""))
    return parts if at == found.end("inside") else None


def _open_document(xml: str) -> Iterator[Piece]:
    plain = {found["name"] for found in _STYLE.finditer(xml)}
    paragraph = _Paragraph()
    # Whether text below an element is translated, and whether its tag says nothing.
    above = [(False, False)]
    for token in tokens(xml, "xml"):
        is_text, says_nothing = above[-1]
        own = is_text and token.name in _SPANS
        if token.role == "open":
            style = re.search(r"text:style-name=\"([^\"]*)\"", token.raw)
            says_nothing = token.name == "text:span" and style is not None and style[1] in plain
            above.append((own or token.name in _PARAGRAPHS, says_nothing))
        elif token.role == "close" and len(above) > 1:
            above.pop()
            own = own and above[-1][0]
        if is_text and token.role == "text":
            paragraph.text.append(_SPACES.sub(" ", token.raw))
        elif own:
            paragraph.text.append("" if says_nothing else token.raw)
        elif is_text and token.role == "void" and token.raw == "<text:s/>":
            paragraph.text.append(" ")
        elif is_text and token.role == "void" and token.name in _PLACES:
            paragraph.starts.append(token.raw)
        else:
            yield from paragraph.pieces()
            yield token.raw
            paragraph = _Paragraph()
            continue
        paragraph.raw.append(token.raw)
    yield from paragraph.pieces()
