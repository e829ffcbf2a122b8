"""Where the Project's file lies when the arguments do not say: above the manifests, within bounds.

It is looked for in the folder of the first argument and in those above it, the nearest first: up to the root of the git
repository; without a repository, up to the current folder when the argument lies below that, and no further. So nothing above
what the user works on is ever picked up. A project file above decides where apps run, so one that belongs to someone else
than the user or the owner of the manifests' folder is refused.
"""

from __future__ import annotations

# ruff: noqa: PTH116, PTH118, PTH120  # names of files are plain strings here, as in sources
import os

from dfsubmit.diagnostics import Diagnostic
from dfsubmit.folders import show

PROJECT_FILES = ("project.yaml", "project.yml")


def find_project(base: str, here: str) -> str | Diagnostic | None:
    """Return where the Project's file for the folder `base` lies, by the rule in the module's text."""
    for folder in _search_path(base, here):
        for name in PROJECT_FILES:
            candidate = os.path.join(folder, name)
            if os.path.lexists(candidate):
                return candidate if folder == base or _same_owner(candidate, base) else _stranger(candidate, here)
    return None


def _search_path(base: str, here: str) -> list[str]:
    """Return the folders in which a Project is looked for, from `base` upwards."""
    folders = [base]
    while os.path.dirname(folders[-1]) != folders[-1]:
        folders.append(os.path.dirname(folders[-1]))
    for number, folder in enumerate(folders):
        if os.path.lexists(os.path.join(folder, ".git")):
            return folders[: number + 1]
    return folders[: folders.index(here) + 1] if here in folders else [base]


def _same_owner(candidate: str, base: str) -> bool:
    try:
        owner = os.stat(candidate).st_uid
        return owner in {os.stat(base).st_uid, _user()}
    except OSError:
        return True  # reading it will say what is wrong


def _user() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0


def _stranger(candidate: str, here: str) -> Diagnostic:
    return Diagnostic(
        code="DF0009",
        message="this project file above the manifests belongs to another user, and is not used",
        path=show(candidate, here),
        help="if you trust it, name its folder as the argument",
    )
