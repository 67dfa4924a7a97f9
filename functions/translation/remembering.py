"""An engine that is asked once for each segment, whatever fails, and never above its price."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from contract.layout import digest
from translation.errors import EngineError
from translation.formats import Format
from translation.languages import Pair
from translation.price import Price, parts
from translation.request import Request
from translation.translate import Engine, Failed, translate_all

# The longest that a part takes, with the engine's own retries, and writing down its answers.
SECONDS_FOR_A_PART = 240


class OutOfTimeError(Exception):
    """Raised when another invocation has to go on."""


class OutOfMoneyError(Exception):
    """Raised when the next part could cost more than what is left of the price."""


class Memory(Protocol):
    """Where answers and costs outlive the function."""

    def answers(self) -> Mapping[str, str]:
        """Segment → translation, of earlier tries."""

    def charge(self, usd: float) -> None:
        """Write down what the next part can cost; raises OutOfMoneyError."""

    def keep(self, answers: Mapping[str, str], usd: float) -> None:
        """Write down the answers of a part, and what it has cost instead."""


@dataclass
class RememberingEngine:
    """Asks another engine for what the memory does not hold, part by part."""

    engine: Engine
    price: Price
    memory: Memory
    seconds_left: Callable[[], float]

    def __post_init__(self) -> None:
        self.known = dict(self.memory.answers())
        self.name = self.engine.name
        self.longest_bytes = self.engine.longest_bytes
        self.by_sentence = self.engine.by_sentence

    def speaks(self, pair: Pair) -> bool:
        return self.engine.speaks(pair)

    def translate(self, segments: Sequence[str], pair: Pair) -> list[str | Failed]:
        """One answer per segment; raises OutOfTimeError, OutOfMoneyError, or EngineError."""
        failed: dict[str, Failed] = {}
        for part in parts([one for one in segments if one not in self.known]):
            for segment, answer in zip(part, self._ask(part, pair), strict=True):
                if isinstance(answer, Failed):
                    failed[segment] = answer
        return [self.known.get(one, failed.get(one, "")) for one in segments]

    def _ask(self, part: list[str], pair: Pair) -> Sequence[str | Failed]:
        if self.seconds_left() < SECONDS_FOR_A_PART:
            raise OutOfTimeError
        most, began = self.price.most(part), time.monotonic()
        self.memory.charge(most)
        try:
            answers = self.engine.translate(part, pair)
        except EngineError as error:
            self._keep(error.answered, began, most)
            raise
        pairs = zip(part, answers, strict=True)
        self._keep({text: one for text, one in pairs if isinstance(one, str)}, began, most)
        return answers

    def _keep(self, answered: Mapping[str, str], began: float, most: float) -> None:
        self.known |= answered
        seconds = time.monotonic() - began
        self.memory.keep(answered, self.price.paid(list(answered), seconds, most))


def segments_of(
    texts: Sequence[str], pair: Pair, engine: Engine, written_in: Format = "text"
) -> list[str]:
    """Every segment that an engine can be asked for, once, even if it loses every mark and tag."""
    asked = _Asked(engine)
    translate_all(Request(tuple(texts), pair, format=written_in), [asked])
    return list(asked.segments)


class _Asked:
    """Notes what it is asked for.

    Its answers have lost all marks, and none is found in another, so that parts are asked too.
    """

    def __init__(self, engine: Engine) -> None:
        self.segments: dict[str, None] = {}
        self.name = engine.name
        self.longest_bytes, self.by_sentence = engine.longest_bytes, engine.by_sentence

    def speaks(self, pair: Pair) -> bool:
        return True

    def translate(self, segments: Sequence[str], pair: Pair) -> list[str | Failed]:
        self.segments |= dict.fromkeys(segments)
        return [digest(segment) for segment in segments]
