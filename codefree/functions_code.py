"""Modules of the functions' package `contract`, under a name of this package.

The folder of the functions stays off the path: the names of its packages are common, and a notebook
imports this package, too.
"""

import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

from codefree.stack_files import FUNCTIONS

PACKAGE = "codefree._contract"


def load(name: str) -> ModuleType:
    """A module of `contract/`; what it needs beside the standard library it imports relatively."""
    if PACKAGE not in sys.modules:
        folder = FUNCTIONS / "contract"
        spec = spec_from_file_location(
            PACKAGE, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        assert spec is not None and spec.loader is not None
        sys.modules[PACKAGE] = module_from_spec(spec)
        spec.loader.exec_module(sys.modules[PACKAGE])
    return import_module(f"{PACKAGE}.{name}")
