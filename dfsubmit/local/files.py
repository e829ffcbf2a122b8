"""Copying between the folder that stands for HDFS, the workspace's folder and an app's working folder.

An HDFS path is `/a/b`, `hdfs://any/a/b`, or relative to `/user/local` as HDFS has it. Neither `..` nor a symbolic link leads
out of the folder that a path belongs to; links that stay inside are copied as what they point to. These checks keep
mistakes from doing harm; they are no wall around an app, which runs with its owner's rights.

Outputs are stored all or none, as far as a file system allows: first everything is checked, then copied beside its place,
then renamed into place under a lock that all supervisors of this engine share.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from dfsubmit.local.world import CannotRunError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from dfsubmit.local.world import Transfer

# Where relative HDFS paths start: the home folder of the only account.
_HDFS_HOME = ("user", "local")
# Names in a workspace's folder that are no input of a job.
_NOT_COPIED = frozenset({".git", ".dfsubmit", "__pycache__"})
# A folder with this file is a virtual environment: large, and bound to its place.
_VENV_MARK = "pyvenv.cfg"
_HALF_MADE = re.compile(r"\..*\.dfsubmit-[0-9A-Za-z]{22}(\.old)?")


def hdfs_path(root: Path, text: str) -> Path:
    """Return the place below `root` that an HDFS path stands for. Raises CannotRunError."""
    scheme, separator, rest = text.partition("://")
    if separator and scheme != "hdfs":
        raise CannotRunError(f"'{text}' is not an HDFS path: write /folder/name or hdfs://namespace/folder/name")
    path = "/" + rest.partition("/")[2] if separator else text
    parts = [] if path.startswith("/") else list(_HDFS_HOME)
    return _below(root, [*parts, *path.split("/")], text)


def work_path(work: Path, text: str) -> Path:
    """Return the place below the working folder that a container path stands for. Raises CannotRunError."""
    if text.startswith("/"):
        raise CannotRunError(f"'{text}' must be relative to the app's working folder")
    return _below(work, text.split("/"), text)


def copy_workspace(source: Path, work: Path, *, without: Collection[Path]) -> None:
    """Copy a workspace's folder, links as links, without repositories, environments and the places in `without`.

    Raises CannotRunError, OSError.
    """
    if not source.is_dir():
        raise CannotRunError(f"the workspace's folder {source} does not exist")
    _copy(source, work, inside=None, without=frozenset(place.resolve() for place in without))


def copy_input(root: Path, work: Path, item: Transfer) -> None:
    """Copy an input from HDFS into the working folder. Raises CannotRunError, OSError."""
    source = hdfs_path(root, item.hdfs)
    if not source.exists():
        raise CannotRunError(f"input '{item.hdfs}' does not exist: there is no {source}")
    target = work_path(work, item.path)
    if source.is_file() and (target.is_dir() or item.path.endswith("/")):
        target /= source.name
    target.parent.mkdir(parents=True, exist_ok=True)
    _copy(source, target, inside=root)


def store_outputs(root: Path, work: Path, items: Sequence[Transfer], *, app_id: str, lock: Path) -> None:
    """Copy the outputs from the working folder to HDFS, all or none. Raises CannotRunError, OSError."""
    pairs = [(item, work_path(work, item.path), hdfs_path(root, item.hdfs)) for item in items]
    places = [place for _, _, place in pairs]
    problems = [text for pair in pairs for text in _problems(*pair, root=root, places=places)]
    if problems:
        raise CannotRunError("\n".join(problems))
    half_made = [(item, place.parent / f".{place.name[:100]}.dfsubmit-{app_id}", place) for item, _, place in pairs]
    try:
        for (_, source, _), (_, beside, place) in zip(pairs, half_made, strict=True):
            place.parent.mkdir(parents=True, exist_ok=True)
            _copy(source, beside, inside=work)
        with _locked(lock):
            # Again, because another app may have stored its outputs since.
            taken = [item.hdfs for item, _, place in half_made if _is_taken(item, place)]
            if taken:
                raise CannotRunError(f"output '{taken[0]}' exists and overwrite is false")
            for _, beside, place in half_made:
                _put(beside, place)
    finally:
        for _, beside, _ in half_made:
            _remove(beside)


def _problems(item: Transfer, source: Path, place: Path, *, root: Path, places: Sequence[Path]) -> Iterator[str]:
    if not source.exists():
        yield f"output '{item.path}' was not written: there is no such file or folder in the working folder"
    if place == root:
        yield f"output '{item.path}' cannot replace the whole of HDFS ('{item.hdfs}')"
    if sum(other == place or other in place.parents for other in places) > 1:
        yield f"output '{item.path}' goes to '{item.hdfs}', where another output goes too"
    if _is_taken(item, place):
        yield f"output '{item.hdfs}' exists and overwrite is false"


def _is_taken(item: Transfer, place: Path) -> bool:
    return not item.overwrite and os.path.lexists(place)


def _put(beside: Path, place: Path) -> None:
    """Rename `beside` to `place`; a folder that is there, or is to be replaced by one, steps aside first."""
    if not os.path.lexists(place) or (place.is_file() and beside.is_file()):
        beside.replace(place)
        return
    aside = beside.with_name(beside.name + ".old")
    _remove(aside)
    place.rename(aside)
    beside.rename(place)
    _remove(aside)


def _below(root: Path, parts: Sequence[str], text: str) -> Path:
    """Return `root` with `parts` added, which must not lead out of it."""
    kept = [part for part in parts if part not in ("", ".")]
    if ".." in kept:
        raise CannotRunError(f"'{text}' holds '..', which is not followed")
    path = root.joinpath(*kept)
    if not path.resolve().is_relative_to(root.resolve()):
        raise CannotRunError(f"'{text}' leads out of {root} through a symbolic link")
    return path


def _copy(source: Path, target: Path, *, inside: Path | None, without: frozenset[Path] = frozenset()) -> None:
    """Copy a file or a tree over `target`; links as links when `inside` is None, else followed within `inside`."""
    todo = [(source, target, frozenset[Path]())]
    while todo:
        here, there, above = todo.pop()
        if inside is None and here.is_symlink():
            _remove_file(there)
            there.symlink_to(here.readlink())
            continue
        here = here if inside is None else _followed(here, inside, above)
        mode = here.stat().st_mode
        if stat.S_ISDIR(mode):
            if here == source or not _is_left_out(here, workspace=inside is None, without=without):
                _remove_file(there)
                there.mkdir(exist_ok=True)
                todo += [(child, there / child.name, above | {here}) for child in here.iterdir()]
        elif stat.S_ISREG(mode):
            if not _HALF_MADE.fullmatch(here.name):
                _remove_file(there)
                shutil.copyfile(here, there)
                shutil.copymode(here, there)
        elif inside is not None:
            raise CannotRunError(f"'{here}' is neither a file nor a folder")


def _followed(here: Path, inside: Path, above: frozenset[Path]) -> Path:
    """Return what `here` points to when it is a link. Raises CannotRunError when that lies elsewhere, or is a loop."""
    if not here.is_symlink():
        return here
    try:
        real = here.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise CannotRunError(f"the symbolic link '{here}' leads nowhere") from error
    if not real.is_relative_to(inside.resolve()):
        raise CannotRunError(f"the symbolic link '{here}' leads out of {inside}")
    if any(folder.resolve() == real for folder in above):
        raise CannotRunError(f"the symbolic link '{here}' leads back to a folder that holds it")
    return real


def _is_left_out(folder: Path, *, workspace: bool, without: frozenset[Path]) -> bool:
    if not workspace:
        return _HALF_MADE.fullmatch(folder.name) is not None
    return folder.name in _NOT_COPIED or (folder / _VENV_MARK).is_file() or folder.resolve() in without


def _remove_file(path: Path) -> None:
    """Remove a file or link that is in the way, so that nothing is written through it."""
    if path.is_symlink() or path.is_file():
        path.unlink()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("wb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
