"""From texts to translations: cut, shielded, each repeat once, through an engine, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from translation.errors import EngineError
from translation.languages import Pair
from translation.request import Request
from translation.sentences import Unit, cut
from translation.shields import Shielded, shield

LOST = "The engine gave no translation of this text."


@dataclass(frozen=True)
class Failed:
    """Why an engine has not translated one unit."""

    reason: str


class Engine(Protocol):
    """Something that translates short texts."""

    @property
    def name(self) -> str: ...

    @property
    def longest_bytes(self) -> int:
        """The longest unit that it takes, in UTF-8 bytes."""

    @property
    def by_sentence(self) -> bool:
        """Whether it wants one sentence at a time rather than whole lines."""

    def speaks(self, pair: Pair) -> bool: ...

    def translate(self, units: Sequence[str], pair: Pair) -> Sequence[str | Failed]:
        """One answer per unit, in order; raises EngineError when nothing can be translated."""


@dataclass(frozen=True)
class Translation:
    """What became of one query: a translation, or an error."""

    query: str
    translation: str | None
    engine: str
    error: str | None = None


def translate_all(request: Request, engines: Sequence[Engine]) -> list[Translation]:
    """By the first engine that speaks the pair and can; raises the last one's EngineError."""
    able = [engine for engine in engines if engine.speaks(request.pair)]
    for engine in able[:-1]:
        try:
            return _translate(request, engine)
        except EngineError:
            continue
    return _translate(request, able[-1])


def _translate(request: Request, engine: Engine) -> list[Translation]:
    texts = [cut(query, engine.longest_bytes, engine.by_sentence) for query in request.queries]
    shields = {unit.text: shield(unit.text, request.glossary) for units in texts for unit in units}
    done = _units(shields, engine, request.pair)
    return [
        _joined(query, units, done, engine.name)
        for query, units in zip(request.queries, texts, strict=True)
    ]


def _joined(
    query: str, units: Sequence[Unit], done: Mapping[str, str | Failed], engine: str
) -> Translation:
    pieces = []
    for unit in units:
        translated = done[unit.text]
        if isinstance(translated, Failed):
            return Translation(query, None, engine, translated.reason)
        pieces.append(f"{unit.before}{translated}{unit.after}")
    return Translation(query, "".join(pieces), engine)


def _units(shields: Mapping[str, Shielded], engine: Engine, pair: Pair) -> dict[str, str | Failed]:
    """Each unit with its spans marked; those that come back without a mark, again in parts."""
    done: dict[str, str | Failed] = {
        text: shielded.joined(shielded.parts)
        for text, shielded in shields.items()
        if not shielded.has_words
    }
    whole = {
        text: marked
        for text, shielded in shields.items()
        if text not in done and (marked := shielded.marked) is not None
    }
    for text, answer in _asked(whole, engine, pair).items():
        restored = answer if isinstance(answer, Failed) else shields[text].restored(answer.strip())
        if restored is not None:
            done[text] = restored
    return done | _in_parts({t: s for t, s in shields.items() if t not in done}, engine, pair)


def _in_parts(
    shields: Mapping[str, Shielded], engine: Engine, pair: Pair
) -> dict[str, str | Failed]:
    parts = {
        part: part.strip()
        for shielded in shields.values()
        for part in shielded.parts
        if any(character.isalpha() for character in part)
    }
    answers = _asked(parts, engine, pair)
    done: dict[str, str | Failed] = {}
    for text, shielded in shields.items():
        pieces = [_in_place(part, answers.get(part, part)) for part in shielded.parts]
        failed = next((piece for piece in pieces if isinstance(piece, Failed)), None)
        done[text] = failed or shielded.joined([p for p in pieces if isinstance(p, str)])
    return done


def _in_place(part: str, answer: str | Failed) -> str | Failed:
    """The translation with the white space that the part had around it."""
    if isinstance(answer, Failed) or not part.strip():
        return answer
    start = len(part) - len(part.lstrip())
    end = len(part.rstrip())
    # A mark that the engine has invented belongs to nobody.
    clean = answer.translate({ord("⟦"): None, ord("⟧"): None}).strip()
    return f"{part[:start]}{clean}{part[end:]}"


def _asked(texts: Mapping[str, str], engine: Engine, pair: Pair) -> dict[str, str | Failed]:
    """Key → translation of its text; texts that repeat are asked once."""
    if not texts:
        return {}
    asked = list(dict.fromkeys(texts.values()))
    answers = dict(zip(asked, engine.translate(asked, pair), strict=True))
    return {key: answers[text] or Failed(LOST) for key, text in texts.items()}
