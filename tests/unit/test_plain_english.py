"""Plain English in every page and every source file in scope: one list of forbidden words."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Translated idioms and vague persons. Each has a plain word: user, report, calculate, fix, learn.
FORBIDDEN = re.compile(
    r"\b(?:whoever|somebody|nobody|told|reckon\w*|mend(?:s|ed|ing)?|learnt|dear(?:er|est))\b"
    r"|costs itself alone|those that",
    re.IGNORECASE,
)
GUILLEMETS = re.compile("[«»]")
# Words that the product says are quoted as they are: in boxes and between backticks.
QUOTED = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
# Translations hold English only in quotes, but no foreign quotation marks either.
SCOPE = (
    "README*.md",
    "CHANGELOG.md",
    "docs/*.md",
    "events/*.md",
    "samples/*.md",
    "translator/**/*.md",
)
FILES = sorted(file for pattern in SCOPE for file in ROOT.glob(pattern))
# Names, comments, docstrings and texts alike.
CODE = (
    *(f"{folder}/**/*.py" for folder in ("functions", "training_src", "codefree")),
    *(f"{folder}/*.py" for folder in ("scripts", "benchmarks")),
    *("functions/**/*.json", "training_src/**/*.j2", "template.yaml", "web/*"),
)
# They hold the quotation marks of the languages that they translate.
WITH_GUILLEMETS = {"functions/translation/sentences.py", "functions/translation/tokens.py"}
SOURCES = sorted(
    file for pattern in CODE for file in ROOT.glob(pattern) if "__pycache__" not in file.parts
)


def faults(text: str) -> list[str]:
    """Each forbidden word or mark outside of quotes, with its line."""
    return forbidden(QUOTED.sub(lambda quote: "\n" * quote[0].count("\n"), text))


def forbidden(text: str) -> list[str]:
    """Each forbidden word or mark, with its line."""
    return [
        f"{number}: {found}"
        for number, line in enumerate(text.splitlines(), 1)
        for pattern in (FORBIDDEN, GUILLEMETS)
        for found in pattern.findall(line)
    ]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_page_is_in_plain_english(file: Path) -> None:
    assert faults(file.read_text("utf-8")) == []


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_source_code_is_in_plain_english(file: Path) -> None:
    text = file.read_text("utf-8")
    if str(file.relative_to(ROOT)) in WITH_GUILLEMETS:
        assert GUILLEMETS.search(text), "no longer an exception"
        text = GUILLEMETS.sub("", text)
    assert forbidden(text) == []


def test_forbidden_words_are_found_outside_of_quotes_only() -> None:
    page = "Whoever asks.\n```\nnobody\n```\nIt says `is told` and «so».\nRecommend it."
    assert faults(page) == ["1: Whoever", "5: «", "5: »"]


def test_every_kind_of_page_is_in_scope() -> None:
    assert all(any(ROOT.glob(pattern)) for pattern in (*SCOPE, *CODE))
