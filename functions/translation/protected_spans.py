"""Mask what an engine must not translate, and put it back afterwards.

Each protected span is replaced by a mark, ⟦0⟧ to ⟦9⟧, which our own translator has learned to
keep. When an engine loses a mark, the text is cut at the spans and only the parts between them
are translated.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MOST_MARKS = 10
_EMOJI = (
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2190-\u21ff\u231a-\u23ff\u25aa-\u25fe"
    "\u3030\u303d\u3297\u3299\u00a9\u00ae\u2122]"
)
_PROTECTED = "|".join(
    [
        r"\{\{.*?\}\}|\{%.*?%\}",  # {{name}}, {% if %}
        r"\$\{[^}]*\}|%\{[^}]*\}|\{[^{}\s]*\}",  # ${name}, %{name}, {0}
        r"\{\s*[\w.-]+\s*,\s*(?:number|date|time|spellout|ordinal|duration)\b[^{}]*\}",
        r"%(?:\d+\$)?[-+0#]*\d*(?:\.\d+)?[sdifuxXcegEG@](?![^\W_])|%\(\w+\)[sdifr]",  # %1$s
        r"</?[A-Za-z!][^<>]*>",  # tags
        r"&(?:[A-Za-z]\w*|#\d+|#x[0-9A-Fa-f]+);",  # entities
        r"(?:https?|ftp|mailto|file)://?[^\s<>\"'⟦⟧]*[^\s<>\"'⟦⟧.,;:!?)\]}]",  # URLs
        r"www\.[^\s<>\"'⟦⟧]*[^\s<>\"'⟦⟧.,;:!?)\]}]",
        r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",  # e-mail addresses
        r"`[^`]+`",  # code
        rf"{_EMOJI}[\ufe0f\u200d\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]*"
        rf"(?:{_EMOJI}[\ufe0f\u200d\U0001f3fb-\U0001f3ff]*)*",
        r"⟦[^⟦⟧]*⟧?|⟧",  # what looks like a mark
        # Numbers, and words with digits in them.
        r"[+-]?(?<![^\W_])[^\W\d_]*\d[^\W_]*(?:[.,:/-][^\W\d_]*\d[^\W_]*)*%?",
    ]
)
_MARK = re.compile(r"⟦(\d)⟧")
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True)
class Masked:
    """A text cut into parts to translate and kept spans: one more of `parts` than of `kept`."""

    parts: tuple[str, ...]
    kept: tuple[str, ...]

    @property
    def has_words(self) -> bool:
        return any(_LETTER.search(part) for part in self.parts)

    @property
    def marked(self) -> str | None:
        """Return the text with a mark per span; None for more than MOST_MARKS spans."""
        if len(self.kept) > MOST_MARKS:
            return None
        marks = [f"⟦{number}⟧" for number in range(len(self.kept))]
        return _interleaved(self.parts, marks)

    def restored(self, translation: str) -> str | None:
        """Put the spans back into a translation; None for a lost, doubled, or invented mark."""
        pieces = _MARK.split(translation)
        texts, numbers = pieces[::2], [int(number) for number in pieces[1::2]]
        if sorted(numbers) != list(range(len(self.kept))) or "⟦" in "".join(texts):
            return None
        for at, number in enumerate(numbers):
            # A span that touched a word in the text touches one in the translation.
            if self.parts[number][-1:].isalnum():
                texts[at] = texts[at].rstrip(" ")
            if self.parts[number + 1][:1].isalnum():
                texts[at + 1] = texts[at + 1].lstrip(" ")
        return _interleaved(texts, [self.kept[number] for number in numbers])

    def joined(self, translated_parts: Sequence[str]) -> str:
        """Join the translated parts with the spans between them."""
        return _interleaved(translated_parts, self.kept)


def mask(text: str, glossary: Mapping[str, str]) -> Masked:
    """Find what must not be translated; a term of the glossary is replaced by its translation."""
    parts, kept, at = [], [], 0
    lowered = {term.lower(): translation for term, translation in glossary.items()}
    for match in pattern(glossary).finditer(text):
        found = match.group()
        parts.append(text[at : match.start()])
        kept.append(lowered.get(found.lower(), found))
        at = match.end()
    parts.append(text[at:])
    return Masked(tuple(parts), tuple(kept))


def pattern(glossary: Mapping[str, str]) -> re.Pattern[str]:
    """Compile the glossary's terms, longest first, and everything that is always protected."""
    terms = sorted(glossary, key=len, reverse=True)
    words = "|".join(rf"(?<!\w){re.escape(term)}(?!\w)" for term in terms)
    return re.compile(f"{words}|{_PROTECTED}" if words else _PROTECTED, re.IGNORECASE)


def _interleaved(parts: Sequence[str], between: Sequence[str]) -> str:
    woven = [piece for both in zip(parts, [*between, ""], strict=True) for piece in both]
    return "".join(woven)
