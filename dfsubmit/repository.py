"""Where a file lies in its git repository, told from the file system alone: the one name that is the same in every clone."""

from __future__ import annotations

import os
from pathlib import Path


def repository_root(folder: str) -> str:
    """Return the root of the repository that the absolute `folder` lies in, or `folder` itself outside of one."""
    path = Path(folder)
    return str(next((one for one in (path, *path.parents) if os.path.lexists(one / ".git")), path))


def seen_from_root(path: str) -> str:
    """Return `path`, which starts at the working directory, as the repository names it; as it is outside of one."""
    absolute = os.path.realpath(path)
    root = repository_root(absolute)
    inside = os.path.lexists(os.path.join(root, ".git"))  # noqa: PTH118  # text in, text out, once for each app
    return os.path.relpath(absolute, root) if inside else path


class SeenFromRoot:
    """`seen_from_root` for the files of one run: what is the same for all files of a folder is found out once."""

    def __init__(self) -> None:
        self._beginnings: dict[str, str] = {}

    def __call__(self, path: str) -> str:
        """Return `path` as the repository names it."""
        folder, name = os.path.split(path)
        if os.path.islink(path):  # noqa: PTH114  # text in, text out, as above
            return seen_from_root(path)
        beginning = self._beginnings.get(folder)
        if beginning is None:
            beginning = self._beginnings[folder] = seen_from_root(path).removesuffix(name)
        return beginning + name
