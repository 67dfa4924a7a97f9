"""What a setting may be, as the functions have it."""

from typing import TYPE_CHECKING

from codefree.functions_code import load

if TYPE_CHECKING:
    from contract import bounds as bounds
else:
    bounds = load("bounds")
