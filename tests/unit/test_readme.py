"""What the README and the pages that it leads to say must be so."""

import ast
import inspect
import json
import re
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from samtranslator.yaml_helper import yaml_parse

import codefree
from automl.target import WELL_KNOWN_NAMES
from codefree.serve import in_containers
from codefree.trained_model import TrainedModel
from codefree.words import Words
from contract.messages import CATALOGS
from pipeline.settings import OF_DATASETS

ROOT = Path(__file__).parents[2]
LANGUAGES = ("ko", "zh-TW")
# Written in every language; English is the one that the others follow.
TRANSLATED = (
    "README",
    *(
        f"docs/{name}"
        for name in (
            "containers",
            "costs",
            "data",
            "develop",
            "how-it-works",
            "monitoring",
            "page",
            "results",
            "settings",
            "translate",
        )
    ),
)
CODE_BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
TEMPLATE = ROOT / "template.yaml"
PARAMETERS = yaml_parse(TEMPLATE.read_text())["Parameters"]
MOST_WORDS = 1000


def page(name: str, language: str = "") -> str:
    """The text of a page; English unless a language is given."""
    return (ROOT / ".".join((name, language, "md")).replace("..", ".")).read_text("utf-8")


README = page("README")
SETTINGS = page("docs/settings")
ALL_PAGES = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("*/README.md")})


def test_the_readme_is_short_and_shows_the_report() -> None:
    assert len(README.split()) <= MOST_WORDS
    above = README[: README.index("](docs/pictures/report-en.png)")]
    assert above.count("\n") < 30


def commands(text: str) -> set[str]:
    """The lines that call `sam local`, each in one."""
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return {line.strip() for line in lines if " sam local " in line.replace("/sam ", " sam ")}


@pytest.mark.parametrize("language", ["", *LANGUAGES])
@pytest.mark.parametrize("name", ["README", "docs/containers"])
def test_the_commands_for_containers_are_those_that_are_printed(name: str, language: str) -> None:
    printed = commands(in_containers(Path("results/events"), Path("env.json"), Words()))
    boxes = "".join(CODE_BLOCK.findall(page(name, language)))
    assert commands(boxes) == printed
    assert len(printed) == 2


def test_the_first_two_commands_are_the_demo_and_the_tests() -> None:
    commands = re.findall(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert commands[:2] == ["make demo\n", "make test\n"]


def test_the_settings_table_is_the_template() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \|$", SETTINGS, re.MULTILINE)
    documented = {name: (default, text) for name, default, text in rows if name in PARAMETERS}
    expected = {
        name: (str(parameter["Default"]) or "empty", parameter["Description"])
        for name, parameter in PARAMETERS.items()
    }
    assert documented == expected


def test_every_setting_of_a_dataset_is_documented() -> None:
    names = (*OF_DATASETS, "base_model")
    missing = [name for name in names if f"`{name}`" not in SETTINGS]
    assert missing == []


def test_every_usual_target_name_is_documented() -> None:
    assert [name for name in WELL_KNOWN_NAMES if f"`{name}`" not in page("docs/data")] == []


@pytest.mark.parametrize("file", ALL_PAGES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_linked_file_exists(file: Path) -> None:
    targets = [link.partition("#")[0] for link in links(file.read_text("utf-8"))]
    assert [link for link in targets if not (file.parent / link).exists()] == []


def test_the_index_leads_to_every_page() -> None:
    pages = {file.name for file in ROOT.glob("docs/*.md")} - {"README.md"}
    assert {*links(page("docs/README"))} == pages


def test_the_changelog_has_a_section_for_every_release() -> None:
    sections = re.findall(r"^## \[(.+?)\]", page("CHANGELOG"), re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    releases = {file.stem for file in ROOT.glob("tests/releases/*.yaml")}
    assert sections[0] == "Unreleased"
    assert {project["version"], *releases} <= {*sections}
    groups = re.findall(r"^### (.+)$", page("CHANGELOG"), re.MULTILINE)
    assert {*groups} <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_notebook_page_uses_what_there_is() -> None:
    (example,) = re.findall(r"^```python\n(.*?)^```$", page("docs/notebook"), re.M | re.S)
    known = {*TrainedModel.__dataclass_fields__, *vars(TrainedModel)}
    assert {*re.findall(r"result\.(\w+)", example)} <= known
    (call,) = (
        node
        for node in ast.walk(ast.parse(example))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "codefree.train"
    )
    named = {keyword.arg for keyword in call.keywords}
    assert named and named <= {*inspect.signature(codefree.train).parameters}


def test_the_index_of_decisions_leads_to_each_once() -> None:
    head, *entries = page("docs/decisions").split("\n## ")
    titles = [entry.splitlines()[0] for entry in entries]
    anchors = [re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles]
    assert len(titles) > 50
    assert sorted(re.findall(r"\]\(#([^)]+)\)", head)) == sorted(anchors)


def test_every_make_target_that_is_mentioned_exists() -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for name in TRANSLATED:
        assert set(re.findall(r"`make ([\w-]+)`|^make ([\w-]+)$", page(name), re.MULTILINE)) <= {
            pair for target in targets for pair in ((target, ""), ("", target))
        }


def test_the_first_command_stands_near_the_top() -> None:
    above = README[: README.index("make demo")]
    assert above.count("\n") < 20


def links(text: str) -> list[str]:
    """The files of this project that a page leads to."""
    return re.findall(r"\]\((?!http|#)([^)]+)\)", text)


def code(text: str) -> Counter[str]:
    """Every name and command within the sentences, however its line was broken."""
    sentences = CODE_BLOCK.sub("", text)
    return Counter(" ".join(found.split()) for found in re.findall(r"`([^`]+)`", sentences))


def shape(text: str) -> list[str]:
    """What each line is: a heading of which level, a row of a table, a step of a list."""
    lines = CODE_BLOCK.sub("", text).splitlines()
    kinds = (re.match(r"#+ |\d+\. |\|", line) for line in lines)
    return [kind.group() for kind in kinds if kind]


@pytest.fixture(params=TRANSLATED)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=LANGUAGES)
def translation(request: pytest.FixtureRequest, name: str) -> str:
    return page(name, request.param)


def test_a_translation_has_the_same_sections_tables_and_lists(name: str, translation: str) -> None:
    assert shape(translation) == shape(page(name))


def test_a_translation_has_the_same_commands(name: str, translation: str) -> None:
    assert CODE_BLOCK.findall(translation) == CODE_BLOCK.findall(page(name))
    assert code(translation) == code(page(name))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_same_parameters_with_the_same_defaults(language: str) -> None:
    cells = re.compile(r"^\| (`\w+`) \| ([^|]*?) \|", re.MULTILINE)
    rows, expected = (
        {name: default for name, default in cells.findall(text) if name.strip("`") in PARAMETERS}
        for text in (page("docs/settings", language), SETTINGS)
    )
    assert rows == expected
    assert len(rows) == len(PARAMETERS)


def test_a_translation_leads_to_the_same_files(name: str, translation: str) -> None:
    """To those of its own language where there are any; at the top to the other languages."""
    # The headings' line, an empty one, the other languages, and the page.
    _, _, first, own = translation.split("\n", 3)
    _, _, english_first, english = page(name).split("\n", 3)
    assert Counter(links(in_english(own))) == Counter(links(in_english(english)))
    file = name.rpartition("/")[2]
    pages = {f"{file}.md", *(f"{file}.{language}.md" for language in LANGUAGES)}
    assert len(links(first)) == len(links(english_first)) == len(pages) - 1
    assert {*links(first)} < pages and {*links(english_first)} < pages


def in_english(text: str) -> str:
    text = re.sub(r"\.(ko|zh-TW)\.md", ".md", text)
    return re.sub(r"(pictures/\w+)-(?:ko|zh-TW)\.png", r"\1-en.png", text)


# What pages quote of AWS, and of two messages that stand one after the other.
OTHERS_SAY = {
    "Unable to get mapping for AutoGluonImageAccounts",
    "for spot training job usage",
    "ml.m5.large for training job usage",
    "AWS Notification - Subscription Confirmation",
    "waiting for a free training job",
}
# The others quote what was said once.
NOT_QUOTING = ("messages.md", "decisions.md", "CHANGELOG.md")


@cache
def said_by_the_product() -> str:
    """A text of the catalogue, or a file of code, per line, with … for what differs."""
    catalog = json.loads((CATALOGS / "en.json").read_text("utf-8"))
    texts = [text for entry in catalog.values() for text in values_of(entry)]
    files = [*ROOT.glob("functions/**/*.py"), *ROOT.glob("codefree/*.py"), *ROOT.glob("web/*")]
    code = [re.sub(r"\s+", " ", file.read_text("utf-8")) for file in (*files, TEMPLATE)]
    return "\n".join(re.sub(r"\{[^}]*\}", "…", text) for text in (*texts, *code))


def values_of(entry: str | dict[str, str]) -> list[str]:
    return [entry] if isinstance(entry, str) else [*entry.values()]


def as_pattern(quote: str) -> re.Pattern[str]:
    """Words as they are; a number or … may be anything."""
    parts = re.split(r"…|\d[\d.,]*", quote)
    return re.compile(".{0,200}?".join(map(re.escape, filter(None, parts))))


@pytest.mark.parametrize(
    "path",
    [path for path in ALL_PAGES if path.suffixes == [".md"] and path.name not in NOT_QUOTING],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_what_a_page_quotes_is_what_the_product_says(path: Path) -> None:
    text = CODE_BLOCK.sub("", path.read_text("utf-8"))
    quotes = {quote for quote in re.findall(r'"([^"\n]{6,120})"', text) if quote.count(" ") > 1}
    unsaid = {quote for quote in quotes if not as_pattern(quote).search(said_by_the_product())}
    assert unsaid - OTHERS_SAY == set()
