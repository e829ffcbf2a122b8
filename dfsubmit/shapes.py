r"""A faster road for manifests that are plainly fine: written like one that was read in full before, other values aside.

Large sets are written by programs, or by people who copy: line for line the same keys, other values. `Shapes.learn` turns a
manifest in which nothing was found into a pattern: its text, in which some values may be any of a class that is
allowed there whatever else the manifest says. `Shapes.glimpse` and `Shapes.app` hold a file against the patterns, and know
nothing of YAML.

Rules that keep the answers equal to those of the long road (`project.examine`):

- what a pattern accepts has no finding and no silencer: no syntax, no value and no comment of it could be found fault with;
- a value varies only where it ends its line, outside of brackets, in ASCII, plain or in double quotes without escapes. Its
  class has nothing in it that could end a scalar, begin a comment or mean something else than a text (or a number);
- each class is well inside what the model and the advice allow; it need not be all of it. Images are those that the long road
  has passed before. A key that could name a secret has no varying value;
- in doubt the answer is None, and the file takes the long road.
"""

from __future__ import annotations

import re
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from dfsubmit.advice import KNOWN_GPU_MODELS
from dfsubmit.desired import DesiredApp, Place
from dfsubmit.leaks import has_hint, is_telling
from dfsubmit.request import request_of
from dfsubmit.traces import Glimpse, glimpse
from dfsubmit.yamlcore.tree import MappingNode, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dfsubmit.document import Document, Path
    from dfsubmit.manifest import AiApp
    from dfsubmit.yamlcore.tree import Node

# Start, end, path and class of a value that may vary.
_Slot = tuple[int, int, "Path", str]

# In bytes: more is no manifest of the kind that comes by the thousand.
_LONGEST = 8_192
# A pattern costs some milliseconds to make. A set with more shapes than this is not written by copying.
_MOST_SHAPES = 24
_MOST_IMAGES = 4_096

# Where a value may vary: what precedes it on its line.
_BEFORE = re.compile(r" *(?:- +)*(?:[A-Za-z_][A-Za-z0-9_-]{0,60}: +)?")
_COMMENT = r"#(?: [A-Za-z0-9 ,.;()'/_-]*+)?"
_IN_COMMENT: Path = ("#",)
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
_TRUTH = "true|false"
_PORT = "[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]"

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
    ("spec", "data", "output", "*", "overwrite"): _TRUTH,
    ("spec", "docker", "image"): r"[a-z][A-Za-z0-9_./:@-]*+",
    ("spec", "docker", "args"): _ARGUMENTS,
    ("spec", "docker", "env", "*"): _NOTE,
    # Two equal ports of one manifest are a finding, so a port varies only where it is the only one.
    ("spec", "docker", "exposeTcpPorts", 0): _PORT,
    ("spec", "resource", "cpuCount"): _COUNT,
    ("spec", "resource", "gpuCount"): "[1-8]",
    ("spec", "resource", "gpuModel"): "|".join(KNOWN_GPU_MODELS),
    ("spec", "resource", "memoryMb"): _COUNT,
}
_NUMBERS = frozenset({_COUNT, "[1-8]", _PORT})
_NAME: Path = ("metadata", "name")
_GENERATION: Path = ("metadata", "generation")
_IMAGE: Path = ("spec", "docker", "image")
# How many values stand before the inputs and outputs when they are picked out of the groups.
_SINGLE = 6


class _Shape:
    """One pattern, and where in its groups the values stand."""

    def __init__(self, document: Document, slots: list[_Slot], app: AiApp) -> None:
        text = document.text
        parts, at = [], 0
        for start, end, _, allowed in slots:
            parts += [re.escape(text[at:start]), f"({allowed})"]
            at = end
        self.pattern = re.compile("".join((*parts, re.escape(text[at:]))))
        groups = {path: number for number, (_, _, path, _) in enumerate(slots)}
        # What does not vary stands behind the groups.
        self._constants: list[str] = []
        seen = glimpse(app)

        def place(path: Path, value: object) -> int:
            if path in groups:
                return groups[path]
            self._constants.append(value if isinstance(value, str) else str(value).lower())
            return len(slots) + len(self._constants) - 1

        docker = app.spec.docker
        order = [
            place(_IMAGE, docker.image),
            place(("spec", "docker", "args"), docker.args),
            place(_NAME, seen.name),
            place(("spec", "aiWorkspaceId"), seen.workspace),
            place(("spec", "namePrefix"), seen.prefix),
            place(("spec", "resource", "gpuCount"), seen.gpus),
        ]
        for number, (hdfs, inside) in enumerate(seen.inputs):
            where: Path = ("spec", "data", "input", number)
            order += [place((*where, "hdfs"), hdfs), place((*where, "path"), inside)]
        for number, (hdfs, overwrite) in enumerate(seen.outputs):
            where = ("spec", "data", "output", number)
            order += [place((*where, "hdfs"), hdfs), place((*where, "overwrite"), overwrite)]
        self._pick = itemgetter(*order)
        self._inputs = 2 * len(seen.inputs)
        self._app = app
        self._request = request_of(app)
        self._readers = [
            (path, number, _reader(allowed))
            for number, (_, _, path, allowed) in enumerate(slots)
            if path is not _IN_COMMENT
        ]
        # What varies has no line break in it, and ends its line: the name stands at the same place in all files.
        self._place = document.span(_NAME)

    def app(self, groups: tuple[str, ...], path: str) -> DesiredApp:
        """Return what a text asks for whose groups are `groups`."""
        from dfsubmit.fingerprint import fingerprint  # noqa: PLC0415  # an overview makes none

        request = _copied(self._request)
        labels = dict(self._app.metadata.labels)
        name, generation = "", self._app.metadata.generation
        for where, number, read in self._readers:
            value = read(groups[number])
            if where[0] == "spec":
                _put(request, where, value)
            elif where == _NAME:
                name = value
            elif where == _GENERATION:
                generation = value
            else:
                labels[str(where[-1])] = value
        return DesiredApp(
            name=name,
            generation=generation,
            fingerprint=fingerprint(request, generation),
            request=request,
            labels=labels,
            place=Place(path=path, line=self._place.line, column=self._place.column),
        )

    def picked(self, groups: tuple[str, ...]) -> tuple[str, str, Glimpse]:
        """Return the image, the arguments and what the app is, of a text whose groups are `groups`."""
        image, args, name, workspace, prefix, gpus, *data = self._pick((*groups, *self._constants))
        inputs, outputs = data[: self._inputs], data[self._inputs :]
        found = Glimpse(
            name,
            workspace,
            prefix,
            int(gpus),
            tuple(zip(inputs[::2], inputs[1::2], strict=True)),
            tuple((hdfs, overwrite == "true") for hdfs, overwrite in zip(outputs[::2], outputs[1::2], strict=True)),
        )
        return image, args, found


class Shapes:
    """The shapes of one run, the one that fitted last first."""

    def __init__(self) -> None:
        self._shapes: list[_Shape] = []
        self._images: set[str] = set()

    def glimpse(self, content: bytes) -> Glimpse | None:
        """Return what the one app in `content` is when nothing can be found in it, or None when that is not sure."""
        accepted = self._accepted(content)
        return None if accepted is None else accepted[2]

    def app(self, content: bytes, path: str) -> DesiredApp | None:
        """Return what the one app in `content` asks for when nothing can be found in it, or None when that is not sure."""
        accepted = self._accepted(content)
        return None if accepted is None else accepted[0].app(accepted[1], path)

    def _accepted(self, content: bytes) -> tuple[_Shape, tuple[str, ...], Glimpse] | None:
        """Return the shape that accepts `content`, with its groups and the app in it."""
        if len(content) > _LONGEST or not content.isascii():
            return None
        text = content.decode("ascii")
        for number, shape in enumerate(self._shapes):
            match = shape.pattern.fullmatch(text)
            if match is None:
                continue
            if number:
                self._shapes.insert(0, self._shapes.pop(number))
            groups = match.groups()
            image, args, found = shape.picked(groups)
            # No value under a telling name varies, and of those that do, only arguments have room for a name and a value.
            may_leak = has_hint("\n".join(groups)) or is_telling(args)
            return (shape, groups, found) if image in self._images and not may_leak else None
        return None

    def learn(self, content: bytes, document: Document, app: AiApp) -> None:
        """Learn from `content`, whose only document is `document`, an app without any finding or silencer."""
        if len(self._images) < _MOST_IMAGES:
            self._images.add(app.spec.docker.image)
        text = document.text
        plain = len(content) <= _LONGEST and content.isascii() and "\r" not in text and "\t" not in text
        if not plain or _ALIAS.search(text) or app.metadata.moved or len(self._shapes) >= _MOST_SHAPES:
            return
        slots = sorted([*_slots(document, app), *_comments(document)])
        # Names are never the same: without this, the pattern would fit nothing but this file.
        if all(path != _NAME for _, _, path, _ in slots):
            return
        shape = _Shape(document, slots, app)
        if shape.pattern.fullmatch(text) and all(shape.pattern != other.pattern for other in self._shapes):
            self._shapes.insert(0, shape)


def _reader(allowed: str) -> Callable[[str], Any]:
    """Return what makes the value of a text of one class."""
    if allowed in _NUMBERS:
        return int
    return _truth if allowed == _TRUTH else _text


def _truth(text: str) -> bool:
    return text == "true"


def _text(text: str) -> str:
    return text[1:-1] if text[0] == '"' else text


def _copied(value: Any) -> Any:
    """Return a copy of a request, or a part of one."""
    if isinstance(value, dict):
        return {name: _copied(member) for name, member in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _put(request: dict[str, Any], path: Path, value: Any) -> None:
    """Set in `request` what stands at `path` in the manifest, which begins with `spec`."""
    owner: Any = request
    for part in path[1:-1]:
        owner = owner[part]
    owner[path[-1]] = value


def _slots(document: Document, app: AiApp) -> Iterator[_Slot]:
    """Yield start, end, path and class of every value that may vary."""
    text = document.text
    for path in _block_scalars(document.root, ()):
        allowed = _class_of(path, app)
        if allowed is None:
            continue
        start, end = document.offsets(path)
        before = text[text.rfind("\n", 0, start) + 1 : start]
        if (
            text[end : end + 1] == "\n"
            and _BEFORE.fullmatch(before)
            and re.fullmatch(rf"(?:{allowed})\n", text[start : end + 1])
        ):
            yield start, end, path, allowed


def _comments(document: Document) -> Iterator[_Slot]:
    """Yield the comments that have a line of their own."""
    text = document.text
    for line, column, comment in document.comments():
        start = document.source.starts[line - 1]
        if not text[start : start + column - 1].strip(" ") and re.fullmatch(_COMMENT, comment):
            yield start + column - 1, start + column - 1 + len(comment), _IN_COMMENT, _COMMENT


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


def _class_of(path: Path, app: AiApp) -> str | None:
    """Return what the value at `path` may be; None when it may not vary."""
    if is_telling(str(path[-1])):
        return None
    if path[:3] == ("spec", "docker", "exposeTcpPorts") and len(app.spec.docker.expose_tcp_ports) > 1:
        return None
    if path[:-1] in {("metadata", "labels"), ("spec", "docker", "env")}:
        path = (*path[:-1], "*")
    elif path[:2] == ("spec", "data"):
        path = (*path[:3], "*", *path[4:])
    return _CLASSES.get(path)
