"""JSON as every machine output writes it: all ASCII, and nothing in it that a terminal or the log of a CI job obeys.

JSON's own escapes do that, and so every reader gets the values as they are. Beside what is not plain ASCII, the first
sign of `##[…]` and its kind is escaped, which the runners of GitHub and Azure take for a command wherever it stands in a line.
"""

from __future__ import annotations

import json
import re
from typing import Any

# Outside of strings JSON has no such sign, and inside of them a backslash before it would be half of an escaped one.
_COMMAND = re.compile(r"#(?=#[A-Za-z]*\[)")


def json_text(value: Any, *, indent: int | None = 2) -> str:
    """Return `value` as JSON, keys in their order and one line feed at the end; without `indent` on one line."""
    separators = (",", ":") if indent is None else None
    text = json.dumps(value, indent=indent, separators=separators)
    return _COMMAND.sub(r"\\u0023", text) + "\n"
