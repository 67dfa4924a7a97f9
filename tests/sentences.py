"""Make sentences with spans that a translation must keep."""

import random

from translation.languages import Pair

PAIR = Pair("en", "de")


PROTECTED = [
    "https://example.com/a?b=c&d=%20#e",
    "http://localhost:8080/x_y/",
    "www.example.org",
    "someone.else+tag@mail.example.co.uk",
    "{{ user.name }}",
    "{{count}}",
    "{0}",
    "${HOME}",
    "%{name}",
    "{price, number, currency}",
    "%1$s",
    "%s",
    "%(total)d",
    "%.2f",
    "{% if x %}",
    "<b>",
    "</b>",
    '<a href="https://example.com">',
    "<br/>",
    "&nbsp;",
    "&#39;",
    "`rm -rf`",
    "1,234.56",
    "3.14",
    "50%",
    "2026-11-21",
    "12:30",
    "+49",
    "B2B",
    "1990s",
    "-5",
    "😀",
    "👩‍💻",
    "👍🏽",
    "❤️",
    "🇩🇪",
    "⟦0⟧",
    "⟦7⟧",
]


WORDS = "the cat sees a red house and goes home today because Tom is late".split()


def sentences(seed: int = 0) -> list[tuple[str, list[str]]]:
    """300 sentences of words with up to 14 protected spans in them."""
    rng = random.Random(seed)
    made = []
    for _ in range(300):
        spans = [rng.choice(PROTECTED) for _ in range(rng.choice([1, 1, 2, 3, 14]))]
        parts = [*rng.sample(WORDS, rng.randint(0, 8)), *spans]
        rng.shuffle(parts)
        ordered = [part for part in parts if part in spans]
        made.append((" ".join(parts) + rng.choice([".", "!", "", "?"]), ordered))
    return made
