"""What a document consists of: text to translate, and all else as it is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Slot:
    """A text to translate, in its place."""

    text: str
    write: Callable[[str], str] = str
    """How a translation is written there."""
    otherwise: str | None = None
    """What is there without a translation; the text where None."""

    def written(self, translations: Mapping[str, str]) -> str:
        if self.text in translations:
            return self.write(translations[self.text])
        return self.text if self.otherwise is None else self.otherwise


Piece = str | Slot
