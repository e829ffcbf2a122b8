r"""Findings as workflow commands, which GitHub shows as annotations at the lines of a pull request.

    ::error file=specs/a.yaml,line=12,endLine=12,col=9,endColumn=14,title=DF0201%3A unknown key::unknown key "comand"%0Ahelp: …

One line is one command, whatever a manifest says: what GitHub's runner takes for the end of a line, of a property or of
a name is escaped by its rules (%25 %0D %0A, and in properties %3A %2C), after every character was made visible.

Of a step GitHub shows ten errors and ten warnings, those that come first, so the gravest do; the log has all of them, and one
notice says how many are only there. Columns count from 1 and the last one is part of the annotation, as its default, the
first one, tells; GitHub takes none for a stretch of several lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dfsubmit.codes import CODES
from dfsubmit.diagnostics import Severity
from dfsubmit.render.findings import shown, shown_lines
from dfsubmit.render.inspection import STDIN, weight
from dfsubmit.render.summary import Counts, count, summary_line
from dfsubmit.render.terminal import neutral, visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dfsubmit.diagnostics import Diagnostic, Span
    from dfsubmit.render.inspection import Inspection

# GitHub's limits for one step: so many errors, and as many warnings.
SHOWN = 10


def github_text(run: Inspection, *, quiet: bool = False) -> str:
    """Return a command for each finding, the gravest first, a notice of those that GitHub hides, and the summary line."""
    findings = sorted(run.in_order(), key=lambda one: (one.severity is not Severity.ERROR, weight(one)))
    lines = [_finding(finding, run) for finding in findings]
    lines += _rest(run.counts)
    lines += [] if quiet else [summary_line(run.counts)]
    return "".join(f"{line}\n" for line in lines)


def _finding(finding: Diagnostic, run: Inspection) -> str:
    message = shown(finding.message)
    if finding.path == STDIN:
        place: dict[str, str | int] = {}
        message = f"{_at(finding.path, finding.span)}: {message}"
    else:
        # Not `neutral`: a property is no place for commands, and the name must be that of the file.
        file = "".join(visible(character) for character in run.located(finding.path))
        place = {"file": file, **_region(finding.span)}
    body = [message, *(f"{_at(one.path, one.span)}: {shown(one.message)}" for one in finding.related)]
    if finding.help:
        body.append("help: " + "\n".join(shown_lines(finding.help)))
    # The title last: blanks at the end of the last property are lost, and a file's name may end in some.
    return _command(finding.severity.value, {**place, "title": _title(finding)}, "\n".join(body))


def _title(finding: Diagnostic) -> str:
    row = CODES.get(finding.code)
    return f"{finding.code}: {row.title}" if row is not None else finding.code


def _at(path: str, span: Span | None) -> str:
    return neutral(path) if span is None else f"{neutral(path)}:{span.line}:{span.column}"


def _region(span: Span | None) -> dict[str, int]:
    """Return the lines of `span`, and its columns when it stays on one line."""
    if span is None:
        return {}
    # A stretch that ends before the first character of a line ends on the line before.
    last = span.end_line - 1 if span.end_column == 1 and span.end_line > span.line else span.end_line
    lines = {"line": span.line, "endLine": last}
    if span.end_line != span.line:
        return lines
    return {**lines, "col": span.column, "endColumn": max(span.column, span.end_column - 1)}


def _rest(counts: Counts) -> Sequence[str]:
    """Return the notice of what GitHub does not show; nothing when it shows all."""
    more = [(counts.errors - SHOWN, "error"), (counts.warnings - SHOWN, "warning")]
    told = " and ".join(count(number, noun) for number, noun in more if number > 0)
    if not told:
        return []
    text = (
        f"{told} more than GitHub shows as annotations: the log of this step has all of them, "
        "and `dfsubmit validate` shows each with its line"
    )
    return [_command("notice", {"title": "dfsubmit: not all findings are shown"}, text)]


def _command(name: str, properties: Mapping[str, str | int], message: str) -> str:
    """Return one workflow command. A manifest's text may stand in properties and message, never in the names."""
    told = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    return f"::{name} {told}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
