"""What `dfsubmit validate` does: find every problem of every file, and show it at its line.

Reads files, and writes nothing but the reports it is asked for and, with --fix, the files that it repairs.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dfsubmit.cli import output
from dfsubmit.errors import InputError
from dfsubmit.render.formats import FORMATS, render
from dfsubmit.settings import Flags, Settings, resolve

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from dfsubmit.cli.reports import Target
    from dfsubmit.diagnostics import Diagnostic
    from dfsubmit.examining import Check
    from dfsubmit.overview import Overview
    from dfsubmit.project import DesiredState
    from dfsubmit.render.inspection import Inspection


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `validate` was asked. `schema` is a JSON Schema from outside that documents must also fit."""

    settings: Settings
    schema: Path | None
    reports: tuple[Target, ...] = ()
    fix: bool = False
    diff: bool = False


def run_plainly(paths: Iterable[str]) -> int:
    """Do what `validate PATH...` does, which has no options. Raises as `run` does, and UsageError."""
    settings = resolve(Flags(file=tuple(paths), outputs=FORMATS), os.environ)
    return run(Options(settings=settings, schema=None))


def run(options: Options) -> int:
    """Write the reports, print all findings and the summary. Raises InputError when there is nothing to read."""
    settings = options.settings
    out = output.make(settings, os.environ)
    also = None if options.schema is None else _outside_check(options.schema)
    if options.fix or options.diff:
        return _run_repair(options, out, also)
    early = _Early(options, out)
    state = _found(options, also, early)
    _report(options, out, state, told=early.told)
    return 1 if state.has_errors else 0


class _Early:
    """Prints the findings of a large set's first files while the others are read, and keeps in mind which these are.

    Order: by path, but for those that only the whole set can tell; they come with the rest.
    """

    def __init__(self, options: Options, out: output.Output) -> None:
        self._strict = options.settings.strict
        self._out = out
        self.told: frozenset[Diagnostic] = frozenset()

    def __call__(self, findings: Sequence[Diagnostic], texts: Mapping[str, str]) -> None:
        if not findings:
            return
        from dfsubmit.cli.checking import width
        from dfsubmit.render.findings import findings_text

        shown = [one.as_error() for one in findings] if self._strict else findings
        self._out.data(findings_text(shown, texts, palette=self._out.palette, width=width(os.environ)))
        self._out.flush()
        self.told = frozenset(shown)


def _found(options: Options, also: Check | None, early: _Early) -> DesiredState | Overview:
    """Return all findings, without the apps where nobody asks for more than findings."""
    settings = options.settings
    # Only a report of tests names the files in which there is nothing to find.
    if also is not None or settings.output == "junit" or options.reports:
        from dfsubmit.compose import load

        return load(settings, also=also)
    from dfsubmit.overview import overview
    from dfsubmit.sources import find

    seen = overview(find(settings.files), early if settings.output == "text" else None)
    return seen.as_strict() if settings.strict else seen


def _run_repair(options: Options, out: output.Output, also: Check | None) -> int:
    """Repair the files, or show how they would be repaired. Raises DfsubmitError when one could not be written."""
    from dfsubmit.cli import fixing, rewriting

    found = fixing.repair(options.settings, also)
    if options.diff:
        out.data(found.diff(out))
        found.announce(out)
        return 1 if found.settled.changes or found.state.has_errors else 0
    problems = found.write(out)
    piped = found.piped()
    if piped is not None:
        out.raw(piped)
    _report(options, out, found.state, aside=found.reads_standard_input)
    if problems:
        raise rewriting.refused(problems)
    return 1 if found.state.has_errors else 0


def _report(
    options: Options,
    out: output.Output,
    state: DesiredState | Overview,
    *,
    told: Collection[Diagnostic] = (),
    aside: bool = False,
) -> None:
    """Write the reports and print the findings that were not `told`, `aside` to standard error.

    Raises DfsubmitError for a report not written.
    """
    from dfsubmit.cli.checking import width

    found = _inspection(state)
    # Before anything is printed: a reader that closes the pipe early takes no report away.
    problems = _write(options.reports, found)
    quiet = out.verbosity < 0
    palette = out.error_palette if aside else out.palette
    text = render(options.settings.output, found, quiet=quiet, told=told, palette=palette, width=width(os.environ))
    if not aside:
        out.data(text)
    elif text:
        out.say(text.rstrip("\n"))
    if problems:
        from dfsubmit.cli.reports import refused

        raise refused(problems)


def _inspection(state: DesiredState | Overview) -> Inspection:
    """Return what renderers need to know of a run in this folder."""
    from dfsubmit.render.inspection import Inspection
    from dfsubmit.repository import repository_root

    here = str(Path.cwd())
    return Inspection(
        findings=state.diagnostics,
        texts=state.texts,
        paths=state.paths,
        files=state.files,
        manifests=state.manifests,
        silenced=state.silenced,
        folder=here,
        root=repository_root(here),
    )


def _write(reports: tuple[Target, ...], found: Inspection) -> list[str]:
    """Write `reports` and return what went wrong."""
    if not reports:
        return []
    from dfsubmit.cli.reports import write_all

    return write_all(reports, found, inputs=found.paths)


def _outside_check(path: Path) -> Check:
    """Return the check that the schema in a file makes. Raises InputError when the file holds none."""
    import json
    from functools import partial

    from dfsubmit.cli.inputs import read_text
    from dfsubmit.schema import check_outside

    tip = "--schema names a JSON Schema, written in JSON"
    text = read_text(path, tip=tip)
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON: {error}", tip=tip) from error
    return partial(check_outside, schema=schema, name=str(path))
