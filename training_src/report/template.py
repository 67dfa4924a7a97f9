"""The templates of report.html."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from contract.visible import visible


def load_template(path: Path) -> Template:
    """It escapes whatever it is given, shows what is invisible, and fails on unknown names."""
    return Environment(
        loader=FileSystemLoader(path.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    ).get_template(path.name)


def _shown(value: Any) -> Any:
    """Names and cells of the user's files; pictures hold them, too."""
    if isinstance(value, Markup):
        return Markup(visible(str(value)))
    return visible(value) if isinstance(value, str) else value
