"""What engines are paid for segments: before they are asked, and afterwards."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.budget import PRICES, rounded_up
from translation.endpoint import MEMORY_MB

# AWS's list prices of 2026-09-25. Amazon Translate costs the same in every region.
AMAZON_USD_PER_CHARACTER = 15 / 1_000_000
SERVERLESS_USD_PER_GB_SECOND: float = PRICES["serving"]["serverless_usd_per_gb_second"]
# SageMaker ends a request to a serverless endpoint after a minute; most take a second.
LONGEST_REQUEST_SECONDS, LIKELY_REQUEST_SECONDS = 60, 5
SEGMENTS_PER_REQUEST, REQUESTS_AT_ONCE = 32, 4
# What is lost, and asked again, when a function is stopped in the middle.
SEGMENTS_PER_PART, CHARACTERS_PER_PART = 64, 5_000
PARTS_THAT_MAY_BE_LOST = 2


@dataclass(frozen=True)
class Price:
    """What an engine is paid, in US dollars."""

    per_character: float = 0.0
    per_second: float = 0.0
    """Of each of its requests."""

    def most(self, segments: Sequence[str]) -> float:
        """What translating these can cost at most."""
        return self._usd(segments, LONGEST_REQUEST_SECONDS)

    def likely(self, segments: Sequence[str]) -> float:
        """What it costs unless the engine is unusually slow; the same where characters are paid."""
        return self._usd(segments, LIKELY_REQUEST_SECONDS)

    def paid(self, answered: Sequence[str], seconds: float, most: float) -> float:
        """What these have cost, after so many seconds; not more than was held for them."""
        running = self.per_second * seconds * REQUESTS_AT_ONCE
        return min(most, self.per_character * characters(answered) + running)

    def quote(self, segments: Sequence[str]) -> float:
        """The price of a whole file, with what may be asked twice, up to a hundredth of a cent."""
        again = max((self.most(part) for part in parts(segments)), default=0.0)
        return rounded_up(self.likely(segments) + PARTS_THAT_MAY_BE_LOST * again, 10_000)

    def _usd(self, segments: Sequence[str], seconds: float) -> float:
        requests = sum(math.ceil(len(p) / SEGMENTS_PER_REQUEST) for p in parts(segments))
        return self.per_character * characters(segments) + self.per_second * seconds * requests


FREE = Price()
# By the name of the engine.
ENGINES: Mapping[str, Price] = {
    "amazon-translate": Price(per_character=AMAZON_USD_PER_CHARACTER),
    "sagemaker": Price(
        per_second=SERVERLESS_USD_PER_GB_SECOND
        * (MEMORY_MB / 1024)
        * PRICES["highest_region_factor"]
    ),
}


def characters(segments: Sequence[str]) -> int:
    return sum(map(len, segments))


def parts(segments: Sequence[str]) -> Iterator[list[str]]:
    """Segments in parts that are asked, paid, and kept together."""
    part: list[str] = []
    size = 0
    for segment in segments:
        if part and (len(part) == SEGMENTS_PER_PART or size + len(segment) > CHARACTERS_PER_PART):
            yield part
            part, size = [], 0
        part.append(segment)
        size += len(segment)
    if part:
        yield part
