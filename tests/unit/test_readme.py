"""What the README says must be so."""

import re
from collections import Counter
from pathlib import Path

import pytest
from samtranslator.yaml_helper import yaml_parse

from automl.settings import Settings
from automl.target import WELL_KNOWN_NAMES

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
# Language → page; English is the one that the others follow.
TRANSLATIONS = {name: (ROOT / f"README.{name}.md").read_text() for name in ("ko", "zh-TW")}
CODE_BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
PARAMETERS = yaml_parse((ROOT / "template.yaml").read_text())["Parameters"]


def test_the_settings_table_is_the_template() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \|$", README, re.MULTILINE)
    documented = {name: (default, text) for name, default, text in rows if name in PARAMETERS}
    expected = {
        name: (str(parameter["Default"]) or "empty", parameter["Description"])
        for name, parameter in PARAMETERS.items()
    }
    assert documented == expected


def test_every_setting_of_a_dataset_is_documented() -> None:
    missing = [name for name in Settings.__dataclass_fields__ if f"`{name}`" not in README]
    assert missing == []


def test_every_usual_target_name_is_documented() -> None:
    assert [name for name in WELL_KNOWN_NAMES if f"`{name}`" not in README] == []


def test_every_linked_file_exists() -> None:
    found = {link for page in (README, *TRANSLATIONS.values()) for link in links(page)}
    assert len(found) > 20
    assert [link for link in found if not (ROOT / link).exists()] == []


def test_every_make_target_that_is_mentioned_exists() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`?make (\w+)`?$", README, re.MULTILINE)) <= targets


def test_the_first_command_stands_near_the_top() -> None:
    above = README[: README.index("make demo")]
    assert above.count("\n") < 20


def links(page: str) -> list[str]:
    """The files of this project that a page leads to."""
    return re.findall(r"\]\((?!http|#)([^)]+)\)", page)


def code(page: str) -> Counter[str]:
    """Every name and command within the sentences, however its line was broken."""
    sentences = CODE_BLOCK.sub("", page)
    return Counter(" ".join(found.split()) for found in re.findall(r"`([^`]+)`", sentences))


def headings(page: str) -> list[tuple[str, str]]:
    return re.findall(r"^(#+) (.+)$", CODE_BLOCK.sub("", page), re.MULTILINE)


def shape(page: str) -> list[str]:
    """What each line is: a heading of which level, a row of a table, a step of a list."""
    lines = CODE_BLOCK.sub("", page).splitlines()
    kinds = (re.match(r"#+ |\d+\. |\|", line) for line in lines)
    return [kind.group() for kind in kinds if kind]


@pytest.fixture(params=TRANSLATIONS)
def translation(request: pytest.FixtureRequest) -> str:
    return TRANSLATIONS[request.param]


def test_a_translation_has_the_same_sections_tables_and_lists(translation: str) -> None:
    assert shape(translation) == shape(README)


def test_a_translation_has_the_same_commands(translation: str) -> None:
    assert CODE_BLOCK.findall(translation) == CODE_BLOCK.findall(README)
    assert code(translation) == code(README)


def test_a_translation_has_the_same_parameters_with_the_same_defaults(translation: str) -> None:
    cells = re.compile(r"^\| (`\w+`) \| ([^|]*?) \|", re.MULTILINE)
    rows, expected = (
        {name: default for name, default in cells.findall(page) if name.strip("`") in PARAMETERS}
        for page in (translation, README)
    )
    assert rows == expected
    assert len(rows) == len(PARAMETERS)


def test_a_translation_leads_to_the_same_files(translation: str) -> None:
    """To those of its own language where there are any; at the top to the other languages."""
    first, *own = translation.split("\n## ")
    english_first, *english = README.split("\n## ")
    in_english = re.sub(r"\.(ko|zh-TW)\.md", ".md", "".join(own))
    assert Counter(links(in_english)) == Counter(links("".join(english)))
    pages = {"README.md", *(f"README.{name}.md" for name in TRANSLATIONS)}
    assert len(links(first)) == len(links(english_first)) == len(pages) - 1
    assert {*links(first)} < pages and {*links(english_first)} < pages


def test_a_translation_leads_to_its_own_sections(translation: str) -> None:
    sections = re.findall(r"\]\(#([^)]+)\)", translation)
    assert len(sections) == len(re.findall(r"\]\(#", README))
    titles = {title.lower().replace(" ", "-") for _, title in headings(translation)}
    assert {*sections} <= titles
