"""What runs on GitHub: nobody can run it here, so all that can be is looked at."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.check_commit_subject import LONGEST, complaint

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / ".venv-operations/bin"
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([\w./-]+):(?!=)", MAKEFILE, re.MULTILINE))
MADE = (".venv/", ".venv-sam/", ".venv-operations/", "build/")
needs_tools = pytest.mark.skipif(
    not TOOLS.exists(), reason="the tools are not installed: make .venv-operations/ready"
)


def read(file: Path) -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load(file.read_text())
    return parsed


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for file in WORKFLOWS:
        for name, job in read(file)["jobs"].items():
            yield f"{file.stem}: {name}", job


def steps() -> Iterator[dict[str, Any]]:
    for _, job in jobs():
        yield from job.get("steps", [])


def commands() -> list[list[str]]:
    """The words of every command line."""
    lines = [line for step in steps() for line in step.get("run", "").splitlines()]
    return [shlex.split(line) for line in lines]


def complaints(*command: str) -> str:
    done = subprocess.run([TOOLS / command[0], *command[1:]], cwd=ROOT, capture_output=True)
    return "" if done.returncode == 0 else (done.stdout + done.stderr).decode()


@needs_tools
def test_every_workflow_keeps_to_githubs_schema() -> None:
    schema = "vendor.github-workflows"
    assert not complaints("check-jsonschema", "--builtin-schema", schema, *map(str, WORKFLOWS))


def test_no_job_may_hang_for_ever() -> None:
    # A job that calls another workflow can have no limit; the jobs there have theirs.
    own = [(name, job) for name, job in jobs() if "uses" not in job]
    assert [name for name, job in own if "timeout-minutes" not in job] == []


@needs_tools
def test_the_settings_of_dependabot_keep_to_its_schema() -> None:
    settings = ".github/dependabot.yml"
    assert not complaints("check-jsonschema", "--builtin-schema", "vendor.dependabot", settings)


@needs_tools
def test_no_workflow_has_a_weakness_that_zizmor_knows() -> None:
    assert not complaints("zizmor", "--offline", ".github", ".pre-commit-config.yaml")


def test_every_target_that_a_workflow_makes_is_in_the_makefile() -> None:
    made = {word for words in commands() if words[0] == "make" for word in words[1:]}
    assert "test" in made
    assert made <= TARGETS


def test_every_file_that_a_workflow_names_is_there_or_made() -> None:
    named = {word for words in commands() for word in words if re.match(r"[.\w-]+/", word)}
    assert "scripts/sign_in_to_aws.sh" in named
    missing = {word for word in named if not (ROOT / word).exists()}
    assert {word for word in missing if not word.startswith(MADE)} == set()
    assert all(folder.rstrip("/") in MAKEFILE for folder in MADE)


def test_every_action_of_others_is_pinned_by_its_commit() -> None:
    used = [step["uses"] for step in steps() if "uses" in step]
    assert used
    assert [action for action in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action)] == []


def test_only_the_deployment_may_prove_who_it_is_and_only_the_release_may_write() -> None:
    rights = {(name, right) for name, job in jobs() for right in job["permissions"].items()}
    beyond = {(name, right) for name, right in rights if right != ("contents", "read")}
    assert beyond == {
        ("deploy: deploy", ("id-token", "write")),
        ("deploy: release", ("contents", "write")),
    }
    assert all(read(file)["permissions"] == {} for file in WORKFLOWS)


def test_a_deployment_comes_after_the_tests_and_before_the_release() -> None:
    found = read(ROOT / ".github/workflows/deploy.yml")["jobs"]
    assert found["test"]["uses"] == "./.github/workflows/ci.yml"
    assert (found["deploy"]["needs"], found["release"]["needs"]) == ("test", "deploy")
    assert found["deploy"]["environment"] == "production"


def test_every_python_that_the_project_supports_is_tested() -> None:
    tested = read(ROOT / ".github/workflows/ci.yml")["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert tested == ["3.11", "3.12", "3.13"]
    assert 'requires-python = ">=3.11,<3.14"' in (ROOT / "pyproject.toml").read_text()


def test_dependabot_looks_at_every_lock_file() -> None:
    updates = read(ROOT / ".github/dependabot.yml")["updates"]
    folders = {folder for update in updates for folder in update.get("directories", [])}
    locks = re.findall(r"-o (\S+\.txt)", MAKEFILE)
    assert len(locks) > 2
    assert folders == {f"/{Path(lock).parent}" for lock in locks}


def test_the_hooks_before_a_commit_run_what_make_check_runs() -> None:
    (local,) = read(ROOT / ".pre-commit-config.yaml")["repos"]
    check = MAKEFILE[MAKEFILE.index("\nlint:") : MAKEFILE.index("\nbuild:")]
    tools = [hook["entry"].split()[0] for hook in local["hooks"] if ".venv/" in hook["entry"]]
    assert tools
    assert [tool for tool in tools if tool not in check] == []
    assert all((ROOT / tool).exists() for tool in tools)


@pytest.mark.parametrize(
    ("message", "allowed"),
    [
        ("x" * LONGEST, True),
        ("가" * LONGEST + "\n\n" + "A body may have long lines. " * 9, True),
        ("\n# a comment\n" + "x" * LONGEST + "\n# " + "y" * 99, True),
        ("x" * (LONGEST + 1), False),
        ("x" * LONGEST + "\nand on", False),
    ],
)
def test_the_subject_is_measured_as_git_takes_it(message: str, allowed: bool) -> None:
    assert (complaint(message) is None) is allowed


@needs_tools
def test_the_installed_hooks_refuse_a_commit_with_a_long_subject(tmp_path: Path) -> None:
    repository = tmp_path / "clone"
    git(tmp_path, "init", "-q", str(repository))
    for name in (".pre-commit-config.yaml", "scripts", TOOLS.parent.name):
        (repository / name).symlink_to(ROOT / name)
    (recipe,) = re.findall(r"^hooks:.*\n\t(.*)$", MAKEFILE, re.MULTILINE)
    subprocess.run(shlex.split(recipe), cwd=repository, check=True, capture_output=True)
    git(repository, "add", ".pre-commit-config.yaml")
    refused = git(repository, "commit", "-m", "x" * (LONGEST + 1))
    assert refused.returncode == 1
    assert f"{LONGEST} are allowed" in refused.stdout + refused.stderr
    kept = git(repository, "commit", "-m", "x" * LONGEST)
    assert kept.returncode == 0, kept.stderr


def git(folder: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    """Run git as a person of whom the machine's own settings say nothing."""
    person = {"NAME": "A. Person", "EMAIL": "person@example.com"}
    roles = ("AUTHOR", "COMMITTER")
    environ = {f"GIT_{role}_{what}": said for role in roles for what, said in person.items()}
    environ |= {"GIT_CONFIG_GLOBAL": os.devnull, "HOME": str(folder), "PATH": os.environ["PATH"]}
    return subprocess.run(
        ["git", *command], cwd=folder, env=environ, capture_output=True, text=True
    )


@needs_tools
def test_the_hooks_are_as_pre_commit_wants_them() -> None:
    assert not complaints("pre-commit", "validate-config", ".pre-commit-config.yaml")


@needs_tools
def test_the_bill_of_materials_lists_every_pinned_package_that_is_deployed(tmp_path: Path) -> None:
    lock = ROOT / "functions/requirements.txt"
    out = tmp_path / "functions.json"
    assert not complaints("cyclonedx-py", "requirements", "-o", str(out), str(lock))
    listed = {(c["name"], c["version"]) for c in yaml.safe_load(out.read_text())["components"]}
    assert listed == set(re.findall(r"^([\w.-]+)==([\w.]+)", lock.read_text(), re.MULTILINE))
