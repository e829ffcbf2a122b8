"""`dfsubmit comment`: the plan in a comment of the pull request, one for each project, written anew in place."""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dfsubmit.cli import output
from dfsubmit.cli.options import common, complete_path, verb
from dfsubmit.errors import InputError, UsageError
from dfsubmit.settings import Flags, Settings, resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dfsubmit.cli.output import Output

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_LARGEST = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `comment` was asked. Without a page, the comment is told to be outdated."""

    settings: Settings
    page: Path | None
    number: int | None


@verb(
    "comment",
    exits={0: "the comment was written, or with --outdated there is none", 1: "it could not be written"},
    examples=(
        "dfsubmit plan -o markdown > plan.md && dfsubmit comment plan.md",
        "dfsubmit comment --outdated",
        "dfsubmit comment plan.md --pull-request 12",
    ),
)
@click.argument("page", metavar="[PAGE]", default=None, required=False, shell_complete=complete_path)
@click.option("--outdated", is_flag=True, help="There is no plan of the last commit: say so, where there is a comment.")
@click.option(
    "--pull-request",
    "number",
    type=click.IntRange(min=1),
    metavar="N",
    default=None,
    help="The pull request's number.  [default: that of the run, from GITHUB_REF]",
)
@common("file")
def command(flags: Flags, page: str | None, outdated: bool, number: int | None) -> int:
    """Show PAGE, which `plan -o markdown` wrote, in a comment of a pull request on GitHub.

    There is one comment for each project, and it is written anew in place. Works in GitHub Actions, by GITHUB_TOKEN,
    GITHUB_REPOSITORY, GITHUB_REF and GITHUB_API_URL; the token must be allowed to write to pull requests.
    """
    if outdated == (page is not None):
        raise UsageError("comment takes either a page or --outdated", tip="dfsubmit plan -o markdown > plan.md")
    return run(Options(settings=resolve(flags, os.environ), page=Path(page) if page else None, number=number))


def run(options: Options) -> int:
    """Write the comment. Raises DfsubmitError."""
    from dfsubmit.pullrequest import find_pull_request, publish
    from dfsubmit.render.terminal import neutral

    out = output.make(options.settings, os.environ)
    where = find_pull_request(os.environ, options.number)
    page = _page(options, out) + _foot(os.environ)
    done = publish(where, page, only_update=options.page is None, sleep=time.sleep, tell=out.note)
    out.line(f"Comment: {done.how}{f', {neutral(done.url)}' if done.url else ''}.")
    return 0


def _page(options: Options, out: Output) -> str:
    if options.page is None:
        from dfsubmit.cli.planning import settings_scene
        from dfsubmit.render.markdown import outdated_markdown

        return outdated_markdown(settings_scene(options.settings, out).project_id)
    try:
        with options.page.open(encoding="utf-8", errors="replace", newline="") as file:
            return file.read(_LARGEST)
    except OSError as error:
        raise InputError(f"{options.page}: {error.strerror}", tip="`dfsubmit plan -o markdown` writes it") from error


def _foot(environ: Mapping[str, str]) -> str:
    """Return a last line that says of which commit and by which run the comment is, as far as they are known."""
    from dfsubmit.identity import current_actor

    commit, run_url = _head(environ), current_actor(environ).url
    parts = [f"commit `{commit[:12]}`"] if commit else []
    parts += [f"[run]({run_url})"] if run_url.isascii() and re.fullmatch(r"https?://[\w.:/-]+", run_url) else []
    return f"\n<sub>{' · '.join(parts)}</sub>\n" if parts else ""


def _head(environ: Mapping[str, str]) -> str:
    """Return the last commit of the pull request; GITHUB_SHA is one that merges it, which nobody made."""
    try:
        event = json.loads(Path(environ.get("GITHUB_EVENT_PATH", "")).read_bytes())
        commit = event["pull_request"]["head"]["sha"]
    except (OSError, ValueError, LookupError, TypeError):
        return ""
    return commit if isinstance(commit, str) and _COMMIT.fullmatch(commit) else ""
