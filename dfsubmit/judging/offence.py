"""Which character of a text breaks its pattern, in words, and what the text could be instead.

A regular expression says yes or no; a person wants to know where. For each pattern of the models that is a set of allowed
characters with a rule about ends or length, this finds the first offence. Other patterns are explained as a whole.
"""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING

from dfsubmit.judging.quoting import quoted
from dfsubmit.modelbase import (
    BASE_URL_PATTERN,
    FILE_PATTERN,
    FOLDER_PATTERN,
    NAME_PATTERN,
    VARIABLE_PATTERN,
    WORKSPACE_ID_PATTERN,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_LETTERS = string.ascii_letters
_ALLOWED: Mapping[str, frozenset[str]] = {
    WORKSPACE_ID_PATTERN: frozenset(_LETTERS + string.digits),
    NAME_PATTERN: frozenset(string.ascii_lowercase + string.digits + "-"),
    VARIABLE_PATTERN: frozenset(_LETTERS + string.digits + "_"),
}
_LONGEST: Mapping[str, int] = {WORKSPACE_ID_PATTERN: 22, NAME_PATTERN: 63}


def offence(pattern: str, text: str) -> str:
    """Return what in `text` breaks `pattern`, as the end of a sentence about the text: `has "_" at position 5`."""
    if not text:
        return "is empty"
    allowed = _ALLOWED.get(pattern)
    if allowed is not None:
        for position, character in enumerate(text, 1):
            if character not in allowed:
                return f"has {_character(character)} at position {position}"
    if len(text) > _LONGEST.get(pattern, len(text)):
        return f"has {len(text)} characters"
    if pattern in {FOLDER_PATTERN, FILE_PATTERN}:
        return _path_offence(text)
    if pattern == BASE_URL_PATTERN:
        return _url_offence(text)
    ends = [word for word, edge in (("begins", text[0]), ("ends", text[-1])) if edge == "-" or edge.isdigit()]
    return f"{ends[0]} with {quoted(text[0] if ends[0] == 'begins' else text[-1])}" if ends else "has the wrong form"


def suggestion(pattern: str, text: str) -> str:
    """Return a text close to `text` that fits `pattern`; empty when there is no obvious one."""
    if pattern == NAME_PATTERN:
        return re.sub(r"-+", "-", re.sub(r"[^a-z0-9]", "-", text.lower())).strip("-")[:63].strip("-")
    if pattern == VARIABLE_PATTERN:
        bare = re.sub(r"^\$\{?|\}$", "", text)
        changed = re.sub(r"[^A-Za-z0-9_]", "_", bare)
        return changed if re.fullmatch(r"[A-Za-z_]\w*", changed, re.ASCII) else ""
    return ""


def _character(character: str) -> str:
    names = {" ": "a space", "\n": "a line break", "\t": "a tab"}
    if character in names or character.isascii():
        return names.get(character) or f"the character {quoted(character)}"
    import unicodedata  # noqa: PLC0415  # a megabyte, for a name that is hardly ever wanted

    # Letters that look like Latin ones, and what has no look of its own, are told apart by their names only.
    name = unicodedata.name(character, "")
    unclear = name.startswith(("CYRILLIC", "GREEK", "FULLWIDTH")) or unicodedata.category(character)[0] in "MCZP"
    called = f" (U+{ord(character):04X}, {name.lower() or 'without a name'})" if unclear else ""
    return f"the character {quoted(character)}{called}"


def _path_offence(text: str) -> str:
    if text.startswith("/"):
        return "is absolute"
    if ".." in text.split("/"):
        return "leaves the folder with `..`"
    hidden = next((one for one in text if one < " " or one == "\x7f"), None)
    return f"has {_character(hidden)}" if hidden is not None else "names a folder, not a file"


def _url_offence(text: str) -> str:
    scheme, separator, rest = text.partition("://")
    if not separator:
        return "has no https:// in front"
    if scheme == "http":
        return "is not encrypted"
    if scheme != "https":
        return f"is a {quoted(scheme)} URL"
    return next((f"has {quoted(one)} in it" for one in "@?#" if one in rest), "is not the URL of a host")
