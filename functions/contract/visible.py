"""Characters that are not drawn, or that turn the text around them, shown as what they are."""

import unicodedata
from functools import cache

# Drawn as nothing, although they are letters or marks: fillers, joiners, blanks.
UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
# Formats; halves of characters; private use.
UNSEEN_KINDS = ("Cf", "Cs", "Co")


def visible(text: str) -> str:
    """The text with each unseen character as its code point, such as [U+202E].

    White space and everything that is drawn stays, whichever its script and direction.
    """
    return text if text.isascii() else "".join(map(_shown, text))


@cache
def _shown(character: str) -> str:
    if character in UNSEEN or unicodedata.category(character) in UNSEEN_KINDS:
        return f"[U+{ord(character):04X}]"
    return character
