"""A sentence or paragraph with tags around some of its words, translated with the tags in place.

An engine sees the words without tags, so that it translates whole sentences, and the words of each
tag alone. Where these are found again in the translation, the tag goes around them. Where they are
not, the sentence is translated in parts, between its tags: every tag keeps its own words.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from translation.protected_spans import pattern
from translation.sentences import sentences
from translation.tags import Token

# Beyond these, a text is translated between its tags.
MOST_SPANS, DEEPEST = 100, 20
# Of the letters of a word, from its beginning: Haus and Hauses.
LEAST_ALIKE = 0.6
# A tag may begin or end beside these, not in them.
_KEPT_WHOLE = pattern({})
Place = tuple[int, int]
"""Start and end in a text."""
_WORD = re.compile(r"\w+(?:['’-]\w+)*")
_EDGES = " \t\r\n.,;:!?…。！？，、；：\"“”„‘’'\u00ab\u00bb「」"


@dataclass(frozen=True)
class Span:
    """A tag around characters of the words."""

    start: int
    end: int
    open: str
    close: str


@dataclass(frozen=True)
class Unit:
    """One sentence, and the tags around some of its words: which, and where they are in it."""

    start: int
    end: int
    inner: tuple[tuple[int, int, int], ...]
    """Number of the span, start and end in the words of the fragment."""

    def asked(self, words: str) -> list[str]:
        return [words[start:end] for start, end in self._places()]

    def parts(self, words: str) -> list[str]:
        return [words[start:end] for start, end in pairwise(self.cuts)]

    @property
    def cuts(self) -> list[int]:
        edges = {edge for _, start, end in self.inner for edge in (start, end)}
        return sorted(edges | {self.start, self.end})

    def _places(self) -> list[Place]:
        return [(self.start, self.end), *((start, end) for _, start, end in self.inner)]


@dataclass(frozen=True)
class Fragment:
    """Words, and the tags around them."""

    words: str
    spans: tuple[Span, ...] = ()
    """In the order of their opening tags; either apart or one in the other."""
    kept: Mapping[str, str] | None = None
    """Placeholder in the words → what it stands for, as it is written."""
    escape: Callable[[str], str] = str
    """How words are written between tags."""

    @cached_property
    def units(self) -> list[Unit]:
        found, at = [], 0
        for line in self.words.splitlines(keepends=True):
            for sentence in sentences(line):
                start, end = _stripped(self.words, at, at + len(sentence))
                at += len(sentence)
                if start < end:
                    found.append(self._unit(start, end))
        return found

    def _unit(self, start: int, end: int) -> Unit:
        inner = []
        for number, span in enumerate(self.spans):
            if span.start <= start and span.end >= end:
                continue
            clipped = _stripped(self.words, max(span.start, start), min(span.end, end))
            if clipped[0] < clipped[1] or start < span.start == span.end < end:
                inner.append((number, *clipped))
        return Unit(start, end, tuple(inner))

    def asked(self) -> list[str]:
        """What an engine has to translate first."""
        if not self.spans:
            return [self.words]
        return [text for unit in self.units for text in unit.asked(self.words)]

    def asked_again(self, answers: Mapping[str, str]) -> list[str]:
        """What it has to translate for sentences in which a tag's words were not found."""
        if not self.spans:
            return []
        return [
            part
            for unit in self.units
            if self._placed(unit, answers) is None
            for part in unit.parts(self.words)
        ]

    def used(self, answers: Mapping[str, str]) -> list[str]:
        """What of the engine's answers the translation is made of."""
        if not self.spans:
            return [self.words]
        return [
            text
            for unit in self.units
            for text in (
                unit.parts(self.words)
                if self._placed(unit, answers) is None
                else [self.words[unit.start : unit.end]]
            )
        ]

    def written(self, answers: Mapping[str, str]) -> str:
        """The translation with its tags."""
        if not self.spans:
            return self._as_written(answers[self.words])
        text, places = self._translated(answers)
        return "".join(self._woven(text, places))

    def _translated(self, answers: Mapping[str, str]) -> tuple[str, list[Place]]:
        """The words of the translation, and where the spans are in it."""
        pieces: list[str] = []
        length = at = 0
        found: dict[int, list[Place]] = {}
        ends = [0]
        for unit in self.units:
            pieces.append(self.words[at : unit.start])
            length += unit.start - at
            at = unit.end
            text, places = self._placed(unit, answers) or self._in_parts(unit, answers)
            for number, span in enumerate(self.spans):
                inside = places.get(number)
                if span.start <= unit.start and span.end >= unit.end:
                    inside = (0, len(text))
                if inside:
                    found.setdefault(number, []).append((length + inside[0], length + inside[1]))
            pieces.append(text)
            length += len(text)
            ends.append(length)
        pieces.append(self.words[at:])
        return "".join(pieces), self._places(found, ends)

    def _places(self, found: Mapping[int, Sequence[Place]], ends: Sequence[int]) -> list[Place]:
        """One place per span; those without words stand where their sentence ends."""
        places = []
        for number, span in enumerate(self.spans):
            if number in found:
                places.append((found[number][0][0], found[number][-1][1]))
            else:
                before = sum(unit.end <= span.start for unit in self.units)
                places.append((ends[before], ends[before]))
        return self._nested(places)

    def _nested(self, places: list[Place]) -> list[Place]:
        """An empty span stays in the span that held it."""
        for number, parent in enumerate(self._parents):
            if parent is not None:
                low, high = places[parent]
                start, end = places[number]
                places[number] = (min(max(start, low), high), min(max(end, low), high))
        return places

    @cached_property
    def _parents(self) -> list[int | None]:
        """The number of the span around each."""
        parents: list[int | None] = []
        above: list[int] = []
        for number, span in enumerate(self.spans):
            while above and not _holds(self.spans[above[-1]], span):
                above.pop()
            parents.append(above[-1] if above else None)
            above.append(number)
        return parents

    def _placed(
        self, unit: Unit, answers: Mapping[str, str]
    ) -> tuple[str, dict[int, Place]] | None:
        """The translated sentence, and where in it the words of each tag are; None if not all."""
        text = answers.get(self.words[unit.start : unit.end])
        if text is None:
            return None
        parents, placed = self._parents, dict[int, Place]()
        whole = [found.span() for found in _KEPT_WHOLE.finditer(text)]
        for number, start, end in unit.inner:
            span = self.spans[number]
            # One that goes on in another sentence keeps its place among the others.
            if start == end or span.start < unit.start or span.end > unit.end:
                return None
            parent = parents[number]
            within = placed.get(parent, (0, len(text))) if parent is not None else (0, len(text))
            taken = [place for other, place in placed.items() if parents[other] == parent]
            usual = (start - unit.start) / (unit.end - unit.start) * len(text)
            free = [
                place
                for place in _places(text, self._bare(start, end, answers), within)
                if all(place[1] <= low or place[0] >= high for low, high in taken)
                and not any(low < edge < high for edge in place for low, high in whole)
            ]
            if not free:
                return None
            placed[number] = min(free, key=lambda place: abs(place[0] - usual))
        return text, placed

    def _bare(self, start: int, end: int, answers: Mapping[str, str]) -> str:
        """The translation of some words, without marks at its edges that they do not have."""
        words = self.words[start:end]
        found = answers.get(words, "").strip()
        if words[0] not in _EDGES:
            found = found.lstrip(_EDGES)
        return found if words[-1] in _EDGES else found.rstrip(_EDGES)

    def _in_parts(self, unit: Unit, answers: Mapping[str, str]) -> tuple[str, dict[int, Place]]:
        at, pieces = 0, []
        cuts = unit.cuts
        offsets = {cuts[0]: 0}
        for cut, part in zip(cuts[1:], unit.parts(self.words), strict=True):
            pieces.append(answers[part])
            at += len(answers[part])
            offsets[cut] = at
        return "".join(pieces), {n: (offsets[s], offsets[e]) for n, s, e in unit.inner}

    def _woven(self, text: str, places: Sequence[Place]) -> Iterator[str]:
        """Tags and words in order."""
        below: dict[int | None, list[int]] = {}
        for number, parent in enumerate(self._parents):
            below.setdefault(parent, []).append(number)
        for siblings in below.values():
            siblings.sort(key=lambda number: (*places[number], number))

        def between(start: int, end: int, parent: int | None) -> Iterator[str]:
            for number in below.get(parent, ()):
                low, high = places[number]
                yield self._as_written(text[start:low])
                yield self.spans[number].open
                yield from between(low, high, number)
                yield self.spans[number].close
                start = high
            yield self._as_written(text[start:end])

        return between(0, len(text), None)

    def _as_written(self, words: str) -> str:
        escaped = self.escape(words)
        for placeholder, raw in (self.kept or {}).items():
            escaped = escaped.replace(placeholder, raw)
        return escaped


def apart(tokens: Sequence[Token], cuts: bool = True) -> Iterator[Sequence[Token]]:
    """Pieces in which every tag has its other half, and each tag without one as a piece.

    Without `cuts`, such a tag counts as text.
    """
    halves = _halves(tokens)
    lone = [at for at, one in enumerate(tokens) if _is_half(one) and at not in halves]
    if not cuts:
        alone = set(lone)
        yield [Token("text", t.raw) if n in alone else t for n, t in enumerate(tokens)]
    elif not lone:
        yield tokens
    else:
        for start, end in pairwise([-1, *lone, len(tokens)]):
            yield from apart(tokens[start + 1 : end])
            yield tokens[end : end + 1]


def fragment_of(
    tokens: Sequence[Token],
    read: Callable[[str], str] = str,
    escape: Callable[[str], str] = str,
) -> Fragment | None:
    """The fragment that tokens make whose tags all have their other halves; None for too many.

    `read` makes words of text. What is kept is a placeholder among the words, as engines keep it.
    """
    mark = _unused("".join(token.raw for token in tokens))
    words, length = [], 0
    kept: dict[str, str] = {}
    opened: list[int] = []
    spans: list[Span] = []
    for token in tokens:
        if token.role == "open":
            opened.append(len(spans))
            spans.append(Span(length, length, token.raw, ""))
            if len(opened) > DEEPEST or len(spans) > MOST_SPANS:
                return None
        elif token.role == "close":
            if not opened:
                return None
            began = opened.pop()
            spans[began] = replace(spans[began], end=length, close=token.raw)
        else:
            word = read(token.raw) if token.role == "text" else f"{{{{{mark}{len(kept)}}}}}"
            if token.role != "text":
                kept[word] = token.raw
            words.append(word)
            length += len(word)
    return None if opened else Fragment("".join(words), tuple(spans), kept, escape)


def _is_half(token: Token) -> bool:
    return token.role in ("open", "close")


def _halves(tokens: Sequence[Token]) -> set[int]:
    """Which tags have their other half, as a text that is well formed has them."""
    paired: set[int] = set()
    opened: list[tuple[int, str]] = []
    waiting: dict[str, int] = {}
    for at, token in enumerate(tokens):
        if token.role == "open":
            opened.append((at, token.name))
            waiting[token.name] = waiting.get(token.name, 0) + 1
        elif token.role == "close" and waiting.get(token.name):
            while opened:
                began, name = opened.pop()
                waiting[name] -= 1
                if name == token.name:
                    paired |= {began, at}
                    break
    return paired


def _unused(text: str) -> str:
    """What the names of placeholders begin with: nothing that the text has."""
    mark = "k"
    while f"{{{{{mark}" in text:
        mark += "k"
    return mark


def _holds(outer: Span, inner: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _stripped(text: str, start: int, end: int) -> Place:
    """The same place without white space at its edges."""
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end


def _places(text: str, words: str, within: Place) -> list[Place]:
    """Where the words are in the text; where others are that begin as they do, if they are not."""
    if not words:
        return []
    return [*_exact(text, words, within)] or [*_alike(text, words, within)]


def _exact(text: str, words: str, within: Place) -> Iterator[Place]:
    there = re.compile(rf"{_boundary(words[0])}{re.escape(words)}{_boundary(words[-1])}", re.I)
    for found in there.finditer(text, *within):
        yield found.span()


def _boundary(character: str) -> str:
    """Where Latin, Greek, or Cyrillic words end; others are written without spaces."""
    return r"\b" if character.isalnum() and character < "\u2e80" else ""


def _alike(text: str, words: str, within: Place) -> Iterator[Place]:
    """As many words that begin as these do."""
    wanted = _WORD.findall(words)
    there = list(_WORD.finditer(text, *within))
    for at in range(len(there) - len(wanted) + 1 if wanted else 0):
        window = there[at : at + len(wanted)]
        if all(_are_alike(one, other.group()) for one, other in zip(wanted, window, strict=True)):
            yield window[0].start(), window[-1].end()


def _are_alike(one: str, other: str) -> bool:
    one, other = one.lower(), other.lower()
    same = next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    return one == other or (same >= 3 and same >= LEAST_ALIKE * max(len(one), len(other)))
