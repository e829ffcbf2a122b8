"""Paths in documents, and how people write them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Path = tuple[str | int, ...]

# The steps that stand for every item of a list and every key of a map.
ITEM, ENTRY = "[]", "<name>"


def dotted(path: Iterable[str | int]) -> str:
    """Return `path` as text: `spec.docker.env.EPOCHS`, `spec.data.input[0]`, `spec.docker.env["a b"]`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step == ITEM:
            text += step
        elif step == ENTRY or re.fullmatch(r"[A-Za-z0-9_-]{1,64}", step):
            text += f".{step}" if text else step
        else:
            text += f'["{step[:30]}{"..." if len(step) > 30 else ""}"]'  # noqa: PLR2004  # as much as a message bears
    return text
