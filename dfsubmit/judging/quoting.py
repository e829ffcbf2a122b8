"""Values of a manifest as parts of a message: short, on one line, in quotes, and never a secret.

Renderers still neutralise what they print; this only keeps messages readable and free of credentials.
"""

from __future__ import annotations

import json
import re
from typing import Any

from dfsubmit.leaks import masked

_LONGEST = 48
_PLAIN = re.compile(r"[\w./][-\w./ :]*")
_NUMBER_LIKE = re.compile(r"[-+.0-9eE_:]*|0[xo].*|[-+.]*(inf|nan)", re.IGNORECASE)


def short(text: str, longest: int = _LONGEST) -> str:
    """Return `text` without secrets, cut at `longest` characters."""
    safe = masked(text)
    return safe if len(safe) <= longest else f"{safe[: longest - 3]}..."


def quoted(text: str, longest: int = _LONGEST) -> str:
    """Return `text` in double quotes, with line breaks and other controls escaped."""
    return json.dumps(short(text, longest), ensure_ascii=False)


def named(value: Any) -> str:
    """Return what `value` is, for the end of a sentence: `the number 3`, `the text "4"`, `a list`."""
    match value:
        case bool():
            return f"the boolean {'true' if value else 'false'}"
        case int() | float():
            return f"the number {short(str(value))}"
        case str():
            return f"the text {quoted(value)}"
        case list():
            return "a list" if value else "an empty list"
        case dict():
            return "a map" if value else "an empty map"
        case _:
            return "null"


def flow(value: Any) -> str:
    """Return `value` as YAML on one line, as an example would write it."""
    match value:
        case dict():
            return "{" + ", ".join(f"{key}: {flow(inner)}" for key, inner in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(flow(inner) for inner in value) + "]"
        case bool():
            return "true" if value else "false"
        case str():
            return value if _is_plain(value) else json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)


def _is_plain(text: str) -> bool:
    """Tell whether `text` can stand without quotes anywhere in YAML; cautious rather than complete."""
    if _NUMBER_LIKE.fullmatch(text) or text.casefold() in {"true", "false", "null", "yes", "no", "on", "off"}:
        return False
    return _PLAIN.fullmatch(text) is not None and ": " not in text and not text.endswith((":", " "))
