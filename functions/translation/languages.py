"""Language codes and pairs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from contract.endpoint_name import endpoint_name
from contract.messages import Message, message

AUTO = "auto"
_CODE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,4})?")


@dataclass(frozen=True)
class Pair:
    """From which language into which: codes such as en, de, zh-TW; `auto` to have it detected."""

    source: str
    target: str

    def __str__(self) -> str:
        return f"{self.source}-{self.target}"

    def endpoint(self, prefix: str) -> str:
        """The name of the pair's endpoint."""
        return endpoint_name(prefix, str(self))


def parse_pairs(text: str) -> tuple[Pair, ...]:
    """`en-de, zh-TW>en` → two pairs; the arrow is for codes that hold a hyphen."""
    return tuple(_pair(part.strip()) for part in text.split(",") if part.strip())


def is_code(text: str) -> bool:
    return text == AUTO or bool(_CODE.fullmatch(text))


def listed(pairs: Sequence[Pair]) -> tuple[Message, ...]:
    """`en to de`, `de to en`, for messages."""
    return tuple(message("api.pair", source=pair.source, into=pair.target) for pair in pairs)


def _pair(text: str) -> Pair:
    source, _, target = text.partition(">" if ">" in text else "-")
    return Pair(source, target)
