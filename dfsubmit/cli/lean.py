"""Keeps from this program what a library imports in vain.

Pydantic looks for plugins among all packages that are installed, and for that imports `importlib.metadata`, with which come
mail, ZIP files, sockets and temporary files: a third of what the models cost. No plugin has anything to do with manifests. A
module in place of the one that looks says that there are none. Where pydantic has no such module, nothing happens. Rule: for the
command line only; a program that uses `dfsubmit.api` keeps its plugins.
"""

from __future__ import annotations

import sys
from types import ModuleType

LOADER = "pydantic.plugin._loader"


def without_plugins() -> None:
    """Let pydantic find no plugins, if it was not imported yet."""
    if "pydantic" not in sys.modules:
        loader = ModuleType(LOADER)
        loader.__dict__["get_plugins"] = tuple
        sys.modules[LOADER] = loader
