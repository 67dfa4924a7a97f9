"""runs.json, read and compared as the functions do."""

from typing import TYPE_CHECKING

from codefree.functions_code import load

if TYPE_CHECKING:
    from contract import runs as runs
else:
    runs = load("runs")
