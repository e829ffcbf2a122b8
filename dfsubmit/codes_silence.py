"""DF07xx: comments that silence findings, and what can be wrong with one."""

from __future__ import annotations

from dfsubmit.code import Code
from dfsubmit.codes_model import GOOD_APP
from dfsubmit.diagnostics import Severity

_GOOD_LINE = next(line for line in GOOD_APP.splitlines() if "image:" in line)
_MOVING_LINE = _GOOD_LINE.rpartition(":")[0] + ":latest"
_SILENCED = "  # dfsubmit: ignore[DF0401] the nightly build is what this app tests"


def _app(line: str) -> str:
    """Return a right manifest with another line for its image."""
    return GOOD_APP.replace(_GOOD_LINE, line)


def _row(code: str, severity: Severity, title: str, meaning: str, bad: str) -> Code:
    return Code(
        code=code, severity=severity, title=title, meaning=meaning, bad=bad, good=_app(_MOVING_LINE + _SILENCED)
    )


SILENCE_CODES: tuple[Code, ...] = (
    _row(
        "DF0701",
        Severity.ERROR,
        "silencer that cannot be read",
        """\
A comment silences findings of its line when it is written exactly so: `# dfsubmit: ignore[DF0401] the reason`, several codes
with commas between them. Alone on its line, it is for the line below. This comment looks as if it was meant to be one, but
dfsubmit cannot read it, so it silences nothing.""",
        _app(_GOOD_LINE + "  # dfsubmit: ignore DF0401 the nightly build is what this app tests"),
    ),
    _row(
        "DF0702",
        Severity.ERROR,
        "silencer without a reason",
        """\
Whoever reads a silencer must be able to tell whether it still holds, so a reason has to stand behind the brackets. Without
one, nothing is silenced.""",
        _app(_GOOD_LINE + "  # dfsubmit: ignore[DF0401]"),
    ),
    _row(
        "DF0703",
        Severity.ERROR,
        "unknown code in a silencer",
        """\
No finding has this code, so the silencer can never silence anything by it. `dfsubmit explain` lists all codes.""",
        _app(_GOOD_LINE + "  # dfsubmit: ignore[DF9999] the nightly build is what this app tests"),
    ),
    _row(
        "DF0704",
        Severity.ERROR,
        "this finding cannot be silenced",
        """\
Warnings can be silenced, and those errors that are a matter of judgement: what looks like a credential (DF05xx) and what a
schema from outside refuses (DF06xx). Other errors cannot: the file could not be read or submitted all the same. Correct
what the finding says, and remove the code from the silencer.""",
        _app(_GOOD_LINE + "  # dfsubmit: ignore[DF0201] our own key"),
    ),
    _row(
        "DF0705",
        Severity.WARNING,
        "unused silencer",
        """\
Nothing on the line that the silencer is for is found under this code, or the line has a silencer for it already. What it was
for has been corrected, or it stands at another line than the finding. `validate --fix` removes it. It is not reported where
that cannot be told: for codes that only the whole set or `--schema` can bring up, when these are not there.""",
        _app(_GOOD_LINE + _SILENCED),
    ),
)
