"""Texts with tags, read in one pass: tags, text, and what must not be translated, such as scripts.

A reader of our own, because whatever it reads must come out again letter for letter, and in a time
that grows with the text alone: what is not closed is kept as it is to the end.
"""

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Literal

Role = Literal["text", "open", "close", "void", "kept"]

# Quotes are skipped without a way back, so that no text takes long.
_TAG = re.compile(
    r"<(?P<close>/?)(?P<name>[A-Za-z0-9][^\s/<>\"']*+)"
    r"(?:[^\"'<>]++|\"[^\"]*+\"|'[^']*+')*+>"
)
_NO_TRANSLATION = re.compile(
    r"\stranslate\s*=\s*[\"']?no\b|\sclass\s*=\s*[\"'][^\"']*\bnotranslate\b", re.IGNORECASE
)
_OTHERS = (("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", ">"), ("<!", ">"))
KEPT_ELEMENTS = frozenset(
    "script style code kbd samp var pre textarea svg math template iframe object canvas".split()
)
VOID_ELEMENTS = frozenset(
    "area base br col embed hr img input link meta param source track wbr".split()
)
INLINE_ELEMENTS = frozenset(
    "a abbr acronym b bdi bdo big cite data del dfn em font i ins label mark q s small span strike "
    "strong sub sup time tt u".split()
)
_ENTITY = re.compile(r"&(?:[A-Za-z]\w{0,40}|#\d{1,7}|#[xX][0-9A-Fa-f]{1,6});")
_ALWAYS = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\xa0": "&nbsp;"}


@dataclass(frozen=True)
class Token:
    """A piece of a text; all of them joined give it back."""

    role: Role
    raw: str
    name: str = ""
    """Of a tag, in lower case."""


Source = Literal["page", "xml", "text"]


def tokens(text: str, source: Source = "page") -> Iterator[Token]:
    """The tags of a text and what lies between them; elements that are kept come as one token.

    Of a page, what is not closed goes on to its end, as in a browser; in a text it is text. XML
    has no names of its own.
    """
    at = began = 0
    unclosed: set[str] = set()
    while (at := text.find("<", at)) >= 0:
        token = _token(text, at, source, unclosed)
        if token is None:
            at += 1
            continue
        if began < at:
            yield Token("text", text[began:at])
        yield token
        at = began = at + len(token.raw)
    if began < len(text):
        yield Token("text", text[began:])


def _token(text: str, at: int, source: Source, unclosed: set[str]) -> Token | None:
    """The tag or comment that begins there; None where that is a sign of its own."""
    for start, end in _OTHERS if source != "text" else ():
        if text.startswith(start, at):
            close = text.find(end, at + len(start))
            return Token("kept", text[at : close + len(end) if close >= 0 else len(text)], start)
    found = _TAG.match(text, at)
    if found is None:
        return None
    name, raw = found["name"].lower(), found.group()
    if found["close"]:
        return Token("close", raw, name)
    is_html = source != "xml"
    if raw.endswith("/>") or (is_html and name in VOID_ELEMENTS):
        return Token("void", raw, name)
    keeps = (is_html and name in KEPT_ELEMENTS) or _NO_TRANSLATION.search(raw)
    if keeps and name not in unclosed:
        end_of_it = _end_of(text, found.end(), name)
        if end_of_it or source == "page":
            return Token("kept", text[at : end_of_it or len(text)], name)
        unclosed.add(name)
    return Token("open", raw, name)


def _end_of(text: str, at: int, name: str) -> int | None:
    """Where the element ends whose content begins at `at`; None if it does not."""
    depth = 1
    same = re.compile(rf"<(?P<close>/?){re.escape(name)}(?=[\s/>])[^<>]*+>", re.IGNORECASE)
    for tag in same.finditer(text, at):
        depth += -1 if tag["close"] else not tag.group().endswith("/>")
        if depth == 0:
            return tag.end()
    return None


def is_inline(token: Token) -> bool:
    """Whether a sentence goes on behind the tag: not for paragraphs, or cells of a table."""
    return token.role in ("open", "close") and token.name in INLINE_ELEMENTS


def has_words(pieces: Iterable[Token]) -> bool:
    """Whether there is a letter to translate between the tags."""
    return any(map(str.isalpha, chain.from_iterable(p.raw for p in pieces if p.role == "text")))


def unescaped(text: str) -> str:
    """`Tom &amp; Mary` → `Tom & Mary`; only what ends in a semicolon."""
    return _ENTITY.sub(lambda entity: html.unescape(entity.group()), text)


def entities_of(text: str) -> Mapping[str, str]:
    """Character → how the text writes it, where that is as an entity."""
    written = {html.unescape(found): found for found in _ENTITY.findall(text)}
    return _ALWAYS | {one: raw for one, raw in written.items() if len(one) == 1}


def escaped(text: str, entities: Mapping[str, str] = _ALWAYS) -> str:
    """The text with its signs of markup, and the given characters, as entities."""
    return text.translate({ord(one): raw for one, raw in entities.items()})
