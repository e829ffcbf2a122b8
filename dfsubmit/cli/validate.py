"""`dfsubmit validate`: every problem of every file, at its line. Reads files and nothing else; writes nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dfsubmit.cli import output
from dfsubmit.cli.options import common, complete_path, verb
from dfsubmit.errors import InputError
from dfsubmit.settings import Flags, Settings, resolve

if TYPE_CHECKING:
    from dfsubmit.project import Check, DesiredState


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `validate` was asked. `schema` is a JSON Schema from outside that documents must also fit."""

    settings: Settings
    schema: Path | None


@verb(
    "validate",
    exits={0: "no errors", 1: "errors were found (or warnings, with --strict), or nothing could be read"},
    examples=(
        "dfsubmit validate",
        "dfsubmit validate specs/bert.yaml 'more/**/*.yaml'",
        "git show HEAD:specs/bert.yaml | dfsubmit validate -",
        "dfsubmit validate --strict -o json > findings.json",
    ),
)
@click.argument("paths", metavar="[FILE|DIR|GLOB|-]...", nargs=-1, shell_complete=complete_path)
@click.option(
    "--schema",
    metavar="FILE",
    shell_complete=complete_path,
    help="Check every document against this JSON Schema too, for instance a policy of your own.",
)
@common("file", "strict", outputs=("text", "json"))
def command(flags: Flags, paths: tuple[str, ...], schema: str | None) -> int:
    """Check manifests and show every problem of every file at the line and column to change.

    Files given as arguments are read as those given with --file. Needs no network, no credentials and no ledger, and
    writes nothing. Findings go to standard output; `dfsubmit explain CODE` tells more about one.
    """
    flags = replace(flags, file=(*flags.file, *paths))
    schema_path = None if schema is None else Path(schema)
    return run(Options(settings=resolve(flags, os.environ), schema=schema_path))


def run(options: Options) -> int:
    """Print all findings and the summary. Raises InputError when there is nothing to read."""
    from dfsubmit.compose import load

    settings = options.settings
    out = output.make(settings, os.environ)
    state = load(settings, also=None if options.schema is None else _outside_check(options.schema))
    if settings.output == "json":
        from dfsubmit.render.validate_json import validate_json

        out.data(validate_json(state.diagnostics, files=state.files, manifests=state.manifests))
    else:
        out.data(_text(state, out))
    return 1 if state.has_errors else 0


def _text(state: DesiredState, out: output.Output) -> str:
    from dfsubmit.cli.checking import width
    from dfsubmit.render.findings import findings_text, report_text

    cells = width(os.environ)
    if out.verbosity < 0:
        return findings_text(state.diagnostics, state.texts, palette=out.palette, width=cells)
    return report_text(
        state.diagnostics,
        state.texts,
        files=state.files,
        manifests=state.manifests,
        palette=out.palette,
        width=cells,
    )


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
