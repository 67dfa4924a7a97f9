"""Every language says everything, with the same values; every code has a text, and a use."""

import ast
import itertools
import json
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.target import choose_target
from contract.messages import (
    CATALOGS,
    ITEMS_SHOWN,
    LANGUAGES,
    LONGEST_NAME,
    Message,
    message,
    message_from_json,
    message_to_json,
    metric_name,
    render,
    verbatim,
)
from contract.target_rule import CODES, IN_ENGLISH, USUAL_IN_ENGLISH, rule_message
from metrics import METRICS as SHOWN
from pipeline.settings import METRICS, Settings
from report.language import Language
from report.sentences import how_good
from scripts.messages_page import FAMILIES, PAGE, page
from tests.template_facts import ROOT

SOURCES = [ROOT / folder for folder in ("functions", "training_src", "codefree")]
# Functions that make a message, and what they put before the code that they are given.
MAKERS = {"message": "", "note": "note.", "read_note": "read.", "part_failed": "part."}
PLACEHOLDERS = string.Formatter()


def catalog(language: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CATALOGS / f"{language}.json").read_text("utf-8"))
    return found


def texts(entry: Any) -> list[str]:
    return [entry] if isinstance(entry, str) else list(entry.values())


def values(entry: Any) -> set[str]:
    """The names of all values that a text asks for."""
    parsed = itertools.chain.from_iterable(map(PLACEHOLDERS.parse, texts(entry)))
    return {name for _, name, _, _ in parsed if name}


def constants(path: Path) -> Iterator[str]:
    """All texts in some code, and of texts with values in them what is before the first value."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def python_files() -> list[Path]:
    return [path for folder in SOURCES for path in sorted(folder.rglob("*.py"))]


def given_codes(path: Path) -> Iterator[str]:
    """The codes that calls of the makers are given, as far as they stand there."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            prefix = MAKERS.get(node.func.id)
            if prefix is not None:
                yield from (prefix + text for text in _choices(node.args[0]))


def _choices(node: ast.expr) -> Iterator[str]:
    """A constant, or the two of a conditional expression."""
    if isinstance(node, ast.IfExp):
        yield from itertools.chain(_choices(node.body), _choices(node.orelse))
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def prefixes(path: Path) -> Iterator[str]:
    """What codes begin with that are put together from a constant and something else."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
            yield str(node.values[0].value)


def template_keys() -> set[str]:
    found = [path.read_text("utf-8") for path in (ROOT / "training_src").rglob("*.j2")]
    return {key for text in found for key in re.findall(r'\bt\("(\w+)"', text)}


def template_prefixes() -> set[str]:
    found = [path.read_text("utf-8") for path in (ROOT / "training_src").rglob("*.j2")]
    return {key for text in found for key in re.findall(r'\bt\("(\w+)" ~', text)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_text_with_the_values_of_the_english_one(language: str) -> None:
    english, other = catalog("en"), catalog(language)
    assert list(other) == list(english)
    assert {code: values(other[code]) for code in other} == {
        code: values(english[code]) for code in english
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_a_remedy_where_the_english_one_has_one(language: str) -> None:
    english, other = catalog("en"), catalog(language)
    assert [code for code in english if "remedy" in english[code]] == [
        code for code in other if "remedy" in other[code]
    ]


@pytest.mark.parametrize("language", ["ko", "zh-TW"])
def test_no_text_was_left_in_english(language: str) -> None:
    """Names of commands, settings and services stay; two plain words in a row do not."""
    english, other = catalog("en"), catalog(language)
    same = [code for code in english if english[code] == other[code]]
    plain = [c for c in same if re.search(r"[a-z]{3,} [a-z]{3,}", str(english[c]))]
    assert plain == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_metric_has_one_name_that_people_read(language: str) -> None:
    codes = {*METRICS, *(code for kind in SHOWN.values() for code in kind)}
    names = {code: metric_name(code, language) for code in codes}
    assert not [name for name in names.values() if "_" in name]
    assert len(set(names.values())) == len(names)
    say = Language(language)
    for code, name in names.items():
        said = render(message("score.sentence", metric=code, score=0.5, beside=()), language)
        assert said.startswith(name)
        assert say.metric_name(code) == name
        assert say.metric(code) not in (code, name)
        assert say.column(f"{code}_test").startswith(name)
    assert metric_name("of_a_later_release", language) == "of_a_later_release"
    assert say.column("model") != "model" or language == "en"
    assert say.column("score_of_a_later_release") == "score_of_a_later_release"


def test_every_setting_that_a_text_spells_exists() -> None:
    names = {n[1:] for entry in catalog("en").values() for n in values(entry) if n[0] == "@"}
    assert names <= set(Settings.__dataclass_fields__)
    assert len(names) > 5


def test_every_code_that_the_code_gives_has_a_text() -> None:
    found = {code for path in python_files() for code in given_codes(path)}
    assert len(found) > 200
    assert found - set(catalog("en")) == set()


def test_every_text_is_used() -> None:
    said = {text for path in python_files() for text in constants(path)} | template_keys()
    begun = {text for path in python_files() for text in prefixes(path)} | template_prefixes()
    # A family's own prefix is no use of each of its texts.
    families = ("report.", "note.", "read.", "part.", "translator.")
    begun -= set(families)
    spelled = {
        code: [code, code.partition(".")[2]]
        for code in catalog("en")
        if code.startswith(families) or code.startswith("cli.")
    }
    unused = [
        code
        for code in catalog("en")
        if not any(
            name in said or any(name.startswith(start) for start in begun if len(start) > 3)
            for name in spelled.get(code, [code])
        )
    ]
    assert unused == []


def test_the_page_of_messages_is_the_one_that_its_script_writes() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python scripts/messages_page.py"


def test_the_page_of_messages_has_every_family_that_reports_something() -> None:
    families = {code.partition(".")[0] for code in catalog("en")}
    assert set(FAMILIES) <= families
    codes = {code for code in catalog("en") if code.partition(".")[0] in FAMILIES}
    assert len(codes) > 150


def test_a_language_without_a_catalogue_is_english() -> None:
    assert render(message("report.perfect"), "tlh") == render(message("report.perfect"), "en")


def test_one_thing_is_not_many() -> None:
    one, two = (message("data.few_rows", count=count, fewest=20) for count in (1, 2))
    assert "1 row;" in render(one)
    assert "2 rows;" in render(two)


def test_a_setting_is_spelled_as_where_it_is_read() -> None:
    known = message("settings.wrong", setting="preset", wanted=message("want.text"), value="3")
    assert render(known).startswith("preset ")
    assert render(known, "ko", {"preset": "--preset"}).startswith("--preset ")


@given(st.text(max_size=2000))
def test_a_name_from_outside_stays_one_line_of_bounded_length(name: str) -> None:
    for language in LANGUAGES:
        shown = render(message("file.one_column", column=name), language)
        known = render(message("file.one_column", column=""), language)
        assert len(shown) <= len(known) + LONGEST_NAME
        assert shown.isprintable()
        shown.encode()


def test_a_long_list_is_cut_and_says_so() -> None:
    columns = tuple(f"c{number}" for number in range(ITEMS_SHOWN + 5))
    shown = render(message("target.not_found", column="x", columns=columns))
    assert f"c{ITEMS_SHOWN - 1} and 5 more" in shown
    assert f"c{ITEMS_SHOWN}," not in shown


def test_braces_in_a_value_are_text() -> None:
    assert render(verbatim("{file} {0} {@target}")) == "{file} {0} {@target}"


VALUES = st.recursive(
    st.one_of(st.integers(), st.text(), st.booleans(), st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(tuple), st.builds(verbatim, st.text(max_size=5))
    ),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(["text", "reason", "count"]), VALUES))
def test_a_message_survives_json(filled: dict[str, Any]) -> None:
    before = Message("text", filled)
    assert message_from_json(json.loads(json.dumps(message_to_json(before)))) == before


def test_the_root_of_a_message_is_its_innermost_reason() -> None:
    inner = message("file.empty")
    outer = message("file.unreadable", file="x", reason=inner)
    assert message("status.refused", dataset="x", reason=outer).root == inner


GOLDEN = {
    "en": 'x.csv: The file has only one column, "a b". Separate columns with a comma, semicolon, '
    "tab, or |.",
    "ko": "x.csv: 파일에 열이 'a b' 하나뿐입니다. 열을 쉼표, 세미콜론, 탭 또는 |로 구분하세요.",
    "zh-TW": "x.csv：檔案只有一個欄位「a b」。請以逗號、分號、Tab 或 | 分隔欄位。",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_whole_sentence_reads_well(language: str) -> None:
    reason = message("file.one_column", column="a b")
    whole = message("file.unreadable", file="x.csv", reason=reason)
    assert render(whole, language) == GOLDEN[language]


@pytest.mark.parametrize(
    ("train", "test", "from_settings", "from_stack"),
    [
        (["a", "b"], None, "b", ""),
        (["a", "b"], None, None, "b"),
        (["a", "b"], ["a"], None, ""),
        (["a", "Class"], None, None, ""),
    ],
)
def test_how_the_target_was_found_has_a_text_in_every_language(
    train: list[str], test: list[str] | None, from_settings: str | None, from_stack: str
) -> None:
    target = choose_target(train, test, from_settings, from_stack)
    assert target.rule in CODES
    shown = {Language(name).rule(target.rule, target.column) for name in LANGUAGES}
    assert len(shown) == len(LANGUAGES)


@pytest.mark.parametrize("old", [*IN_ENGLISH, f"'y'{USUAL_IN_ENGLISH}"])
def test_the_rule_in_the_job_json_of_an_earlier_release_gets_its_code(old: str) -> None:
    assert rule_message(old, "y").code in CODES


def test_a_rule_that_is_not_known_stays_as_it_is() -> None:
    assert Language("ko").rule("it was named", "x") == "it was named"


@pytest.mark.parametrize(
    ("score", "right"), [(1.0, 100), (0.9964, 99), (0.994, 99), (0.775, 78), (0.004, 1), (0.0, 0)]
)
def test_all_and_none_are_said_only_of_all_and_none(score: float, right: int) -> None:
    performance = {"metric": "accuracy", "score": score, "target": "y", "positive_class": None}
    said = message("report.good_accuracy", percent=right)
    assert how_good(performance, Language("en")) == render(said)


def test_a_reason_without_a_code_leaves_the_code_of_what_it_is_the_reason_of() -> None:
    failed = message("status.training_failed", dataset="d", reason=verbatim("Boom."))
    assert failed.root.code == failed.code
    coded = message("status.refused", dataset="d", reason=message("file.empty"))
    assert coded.root.code == "file.empty"


SHOWERS = {"print", "_say", "_refuse", "_show", "_tell", "tell", "warn", "echo", "add_column"}


def shown_constants(path: Path) -> Iterator[str]:
    """The texts that calls which show something are given as they stand there."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", None))
            for inner in itertools.chain(*map(ast.walk, node.args)) if name in SHOWERS else ():
                if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                    yield inner.value


@pytest.mark.parametrize("path", sorted((ROOT / "codefree").glob("*.py")), ids=lambda p: p.name)
def test_the_command_shows_nothing_that_is_not_in_the_catalogue(path: Path) -> None:
    """Codes and marks have no space between two words."""
    assert [text for text in shown_constants(path) if re.search(r"[a-z]{2,} [a-z]{2,}", text)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_code_has_two_texts(language: str) -> None:
    """Of two, JSON's readers take the last without a word."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        codes = [code for code, _ in pairs]
        assert len(codes) == len(set(codes)), {code for code in codes if codes.count(code) > 1}
        return dict(pairs)

    json.loads((CATALOGS / f"{language}.json").read_text("utf-8"), object_pairs_hook=once)
