"""From the common options to the state that the manifests ask for, or to the findings that forbid it.

`load` is what `validate` shows; `load_or_show` is what every other verb begins with. Both read files and nothing else.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from dfsubmit.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dfsubmit.cli.output import Output
    from dfsubmit.cli.settings import Settings
    from dfsubmit.project import DesiredState


def load(settings: Settings) -> DesiredState:
    """Return what the files ask for, with all findings. Raises InputError when there is nothing to read."""
    from dfsubmit import sources
    from dfsubmit.project import load_project

    state = load_project(sources.find(settings.files))
    return _strict(state) if settings.strict else state


def load_or_show(settings: Settings, out: Output) -> DesiredState:
    """Return what the files ask for; says warnings on standard error. Raises InputError, after the findings, for errors."""
    from dfsubmit.render.findings import findings_text

    state = load(settings)
    if state.diagnostics and (state.has_errors or settings.verbosity >= 0):
        text = findings_text(state.diagnostics, state.texts, palette=out.error_palette, width=width(os.environ))
        out.say(text.rstrip("\n") + "\n")
    if state.has_errors:
        raise InputError(
            "the manifests have errors; nothing was done", tip="`dfsubmit validate` shows the same findings again"
        )
    return state


def _strict(state: DesiredState) -> DesiredState:
    return replace(state, diagnostics=tuple(finding.as_error() for finding in state.diagnostics))


def width(environ: Mapping[str, str]) -> int:
    """Return how many cells a line of findings may take: those of the terminal, or the renderer's own default off it."""
    from dfsubmit.render.findings import DEFAULT_WIDTH

    columns = environ.get("COLUMNS", "")
    if columns.isdecimal():
        return int(columns)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):
        return DEFAULT_WIDTH
