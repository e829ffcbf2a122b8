"""`--report FORMAT=PATH`: the findings of one run, in other forms, into files beside what is printed.

What was asked is understood before anything is read, so that a slip of the pen costs no run. A file is replaced whole or
not at all. What is there and is no file, such as a pipe or /dev/stderr, is written to as it is. A report that cannot
be written does not keep the others from being written; all that could not are told at the end.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dfsubmit.errors import DfsubmitError, UsageError
from dfsubmit.render.formats import FORMATS, render
from dfsubmit.suggest import closest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dfsubmit.render.inspection import Inspection

_TIP = f"write FORMAT=PATH; formats are {', '.join(FORMATS)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One report that was asked for: its form, and where it goes, as the user wrote it."""

    form: str
    path: str

    @property
    def place(self) -> str:
        """Return where the file lies, links followed."""
        return os.path.realpath(self.path)


def targets(values: Sequence[str]) -> tuple[Target, ...]:
    """Return what the values of `--report` ask for. Raises UsageError."""
    asked = tuple(_target(value) for value in values)
    places: dict[str, Target] = {}
    for target in asked:
        first = places.setdefault(target.place, target)
        if first is not target:
            raise UsageError(
                f"two reports would be written to '{target.path}': {first.form} and {target.form}",
                tip="give each a file of its own",
            )
    return asked


def _target(value: str) -> Target:
    form, equals, path = value.partition("=")
    if not equals:
        raise UsageError(f"--report is '{value}', which names no file", tip=_TIP)
    if form not in FORMATS:
        meant = closest(form, FORMATS)
        raise UsageError(f"--report knows no format '{form}'", tip=f'did you mean "{meant}"?' if meant else _TIP)
    if path in ("", "-"):
        raise UsageError(
            f"--report is '{value}', which names no file",
            tip=f"to print {form} to standard output, use --output {form}",
        )
    return Target(form=form, path=path)


def write_all(asked: Iterable[Target], run: Inspection, *, inputs: Iterable[str]) -> list[str]:
    """Write every report that can be written, and return why the others could not; `inputs` are the files that were read."""
    asked = tuple(asked)
    names = {Path(name).name for target in asked for name in (target.path, target.place)}
    kept = {os.path.realpath(path) for path in inputs if path.rpartition("/")[2] in names}
    problems = []
    for target in asked:
        if target.place in kept:
            problems.append(f"{target.path} is one of the files that were checked")
            continue
        try:
            write(target.place, render(target.form, run).encode("utf-8", "backslashreplace"))
        except OSError as error:
            problems.append(f"{target.path}: {error.strerror or error}")
    return problems


def refused(problems: Sequence[str]) -> DfsubmitError:
    """Return the error that tells which reports could not be written."""
    told = "\n".join(problems)
    what = "a report" if len(problems) == 1 else f"{len(problems)} reports"
    return DfsubmitError(
        f"{what} could not be written: {told}", tip="the findings were printed; give --report another path"
    )


def write(place: str, content: bytes) -> None:
    """Replace the file at `place`, which is no link, by `content`: whole or not at all. Raises OSError."""
    import secrets

    path = Path(place)
    if path.exists() and not path.is_file():
        path.write_bytes(content)  # a pipe or a device takes what it is given; a folder refuses
        return
    beside = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        with beside.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        if path.exists():
            beside.chmod(path.stat().st_mode & 0o7777)
        beside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
