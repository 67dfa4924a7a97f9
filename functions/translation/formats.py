"""What a text is written in, and what of it an engine is asked for."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate, pairwise
from typing import Literal, get_args

from translation.fragments import Fragment, apart, fragment_of
from translation.markdown import markdown_blocks, markdown_tokens
from translation.plural_messages import message_of, put_together, sentences_of
from translation.tags import (
    Source,
    Token,
    entities_of,
    escaped,
    has_words,
    is_inline,
    tokens,
    unescaped,
)

Format = Literal["text", "html", "xml", "markdown"]
FORMATS: tuple[Format, ...] = get_args(Format)
_SOURCES: Mapping[Format, Source] = {"text": "text", "html": "page", "xml": "xml"}
_SPACE = re.compile(r"[ \t\r\n\f]+")


@dataclass(frozen=True)
class Parsed:
    """A text, as the fragments that are translated, and how they make the text again."""

    fragments: tuple[Fragment, ...]
    put: Callable[[Sequence[str]], str] = field(repr=False)

    def asked(self) -> list[str]:
        return [text for one in self.fragments for text in one.asked()]

    def asked_again(self, answers: Mapping[str, str]) -> list[str]:
        return [text for one in self.fragments for text in one.asked_again(answers)]

    def used(self, answers: Mapping[str, str]) -> list[str]:
        return [text for one in self.fragments for text in one.used(answers)]

    def written(self, answers: Mapping[str, str]) -> str:
        return self.put([one.written(answers) for one in self.fragments])


def parsed(text: str, written_in: Format) -> Parsed:
    """Read a text; whatever it is, reading it takes a time that grows with its length alone."""
    if written_in == "text":
        if choice := message_of(text):
            ways = [_of_text(sentence) for sentence in sentences_of(choice)]
            return _nested(ways, partial(put_together, choice))
        return _of_text(text)
    return _woven(blocks(text, written_in), written_in)


def blocks(text: str, written_in: Format) -> Iterator[tuple[str, bool]]:
    """Pieces that give the text back when joined, and whether each is one to translate."""
    if written_in == "markdown":
        yield from markdown_blocks(text)
    elif written_in == "html":
        yield from _html_blocks(list(tokens(text)))
    else:
        yield text, True


def _of_text(text: str) -> Parsed:
    return _woven([(text, True)], "text")


def _woven(pieces: Iterable[tuple[str, bool]], written_in: Format) -> Parsed:
    """The fragments of pieces, between what stays as it is."""
    fragments: list[Fragment] = []
    kept = [""]
    for piece, is_text in pieces:
        for fragment, raw in _fragments(piece, written_in) if is_text else [(None, piece)]:
            if fragment is None:
                kept[-1] += raw
            else:
                fragments.append(fragment)
                kept.append("")
    return Parsed(tuple(fragments), partial(_between, kept))


def _between(kept: Sequence[str], written: Sequence[str]) -> str:
    woven = [piece for both in zip(kept, [*written, ""], strict=True) for piece in both]
    return "".join(woven)


def _nested(ways: Sequence[Parsed], put: Callable[[Sequence[str]], str]) -> Parsed:
    """Several texts that make one."""
    ends = [0, *accumulate(len(way.fragments) for way in ways)]

    def of_all(written: Sequence[str]) -> str:
        places = zip(ways, pairwise(ends), strict=True)
        return put([way.put(written[start:end]) for way, (start, end) in places])

    return Parsed(tuple(one for way in ways for one in way.fragments), of_all)


def _fragments(text: str, written_in: Format) -> Iterator[tuple[Fragment | None, str]]:
    """The fragments of a text, and what is between them.

    They end where a tag has no other half, which must stay where it is. In a plain text it is one
    of the words. A fragment with too many tags is one for each text between them.
    """
    read, escape = _words(text, written_in)
    for piece in apart(list(_tokens(text, written_in)), written_in != "text"):
        if not has_words(piece):
            yield None, "".join(token.raw for token in piece)
            continue
        if fragment := fragment_of(piece, read, escape):
            yield fragment, ""
            continue
        for token in piece:
            is_text = token.role == "text"
            yield (Fragment(read(token.raw), escape=escape) if is_text else None), token.raw


def _words(text: str, written_in: Format) -> tuple[Callable[[str], str], Callable[[str], str]]:
    """How words are read, and how they are written."""
    if written_in == "html":
        return _html_words, partial(escaped, entities=entities_of(text))
    if written_in == "xml":
        return unescaped, partial(escaped, entities=_xml_entities(text))
    return str, str


def _xml_entities(text: str) -> Mapping[str, str]:
    """XML itself knows no `&nbsp;`."""
    return {one: raw for one, raw in entities_of(text).items() if one != "\xa0" or raw in text}


def _html_words(text: str) -> str:
    return unescaped(_SPACE.sub(" ", text))


def _tokens(text: str, written_in: Format) -> Iterator[Token]:
    if written_in == "markdown":
        return markdown_tokens(text)
    return tokens(text, _SOURCES[written_in])


def _html_blocks(page: Sequence[Token]) -> Iterator[tuple[str, bool]]:
    """Sentences with their inline tags, between the tags of paragraphs and whatever is kept."""
    block: list[Token] = []
    for at, token in enumerate(page):
        if token.role == "text" or is_inline(token) or _is_within(page, at):
            block.append(token)
            continue
        yield from _block(block)
        block = []
        yield token.raw, False
    yield from _block(block)


def _is_within(page: Sequence[Token], at: int) -> bool:
    """Whether a break, a picture, or code is in the middle of a sentence."""
    if page[at].role not in ("void", "kept") or not 0 < at < len(page) - 1:
        return False
    before, behind = page[at - 1], page[at + 1]
    if page[at].name in ("script", "style", "iframe", "template", "hr", "pre", "<!", "<?"):
        return False
    if page[at].name in ("code", "kbd", "samp", "var", "wbr"):
        return True
    if before.role != "text" or behind.role != "text":
        return False
    following = behind.raw.lstrip()[:1]
    return bool(before.raw.strip()) and (following.islower() or following in tuple(",;:.!?)"))


def _block(block: Sequence[Token]) -> Iterator[tuple[str, bool]]:
    raw = "".join(token.raw for token in block)
    inner = raw.strip(" \t\r\n\f") if has_words(block) else ""
    if not inner:
        yield raw, False
        return
    start = raw.index(inner)
    yield raw[:start], False
    yield inner, True
    yield raw[start + len(inner) :], False
