"""The page speaks every language of the stack, and takes whatever it shows as text."""

import json
import re
from html.parser import HTMLParser

import pytest

from contract.bounds import LANGUAGES
from tests.template_facts import ROOT

WEB = ROOT / "web"
SCRIPTS = {path.name: path.read_text("utf-8") for path in WEB.glob("*.js")}
# The same in each language.
KEPT = {"API", "Ctrl + Enter", "⇄", "0 characters"}
STRING = r'"((?:[^"\\]|\\.)+)"'


class Shown(HTMLParser):
    """Collects what a page shows, and what a screen reader says of it."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: set[str] = set()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name in ("aria-label", "title", "placeholder") and value:
                self.texts.add(value)

    def handle_data(self, data: str) -> None:
        self.texts |= {data.strip()} - {""}


def used() -> set[str]:
    """All English texts of the page."""
    found = {
        text
        for name, script in SCRIPTS.items()
        if name != "texts.js"
        for text in re.findall(rf"\bwords\(\s*{STRING}", script)
    }
    shown = Shown()
    shown.feed((WEB / "index.html").read_text("utf-8"))
    return (found | shown.texts) - KEPT


def translated(language: str) -> dict[str, str]:
    """English → the text in a language."""
    script = SCRIPTS["texts.js"]
    start = re.search(rf'^  "?{language}"?: \{{$', script, re.MULTILINE)
    assert start
    block = script[start.end() :].split("\n  },", 1)[0]
    pairs = re.findall(rf"^    {STRING}:\s+{STRING},$", block, re.MULTILINE)
    assert len(pairs) == len(dict(pairs)) == len(re.findall(r"^    \"", block, re.MULTILINE))
    return {json.loads(f'"{text}"'): json.loads(f'"{own}"') for text, own in pairs}


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != "en"])
def test_every_text_of_the_page_has_each_language(language: str) -> None:
    own = translated(language)
    assert own.keys() == used()
    assert len(own) > 50
    for text, said in own.items():
        names = re.findall(r"\{\w+\}", text)
        assert sorted(names) == sorted(re.findall(r"\{\w+\}", said)), text


def test_korean_has_one_word_for_one_thing() -> None:
    for other in ("데이터셋", "학습"):
        assert [said for said in translated("ko").values() if other in said] == []


def test_no_text_becomes_markup() -> None:
    sinks = r"(inner|outer)HTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser"
    for name, script in SCRIPTS.items():
        assert re.search(sinks, script) is None, name


def test_every_text_is_asked_for_by_itself() -> None:
    """So that the texts can be found: `words` is never handed a variable."""
    for name, script in SCRIPTS.items():
        if name != "common.js":
            assert {*re.findall(r"\bwords\(\s*(.)", script)} <= {'"'}, name
