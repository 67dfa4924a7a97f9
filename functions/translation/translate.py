"""From texts to translations: cut, masked, each repeat once, through an engine, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol

from contract.messages import Message, message
from translation.confidence import Hearing, asked_of, with_doubt
from translation.errors import EngineError, WarmingUpError
from translation.languages import Pair
from translation.price import ENGINES, FREE
from translation.protected_spans import Masked, mask
from translation.request import Request
from translation.sentences import Segment, cut

LOST = message("engine.no_translation")


@dataclass(frozen=True)
class Failed:
    """Why an engine has not translated one segment."""

    reason: Message


class Engine(Protocol):
    """Something that translates short texts."""

    @property
    def name(self) -> str: ...

    @property
    def longest_bytes(self) -> int:
        """The longest segment that it takes, in UTF-8 bytes."""

    @property
    def by_sentence(self) -> bool:
        """Whether it wants one sentence at a time rather than whole lines."""

    def speaks(self, pair: Pair) -> bool: ...

    def translate(self, segments: Sequence[str], pair: Pair) -> Sequence[str | Failed]:
        """One answer per segment, in order; raises EngineError when nothing can be translated."""


@dataclass(frozen=True)
class Translation:
    """The result of one query: a translation, or an error."""

    query: str
    translation: str | None
    engine: str
    error: Message | None = None
    confidence: float | None = None
    """Of its least sure sentence, from 0 to 1; None where the engine has measured none."""
    doubt: Message | None = None
    """Why it is unsure."""


def translate_all(
    request: Request, engines: Sequence[Engine], pay_while_warming_up: bool = False
) -> list[Translation]:
    """Translate by the first engine that speaks the pair and works; raises the last EngineError.

    Without `pay_while_warming_up`, an engine that is only starting is not replaced by one that is
    paid per character: raises WarmingUpError.
    """
    able = [engine for engine in engines if engine.speaks(request.pair)]
    for engine, following in pairwise(able):
        try:
            return _translate(request, engine)
        except WarmingUpError:
            if not pay_while_warming_up and ENGINES.get(following.name, FREE).per_character:
                raise
        except EngineError:
            continue
    return _translate(request, able[-1])


def _translate(request: Request, engine: Engine) -> list[Translation]:
    texts = [cut(query, engine.longest_bytes, engine.by_sentence) for query in request.queries]
    masked = {
        segment.text: mask(segment.text, request.glossary)
        for segments in texts
        for segment in segments
    }
    heard = Hearing(engine)
    done = _segments(masked, heard, request.pair)
    return [
        with_doubt(
            replace(
                _joined(query, segments, done, engine.name),
                confidence=heard.least(
                    text for segment in segments for text in asked_of(masked[segment.text])
                ),
            ),
            request.min_confidence,
            request.pair.source,
        )
        for query, segments in zip(request.queries, texts, strict=True)
    ]


def _joined(
    query: str, segments: Sequence[Segment], done: Mapping[str, str | Failed], engine: str
) -> Translation:
    pieces = []
    for segment in segments:
        translated = done[segment.text]
        if isinstance(translated, Failed):
            return Translation(query, None, engine, translated.reason)
        pieces.append(f"{segment.before}{translated}{segment.after}")
    return Translation(query, "".join(pieces), engine)


def _segments(masked: Mapping[str, Masked], engine: Engine, pair: Pair) -> dict[str, str | Failed]:
    """Translate each segment with its spans masked; in parts if a mark does not come back."""
    done: dict[str, str | Failed] = {
        text: one.joined(one.parts) for text, one in masked.items() if not one.has_words
    }
    whole = {
        text: marked
        for text, one in masked.items()
        if text not in done and (marked := one.marked) is not None
    }
    for text, answer in _asked(whole, engine, pair).items():
        restored = answer if isinstance(answer, Failed) else masked[text].restored(answer.strip())
        if restored is not None:
            done[text] = restored
    return done | _in_parts({t: s for t, s in masked.items() if t not in done}, engine, pair)


def _in_parts(masked: Mapping[str, Masked], engine: Engine, pair: Pair) -> dict[str, str | Failed]:
    parts = {
        part: part.strip()
        for one in masked.values()
        for part in one.parts
        if any(character.isalpha() for character in part)
    }
    answers = _asked(parts, engine, pair)
    done: dict[str, str | Failed] = {}
    for text, one in masked.items():
        pieces = [_in_place(part, answers.get(part, part)) for part in one.parts]
        failed = next((piece for piece in pieces if isinstance(piece, Failed)), None)
        done[text] = failed or one.joined([p for p in pieces if isinstance(p, str)])
    return done


def _in_place(part: str, answer: str | Failed) -> str | Failed:
    """Return the translation with the part's surrounding white space."""
    if isinstance(answer, Failed) or not part.strip():
        return answer
    start = len(part) - len(part.lstrip())
    end = len(part.rstrip())
    # The engine invented this mark: drop it.
    clean = answer.translate({ord("⟦"): None, ord("⟧"): None}).strip()
    return f"{part[:start]}{clean}{part[end:]}"


def _asked(texts: Mapping[str, str], engine: Engine, pair: Pair) -> dict[str, str | Failed]:
    """Key → translation of its text; texts that repeat are asked once."""
    if not texts:
        return {}
    asked = list(dict.fromkeys(texts.values()))
    answers = dict(zip(asked, engine.translate(asked, pair), strict=True))
    return {key: answers[text] or Failed(LOST) for key, text in texts.items()}
