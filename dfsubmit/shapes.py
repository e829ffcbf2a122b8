r"""A faster road for manifests that are plainly fine: written like one that was read in full before, other values aside.

Large sets are written by programs, or by people who copy: line for line the same keys, other values. `Shapes.learn` turns a
manifest in which nothing was found into a pattern: its text, in which some values may be any of a class that is
allowed there whatever else the manifest says. `Shapes.glimpse` and `Shapes.app` hold a file against the patterns, and know
nothing of YAML.

Rules that keep the answers equal to those of the long road (`project.examine`):

- what a pattern accepts has no finding and no silencer: no syntax, no value and no comment of it could be found fault with;
- a value varies only in a slot (`slots`). Images are those that the long road has passed before;
- in doubt the answer is None, and the file takes the long road.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from dfsubmit.desired import DesiredApp, Place
from dfsubmit.request import request_of
from dfsubmit.slots import (
    IN_COMMENT,
    LONGEST,
    NUMBERS,
    TRUTH,
    comment_slots,
    is_simple,
    may_leak,
    pattern_of,
    value_slots,
)
from dfsubmit.traces import Glimpse, glimpse

if TYPE_CHECKING:
    from collections.abc import Callable

    from dfsubmit.document import Document, Path
    from dfsubmit.manifest import AiApp
    from dfsubmit.slots import Slot

# A pattern costs some milliseconds to make. A set with more shapes than this is not written by copying.
_MOST_SHAPES = 24
_MOST_IMAGES = 4_096

_NAME: Path = ("metadata", "name")
_GENERATION: Path = ("metadata", "generation")
_IMAGE: Path = ("spec", "docker", "image")
# How many values stand before the inputs and outputs when they are picked out of the groups.
_SINGLE = 6


class Shape:
    """One pattern, and where in its groups the values stand."""

    def __init__(self, document: Document, slots: list[Slot], app: AiApp) -> None:
        self.pattern = pattern_of(document.text, slots)
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
            if path is not IN_COMMENT
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
        self._shapes: list[Shape] = []
        self._images: set[str] = set()

    def glimpse(self, content: bytes) -> Glimpse | None:
        """Return what the one app in `content` is when nothing can be found in it, or None when that is not sure."""
        accepted = self._accepted(content)
        return None if accepted is None else accepted[2]

    def app(self, content: bytes, path: str) -> DesiredApp | None:
        """Return what the one app in `content` asks for when nothing can be found in it, or None when that is not sure."""
        accepted = self._accepted(content)
        return None if accepted is None else accepted[0].app(accepted[1], path)

    def _accepted(self, content: bytes) -> tuple[Shape, tuple[str, ...], Glimpse] | None:
        """Return the shape that accepts `content`, with its groups and the app in it."""
        if len(content) > LONGEST or not content.isascii():
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
            return (shape, groups, found) if image in self._images and not may_leak(groups, args) else None
        return None

    def learn(self, content: bytes, document: Document, app: AiApp) -> None:
        """Learn from `content`, whose only document is `document`, an app without any finding or silencer."""
        if len(self._images) < _MOST_IMAGES:
            self._images.add(app.spec.docker.image)
        text = document.text
        if not is_simple(content, text) or app.metadata.moved or len(self._shapes) >= _MOST_SHAPES:
            return
        slots = sorted([*value_slots(document), *comment_slots(document)])
        # Names are never the same: without this, the pattern would fit nothing but this file.
        if all(path != _NAME for _, _, path, _ in slots):
            return
        shape = Shape(document, slots, app)
        if shape.pattern.fullmatch(text) and all(shape.pattern != other.pattern for other in self._shapes):
            self._shapes.insert(0, shape)


def _reader(allowed: str) -> Callable[[str], Any]:
    """Return what makes the value of a text of one class."""
    if allowed in NUMBERS:
        return int
    return _truth if allowed == TRUTH else _text


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
