"""Write docs/messages.md from the English catalogue: `python scripts/messages_page.py`."""

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
CATALOG = ROOT / "functions/contract/catalog/en.json"
PAGE = ROOT / "docs" / "messages.md"
BEGINNING = """# Messages

What STATUS.txt, mail, the report, the command line and the translation API say, by code. Programs
find the code as `code` in `status.json` and in the API's errors. Words in braces are filled in;
`{@name}` is a setting, which the command line spells as its option. This page is generated from
`functions/contract/catalog/en.json`; run `python scripts/messages_page.py` after a change there.
"""
# Family of codes → heading, and what causes its messages.
FAMILIES = {
    "file": ("Files that cannot be read", "Raised before anything is paid, from the first bytes."),
    "name": ("File names", "Raised when an object in the bucket belongs to no dataset."),
    "settings": (
        "Settings",
        "Raised when a settings file, or an option of the command line, is wrong.",
    ),
    "target": (
        "The target",
        "Raised when the target cannot be found or cannot be trained on: by the functions from the "
        "first megabyte, by the training job from all rows.",
    ),
    "data": ("The data", "Raised when rows or columns do not suffice."),
    "request": (
        "Requests for predictions",
        "Answered with HTTP 400 by a model's endpoint, in the language of the model's report.",
    ),
    "cost": ("Cost", "Raised when a job could cost more than it may."),
    "pairs": ("Sentence pairs", "Raised when a translator cannot be trained."),
    "columns": ("Columns to translate", "Raised when columns of a file cannot be translated."),
    "wait": (
        "What a dataset waits for",
        'Stands behind "waiting for". It ends without your help.',
    ),
    "failure": (
        "Failures at AWS",
        "Concluded from the failure reason of SageMaker, or from the error of a request.",
    ),
    "job": ("Failures of a training job", "Reported by the training job itself."),
    "note": (
        "Notes on the data and the model",
        "Warnings of the report and of STATUS.txt; the training job found them in your files.",
    ),
    "read": ("How files were read", "Listed in the report, so that you can check it."),
    "api": ("Errors of the translation API", "The request is wrong or too large."),
    "engine": ("Errors of the translator", "The engine behind the translation API has failed."),
}


def page() -> str:
    """The whole page, in Markdown."""
    catalog: dict[str, Any] = json.loads(CATALOG.read_text("utf-8"))
    sections = [_section(family, catalog) for family in FAMILIES]
    return "\n".join([BEGINNING, *sections])


def _section(family: str, catalog: dict[str, Any]) -> str:
    heading, cause = FAMILIES[family]
    rows = [
        _row(code, entry) for code, entry in catalog.items() if code.partition(".")[0] == family
    ]
    return "\n".join(
        [
            f"## {heading}",
            "",
            f"**Cause.** {cause}",
            "",
            "| Code | Text | Remedy |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def _row(code: str, entry: str | dict[str, str]) -> str:
    texts = {"text": entry} if isinstance(entry, str) else entry
    cells = [f"`{code}`", texts["text"], texts.get("remedy", "")]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
