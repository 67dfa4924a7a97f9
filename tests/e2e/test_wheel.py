"""The wheel: installed without this checkout, from the command line and in a notebook."""

import json
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from codefree.stack_files import ROOT

MEGABYTE = 1_000_000
KERNEL = "codefree"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that holds the wheel, and takes other packages from ours."""
    home = tmp_path_factory.mktemp("somewhere else") / "환경"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    python = home / "bin" / "python"
    scheme = json.loads(
        subprocess.run(
            [python, "-c", "import json, sysconfig; print(json.dumps(sysconfig.get_paths()))"],
            check=True,
            capture_output=True,
        ).stdout
    )
    (Path(scheme["purelib"]) / "ours.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = [ROOT / ".tools/bin/pip", "--python", python, "install", "-q", "--no-deps", "--no-index"]
    subprocess.run([*pip, wheel], check=True)
    return python


def test_the_wheel_holds_the_stack_and_nothing_of_the_workshop(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    stack = "codefree/_stack/"
    ours = {f"{stack}template.yaml", f"{stack}web/index.html", f"{stack}translator/en-de/model.bin"}
    assert ours <= names
    for folder in ("functions", "training_src"):
        ours = {p.relative_to(ROOT).as_posix() for p in (ROOT / folder).rglob("*.py")}
        assert {f"{stack}{name}" for name in ours} <= names
    assert [name for name in names if "__pycache__" in name or "/tests/" in name] == []
    assert wheel.stat().st_size < 15 * MEGABYTE


@pytest.mark.parametrize("name", ["codefree", "codefree-automl"])
def test_both_names_of_the_command_tell_the_version(python: Path, name: str) -> None:
    command = [python.parent / name, "--version"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=python.parent)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "codefree 0.1.0\n"


def test_a_notebook_trains_predicts_and_shows_the_report(
    python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = tmp_path / "kernels" / KERNEL
    kernel.mkdir(parents=True)
    argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": KERNEL, "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of the user")
    for name in ("train", "test"):
        rows = (ROOT / f"samples/penguins_{name}.csv").read_bytes()
        (tmp_path / f"penguins_{name}.csv").write_bytes(rows)
    cells = [
        "import os, pandas\nimport codefree\n"
        "r = codefree.train('penguins_train.csv', 'penguins_test.csv', minutes=0.5)",
        "assert r.score > 0.9 and r.problem_type == 'multiclass'\n"
        "assert len(r.leaderboard) > 1 and len(r.predictions) == 69\n"
        "rows = pandas.read_csv('penguins_test.csv').iloc[5:9]\n"
        "found = r.predict(rows)\n"
        "assert list(found.index) == [5, 6, 7, 8]\n"
        "assert list(found.prediction) == list(r.predictions.prediction[5:9])\n"
        "assert os.environ['AWS_ACCESS_KEY_ID'] == 'of the user'",
        "r.report",
        "try:\n    codefree.train(rows[['island']], minutes=0.5, progress=None)\n"
        "except codefree.TrainingError as error:\n    print(error)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=None, kernel_name=KERNEL, resources=resources).execute()

    shown = notebook.cells[2].outputs[0].data["text/html"]
    assert shown.startswith("<iframe") and "penguins" in shown
    refusal = "".join(output.text for output in notebook.cells[3].outputs)
    assert "has only one column" in refusal and "Traceback" not in refusal
    # The refused rows have left their logs.
    assert {path.name for path in (tmp_path / "results").iterdir()} == {"penguins", "data"}
