"""How sure a translation is, as its engine has measured it, and what to say of doubtful ones."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from contract.messages import message
from translation.languages import Pair
from translation.protected_spans import Masked
from translation.scripts import is_of_other_script

if TYPE_CHECKING:
    from translation.translate import Engine, Failed, Translation


class Rated(str):
    """A translation of an engine that knows how sure it is."""

    confidence: float

    def __new__(cls, text: str, confidence: float) -> "Rated":
        one = super().__new__(cls, text)
        one.confidence = confidence
        return one


@dataclass
class Hearing:
    """Asks an engine, and remembers how sure it was of each text."""

    engine: "Engine"
    sure: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.name = self.engine.name
        self.longest_bytes = self.engine.longest_bytes
        self.by_sentence = self.engine.by_sentence

    def speaks(self, pair: Pair) -> bool:
        return self.engine.speaks(pair)

    def translate(self, segments: Sequence[str], pair: Pair) -> Sequence["str | Failed"]:
        answers = self.engine.translate(segments, pair)
        for segment, answer in zip(segments, answers, strict=True):
            if isinstance(answer, Rated):
                self.sure[segment] = answer.confidence
        return answers

    def least(self, asked: Iterable[str]) -> float | None:
        """Of some texts that may have been asked for; None where no confidence is known."""
        return min((self.sure[text] for text in asked if text in self.sure), default=None)


def asked_of(masked: Masked) -> Iterator[str]:
    """What an engine may have been asked for a segment: all of it, and its parts."""
    if masked.marked is not None:
        yield masked.marked
    yield from (part.strip() for part in masked.parts)


def with_doubt(translation: "Translation", words: str, least: float, source: str) -> "Translation":
    """The translation with the reason why it is not to be trusted, where there is one.

    `words` are those of its query, without tags, `least` the confidence below which no translation
    is to be trusted, and `source` the language of its query.
    """
    if translation.translation is None:
        return translation
    if is_of_other_script(words, source):
        return replace(translation, doubt=message("doubt.script", language=source))
    sure = translation.confidence
    if sure is None or sure >= least:
        return translation
    percent, wanted = (_floored(share) for share in (sure, least))
    return replace(translation, doubt=message("doubt.confidence", percent=percent, least=wanted))


def _floored(share: float) -> float:
    """Percent, so that what is below something does not look the same."""
    return int(1000 * share) / 10
