"""`dfsubmit validate PATH...` without click, whose import takes a sixth of such a run.

Whatever has an option goes the usual way, so that nothing here knows of any. How the run ends, if not by itself, is
left to `boundary`, which is imported then.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

VERBS = ("validate", "lint")
_COMPLETE_VARIABLE = "_DFSUBMIT_COMPLETE"


def is_plain(arguments: Sequence[str]) -> bool:
    """Tell whether a command line is for here."""
    if not arguments or arguments[0] not in VERBS or os.environ.get(_COMPLETE_VARIABLE):
        return False
    # An empty argument is refused where options are.
    return all(argument and not argument.startswith("-") for argument in arguments)


def run(arguments: Sequence[str]) -> int:
    """Run a plain command line and return its exit code. Raises KeyboardInterrupt only when it comes a second time."""
    try:
        from dfsubmit.cli import output, streams

        streams.prepare()
        from dfsubmit.cli.validating import run_plainly

        code = run_plainly(arguments[1:])
        output.flush()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  # the boundary knows what to say of each
        from dfsubmit.cli.boundary import ended

        return ended(arguments, error)
    return code
