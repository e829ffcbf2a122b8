"""`dfsubmit fmt`: manifests in canonical order and style. Reads files, and writes those that are not."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dfsubmit.cli import output
from dfsubmit.cli.options import common, complete_path, verb
from dfsubmit.settings import Flags, Settings, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dfsubmit.diagnostics import Diagnostic
    from dfsubmit.formatting import Formatted
    from dfsubmit.sources import SourceFile, SourceSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `fmt` was asked. `check` and `diff` write nothing."""

    settings: Settings
    check: bool = False
    diff: bool = False


@dataclass(slots=True, kw_only=True)
class _Tally:
    """What came of the files: how many, those that differ, the findings, and the text of each file that has some."""

    files: int = 0
    others: int = 0
    changes: list[tuple[SourceFile, Formatted]] = field(default_factory=list)
    findings: list[Diagnostic] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    piped: bytes | None = None


@verb(
    "fmt",
    exits={
        0: "every file is in canonical form now; with --check or --diff, was already",
        1: "files would change (--check, --diff), could not be read or could not be written",
    },
    examples=(
        "dfsubmit fmt",
        "dfsubmit fmt --check specs",
        "dfsubmit fmt --diff specs/bert.yaml",
        "dfsubmit fmt - < draft.yaml > specs/bert.yaml",
    ),
)
@click.argument("paths", metavar="[FILE|DIR|GLOB|-]...", nargs=-1, shell_complete=complete_path)
@click.option("--check", is_flag=True, help="List the files that are not in canonical form, and write nothing.")
@click.option("--diff", is_flag=True, help="Show what would change, and write nothing.")
@common("file")
def command(flags: Flags, paths: tuple[str, ...], check: bool, diff: bool) -> int:
    """Bring manifests into canonical order and style.

    Keys stand in the order of the schema, labels and variables as they are; two blanks a level, items of lists set in under
    their key. Comments stay with what they comment on, values as they are written, and what a manifest means never
    changes: a file of which that cannot be proved is left alone, with a warning. Files that hold no manifest are left
    alone too. Prints the names of the files that it changes, and of standard input (-) the formatted text.
    """
    flags = replace(flags, file=(*flags.file, *paths))
    return run(Options(settings=resolve(flags, os.environ), check=check, diff=diff))


def run(options: Options) -> int:
    """Format, check or show. Raises DfsubmitError when a file could not be written."""
    from dfsubmit.cli import rewriting
    from dfsubmit.diagnostics import has_errors
    from dfsubmit.sources import find

    out = output.make(options.settings, os.environ)
    sources = find(options.settings.files)
    tally = _Tally(findings=list(sources.diagnostics))
    for source in _manifests(sources, options.settings.files):
        _take(source, tally)
    only_look = options.check or options.diff
    problems = {} if only_look else _write(tally)
    if tally.piped is not None and not only_look:
        out.raw(tally.piped)
    _show(options, out, tally, problems)
    if problems:
        raise rewriting.refused(list(problems.values()))
    return 1 if has_errors(tally.findings) or (only_look and tally.changes) else 0


def _manifests(sources: SourceSet, arguments: tuple[str, ...]) -> Iterator[SourceFile]:
    """Yield the files that were named, but no data: the Project above them is read and left alone."""
    from dfsubmit.examining import examine
    from dfsubmit.project import data_folders_of, is_data
    from dfsubmit.projectmodel import Project

    data: tuple[str, ...] = ()
    for source in sources.iter_files():
        if source.path == sources.project_file:
            projects = (one.model for one in examine(source).manifests if isinstance(one.model, Project))
            data = next((data_folders_of(project, sources.root) for project in projects), ())
            if not _is_named(source.location, arguments):
                continue
        if not (data and is_data(source, data, sources)):
            yield source


def _is_named(location: str, arguments: tuple[str, ...]) -> bool:
    """Tell whether an argument names the file at `location`, or a folder or pattern that it is in."""
    from dfsubmit.folders import expand, is_pattern

    here = Path.cwd()
    for argument in arguments:
        place = os.path.normpath(here / argument)
        if location == place or location.startswith(place.rstrip(os.sep) + os.sep):
            return True
        if is_pattern(argument) and any(found.location == location for found in expand(place)):
            return True
    return False


def _take(source: SourceFile, tally: _Tally) -> None:
    from dfsubmit.formatting import format_file

    tally.files += 1
    if source.diagnostic is not None:
        tally.findings.append(source.diagnostic)
        return
    made = format_file(source.content, source.path)
    tally.others += not made.ours
    if made.changed:
        tally.changes.append((source, made))
    if made.diagnostics:
        tally.findings += made.diagnostics
        tally.texts[made.path] = made.before
    if not source.location:
        tally.piped = made.after.encode() if made.changed else source.content


def _write(tally: _Tally) -> dict[str, str]:
    """Write the files that differ, and return why some were not written."""
    from dfsubmit.cli.rewriting import Rewrite, rewrite_all

    return rewrite_all(
        [
            Rewrite(path=made.path, location=source.location, before=made.before, after=made.after)
            for source, made in tally.changes
            if source.location
        ]
    )


def _show(options: Options, out: output.Output, tally: _Tally, problems: dict[str, str]) -> None:
    """Print names or diffs, then say the findings and the denominators."""
    from dfsubmit.advice import credentials
    from dfsubmit.cli.checking import width
    from dfsubmit.document import load
    from dfsubmit.render.diffs import diff_text
    from dfsubmit.render.findings import findings_text
    from dfsubmit.render.summary import count
    from dfsubmit.render.terminal import neutral

    for source, made in tally.changes:
        if options.diff:
            hidden = [
                [one for document in load(text.encode(), made.path).documents for one in credentials(document)]
                for text in (made.before, made.after)
            ]
            out.data(
                diff_text(
                    made.path,
                    made.before,
                    made.after,
                    hidden_before=hidden[0],
                    hidden_after=hidden[1],
                    palette=out.palette,
                )
            )
        elif made.path not in problems and (options.check or source.location):
            out.line(neutral(made.path))
    if tally.findings:
        text = findings_text(tally.findings, tally.texts, palette=out.error_palette, width=width(os.environ))
        out.say(text.rstrip("\n") + "\n")
    done = len(tally.changes) - len(problems)
    verb_text = "Would format" if options.check or options.diff else "Formatted"
    others = f" {count(tally.others, 'file')} without a manifest left alone." if tally.others else ""
    out.note(f"{verb_text} {done} of {count(tally.files, 'file')}.{others}")
