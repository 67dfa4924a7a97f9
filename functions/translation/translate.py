"""From texts to translations: cut, masked, each repeat once, through an engine, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol

from contract.messages import Message, message
from translation.confidence import Hearing, asked_of, with_doubt
from translation.errors import EngineError, WarmingUpError
from translation.formats import Parsed, parsed
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
    """Translate the words of each text, and put its tags into the translation."""
    texts = [parsed(query, request.format) for query in request.queries]
    done = _words([words for text in texts for words in text.asked()], request, engine)
    good = _translated(done)
    done |= _words([words for text in texts for words in text.asked_again(good)], request, engine)
    good = _translated(done)
    return [
        with_doubt(
            _with_markup(query, text, done, good, engine.name),
            " ".join(text.used(good)),
            request.min_confidence,
            request.pair.source,
        )
        for query, text in zip(request.queries, texts, strict=True)
    ]


def _translated(done: Mapping[str, Translation]) -> dict[str, str]:
    return {words: one.translation for words, one in done.items() if one.translation is not None}


def _with_markup(
    query: str,
    text: Parsed,
    done: Mapping[str, Translation],
    good: Mapping[str, str],
    engine: str,
) -> Translation:
    used = [done[words] for words in text.used(good)]
    for one in used:
        if one.translation is None:
            return replace(one, query=query)
    sure = [one.confidence for one in used if one.confidence is not None]
    return Translation(query, text.written(good), engine, confidence=min(sure, default=None))


def _words(asked: Sequence[str], request: Request, engine: Engine) -> dict[str, Translation]:
    """Words without tags → their translation."""
    queries = list(dict.fromkeys(asked))
    texts = [cut(query, engine.longest_bytes, engine.by_sentence) for query in queries]
    masked = {
        segment.text: mask(segment.text, request.glossary)
        for segments in texts
        for segment in segments
    }
    heard = Hearing(engine)
    done = _segments(masked, heard, request.pair)
    return {
        query: replace(
            _joined(query, segments, done, engine.name),
            confidence=heard.least(
                text for segment in segments for text in asked_of(masked[segment.text])
            ),
        )
        for query, segments in zip(queries, texts, strict=True)
    }


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
