"""Where `dfsubmit` and `python -m dfsubmit` begin.

The version is answered before anything is imported, because people and scripts ask for it often. All the rest goes to
`cli.boundary`, which owns every way a run can end. Rule: what this file imports at its top, Python has imported already.
"""

from __future__ import annotations

import gc
import os
import sys

from dfsubmit import __version__

_INTERRUPTED = 130
# In new objects between two looks of the cycle collector. Imports make a hundred thousand, and hardly a cycle that ends.
_COLLECT_AFTER = 50_000
# The verbs whose answer may be known from an earlier run.
REPLAYED = ("plan", "diff")


def main() -> int:
    """Run the command line in `sys.argv` and return its exit code."""
    arguments = sys.argv[1:]
    try:
        if arguments in (["--version"], ["-V"]) and _told_version():
            return 0
        if arguments and arguments[0] in REPLAYED and (code := _replayed(arguments)) is not None:
            return code
        gc.set_threshold(_COLLECT_AFTER)
        from dfsubmit.cli.lean import without_plugins  # noqa: PLC0415  # as below

        without_plugins()
        from dfsubmit.cli import plainly  # noqa: PLC0415  # as below

        if plainly.is_plain(arguments):
            return plainly.run(arguments)
        from dfsubmit.cli.boundary import run  # noqa: PLC0415  # click is paid for by those who need it

        return run(arguments)
    except KeyboardInterrupt:  # pressed while the imports were still under way
        return _INTERRUPTED
    finally:
        # The process ends here, and its memory with it: Python need not look through all of it for cycles first.
        gc.freeze()


def _replayed(arguments: list[str]) -> int | None:
    """Say what an earlier run said if that still holds, and return its exit code; None otherwise."""
    from dfsubmit.cli.replay import replayed  # noqa: PLC0415  # of use to few verbs

    return replayed(arguments)


def _told_version() -> bool:
    """Write the version; tell whether that went well. If not, the boundary finds out what to say about it."""
    try:
        os.write(1, f"dfsubmit {__version__}\n".encode())
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
