"""How many findings are kept: of one file, and of a run. What is cut is counted and said in a finding of its own.

A file by a stranger can have a fault on every line, and nobody reads on after some hundred. Rules: what is kept are secrets
first (a finding that hides text must not be lost), then errors, then what comes first in the file; the finding that stands
for the others comes last, and is an error when one of them is, so that a run fails or passes as if nothing had been cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dfsubmit.diagnostics import Diagnostic, Severity, Span, in_reading_order
from dfsubmit.yamlcore.limits import MAX_FINDINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Of a run: a thousand times what anyone reads, and about 100 MB while they are rendered.
MAX_OF_RUN = 100_000
# In characters: so much text of files with findings is kept for their frames. Findings of later files have none.
MAX_TEXT = 64 * 1_048_576

CODE = "DF0012"
_START = Span(line=1, column=1, end_line=1, end_column=1)


@dataclass(frozen=True, slots=True)
class Bounded:
    """The findings of one file that are kept, in reading order.

    `hides` says that no text of the file may be shown any more, because a finding that hid a secret in it is not among them.
    """

    findings: tuple[Diagnostic, ...]
    hides: bool = False


def bounded(findings: Iterable[Diagnostic], *, limit: int = MAX_FINDINGS) -> Bounded:
    """Return at most `limit` of `findings`, which are all those of one file, and one that says how many more there are."""
    ordered = in_reading_order(list(findings))
    counted = [finding for finding in ordered if finding.code != CODE]
    if len(counted) <= limit:
        return Bounded(tuple(ordered))
    ranked = sorted(counted, key=lambda one: (not one.masked, one.severity is not Severity.ERROR))
    cut = ranked[limit:]
    # A reader that stopped on its own account has not counted.
    about = "" if len(counted) == len(ordered) else "at least "
    places = [finding.span for finding in ordered if finding.span is not None]
    last = _notice(ordered[0].path, f"{about}{len(cut):,} more problems of this file are not shown", cut)
    last = _at(last, max(places, default=_START))
    return Bounded((*in_reading_order(ranked[:limit]), last), hides=any(one.masked for one in cut))


def bounded_by_file(findings: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Return `findings` of several files, each file's bounded."""
    files: dict[str, list[Diagnostic]] = {}
    for finding in findings:
        files.setdefault(finding.path, []).append(finding)
    return [finding for own in files.values() for finding in bounded(own).findings]


class Room:
    """What a run may still keep. Files are let in whole until one does not fit; from then on what they have is counted."""

    def __init__(self, findings: int = MAX_OF_RUN, text: int = MAX_TEXT) -> None:
        self._findings = findings
        self._text = text
        self._cut: list[Diagnostic] = []
        self._files = 0
        self._number = 0

    def text(self, text: str) -> str:
        """Return `text`, or none of it when there is no room for it."""
        self._text -= len(text)
        return text if self._text >= 0 else ""

    def admits(self, findings: Sequence[Diagnostic]) -> bool:
        """Tell whether `findings`, those of one file, are kept."""
        if not self._number and len(findings) <= self._findings:
            self._findings -= len(findings)
            return True
        if findings:
            self._files += 1
            self._number += len(findings)
            # One of each severity tells as much as all.
            worst = next((one for one in findings if one.severity is Severity.ERROR), findings[0])
            self._cut = [*self._cut[:1], worst] if worst.severity is Severity.ERROR else self._cut or [worst]
        return False

    def notice(self) -> list[Diagnostic]:
        """Return the finding that stands for all that were cut; nothing when none was."""
        if not self._cut:
            return []
        files = "one more file" if self._files == 1 else f"{self._files:,} more files"
        return [
            _notice(
                self._cut[0].path, f"{self._number:,} more problems, in {files} from here on, are not shown", self._cut
            )
        ]


def _notice(path: str, message: str, cut: Iterable[Diagnostic]) -> Diagnostic:
    wrong = any(finding.severity is Severity.ERROR for finding in cut)
    severity = Severity.ERROR if wrong else Severity.WARNING
    return Diagnostic(
        code=CODE, message=message, path=path, severity=severity, help="repair those that are shown and run again"
    )


def _at(finding: Diagnostic, place: Span) -> Diagnostic:
    from dataclasses import replace  # noqa: PLC0415  # only who has so many findings needs it

    return replace(finding, span=place)
