"""DF06xx: what a schema from outside asks for (`validate --schema FILE`). No example: the rule is somebody else's."""

from __future__ import annotations

from dfsubmit.code import Code
from dfsubmit.diagnostics import Severity

OUTSIDE_CODES: tuple[Code, ...] = (
    Code(
        code="DF0601",
        severity=Severity.ERROR,
        title="refused by a schema from outside",
        meaning="""\
The document does not fit the JSON Schema that `--schema` names, a policy of your team for instance. The message says which
rule of that schema refuses it, and the help where the rule stands. Change the value, or have the rule changed; dfsubmit's
own rules are not affected.""",
        bad="",
        good="",
    ),
)
