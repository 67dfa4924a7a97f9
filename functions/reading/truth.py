"""Words for true and false, in any usual spelling; a boolean column holds both and nothing else."""

from collections.abc import Iterable

from reading.units import QUOTES

TRUE = (
    *("true", "t", "yes", "y", "on", "ja", "j", "oui", "si", "sí", "sim", "vrai", "wahr"),
    *("verdadero", "verdadeiro", "vero", "да", "예", "네", "참", "是", "真", "はい", "1", "1.0"),
    *("tak", "evet", "kyllä", "igen", "ano", "áno", "sì", "نعم", "כן", "हाँ", "có", "ya"),
    *("✓", "✔", "☑", "√"),
)
FALSE = (
    *("false", "f", "no", "n", "off", "nein", "non", "não", "nao", "faux", "falsch"),
    *("falso", "нет", "아니오", "아니요", "거짓", "否", "假", "いいえ", "0", "0.0"),
    *("nie", "hay\u0131r", "hayir", "ei", "nem", "ne", "nei", "nej", "nee", "لا", "לא", "नहीं"),
    *("không", "tidak", "✗", "✘", "☐"),
)
VALUES = {**dict.fromkeys(TRUE, True), **dict.fromkeys(FALSE, False)}


def truth(text: str) -> bool | None:
    """What a word says; None when it is no word for true or false."""
    return VALUES.get(text.translate(QUOTES).strip("'\" ").casefold())


def are_truths(texts: Iterable[str]) -> bool:
    """Whether these distinct values are words for true and false, and both are there."""
    found = set()
    for text in texts:
        value = truth(text)
        if value is None:
            return False
        found.add(value)
    return len(found) == 2
