"""What a plain scalar means: the core schema of YAML 1.2.2, section 10.3.2, and nothing of YAML 1.1.

`no`, `on`, `12:30` and dates are strings; `0o17` and `0x1F` are integers; `017` is the integer 17.
"""

from __future__ import annotations

import re

from dfsubmit.yamlcore.limits import MAX_NUMBER

Scalar = str | int | float | bool | None

WORDS: dict[str, Scalar] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
    ".inf": float("inf"),
    ".Inf": float("inf"),
    ".INF": float("inf"),
    "+.inf": float("inf"),
    "+.Inf": float("inf"),
    "+.INF": float("inf"),
    "-.inf": float("-inf"),
    "-.Inf": float("-inf"),
    "-.INF": float("-inf"),
    ".nan": float("nan"),
    ".NaN": float("nan"),
    ".NAN": float("nan"),
}
# No scalar that begins otherwise is anything but a string: most need no further look.
SPECIAL_STARTS = frozenset("0123456789+-.~ntfNTF")

_INT = re.compile(r"[-+]?[0-9]+\Z|0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_BASES = {"0o": 8, "0x": 16}


class NumberTooLongError(ValueError):
    """A number of more than MAX_NUMBER characters."""


def resolve(text: str) -> Scalar:
    """Return the value of the plain scalar `text`. Raises NumberTooLongError."""
    if text in WORDS:
        return WORDS[text]
    if text[0] not in SPECIAL_STARTS:
        return text
    if _INT.match(text):
        _check_length(text)
        base = _BASES.get(text[:2], 10)
        return int(text, 10) if base == 10 else int(text[2:], base)  # noqa: PLR2004  # ten is ten
    if _FLOAT.match(text):
        _check_length(text)
        return float(text)
    return text


def _check_length(text: str) -> None:
    if len(text) > MAX_NUMBER:
        raise NumberTooLongError(text)
