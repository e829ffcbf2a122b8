"""Compare overviews made by two processes with the full ones: python overview_in_two.py FOLDER …

Prints for each folder whether a second process was used and whether both say the same. A process of its own, because one with
threads, as a worker of pytest is, does not fork.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from dfsubmit import beside, overview
from dfsubmit.project import load_project
from dfsubmit.sources import find


def main(folders: list[str]) -> None:
    both = beside.both
    used = []

    def noted(here: Callable[[], object], there: Callable[[], object]) -> Any:
        half = both(here, there)
        used.append(half is not None)
        return half

    beside.both = noted
    overview.FIRST, overview.MANY, overview.MANY_FAULTY = 2, 5, 3
    overview._A_TURN = 2  # noqa: SLF001  # so that a small set is enough
    for folder in folders:
        used.clear()
        sources = find([folder])
        seen, full = overview.overview(sources), load_project(sources)
        same = (
            seen.diagnostics == full.diagnostics
            and seen.texts == full.texts
            and (seen.files, seen.manifests, seen.silenced) == (full.files, full.manifests, full.silenced)
        )
        print(folder, used == [True], same)  # noqa: T201  # the result


if __name__ == "__main__":
    main(sys.argv[1:])
