"""Cells that Excel, LibreOffice and Google Sheets would run as formulas.

See https://owasp.org/www-community/attacks/CSV_Injection.
"""

import re
from collections.abc import Iterable

# All characters that NFKC turns into = + - or @: Excel takes full-width signs for the same.
WIDE_SIGNS = (
    "\u207a\u207c\u208a\u208c\u2a75\u2a76\ufb29\ufe62\ufe63\ufe66\ufe6b\uff0b\uff0d\uff1d\uff20"
)
# As patterns that Python's re and RE2 (Apache Arrow) read alike. A sign alone runs nothing.
FORMULA = rf"[=+\-@\t\r\n{WIDE_SIGNS}](.|\n)"
# A signed number, such as -5, -1.5e3 or +7 %, is data; +E5 is what another cell holds.
SIGNED_NUMBER = "[+-][0-9., \u00a0]*[0-9][., \u00a0]*([eE][+-]?[0-9]+)?%?"
BEGINS_FORMULA, IS_SIGNED_NUMBER = re.compile(FORMULA), re.compile(SIGNED_NUMBER)


def would_run(text: str) -> bool:
    """Whether a spreadsheet would take the text for a formula."""
    return bool(BEGINS_FORMULA.match(text)) and not IS_SIGNED_NUMBER.fullmatch(text)


def safe(text: str) -> str:
    """The text, with an apostrophe in front if a spreadsheet would run it."""
    return f"'{text}" if would_run(text) else text


def safe_row(cells: Iterable[object]) -> list[object]:
    """A line of a CSV, column names included: its texts are safe, its numbers stay numbers."""
    return [safe(cell) if isinstance(cell, str) else cell for cell in cells]
