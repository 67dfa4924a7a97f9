"""Rules that the tests themselves keep."""

import re
from pathlib import Path

import pytest

from codefree.training_job import TrainingRun
from tests import endpoints
from tests.template_facts import ROOT, imported_names

TESTS = sorted((ROOT / "tests").glob("**/test_*.py"))
IMPORTERS = [*TESTS, *sorted((ROOT / "scripts").glob("*.py"))]


@pytest.mark.parametrize("path", IMPORTERS, ids=lambda path: path.stem)
def test_no_test_imports_another_test(path: Path) -> None:
    parts = {part for name in imported_names(path) for part in name.split(".")}
    assert {part for part in parts if part.startswith("test_")} == set()


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_no_test_listens_on_a_port_of_its_choice(path: Path) -> None:
    assert re.findall(r"--(?:api-)?port[\"', ]+[1-9]\d+", path.read_text("utf-8")) == []


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_every_stack_that_a_test_brings_up_takes_any_free_port(path: Path) -> None:
    calls = re.findall(r"\bstart\([^()]*\"up\"[^()]*\)", path.read_text("utf-8"))
    assert [call for call in calls if "*" not in call and call.count("port") < 2] == []


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_no_test_leaves_an_endpoint_to_the_next(path: Path) -> None:
    """`endpoint` deletes what it creates; `put_endpoint` is for clouds that end with the test."""
    assert f"{endpoints.__name__}.{endpoints.put_endpoint.__name__}" not in imported_names(path)


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_no_test_changes_how_the_jobs_of_other_clouds_run(path: Path) -> None:
    """An upload that waits in another cloud of the process would start a job that never ends."""
    assert re.findall(rf"setattr\([^()]*{TrainingRun.__name__}", path.read_text("utf-8")) == []
