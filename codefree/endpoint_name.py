"""The names of endpoints, read from the functions."""

from typing import TYPE_CHECKING

from codefree.functions_code import load

if TYPE_CHECKING:
    from contract import endpoint_name as endpoint_name
else:
    endpoint_name = load("endpoint_name")
