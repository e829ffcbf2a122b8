"""What a run of `validate` found, as every format gets it; how grave a finding is; where its file lies in the repository.

Rules: the values are those of the run, in no particular order; each renderer brings them into its own. Paths are as the
user named them, and `Inspection.located` turns them into what a code host knows: relative to the root of the repository,
whatever folder the run was started in. Nothing here looks at a file system.
"""

from __future__ import annotations

import enum
import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dfsubmit.diagnostics import Diagnostic, Severity, in_reading_order
from dfsubmit.render.summary import Counts

if TYPE_CHECKING:
    from collections.abc import Mapping

# As `sources` shows standard input.
STDIN = "<stdin>"


class Weight(enum.IntEnum):
    """How grave a finding is beyond error and warning; the gravest first."""

    BLOCKER = 0
    CRITICAL = 1
    MAJOR = 2
    MINOR = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """The findings of a run and its denominators.

    `silenced` counts findings that are not among them. `texts` holds the decoded text of each path that findings speak of,
    `paths` every file that was read. `folder` is where relative paths start and `root` the repository's root, both absolute;
    empty when nobody asks for places in a repository.
    """

    findings: tuple[Diagnostic, ...]
    texts: Mapping[str, str] = field(default_factory=dict)
    paths: tuple[str, ...] = ()
    files: int = 0
    manifests: int = 0
    silenced: int = 0
    folder: str = ""
    root: str = ""

    @property
    def counts(self) -> Counts:
        """Return the denominators."""
        return Counts.of(self.findings, files=self.files, manifests=self.manifests)

    def in_order(self) -> list[Diagnostic]:
        """Return the findings by path and place."""
        return in_reading_order(list(self.findings))

    def located(self, path: str) -> str:
        """Return `path` relative to the repository's root, and absolute when it lies elsewhere; standard input as it is."""
        if path == STDIN or not path:
            return path
        whole = posixpath.normpath(posixpath.join(self.folder, path))
        below = self.root.rstrip("/") + "/"
        return whole.removeprefix(below) if self.root and whole.startswith(below) else whole


def weight(finding: Diagnostic) -> Weight:
    """Return how grave `finding` is: a published key, a file that cannot be read, a wrong manifest, advice."""
    group = finding.code[:4]
    if group == "DF05":
        return Weight.BLOCKER if finding.severity is Severity.ERROR else Weight.MAJOR
    if group == "DF04" or finding.severity is Severity.WARNING:
        return Weight.MINOR
    return Weight.CRITICAL if group in ("DF00", "DF01") else Weight.MAJOR
