"""Manifests, written back: whole or not at all, and never over what somebody else has written meanwhile.

A file is looked at once more right before it is replaced; when it is not, byte for byte, what was read, it stays as it is. A
symbolic link stays one: what it leads to is written. Mode bits are kept.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dfsubmit.cli.reports import write
from dfsubmit.errors import DfsubmitError

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """One file to write: `path` as it is shown, where it lies, the text that was read and the one to write."""

    path: str
    location: str
    before: str
    after: str


def rewrite_all(rewrites: Sequence[Rewrite]) -> dict[str, str]:
    """Write every file that can be written; return why the others were not, by path."""
    problems = {one.path: problem for one in rewrites if (problem := _rewrite(one))}
    return {path: f"{path}: {problem}" for path, problem in problems.items()}


def refused(problems: Sequence[str]) -> DfsubmitError:
    """Return the error that tells which files were not written."""
    what = "a file was" if len(problems) == 1 else f"{len(problems)} files were"
    return DfsubmitError(f"{what} not written: " + "\n".join(problems), tip="the other files are done; run it again")


def _rewrite(one: Rewrite) -> str:
    """Replace one file and return an empty text, or why it was left alone."""
    place = Path(os.path.realpath(one.location))
    try:
        if not place.is_file() or place.read_bytes() != one.before.encode():
            return "it changed after it was read"
        if not os.access(place, os.W_OK):
            return "it may not be written to"
        write(str(place), one.after.encode())
    except OSError as error:
        return error.strerror or str(error)
    return ""
