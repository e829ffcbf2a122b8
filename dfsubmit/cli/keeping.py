"""Which plans are kept for `replay`, and with what: only those whose every cause can be looked at again."""

from __future__ import annotations

# ruff: noqa: PTH109, PTH118  # the same words for places as in sources
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dfsubmit.cli.replay import Causes, keep
from dfsubmit.ledger.sqlite import SqliteLedger
from dfsubmit.ledger.sqlitebasis import ledger_basis
from dfsubmit.project import data_folders_of
from dfsubmit.render.terminal import neutral
from dfsubmit.setdigest import set_digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dfsubmit.cli.output import Output
    from dfsubmit.known import KnownFiles
    from dfsubmit.ledger.base import Ledger
    from dfsubmit.project import DesiredState
    from dfsubmit.settings import Settings

# Where a run writes these files too, saying its answer again would not be all that it does.
_SIDE_EFFECTS = ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """What a plan is made from, as of before it was made."""

    arguments: tuple[str, ...]
    causes: Causes

    def keep(self, note: str, data: str, out: Output) -> None:
        """Keep what was said, if the causes still are what they were."""
        keep(self.arguments, self.causes, f"{neutral(note)}\n" if note and out.verbosity >= 0 else "", data)


def keeper_for(
    arguments: tuple[str, ...],
    settings: Settings,
    environ: Mapping[str, str],
    *,
    known: KnownFiles,
    state: DesiredState,
    ledger: Ledger,
) -> Keeper | None:
    """Return what keeps the plan of this run; None where it comes of more than `replay` looks at."""
    if not (settings.offline and state.declared and len(settings.files) == 1) or state.diagnostics:
        return None
    if os.path.normpath(os.path.join(os.getcwd(), settings.files[0])) != str(state.root):
        return None
    if len(known.read) != state.files or any(environ.get(name) for name in _SIDE_EFFECTS):
        return None
    place, project = ledger.describe().removeprefix("sqlite:"), state.project.metadata.name
    basis = ledger_basis(place, project) if isinstance(ledger, SqliteLedger) else None
    if basis is None:
        return None
    folder = (str(state.root), data_folders_of(state.project, state.root))
    return Keeper(arguments=arguments, causes=Causes(folder, set_digest(known.read), (place, project), basis))
