"""`dfsubmit validate`: its options and its help. What it does stands in `validating`, which knows nothing of click."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dfsubmit.cli.options import common, complete_path, verb
from dfsubmit.cli.validating import Options, run
from dfsubmit.errors import UsageError
from dfsubmit.render.formats import FORMATS
from dfsubmit.settings import Flags, resolve

if TYPE_CHECKING:
    from dfsubmit.cli.reports import Target


@verb(
    "validate",
    exits={
        0: "no errors; with --diff, nothing to fix either",
        1: "errors were found (or warnings, with --strict) or remain, nothing could be read, or a file not written",
    },
    examples=(
        "dfsubmit validate",
        "dfsubmit validate specs/bert.yaml 'more/**/*.yaml'",
        "git show HEAD:specs/bert.yaml | dfsubmit validate -",
        "dfsubmit validate --fix",
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
@click.option(
    "--fix", is_flag=True, help="Repair what has only one meaning, in the files themselves; show what remains."
)
@click.option("--diff", is_flag=True, help="Show what --fix would change, and write nothing.")
@common("file", "strict", outputs=FORMATS)
def command(
    flags: Flags, *, paths: tuple[str, ...], schema: str | None, reports: tuple[str, ...], fix: bool, diff: bool
) -> int:
    """Check manifests and show every problem of every file at the line and column to change.

    Files given as arguments are read as those given with --file. Needs no network, no credentials and no ledger, and
    writes nothing but reports, unless --fix is given. Findings go to standard output; `dfsubmit explain CODE` tells more
    about one. A comment silences a finding on its line: `# dfsubmit: ignore[CODE] reason`.

    --fix changes nothing but the characters that are wrong. Of standard input (-) it prints the repaired text, and the
    findings to standard error.

    `github` are commands that GitHub Actions shows at the lines of a pull request, `gitlab` is a Code Quality report,
    `sarif` is for code scanning and editors, `junit` for nearly every CI service, `json` and `jsonl` for scripts.
    """
    if fix and diff:
        raise UsageError("--fix and --diff exclude each other", tip="look at --diff first, then run --fix")
    flags = replace(flags, file=(*flags.file, *paths))
    schema_path = None if schema is None else Path(schema)
    settings = resolve(flags, os.environ)
    return run(Options(settings=settings, schema=schema_path, reports=_targets(reports), fix=fix, diff=diff))


def _targets(reports: tuple[str, ...]) -> tuple[Target, ...]:
    """Return what the values of --report ask for. Raises UsageError."""
    if not reports:
        return ()
    from dfsubmit.cli.reports import targets

    return targets(reports)
