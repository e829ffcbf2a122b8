"""`dfsubmit validate`: every problem of every file, at its line. Reads files; writes the reports it is asked for, no more."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dfsubmit.cli import output
from dfsubmit.cli.options import common, complete_path, verb
from dfsubmit.errors import InputError
from dfsubmit.render.formats import FORMATS, render
from dfsubmit.settings import Flags, Settings, resolve

if TYPE_CHECKING:
    from dfsubmit.cli.reports import Target
    from dfsubmit.project import Check, DesiredState
    from dfsubmit.render.inspection import Inspection


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `validate` was asked. `schema` is a JSON Schema from outside that documents must also fit."""

    settings: Settings
    schema: Path | None
    reports: tuple[Target, ...] = ()


@verb(
    "validate",
    exits={
        0: "no errors",
        1: "errors were found (or warnings, with --strict), nothing could be read, or a report not written",
    },
    examples=(
        "dfsubmit validate",
        "dfsubmit validate specs/bert.yaml 'more/**/*.yaml'",
        "git show HEAD:specs/bert.yaml | dfsubmit validate -",
        "dfsubmit validate --strict -o json > findings.json",
        "dfsubmit validate --report sarif=findings.sarif --report junit=findings.xml",
    ),
)
@click.argument("paths", metavar="[FILE|DIR|GLOB|-]...", nargs=-1, shell_complete=complete_path)
@click.option(
    "--schema",
    metavar="FILE",
    shell_complete=complete_path,
    help="Check every document against this JSON Schema too, for instance a policy of your own.",
)
@click.option(
    "--report",
    "reports",
    metavar="FORMAT=PATH",
    multiple=True,
    help=f"Write the findings to a file too. FORMAT is one of {', '.join(FORMATS)}. Repeatable.",
)
@common("file", "strict", outputs=FORMATS)
def command(flags: Flags, paths: tuple[str, ...], schema: str | None, reports: tuple[str, ...]) -> int:
    """Check manifests and show every problem of every file at the line and column to change.

    Files given as arguments are read as those given with --file. Needs no network, no credentials and no ledger, and
    writes nothing but reports. Findings go to standard output; `dfsubmit explain CODE` tells more about one.

    `github` are commands that GitHub Actions shows at the lines of a pull request, `gitlab` is a Code Quality report,
    `sarif` is for code scanning and editors, `junit` for nearly every CI service, `json` and `jsonl` for scripts.
    """
    from dfsubmit.cli.reports import targets

    flags = replace(flags, file=(*flags.file, *paths))
    schema_path = None if schema is None else Path(schema)
    settings = resolve(flags, os.environ)
    return run(Options(settings=settings, schema=schema_path, reports=targets(reports)))


def run(options: Options) -> int:
    """Write the reports, print all findings and the summary. Raises InputError when there is nothing to read."""
    from dfsubmit.cli.checking import width
    from dfsubmit.compose import load

    settings = options.settings
    out = output.make(settings, os.environ)
    state = load(settings, also=None if options.schema is None else _outside_check(options.schema))
    found = _inspection(state)
    # Before anything is printed: a reader that closes the pipe early takes no report away.
    problems = _write(options.reports, found)
    quiet = out.verbosity < 0
    out.data(render(settings.output, found, quiet=quiet, palette=out.palette, width=width(os.environ)))
    if problems:
        from dfsubmit.cli.reports import refused

        raise refused(problems)
    return 1 if state.has_errors else 0


def _inspection(state: DesiredState) -> Inspection:
    """Return what renderers need to know of a run in this folder."""
    from dfsubmit.cli.reports import repository_root
    from dfsubmit.render.inspection import Inspection

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

    from dfsubmit.schema import check_outside

    try:
        schema = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}", tip="--schema names a JSON file") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON: {error}", tip="--schema names a JSON Schema, written in JSON") from error
    return partial(check_outside, schema=schema, name=str(path))
