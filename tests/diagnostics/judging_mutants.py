"""What dfsubmit says about a mutant, and how right that is."""

from __future__ import annotations

from dataclasses import dataclass

import kinds_model  # noqa: F401  # registers its kinds
import kinds_set  # noqa: F401  # the same
import kinds_text  # noqa: F401  # the same
import kinds_values  # noqa: F401  # the same
from mutants import Mutant

from dfsubmit.diagnostics import Diagnostic
from dfsubmit.document import load
from dfsubmit.examining import examine
from dfsubmit.gathering import Gathering
from dfsubmit.sources import SourceFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How right the findings for one mutant are. Code, line and column count for a lone finding only."""

    found: bool
    one: bool
    code: bool = False
    line: bool = False
    column: bool = False
    help: bool = False

    @property
    def right(self) -> bool:
        """Tell whether there was exactly one finding, with the right code, at the right line and column."""
        return self.one and self.code and self.line and self.column


def findings_for(files: tuple[tuple[str, bytes], ...]) -> list[Diagnostic]:
    """Return the findings for a set of files, in the order in which `validate` reads them."""
    project = next((name for name, _ in files if name == "project.yaml"), None)
    gathered = Gathering(project_file=project)
    for name, content in sorted(files, key=lambda file: (file[0] != project, file[0])):
        gathered.add(examine(SourceFile(path=name, content=content)))
    loaded = {name: load(content, name) for name, content in files}
    return gathered.finish(again=lambda paths: [loaded[path] for path in paths])


def scored(mutant: Mutant, findings: list[Diagnostic]) -> Score:
    """Return how right `findings` are."""
    if len(findings) != 1:
        return Score(found=bool(findings), one=False)
    (finding,) = findings
    span = finding.span
    return Score(
        found=True,
        one=True,
        code=finding.code == mutant.code,
        line=span is not None and finding.path == mutant.path and span.line == mutant.line,
        column=span is not None and span.column == mutant.column,
        help=mutant.help in finding.help,
    )
