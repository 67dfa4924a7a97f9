"""Documents: text translated, all else as it was, and hostile files refused."""

import io
import json
import re
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.messages import message, render
from reading.errors import UnreadableError
from tests.documents import DOCUMENTS, HOSTILE, SHOUTED, open_document, text_of, word
from tests.markup import PAGES, Engine
from tests.messages import raises
from tests.sentences import PAIR
from translation.documents import ENDINGS, FORMATS, read_document
from translation.request import Request
from translation.translate import translate_all


def shouted(content: bytes, ending: str) -> bytes:
    document = read_document(content, ending)
    request = Request(tuple(document.texts), PAIR, format=FORMATS[ending])
    answers = translate_all(request, [Engine(str.upper)])
    return document.translated({one.query: one.translation or "" for one in answers})


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_text_of_a_document_is_translated_and_nothing_else(ending: str) -> None:
    assert text_of(shouted(DOCUMENTS[ending], ending), ending) == SHOUTED[ending]


@pytest.mark.parametrize("ending", [".docx", ".odt"])
def test_other_files_in_a_document_stay_as_they_are(ending: str) -> None:
    before, after = (
        zipfile.ZipFile(io.BytesIO(content))
        for content in (DOCUMENTS[ending], shouted(DOCUMENTS[ending], ending))
    )
    assert before.namelist() == after.namelist()
    first = after.infolist()[0]
    assert first.compress_type == zipfile.ZIP_STORED
    for name in before.namelist():
        if not name.endswith(("document.xml", "content.xml")):
            assert before.read(name) == after.read(name)


@pytest.mark.parametrize("ending", [".po", ".strings.json", ".html", ".odt"])
def test_what_has_no_translation_stays_as_it_was(ending: str) -> None:
    content = DOCUMENTS[ending]

    left = read_document(content, ending).translated({})

    assert text_of(left, ending) == text_of(content, ending)


@settings(max_examples=100, deadline=None)
@given(PAGES)
def test_any_page_is_read_piece_by_piece(page: str) -> None:
    assert read_document(page.encode(), ".html").translated({}).decode() == page


@given(st.recursive(st.none() | st.text() | st.integers(), st.lists, max_leaves=20), st.booleans())
def test_any_json_keeps_its_numbers_and_names(values: object, is_ascii: bool) -> None:
    content = json.dumps({'na"me': values}, ensure_ascii=is_ascii).encode(errors="replace")
    document = read_document(content, ".strings.json")

    assert document.translated({}) == content
    doubled = json.loads(document.translated({text: f'{text}\n"' for text in document.texts}))
    assert re.sub(r"\n\"", "", json.dumps(doubled).replace('\\n\\"', "")) == json.dumps(
        json.loads(content)
    ).replace('\\n\\"', "")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_the_encoding_of_a_document_stays(encoding: str) -> None:
    assert shouted("é\r\n".encode(encoding), ".txt").decode(encoding) == "É\r\n"


def test_a_long_cue_has_two_lines_that_end_as_those_of_the_file() -> None:
    lines = ["1", "0 --> 1", "I love you and my mother,", "and my father, and all of you.", ""]

    answer = shouted("\r\n".join(lines).encode(), ".srt").decode()

    assert answer.split("\r\n")[2:] == [
        "I LOVE YOU AND MY MOTHER, AND",
        "MY FATHER, AND ALL OF YOU.",
        "",
    ]


DEEP = "<w:p>" + "<w:hyperlink>" * 50_000 + "<w:r><w:t>x</w:t></w:r>"


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_files_are_refused_in_words(kind: str) -> None:
    content, ending, code = HOSTILE[kind]

    with raises(UnreadableError, code):
        read_document(content, ending)


@pytest.mark.parametrize(
    ("content", "ending"),
    [
        (word(DEEP), ".docx"),
        (word("<w:r>" * 20_000), ".docx"),
        (word("<w:pPr>" * 10_000 + "<w:r><w:t" * 10_000), ".docx"),
        (open_document("<text:p>" + "<text:span>" * 50_000 + "x"), ".odt"),
        (b'msgid "a"\n' * 50_000, ".po"),
        (b'msgid ""\n' + b'"a"\n' * 50_000 + b'msgstr ""\n', ".po"),
        (b"1 --> 2\n" * 50_000, ".srt"),
        (b"a\nb\n" * 50_000, ".txt"),
        (b"\\" * 100_000 + b'"', ".md"),
    ],
)
def test_no_document_takes_longer_than_its_length(content: bytes, ending: str) -> None:
    document = read_document(content, ending)

    assert document.translated({text: text for text in document.texts})


@pytest.mark.parametrize("language", ["en", "ko", "zh-TW"])
def test_a_refusal_names_the_kinds_of_documents(language: str) -> None:
    words = render(message("name.translate_csv_only", key="a"), language)

    assert all(ending in words for ending in ENDINGS)
