"""Holds what the faster road says about manifests with a fault against what the long road says."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from altered_manifests import VALUES

from dfsubmit.examining import Examined, examine
from dfsubmit.faultyshapes import FaultyShapes
from dfsubmit.judge import judge_plainly
from dfsubmit.kinds import is_app
from dfsubmit.sources import SourceFile
from dfsubmit.traces import Glimpse, glimpse

if TYPE_CHECKING:
    from collections.abc import Iterable


def sample(text: str, path: str = "a.yaml") -> SourceFile:
    return SourceFile(path=path, content=text.encode())


def long_road(source: SourceFile) -> Examined:
    return examine(source, judging=judge_plainly)


def app_in(examined: Examined) -> Glimpse | None:
    models = [manifest.model for manifest in examined.manifests]
    return glimpse(models[0]) if models and is_app(models[0]) else None


def taught(texts: Iterable[str]) -> FaultyShapes:
    """Return shapes that have seen each of `texts` twice."""
    shapes = FaultyShapes(long_road)
    for text in texts:
        for _ in range(2):
            examined = long_road(sample(text))
            if examined.diagnostics:
                shapes.learn(sample(text), examined)
    return shapes


def agree(shapes: FaultyShapes, text: str) -> bool:
    """Hold the answer about a text against that of the long road; tell whether there was one."""
    source = sample(text, "folder/b.yaml")
    if source.content and not source.content.isascii():
        assert shapes.read(source) is None
        return False
    likewise = shapes.read(source)
    if likewise is None:
        return False
    examined = long_road(source)
    assert likewise.examined.diagnostics == examined.diagnostics, text
    assert likewise.examined.text == examined.text
    assert examined.silence is None
    assert len(examined.manifests) == (likewise.app is not None)
    assert likewise.app == app_in(examined)
    return True


# Lines that seldom differ between manifests of one set.
FIXED = ("apiVersion", "kind", "image", "command", "python train", "API_KEY", "HF_TOKEN", "gpuModel", "overwrite", ">-")


def other_values(text: str, dice: random.Random) -> str:
    """Return a text with other values at the ends of many lines: of the same look, or whatever people write."""
    lines = text.splitlines(keepends=True)
    for at, line in enumerate(lines):
        if dice.random() < (0.005 if line.endswith(":\n") or any(word in line for word in FIXED) else 0.4):
            head, colon, value = line.rpartition(": " if ": " in line else "- ")
            lines[at] = f"{head}{colon}{like(value.rstrip(chr(10)), dice)}\n"
    if lines and dice.random() < 0.2:
        at = dice.randrange(len(lines))
        head, colon, _ = lines[at].rpartition(": ")
        lines[at] = f"{head}{colon}{dice.choice(VALUES)}\n"
    return "".join(lines)


def like(value: str, dice: random.Random) -> str:
    """Return a value that looks like another one, of another length perhaps."""
    signs = {"0": "1234567", "a": "abcxyz", "A": "ABCXYZ"}
    made = [
        dice.choice(signs["0" if sign.isdigit() else "a" if sign.islower() else "A"]) if sign.isalnum() else sign
        for sign in value
    ]
    if any(sign.isalpha() for sign in made) and dice.random() < 0.2:
        at = dice.randrange(len(made))
        made[at:at] = [dice.choice("abc123") for _ in range(dice.randrange(3))]
    return "".join(made)
