"""What is not drawn, or turns the text around it, is shown in all that people read."""

import unicodedata
from collections.abc import Callable
from contextlib import suppress

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Template
from markupsafe import Markup

from codefree import cli
from codefree.words import in_lines
from codefree.words import verbatim as in_words
from contract.messages import message, render, verbatim
from contract.visible import UNSEEN, visible
from pipeline.status import Status
from report.template import load_template

# Turns the rest of a line; nothing; a filler; half a character; a tag.
HIDDEN = ["\u202e", "\u200b", "\u3164", "\ud800", "\U000e0041", "\u2066", "\u00ad"]
NAMES = st.text(st.characters() | st.sampled_from(HIDDEN), max_size=40)


def is_seen(text: str) -> bool:
    return not any(unicodedata.category(c) == "Cf" or c in UNSEEN for c in text)


@pytest.mark.parametrize("character", HIDDEN)
def test_a_character_that_is_not_drawn_is_shown_by_its_number(character: str) -> None:
    assert visible(f"a{character}b") == f"a[U+{ord(character):04X}]b"


@pytest.mark.parametrize("text", ["שלום", "مرحبا", "값", "café", "a b\tc\nd", "ﷺ", "🙂", "e\u0301"])
def test_what_is_drawn_stays_whichever_its_direction(text: str) -> None:
    assert visible(text) == text


@given(NAMES)
def test_nothing_hides_in_a_message_or_a_status(name: str) -> None:
    assert is_seen(render(message("file.one_column", column=name)))
    status = Status(
        dataset=name,
        state="completed",
        headline=verbatim(name),
        prefix="results/x/",
        files={"report": f"results/{name}/report.html"},
    )
    assert is_seen(status.to_text("now").decode(errors="replace"))


@given(st.text(st.characters() | st.sampled_from([*HIDDEN, "\x1b", "\x9b", "\r", "\n"])))
def test_nothing_that_the_command_says_steers_a_terminal(text: str) -> None:
    said = in_lines(text)
    assert all(line.isprintable() and is_seen(line) for line in said.split("\n"))


@pytest.mark.parametrize("say", [cli._say, lambda text: cli._refuse(in_words(text))])
def test_the_command_says_nothing_else(
    say: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    with suppress(typer.Exit):
        say("a\x1b]0;owned\x07\u202eb")
    assert capsys.readouterr().err == "a ]0;owned [U+202E]b\n"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    path = tmp_path_factory.mktemp("templates") / "page.html.j2"
    path.write_text("<p>{{ number }} {{ name }}</p>{{ picture }}")
    return load_template(path)


@given(NAMES)
def test_nothing_hides_in_a_report_nor_in_its_pictures(template: Template, name: str) -> None:
    page = template.render(name=name, picture=Markup("<svg>{}</svg>").format(name), number=0.5)
    assert is_seen(page)
    assert page.startswith("<p>0.5 ")
