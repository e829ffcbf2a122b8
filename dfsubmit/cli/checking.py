"""From the common options to the state that the manifests ask for, or to the findings that forbid it.

`load_or_show` is what most verbs begin with; `load_settings_or_show` is for those that follow apps, and need the Project
alone. Both read files and nothing else.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from dfsubmit.diagnostics import has_errors
from dfsubmit.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dfsubmit.cli.output import Output
    from dfsubmit.diagnostics import Diagnostic
    from dfsubmit.known import KnownFiles
    from dfsubmit.project import DesiredState
    from dfsubmit.projectmodel import Project
    from dfsubmit.settings import Settings
    from dfsubmit.sources import SourceSet


def load_or_show(settings: Settings, out: Output, known: KnownFiles | None = None) -> DesiredState:
    """Return what the files ask for; says warnings on standard error. Raises InputError, after the findings, for errors."""
    from dfsubmit.compose import load

    state = load(settings, known=known)
    _show(state.diagnostics, state.texts, settings, out)
    if state.has_errors:
        raise InputError(
            "the manifests have errors; nothing was done", tip="`dfsubmit validate` shows the same findings again"
        )
    return state


def load_settings_or_show(settings: Settings, out: Output) -> tuple[Project, Path]:
    """Return the Project and its folder, whatever the other manifests look like. Raises InputError, after the findings."""
    from dfsubmit.project import default_project
    from dfsubmit.sources import find

    sources = find(settings.files)
    return _project_alone(sources, settings, out) or default_project(sources.root), sources.root


def _project_alone(sources: SourceSet, settings: Settings, out: Output) -> Project | None:
    """Return the Project of the file that is named for it; None when that holds none. Raises InputError."""
    from dfsubmit.examining import examine
    from dfsubmit.projectmodel import Project

    findings, texts = sources.diagnostics, {}
    model: Project | None = None
    if sources.project_file is not None:
        examined = examine(next(sources.iter_files()))
        model = next((one.model for one in examined.manifests if isinstance(one.model, Project)), None)
        findings, texts = (*findings, *examined.diagnostics), {examined.path: examined.text}
    if has_errors(findings):
        _show(findings, texts, settings, out)
        raise InputError("the Project cannot be read; nothing was done", tip="`dfsubmit validate` shows all findings")
    return model


def _show(findings: tuple[Diagnostic, ...], texts: Mapping[str, str], settings: Settings, out: Output) -> None:
    from dfsubmit.render.findings import findings_text

    if findings and (has_errors(findings) or settings.verbosity >= 0):
        text = findings_text(findings, texts, palette=out.error_palette, width=width(os.environ))
        out.say(text.rstrip("\n") + "\n")


def width(environ: Mapping[str, str]) -> int:
    """Return how many cells a line of findings may take: those of the terminal, or the renderer's own default off it."""
    from dfsubmit.render.summary import DEFAULT_WIDTH

    columns = environ.get("COLUMNS", "")
    if columns.isascii() and columns.isdecimal():
        return int(columns)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or DEFAULT_WIDTH
    except (OSError, ValueError):
        return DEFAULT_WIDTH
