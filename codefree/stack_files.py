"""Where the stack that this command deploys lies: its template, code, page and translator."""

from pathlib import Path

_HERE = Path(__file__).resolve().parent
_INSTALLED = _HERE / "_stack"
ROOT = _INSTALLED if _INSTALLED.exists() else _HERE.parent
"""A checkout, or the copy that a wheel brings."""
TEMPLATE = ROOT / "template.yaml"
FUNCTIONS = ROOT / "functions"
TRAINING_SOURCE = ROOT / "training_src"
TRANSLATORS = ROOT / "translator"
