"""live.json, read and decided on as the functions do."""

from typing import TYPE_CHECKING

from codefree.functions_code import load

if TYPE_CHECKING:
    from contract import live as live
else:
    live = load("live")
