"""Imports one module of a package without running the package's own `__init__`, which may import all the rest of it."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType


def import_submodule(package: str, name: str) -> ModuleType:
    """Return the module `name` of `package`, a top-level package. Raises ImportError.

    A later `import` of the package runs its `__init__` as ever, which finds this module as it is. Call it while there is
    one thread: others would see the package half there.
    """
    whole = f"{package}.{name}"
    if package in sys.modules or whole in sys.modules:
        return _imported(whole)
    spec = importlib.util.find_spec(package)
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError(f"there is no package {package}", name=package)
    stand_in = ModuleType(package)
    stand_in.__path__ = list(spec.submodule_search_locations)
    stand_in.__spec__ = spec
    sys.modules[package] = stand_in
    try:
        return _imported(whole)
    finally:
        del sys.modules[package]


def _imported(whole: str) -> ModuleType:
    """Import as the statement does, which Python's own report of imports sees, unlike `importlib.import_module`."""
    __import__(whole)
    return sys.modules[whole]
