"""Run the console script, as a user does, with a training script that takes no time."""

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import STUB_TRAINING

ROOT = Path(__file__).parents[1]


def script(training_source: Path) -> str:
    """The console script with another training source."""
    return f"""
import functools, pathlib
from codefree import cloud
cloud.Settings = functools.partial(
    cloud.Settings, training_source=pathlib.Path({str(training_source)!r})
)
from codefree.cli import main
main()
"""


CODEFREE = script(STUB_TRAINING)


def start(folder: Path, *arguments: str | Path, code: str = CODEFREE) -> "subprocess.Popen[str]":
    """The script in a folder of its own, which also takes its temporary files."""
    temporary = folder / "tmp"
    temporary.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
