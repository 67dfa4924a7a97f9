"""What the user types for this program."""

import shutil
import sys
from pathlib import Path


def command_name() -> str:
    """Its name, or its path where the shell does not find the name."""
    if shutil.which("codefree"):
        return "codefree"
    path = Path(sys.argv[0])
    if path.name == "__main__.py":
        return "python -m codefree"
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
