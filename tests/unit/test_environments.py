"""The Makefile's environments on a machine that cannot have them."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.template_facts import ROOT


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
