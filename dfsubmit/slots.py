"""Where the values of a manifest may be others without changing what there is to say about it.

A slot is a value at the end of its line, outside of brackets, in ASCII, plain or in double quotes without escapes; it may be
anything of its class. A class has nothing in it that could end a scalar, begin a comment or mean something else than a text (or
a number), and is well inside what the model and the advice allow at that path; it need not be all of it. A key that could name a
secret has no slot. `shapes` and `faultyshapes` make patterns of them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dfsubmit.advice import KNOWN_GPU_MODELS
from dfsubmit.leaks import has_hint, is_telling
from dfsubmit.yamlcore.tree import MappingNode, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dfsubmit.diagnostics import Span
    from dfsubmit.document import Document, Path
    from dfsubmit.yamlcore.tree import Node

# Start, end, path and class of a value that may vary.
Slot = tuple[int, int, "Path", str]

# In bytes: more is no manifest of the kind that comes by the thousand.
LONGEST = 8_192
# Where a value may vary: what precedes it on its line.
_BEFORE = re.compile(r" *(?:- +)*(?:[A-Za-z_][A-Za-z0-9_-]{0,60}: +)?")
_COMMENT = r"#(?: [A-Za-z0-9 ,.;()'/_-]*+)?"
IN_COMMENT: Path = ("#",)
# What only an alias can look like, though other things can too.
_ALIAS = re.compile(r"[\s,\[{]\*")

# Plain texts for YAML 1.2 if they begin with a letter or a digit: no boolean, no null, no number.
_NO_VALUE = r"(?!(?:[Nn]ull|NULL|[Tt]rue|TRUE|[Ff]alse|FALSE|[0-9]++(?:[eE]-?[0-9]++)?|0[ox][0-9A-Fa-f]++)\n)"
_TEXT = rf"{_NO_VALUE}[A-Za-z]"
_NOTE = rf'{_TEXT}[A-Za-z0-9_.-]*+|"[A-Za-z0-9_.-]++"'
_INSIDE = rf"{_TEXT}[A-Za-z0-9_.-]*+(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*+)*+"
_HDFS = r"(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*+)++"
# Nine digits at most are below the largest integer of the API.
_COUNT = r"[1-9][0-9]{0,8}"
_ARGUMENTS = r"--[a-z][A-Za-z0-9=_./,-]*+(?: [A-Za-z0-9=_./,-]++)*+"
# A colon at the end would make a key of it.
_IMAGE = rf"{_NO_VALUE}[a-z][A-Za-z0-9_./@-]*+(?::[A-Za-z0-9_./@-]++)*+"
TRUTH = "true|false"
_PORT = "[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]"

_FIRST_PORT: Path = ("spec", "docker", "exposeTcpPorts", 0)
# By path, with "*" for the place in a list and the key of a free map.
_CLASSES: dict[tuple[str | int, ...], str] = {
    ("metadata", "name"): rf"{_NO_VALUE}[a-z0-9](?:[a-z0-9-]{{0,61}}[a-z0-9])?",
    ("metadata", "generation"): _COUNT,
    ("metadata", "labels", "*"): _NOTE,
    ("spec", "aiWorkspaceId"): rf"{_NO_VALUE}[A-Za-z0-9]{{1,22}}",
    ("spec", "namePrefix"): rf"{_NO_VALUE}[a-z][a-z0-9]{{1,7}}",
    ("spec", "data", "input", "*", "hdfs"): _HDFS,
    ("spec", "data", "input", "*", "path"): _INSIDE,
    ("spec", "data", "output", "*", "hdfs"): _HDFS,
    ("spec", "data", "output", "*", "path"): _INSIDE,
    ("spec", "data", "output", "*", "overwrite"): TRUTH,
    ("spec", "docker", "image"): _IMAGE,
    ("spec", "docker", "args"): _ARGUMENTS,
    ("spec", "docker", "env", "*"): _NOTE,
    # Two equal ports of one manifest are a finding, so a port varies only where it is the only one.
    _FIRST_PORT: _PORT,
    ("spec", "resource", "cpuCount"): _COUNT,
    ("spec", "resource", "gpuCount"): "[1-8]",
    ("spec", "resource", "gpuModel"): "|".join(KNOWN_GPU_MODELS),
    ("spec", "resource", "memoryMb"): _COUNT,
}
NUMBERS = frozenset({_COUNT, "[1-8]", _PORT})
# What is a text, or a whole number, wherever it stands: for values that are at fault.
_ANY_TEXT = rf"{_NO_VALUE}[A-Za-z][A-Za-z0-9_.-]*+(?: [A-Za-z0-9_.-]++)*+"
_ANY_NUMBER = "-?[1-9][0-9]{0,8}|0"
# In a text that cannot be read: what has no mark of YAML in it, in brackets and out of them, and is not null.
_WORDS = (
    r"(?![Nn]ull\n|NULL\n)(?:[A-Za-z0-9/]|--[a-z])[A-Za-z0-9_./=-]*+(?: [A-Za-z0-9_./=-]++)*+",
    r'"[A-Za-z0-9_.-]++"',
)
# What is harmless as long as no bracket was opened.
_OUTSIDE = (_IMAGE, r"#(?: [A-Za-z0-9 .;/_-]*+)?")
_KEY = "[A-Za-z_][A-Za-z0-9_-]{0,60}: +"
_LINE = re.compile(rf"^( +(?:(?:- +)+(?:{_KEY})?|{_KEY})|(?=#))(?! )([^\n]+)(?=\n)", re.MULTILINE)


def pattern_of(text: str, slots: Iterable[Slot]) -> re.Pattern[str]:
    """Return a pattern of `text` with a group for each of `slots`, which are in order."""
    return re.compile(_made(text, slots, re.escape, lambda _, allowed: f"({allowed})"))


def varied(text: str, slots: Iterable[Slot]) -> str:
    """Return `text` with another value in every slot that may have one."""
    return _made(text, slots, str, _other)


def _made(text: str, slots: Iterable[Slot], between: Callable[[str], str], value: Callable[[str, str], str]) -> str:
    """Return `text` with what `value` makes of each slot's text and class, and `between` of all else."""
    parts, at = [], 0
    for start, end, _, allowed in slots:
        parts += [between(text[at:start]), value(text[start:end], allowed)]
        at = end
    return "".join((*parts, between(text[at:])))


def is_simple(content: bytes, text: str) -> bool:
    """Tell whether a file is short, and has nothing in it by which a line may mean something for others."""
    plain = len(content) <= LONGEST and text.isascii() and "\r" not in text and "\t" not in text
    return plain and not _ALIAS.search(text)


def may_leak(values: Iterable[str], *long: str) -> bool:
    """Tell whether one of `values`, those of slots, may be a secret; `long` are those that have room for a name and a value.

    No value under a telling name varies, and of the classes, only arguments and images have that room.
    """
    return has_hint("\n".join(values)) or any(map(is_telling, long))


_OTHER_SIGNS = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ123456789",
    "bcdefghijklmnopqrstuvwxyzaBCDEFGHIJKLMNOPQRSTUVWXYZA234567891",
)


def _other(value: str, allowed: str) -> str:
    """Return another value of the class `allowed`; the same one when none comes to mind."""
    candidates = (value.translate(_OTHER_SIGNS), value.translate(_OTHER_SIGNS)[:-1], *allowed.split("|"))
    return next((one for one in candidates if one != value and _is(one, allowed)), value)


def value_slots(document: Document) -> Iterator[Slot]:
    """Yield start, end, path and class of every value that may vary."""
    text = document.text
    for path in _block_scalars(document.root, ()):
        allowed = _class_of(path, document.data)
        if allowed is None:
            continue
        start, end = document.offsets(path)
        if _ends_line(text, start, end) and _is(text[start:end], allowed):
            yield start, end, path, allowed


def comment_slots(document: Document) -> Iterator[Slot]:
    """Yield the comments that have a line of their own."""
    text = document.text
    for line, column, comment in document.comments():
        start = document.source.starts[line - 1]
        if not text[start : start + column - 1].strip(" ") and re.fullmatch(_COMMENT, comment):
            yield start + column - 1, start + column - 1 + len(comment), IN_COMMENT, _COMMENT


def line_slots(text: str) -> Iterator[Slot]:
    """Yield the words at the ends of lines of a text that cannot be read, which are nothing but words wherever they stand."""
    opened = re.search(r"[\[{]", text)
    for match in _LINE.finditer(text):
        outside = opened is None or match.end() < opened.start()
        if is_telling(match[1]):
            continue
        for allowed in (*_WORDS, *(_OUTSIDE if outside else ())):
            if _is(match[2], allowed):
                yield match.start(2), match.end(2), (), allowed
                break


def faulty_slot(document: Document, span: Span) -> Slot | None:
    """Return the text or number at `span`, which may be any other; None when no value of a line of its own stands there."""
    text = document.text
    for path in _block_scalars(document.root, ()):
        start, end = document.offsets(path)
        if not path or document.source.span(start, end) != span or is_telling(str(path[-1])):
            continue
        if _ends_line(text, start, end):
            value = text[start:end]
            return next(((start, end, path, one) for one in (_ANY_TEXT, _ANY_NUMBER) if _is(value, one)), None)
    return None


def meant(text: str, allowed: str) -> str | int:
    """Return the value of the text in a slot of a fault."""
    return int(text) if allowed == _ANY_NUMBER else text


def _ends_line(text: str, start: int, end: int) -> bool:
    """Tell whether `start:end` is the last thing on its line, behind nothing but a key and dashes."""
    before = text[text.rfind("\n", 0, start) + 1 : start]
    return text[end : end + 1] == "\n" and _BEFORE.fullmatch(before) is not None


def _is(value: str, allowed: str) -> bool:
    return re.fullmatch(rf"(?:{allowed})\n", f"{value}\n") is not None


def _block_scalars(node: Node, path: Path) -> Iterator[Path]:
    """Yield the paths of the scalars outside of brackets; nothing below an alias is one."""
    children: Any
    if isinstance(node, MappingNode):
        children = node.values.items()
    elif isinstance(node, SequenceNode):
        children = enumerate(node.values)
    else:
        if hasattr(node, "style"):
            yield path
        return
    if not node.start.flow_style:
        for key, child in children:
            yield from _block_scalars(child, (*path, key))


def _class_of(path: Path, data: Any) -> str | None:
    """Return what the value at `path` may be; None when it may not vary."""
    if not path or is_telling(str(path[-1])):
        return None
    if path == _FIRST_PORT and len(data["spec"]["docker"]["exposeTcpPorts"]) > 1:
        return None
    if path[:-1] in {("metadata", "labels"), ("spec", "docker", "env")}:
        path = (*path[:-1], "*")
    elif path[:2] == ("spec", "data"):
        path = (*path[:3], "*", *path[4:])
    return _CLASSES.get(path)
