"""What the README says must be so."""

import re
from pathlib import Path

from samtranslator.yaml_helper import yaml_parse

from automl.settings import Settings
from automl.target import WELL_KNOWN_NAMES

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
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
    links = re.findall(r"\]\((?!http|#)([^)]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_make_target_that_is_mentioned_exists() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`?make (\w+)`?$", README, re.MULTILINE)) <= targets


def test_the_first_command_stands_near_the_top() -> None:
    above = README[: README.index("make demo")]
    assert above.count("\n") < 20
