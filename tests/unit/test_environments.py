"""The Makefile's environments on a machine that cannot have them."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.template_facts import ROOT


def test_without_npm_make_says_so_and_goes_on(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / "requirements/axe", tmp_path / "requirements/axe")
    (tmp_path / "requirements/uv.txt").touch()
    tools = tmp_path / ".tools/bin"
    tools.mkdir(parents=True)
    for name, status in (("uv", 0), ("npm", 1)):
        (tools / name).write_text(f"#!/bin/sh\nexit {status}\n")
        (tools / name).chmod(0o755)
    done = subprocess.run(
        ["make", ".tools/axe/ready"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "the test of accessibility is skipped" in done.stdout
    assert not (tmp_path / ".tools/axe/node_modules").exists()


@pytest.mark.parametrize("name", ["lambda", "container"])
def test_without_python_3_12_make_says_so_and_goes_on(tmp_path: Path, name: str) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements").mkdir()
    for lock in ("uv", name):
        (tmp_path / f"requirements/{lock}.txt").touch()
    uv = tmp_path / ".tools/bin/uv"
    uv.parent.mkdir(parents=True)
    uv.write_text("#!/bin/sh\necho no interpreter found >&2\nexit 2\n")
    uv.chmod(0o755)
    done = subprocess.run(
        ["make", f".venv-{name}/ready"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "Python 3.12 or a package is missing" in done.stdout
    assert not (tmp_path / f".venv-{name}/bin").exists()
