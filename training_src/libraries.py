"""What AWS's container lacks comes along as lib.zip; a laptop has it installed."""

import os
import sys
import zipfile
from pathlib import Path

PACKED = Path(__file__).with_name("lib.zip")
UNPACKED = Path(__file__).with_name("lib")


def use_libraries() -> None:
    """Unpack once and import from there, after everything that is installed."""
    if not PACKED.exists():
        return
    with zipfile.ZipFile(PACKED) as packed:
        packed.extractall(UNPACKED)
    sys.path.append(str(UNPACKED))
    # An earlier model answers in a process of its own.
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = f"{before}{os.pathsep}{UNPACKED}" if before else str(UNPACKED)
