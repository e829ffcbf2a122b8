"""DF0013: what `fmt` says; it stands among the findings about files."""

from __future__ import annotations

from dfsubmit.code import Code
from dfsubmit.diagnostics import Severity

FORMAT_CODES: tuple[Code, ...] = (
    Code(
        code="DF0013",
        severity=Severity.WARNING,
        title="file that is not formatted",
        meaning="""\
`dfsubmit fmt` leaves a file as it is when it holds a form of YAML that it does not take apart (keys with a question mark,
documents that end with `...`, directives), and when the canonical form would mean something else: a text of several lines
at the very end of a file that has no line break there, for instance. The file is as good as before. Only
`fmt` says this.""",
        bad="",
        good="",
    ),
)
