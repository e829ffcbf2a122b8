"""Which names in a folder are manifests: the walk below a folder, and the expansion of patterns.

Manifests end in .yaml or .yml, in whatever letter case. Names that begin with a dot are skipped (.git, .github, .dfsubmit,
editors' leftovers), as shells do. Folders that are symbolic links are not entered, so that a walk ends and stays below its
start. Names come in the order of their parts, whatever the file system's own order is. What a walk finds it yields at once, so
that memory stays flat. Nothing is opened here but folders, and nothing is judged.
"""

from __future__ import annotations

# ruff: noqa: PTH120, PTH206  # a walk over 100,000 files works with plain strings; pathlib costs several times the walk
import fnmatch
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SUFFIXES = (".yaml", ".yml")
_MAGIC = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Found:
    """A name that ends like a manifest, whatever it is; `is_file` and `is_link` are what the listing shows.

    Or, with `linked_folder`, a folder that is not entered; or, with `error`, one that could not be listed.
    """

    location: str
    is_link: bool = False
    is_file: bool = False
    linked_folder: bool = False
    error: OSError | None = None


@dataclass(frozen=True, slots=True)
class _Part:
    """One part of a pattern. `match` is None for `**`; `dots` says whether it may match names that begin with a dot."""

    match: re.Pattern[str] | None
    dots: bool
    any_suffix: bool


def is_pattern(argument: str) -> bool:
    """Tell whether `argument` holds wildcards."""
    return _MAGIC.search(argument) is not None


def pattern_base(pattern: str) -> str:
    """Return the folder in front of the first wildcard of the absolute `pattern`."""
    return os.path.dirname(_MAGIC.split(pattern, maxsplit=1)[0])


def walk(folder: str) -> Iterator[Found]:
    """Yield what is below `folder`, in order."""
    return _descend(_listing(folder))


def show(location: str, cwd: str) -> str:
    """Return `location` as people see it: relative when below `cwd`, with `/`, and printable whatever its bytes are."""
    path = location.removeprefix(cwd.rstrip(os.sep) + os.sep)
    if os.sep != "/":
        path = path.replace(os.sep, "/")
    return path if path.isascii() else path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def is_manifest_name(name: str) -> bool:
    """Tell whether a file of this name is read in a folder. Left out for its letter case, it would look deleted."""
    return name.endswith(SUFFIXES) or name[-5:].lower().endswith(SUFFIXES)


def is_walked(location: str, folder: str) -> bool:
    """Tell whether a walk of `folder` comes to the file at `location`, if no folder between them is a symbolic link."""
    parts = location[len(folder) :].split(os.sep)
    return (
        location.startswith(folder) and is_manifest_name(location) and not any(part.startswith(".") for part in parts)
    )


def expand(pattern: str) -> Iterator[Found]:
    """Yield what the absolute `pattern` matches, each name once.

    `**` stands for any number of folders, and a folder that matches is walked. Files must end like manifests,
    unless the pattern ends in another suffix.
    """
    base = pattern_base(pattern)
    parts: list[_Part] = []
    for text in pattern[len(base) :].split(os.sep):
        if text and not (text == "**" and parts and parts[-1].match is None):
            parts.append(_part(text))
    seen: set[str] = set()
    for found in _descend(_matching(base, tuple(parts))):
        if found.location not in seen:
            seen.add(found.location)
            yield found


def _part(text: str) -> _Part:
    if text == "**":
        return _Part(None, dots=False, any_suffix=False)
    suffix = _MAGIC.split(text)[-1]
    return _Part(
        re.compile(fnmatch.translate(text)), dots=text.startswith("."), any_suffix="." in suffix and "]" not in suffix
    )


def _descend(start: Iterator[object]) -> Iterator[Found]:
    """Yield what `start` and the listings in it find. A stack in place of recursion: folders nest deeper than calls."""
    pending = [start]
    while pending:
        item = next(pending[-1], None)
        if item is None:
            pending.pop()
        elif isinstance(item, Found):
            yield item
        else:
            pending.append(item)  # type: ignore[arg-type]  # what is not Found is a listing


def _listing(folder: str) -> Iterator[object]:
    """Yield the manifests of `folder` and listings of its folders."""
    entries, error = _entries(folder)
    if error is not None:
        yield Found(folder, error=error)
    for entry in entries:
        if entry.name[0] == ".":
            continue
        if is_manifest_name(entry.name):
            yield _found(entry)
        elif entry.is_dir(follow_symlinks=False):
            yield _listing(entry.path)
        elif entry.is_symlink() and _leads_to_folder(entry):
            yield Found(entry.path, is_link=True, linked_folder=True)


def _matching(folder: str, parts: tuple[_Part, ...]) -> Iterator[object]:
    """Yield what in `folder` fits the first part, and listings for what the other parts are to be held against."""
    part, rest = parts[0], parts[1:]
    if part.match is None:
        if not rest:
            yield _listing(folder)
            return
        yield _matching(folder, rest)
    entries, _ = _entries(folder)
    for entry in entries:
        if (part.dots or entry.name[0] != ".") and (part.match is None or part.match.match(entry.name)):
            item = _fitting(entry, parts)
            if item is not None:
                yield item


def _fitting(entry: os.DirEntry[str], parts: tuple[_Part, ...]) -> object:
    """Return what `entry`, which fits the first part, is: something found, a listing, or None."""
    part, rest = parts[0], parts[1:]
    is_folder = entry.is_dir(follow_symlinks=False)
    if part.match is None or rest:
        return _matching(entry.path, parts if part.match is None else rest) if is_folder else None
    if is_manifest_name(entry.name) or (part.any_suffix and not is_folder):
        return _found(entry)
    return _listing(entry.path) if is_folder else None


def _found(entry: os.DirEntry[str]) -> Found:
    return Found(entry.path, entry.is_symlink(), entry.is_file(follow_symlinks=False))


def _entries(folder: str) -> tuple[list[os.DirEntry[str]], OSError | None]:
    """Return the entries of `folder` in the order of their names, and why there are none."""
    try:
        with os.scandir(folder) as scan:
            return sorted(scan, key=_name), None
    except OSError as error:
        return [], error


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
