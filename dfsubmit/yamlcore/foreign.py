"""Lines that were written for something other than YAML, and found their way into a manifest.

A parser refuses them for a reason of its own, which helps nobody: a template's `{{- if }}` is "no key", the fence of a Markdown
listing a reserved character. So before a refusal is explained, the line that it speaks of is held against what people
paste: templates, fences, pages of errors, assignments, separators with a dash too many, dashes and colons of a word processor.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dfsubmit.diagnostics import Edit
from dfsubmit.yamlcore.layout import content_before, indent_of, value_end
from dfsubmit.yamlcore.wording import Fault, odd_separator, quoted

if TYPE_CHECKING:
    from collections.abc import Callable

    from dfsubmit.yamlcore.source import Source

_TEMPLATE = re.compile(r"\{\{|\{%|\{#")
_FENCE = re.compile(r"`{3,}|~{3,}")
_MARKUP = re.compile(r"<(?:[A-Za-z][\w-]*[\s/>]|!DOCTYPE\b|!--|\?xml\b|/)", re.IGNORECASE)
_SEPARATOR = re.compile(r"(?:-{2,}|[\u2012-\u2015]+)\Z")
_ASSIGNED = re.compile(r"([A-Za-z_][\w.-]*)[ \t]*=[ \t]*([^\s=].*)\Z")
_COLONS = re.compile("[\uff1a\ufe55\u2236\ua789]")
_DASHES = re.compile(r"([\u2010-\u2015\u2212\u2022\uff0d\u00b7])(?=[ \t])")
_TIGHT = re.compile(r"-(?=[^\s-])")


def foreign(source: Source, at: int, context_at: int | None, *, above_too: bool = False) -> Fault | None:
    """Return the fault of the line at `at`, or of the one where the parser's matter began; None when both are YAML.

    `above_too` says that the parser took the line above for a text, so that what is wrong with it shows below.
    """
    lines = [source.line_start(offset) for offset in (context_at, at) if offset is not None]
    above = content_before(source, source.line_start(at)) if above_too else None
    if above is not None:
        lines.append(above[0])
    looks = (_line(source, start) for start in dict.fromkeys(lines))
    found = next((fault for fault in looks if fault is not None), None)
    if found is None and above is not None:
        begin = above[0] + indent_of(above[1])
        return _tight_dash(source, begin, above[1].strip())
    return found


def _line(source: Source, start: int) -> Fault | None:
    """Return what is foreign about the line that starts at `start`."""
    begin = start + indent_of(source.text[start : source.line_end(start)])
    end = value_end(source, begin)
    text = source.text[begin:end]
    return next((fault for look in _LOOKS if (fault := look(source, begin, text)) is not None), None)


def _template(source: Source, begin: int, text: str) -> Fault | None:
    if not _TEMPLATE.match(text):
        return None
    return template(source, begin, begin + len(text), whole_line=True)


def template(source: Source, start: int, end: int, *, whole_line: bool = False) -> Fault:
    """Return the fault of a template's braces `start:end`."""
    text = source.text[start:end]
    return Fault(
        code="DF0136",
        message=f"{text[:2]} is a template's, and nothing fills templates in here",
        start=start,
        end=start + 2,
        help="fill the template in first, or remove the line"
        if whole_line
        else f"write the value, or quote the text: {quoted(text)}",
    )


def _fence(source: Source, begin: int, text: str) -> Fault | None:  # noqa: ARG001  # looks are called alike
    if not _FENCE.match(text):
        return None
    return Fault(
        code="DF0112",
        message="this is the fence of a listing in Markdown, not YAML",
        start=begin,
        end=begin + 3,
        help="remove the line, and the one like it at the other end",
    )


def _markup(source: Source, begin: int, text: str) -> Fault | None:
    if not _MARKUP.match(text):
        return None
    # All of it is; the first line tells so best.
    while (above := content_before(source, source.line_start(begin))) is not None and _MARKUP.match(above[1].strip()):
        begin, text = above[0] + indent_of(above[1]), above[1].strip()
    return Fault(
        code="DF0128",
        message="this is HTML or XML, not YAML",
        start=begin,
        end=begin + len(text),
        help="look where the file comes from: perhaps a web page was saved in its place",
    )


def _separator(source: Source, begin: int, text: str) -> Fault | None:
    if not _SEPARATOR.match(text) or (text == "---" and begin == source.line_start(begin)):
        return None
    return odd_separator(source.line_start(begin), begin, begin + len(text))


def _assigned(source: Source, begin: int, text: str) -> Fault | None:  # noqa: ARG001  # looks are called alike
    match = _ASSIGNED.match(text)
    if match is None:
        return None
    key, value = match[1], match[2]
    words = f"{key}: {value}"
    return Fault(
        code="DF0110",
        message="there is no colon on this line: a key ends with a colon, not with =",
        start=begin,
        end=begin + len(text),
        help=f"write {words}",
        edits=(Edit(start=begin, end=begin + len(text), text=words),),
    )


def _wide_colon(source: Source, begin: int, text: str) -> Fault | None:
    match = _COLONS.search(text)
    if match is None or re.search(r":(?:\s|\Z)", text):
        return None
    at = begin + match.start()
    after = source.text[at + 1 : at + 2]
    new = ":" if not after or after in " \r\n" else ": "
    return look_alike(at, match.group(), "ends no key", f"write {new.strip()} in place of it", new)


def _dash(source: Source, begin: int, text: str) -> Fault | None:  # noqa: ARG001  # looks are called alike
    match = _DASHES.match(text)
    return None if match is None else look_alike(begin, match[1], "begins no list entry", "write - in place of it", "-")


def _tight_dash(source: Source, begin: int, text: str) -> Fault | None:  # noqa: ARG001  # looks are called alike
    if not _TIGHT.match(text):
        return None
    return Fault(
        code="DF0109",
        message="there is no blank after this dash, so it begins no list entry",
        start=begin,
        end=begin + 1,
        help="put a blank after the dash",
        edits=(Edit(start=begin + 1, end=begin + 1, text=" "),),
    )


def look_alike(at: int, character: str, lacks: str, advice: str, new: str) -> Fault:
    """Return the fault of a character at `at` that looks like one of YAML's, and is none."""
    import unicodedata  # noqa: PLC0415  # a megabyte, for a name that is hardly ever wanted

    name = unicodedata.name(character, "a character").lower()
    return Fault(
        code="DF0138",
        message=f"this is U+{ord(character):04X} ({name}), which {lacks}",
        start=at,
        end=at + 1,
        help=advice,
        edits=(Edit(start=at, end=at + 1, text=new, safe=True),),
    )


_LOOKS: tuple[Callable[[Source, int, str], Fault | None], ...] = (
    _template,
    _fence,
    _markup,
    _separator,
    _assigned,
    _wide_colon,
    _dash,
)
