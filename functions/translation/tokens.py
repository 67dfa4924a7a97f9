"""Words and marks apart, as SageMaker's built-in seq2seq wants its text, and together again."""

import re

_TOKEN = re.compile(r"⟦\d⟧|\w+(?:['’-]\w+)*|[^\w\s]")
_JOINED_LEFT = re.compile(r"\s+([.,;:!?…%)\]}”’»])")
_JOINED_RIGHT = re.compile(r"([(\[{“‘«¿¡])\s+")
_SUBWORDS = re.compile(r"@@(?: |$)")


def tokenise(text: str) -> str:
    """`I love you.` → `I love you .`"""
    return " ".join(_TOKEN.findall(text))


def detokenise(text: str) -> str:
    """`ich liebe dich .` → `ich liebe dich.`; subwords marked with @@ become words again."""
    words = _SUBWORDS.sub("", text.strip())
    return _JOINED_RIGHT.sub(r"\1", _JOINED_LEFT.sub(r"\1", words))
