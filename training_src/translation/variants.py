"""Other ways to write a pair, so that the translator knows more than tidy sentences.

A tenth of what people type has no full stop, no capital, or holds something that must come back
as it is; the function puts the mark of MARKS in its place, and the translator has to carry it.
"""

import random
import re

from translation.pairs import Pair

MARKS = [f"⟦{number}⟧" for number in range(10)]
MASKED_SHARE, BARE_SHARE, LOWER_SHARE, UPPER_SHARE = 0.08, 0.08, 0.06, 0.02
MOST_MASKED = 3
_CARRIED = re.compile(r"[^\W\d_]*[A-Z\u00c0-\u00dd]\w+|\d+(?:[.,:]\d+)*")
_END = re.compile(r"\s*[.!?。！？]+$")


def variant(pair: Pair, rng: random.Random) -> Pair:
    """The pair itself, or one of its variants, drawn by chance."""
    drawn = rng.random()
    for share, change in (
        (MASKED_SHARE, lambda p: masked(p, rng)),
        (BARE_SHARE, without_end),
        (LOWER_SHARE, lambda p: Pair(p.source.lower(), p.target)),
        (UPPER_SHARE, lambda p: Pair(p.source.upper(), p.target.upper())),
    ):
        if drawn < share:
            return change(pair)
        drawn -= share
    return pair


def without_end(pair: Pair) -> Pair:
    """Both sentences without their full stop, question mark or exclamation mark."""
    bare = Pair(_END.sub("", pair.source), _END.sub("", pair.target))
    return bare if bare.source and bare.target else pair


def masked(pair: Pair, rng: random.Random) -> Pair:
    """Names and numbers that stand once in both sentences, replaced by marks in source order."""
    carried = [
        word
        for word in dict.fromkeys(_CARRIED.findall(pair.source))
        if _count(word, pair.source) == _count(word, pair.target) == 1
    ]
    chosen = set(rng.sample(carried, min(len(carried), rng.randint(1, MOST_MASKED))))
    source, target = pair.source, pair.target
    for mark, word in zip(MARKS, [word for word in carried if word in chosen], strict=False):
        source, target = _replace(word, mark, source), _replace(word, mark, target)
    return Pair(source, target)


def _count(word: str, sentence: str) -> int:
    return len(re.findall(rf"\b{re.escape(word)}\b", sentence))


def _replace(word: str, mark: str, sentence: str) -> str:
    return re.sub(rf"\b{re.escape(word)}\b", mark, sentence)
