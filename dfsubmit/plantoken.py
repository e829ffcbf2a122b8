"""The token of a plan: one word that names what would be done, change by change. Pure.

`p1` is followed by a mark of 11 characters for each pending change, `.` before each: 64 bits of the SHA-256 of everything
that decides what the change does, in base64url (RFC 4648, section 5). Marks are sorted, so equal plans have equal tokens.
So it can be told of each change whether a token names it, and a plan that has others besides, of an unrelated merge, does
not make the token stale. A plan of more than 1,000 changes has a token of the whole, `w1.` and 22 characters, which nothing
else may stand beside: a word has to fit a command line and an environment variable. A saved plan has no such bound.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_MARKS = 1000
_EACH, _WHOLE = "p1", "w1"
_TOKEN = re.compile(r"p1(\.[A-Za-z0-9_-]{11})*|w1\.[A-Za-z0-9_-]{22}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token names: `marks` of single changes, or the `whole` of a large plan, which is its token."""

    marks: frozenset[str] = frozenset()
    whole: str = ""


def mark(facts: Sequence[Any]) -> str:
    """Return the mark of the change that `facts`, values of JSON, decide."""
    return _digest(facts, size=8)


def written(marks: Iterable[str]) -> str:
    """Return the token of the changes with `marks`."""
    named = sorted(marks)
    return f"{_WHOLE}.{_digest(named, size=16)}" if len(named) > MOST_MARKS else ".".join([_EACH, *named])


def read(token: str) -> Expected | None:
    """Return what `token` names, or None when it is none."""
    if not _TOKEN.fullmatch(token):
        return None
    kind, *marks = token.split(".")
    return Expected(whole=token) if kind == _WHOLE else Expected(marks=frozenset(marks))


def _digest(value: Any, *, size: int) -> str:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:size]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
