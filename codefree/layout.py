"""The bucket's layout, read from the functions."""

from typing import TYPE_CHECKING

from codefree.functions_code import load

if TYPE_CHECKING:
    from contract import layout as layout
else:
    layout = load("layout")
