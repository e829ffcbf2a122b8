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
