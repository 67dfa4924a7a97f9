"""Tags, Markdown and messages of ICU: translated inside, and whole afterwards."""

import html
import re
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.markup import PAGES, Engine
from tests.sentences import PAIR
from translation.formats import FORMATS, Format, parsed
from translation.remembering import segments_of
from translation.request import Request
from translation.tags import KEPT_ELEMENTS, VOID_ELEMENTS, Source, tokens
from translation.translate import Failed, translate_all

GERMAN = {
    "I love you.": "Ich liebe dich.",
    "love": "Liebe",
    "Click here.": "Klicken Sie hier.",
    "here": "Hier.",
    "Read the old book and sleep.": "Schlafe und lies das alte Buch.",
    "the old book": "das alte Buch",
    "sleep": "schlafen",
    "My house is big.": "Groß ist mein Haus.",
    "My house": "mein Haus",
    "house": "Haus",
    "Of the house.": "Des Hauses.",
}


def translated(
    text: str, written_in: Format, change: Callable[[str], str | Failed], by_sentence: bool = True
) -> str:
    request = Request((text,), PAIR, format=written_in)
    answer = translate_all(request, [Engine(change, by_sentence)])[0].translation
    assert answer is not None
    return answer


ENGINES: dict[str, Callable[[str], str]] = {
    "shouts": str.upper,
    "turns the words around": lambda text: " ".join(reversed(text.split())),
    "says the same of everything": lambda text: "x y z",
    "says everything twice": lambda text: f"{text} {text}",
    "loses the marks": lambda text: re.sub("⟦.⟧", "", text) or "x",
    "writes markup": lambda text: f"{text} <b> & </i>",
}


class Reader(HTMLParser):
    """Which tags a browser sees, whether they are balanced, and the text between them."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.opened: list[str] = []
        self.tags: Counter[str] = Counter()
        self.text, self.kept = "", ""
        self.is_balanced = True
        self.feed(page)
        self.close()
        self.is_balanced &= not self.opened

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[self.get_starttag_text() or ""] += 1
        if tag not in VOID_ELEMENTS:
            self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.tags[f"</{tag}>"] += 1
        self.is_balanced &= bool(self.opened) and self.opened.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[self.get_starttag_text() or ""] += 1

    def handle_comment(self, data: str) -> None:
        self.tags[data] += 1

    def handle_data(self, data: str) -> None:
        if set(self.opened) & KEPT_ELEMENTS or data == "Stay":
            self.kept += data
        else:
            self.text += data


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("by_sentence", [True, False])
@settings(max_examples=30, deadline=None)
@given(page=PAGES)
def test_a_page_keeps_its_tags_whatever_the_engine_does(
    engine: str, by_sentence: bool, page: str
) -> None:
    before = Reader(page)

    after = Reader(translated(page, "html", ENGINES[engine], by_sentence))

    assert after.is_balanced
    assert after.tags == before.tags
    # An engine may put words in another order, and what is kept among them with them.
    assert Counter(after.kept) == Counter(before.kept)


@settings(max_examples=500, deadline=None)
@given(PAGES)
def test_a_page_keeps_its_text(page: str) -> None:
    same, loud = Reader(translated(page, "html", str)), Reader(translated(page, "html", str.upper))

    assert same.text.split() == Reader(page).text.split()
    assert loud.text.split() == Reader(page).text.upper().split()


@settings(max_examples=30, deadline=None)
@given(PAGES, st.sampled_from(sorted(ENGINES)))
def test_the_price_of_a_page_counts_whatever_is_asked(page: str, engine: str) -> None:
    asked = Engine(ENGINES[engine])
    request = Request((page,), PAIR, format="html")

    translate_all(request, [asked])

    assert set(asked.asked) <= set(segments_of([page], PAIR, Engine(str), "html"))


@given(st.text(alphabet="<>/ab\"'!-[]{}*_`#|&;, \n#.scriptcode", max_size=80))
def test_any_text_is_read_and_given_back(text: str) -> None:
    sources: tuple[Source, ...] = ("page", "xml", "text")
    for source in sources:
        assert "".join(token.raw for token in tokens(text, source)) == text
    for written_in in FORMATS:
        answer = translated(text, written_in, str)
        if written_in == "text":
            assert answer == text
        elif written_in == "markdown":
            assert re.sub(r"[\s>]", "", answer) == re.sub(r"[\s>]", "", text)
        else:
            assert html.unescape(answer).split() == html.unescape(text).split()


@pytest.mark.parametrize(
    ("written_in", "text", "answer"),
    [
        ("html", "I <b>love</b> you.", "Ich <b>liebe</b> dich."),
        ("text", "I <1>love</1> you.", "Ich <1>liebe</1> dich."),
        ("xml", "I <g id='1'>love</g> you.", "Ich <g id='1'>liebe</g> dich."),
        ("markdown", "I **love** you.", "Ich **liebe** dich."),
        ("text", 'Click <a href="/x">here</a>.', 'Klicken Sie <a href="/x">hier</a>.'),
        ("markdown", "Click [here](x.html).", "Klicken Sie [hier](x.html)."),
        (
            "html",
            "Read <i>the old book</i> and <b>sleep</b>.",
            "<b>Schlafe</b> und lies <i>das alte Buch</i>.",
        ),
        ("html", "<a><b>My <i>house</i></b></a> is big.", None),
        ("html", "Of the <b>house</b>.", "Des <b>Hauses</b>."),
        ("html", "<b>I <i>love</i> you.</b>", "<b>Ich <i>liebe</i> dich.</b>"),
        ("html", "<b>I love you. Click</b> here.", None),
    ],
)
def test_a_tag_is_around_the_words_that_it_was_around(
    written_in: Format, text: str, answer: str | None
) -> None:
    def german(words: str) -> str:
        return GERMAN.get(words, words.upper())

    assert translated(text, written_in, german) == {
        "<a><b>My <i>house</i></b></a> is big.": "Groß ist <a><b>mein <i>Haus</i></b></a>.",
        # The end of a sentence in the middle of a tag.
        "<b>I love you. Click</b> here.": "<b>Ich liebe dich. CLICK</b> HERE.",
    }.get(text, answer)


def test_words_that_are_not_found_again_are_translated_for_themselves() -> None:
    def other(words: str) -> str:
        return {"I love you.": "Je t’aime.", "I": "moi", "love": "amour"}.get(words, words)

    assert translated("I <b>love</b> you.", "html", other) == "moi <b>amour</b> you."


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (
            "{n, plural, one {# file} other {# files}} found",
            "{n, plural, one {# FILE FOUND} other {# FILES FOUND}}",
        ),
        (
            "{who, select, male {He} female {She} other {They}} left {place}.",
            "{who, select, male {HE LEFT {place}.} female {SHE LEFT {place}.} "
            "other {THEY LEFT {place}.}}",
        ),
        (
            "{a, plural, other {# cats}} and {b, plural, other {# dogs}}",
            "{a, plural, other {{b, plural, other {{a,number} CATS AND # DOGS}}}}",
        ),
        ("{n, plural, offset:1 other {you and # more}}!",) * 2,
        ("Buy {n, plural, other {it", "BUY {N, PLURAL, OTHER {IT"),
        ("It's {when, date, short} now", "IT'S {when, date, short} NOW"),
    ],
)
def test_a_message_keeps_its_choices(text: str, answer: str) -> None:
    expected = answer.replace("you and", "YOU AND").replace("more", "MORE")
    assert translated(text, "text", str.upper) == expected


MARKDOWN = """---
title: hello
---
# My *house*

A long
line with `code` and [a link](http://x.org/a_b "t").

```sh
run this
```

- [ ] one
* two
1. three

| name | age |
|------|:---:|
| Tom  | old |

> quoted

    indented code

[ref]: http://x.org
"""


def test_markdown_keeps_its_signs_and_its_code() -> None:
    answer = translated(MARKDOWN, "markdown", str.upper)

    assert answer == (
        MARKDOWN.replace("My *house*", "MY *HOUSE*")
        .replace("A long\nline with", "A LONG LINE WITH")
        .replace("and [a link]", "AND [A LINK]")
        .replace("one", "ONE")
        .replace("two", "TWO")
        .replace("three", "THREE")
        .replace("name | age", "NAME | AGE")
        .replace("Tom  | old", "TOM  | OLD")
        .replace("quoted", "QUOTED")
    )


HOSTILE = {
    "no end": "<a " * 40_000,
    "quotes": "<a '\"" * 30_000,
    "depth": "<b>" * 20_000 + "x" + "</b>" * 20_000,
    "elements": "<code>" * 30_000,
    "comments": "<!--" * 40_000,
    "braces": "{a, plural, one {" * 5_000,
    "choices": "{a, plural, one {x} other {y}}" * 4_000,
    "stars": "*a" * 50_000,
    "brackets": "[" * 100_000,
    "backticks": "`a" * 50_000,
    "sentences": "A <b>b</b> c. " * 6_000,
}


@pytest.mark.parametrize("written_in", FORMATS)
@pytest.mark.parametrize("kind", HOSTILE)
def test_no_text_takes_longer_than_its_length(kind: str, written_in: Format) -> None:
    text = HOSTILE[kind]

    found = parsed(text, written_in)

    assert len(found.written({words: words for words in found.asked()})) > 0


def test_a_text_fails_with_its_sentence() -> None:
    def change(words: str) -> str | Failed:
        return Failed("no") if "house" in words else words

    request = Request(("My <b>house</b>.", "<b>Fine</b>."), PAIR, format="html")

    bad, good = translate_all(request, [Engine(change)])

    assert (bad.query, bad.translation, bad.error) == ("My <b>house</b>.", None, "no")
    assert good.translation == "<b>Fine</b>."
