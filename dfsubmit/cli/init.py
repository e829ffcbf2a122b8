"""`dfsubmit init`: a new folder of manifests that validates and applies as it is, and the pipelines that apply it in CI.

Which files those are, `scaffold` and `pipelines` say; this module writes them. Rules: nothing that exists is ever
overwritten, and nothing at all is written when one of the files is already there with other content. A folder that has
manifests already gets the pipelines alone.
"""

from __future__ import annotations

import os
import re
import shlex
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

    from dfsubmit.pipelines.files import Host

CI_HOSTS = ("github", "gitlab")
_PLAIN_BRANCH = re.compile(r"[A-Za-z0-9._/-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `init` was asked. `name` is empty when the folder gives it, `ci` when no pipeline is wanted."""

    settings: Settings
    folder: Path
    name: str
    ci: Host | None = None

    @property
    def has_manifests(self) -> bool:
        """Tell whether only the pipelines are to be written, because there is a project already."""
        from dfsubmit.scaffold import FOLDER

        return self.ci is not None and (self.folder / FOLDER).exists()


@verb(
    "init",
    exits={0: "the folder is ready", 1: "a file is already there with other content, or cannot be written"},
    examples=(
        "dfsubmit init",
        "dfsubmit init nlp-training && cd nlp-training && dfsubmit apply --yes --wait",
        "dfsubmit init --ci github",
    ),
)
@click.argument("folder", metavar="[FOLDER]", default=".", shell_complete=complete_path)
@click.option("--name", metavar="NAME", default="", help="The project's id.  [default: made from the folder's name]")
@click.option(
    "--ci",
    type=click.Choice(CI_HOSTS),
    default=None,
    help="Also write a pipeline for this host: plans on pull requests, apply on merge, and the ledger in the repository. "
    "Where there is a folder specs, only the pipeline.",
)
@common()
def command(flags: Flags, folder: str, name: str, ci: Host | None) -> int:
    """Fill FOLDER (by default the one you are in) with a small project to start from.

    It holds a Project for the embedded engine, an app that runs in seconds, and its input; `dfsubmit validate` and
    `dfsubmit apply` work in it as it is. Files that exist are left alone.
    """
    return run(Options(settings=resolve(flags, os.environ), folder=Path(folder), name=name, ci=ci))


def run(options: Options) -> int:
    """Write the files that are missing. Raises InputError, UsageError."""
    out = output.make(options.settings, os.environ)
    wanted = _wanted(options)
    had_manifests = options.has_manifests
    missing = _missing(options.folder, wanted)
    for relative in missing:
        _write(options.folder / relative, wanted[relative])
        out.note(f"wrote {options.folder / relative}")
    kept = len(wanted) - len(missing)
    out.line(f"Init: {len(missing)} files written, {kept} already there.")
    folder = f"./{options.folder}" if str(options.folder).startswith("-") else str(options.folder)
    step = "" if options.folder.resolve() == Path.cwd() else f"cd {shlex.quote(folder)} && "
    if options.ci is None:
        out.note(f"next: {step}dfsubmit validate && dfsubmit apply --wait")
    else:
        _tell_of_pipeline(options, options.ci, out, step, had_manifests=had_manifests)
    return 0


def _wanted(options: Options) -> Mapping[str, str]:
    """Return relative path → text of the files that are to be there. Raises UsageError."""
    from dfsubmit.scaffold import files

    manifests = {} if options.has_manifests else files(_project_name(options), git_ledger=options.ci is not None)
    if options.ci is None:
        return manifests
    from dfsubmit.pipelines.files import files as pipeline

    return {**manifests, **pipeline(options.ci, branch=_default_branch(options.folder))}


def _default_branch(folder: Path) -> str:
    """Return the default branch of the repository that `folder` is in; empty for a usual one, and where it is not known."""
    from dfsubmit.errors import LedgerError
    from dfsubmit.ledger.gitplumbing import environment
    from dfsubmit.ledger.gitplumbing import run as run_git
    from dfsubmit.pipelines.files import USUAL_BRANCHES

    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.is_dir())

    def asked(*arguments: str) -> str:
        ran = run_git(arguments, cwd=there, env=environment(os.environ))
        return "" if ran.code else ran.text

    try:
        # What the host says, as of the clone; without that, the branch in work, unless it was made beside a usual one.
        branch = asked("symbolic-ref", "--short", "refs/remotes/origin/HEAD").removeprefix("origin/")
        places = (f"{kind}/{usual}" for kind in ("refs/heads", "refs/remotes/origin") for usual in USUAL_BRANCHES)
        if not branch and not asked("for-each-ref", *places):
            branch = asked("symbolic-ref", "--short", "HEAD")
    except LedgerError:
        return ""
    # GitHub reads patterns; a name with signs of these is left to the person.
    return branch if _PLAIN_BRANCH.fullmatch(branch) and branch not in USUAL_BRANCHES else ""


def _tell_of_pipeline(options: Options, host: Host, out: output.Output, step: str, *, had_manifests: bool) -> None:
    """Say what is left to a person: a pipeline cannot give itself keys, nor an old Project another ledger."""
    from dfsubmit.pipelines.files import next_steps
    from dfsubmit.repository import repository_root
    from dfsubmit.scaffold import FOLDER, PROJECT_FILE
    from dfsubmit.scene import DEFAULT_LEDGER

    root = Path(repository_root(str(options.folder.resolve())))
    if root != options.folder.resolve():
        out.warning(
            f"{options.folder} is not the root of its repository, and {host} looks for pipelines only there",
            tip=f"dfsubmit init --ci {host} {shlex.quote(str(root))}",
        )
    out.note(f"next: {step}dfsubmit validate, then commit and push. What else it needs before the first merge:")
    ledger = "ledger: {type: git, remote: origin} and " if had_manifests else ""
    out.note(f"- {PROJECT_FILE}: {ledger}engine: {{type: dataforest, account: ...}}")
    if (old := options.folder / FOLDER / DEFAULT_LEDGER).exists():
        out.note(f"- {old} is not read any more then: `dfsubmit ledger rebuild` records again what was submitted")
    if host == "github" and (branch := _default_branch(options.folder)):
        out.note(f"- apply.yml applies what is merged into {branch}; if the default branch is another, name it there")
    for line in next_steps(host):
        out.note(line if line.startswith(" ") else f"- {line}")


def _project_name(options: Options) -> str:
    """Return the name that was given, or one made of the folder's. Raises UsageError."""
    from dfsubmit.naming import project_name

    if not options.name:
        return project_name(options.folder.resolve().name)
    fitting = project_name(options.name)
    if fitting != options.name:
        raise UsageError(
            f"'{options.name}' cannot be a project's id: 1 to 63 lower-case letters, digits and single hyphens",
            tip=f"--name {fitting}",
        )
    return fitting


def _missing(folder: Path, wanted: Mapping[str, str]) -> list[str]:
    """Return which files are not there. Raises InputError when one is there with other content."""
    missing, other = [], []
    for relative, text in wanted.items():
        try:
            if (folder / relative).read_bytes() != text.encode():
                other.append(relative)
        except FileNotFoundError:
            missing.append(relative)
        except OSError as error:
            raise InputError(f"{folder / relative}: {error.strerror}", tip="choose another folder") from error
    if other:
        raise InputError(
            f"{folder} already holds {', '.join(other)}; nothing was written",
            tip="choose another folder, or move these files away"
            + (", or take over from a new folder what they lack" if any(map(_is_pipeline, other)) else ""),
        )
    return missing


def _is_pipeline(relative: str) -> bool:
    """Tell whether a file is one that a repository most likely has for other ends, too."""
    return relative.startswith((".github/", ".gitlab"))


def _write(path: Path, text: str) -> None:
    """Write one file that must not exist yet. Raises InputError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as stream:
            stream.write(text.encode())
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}", tip="choose a folder that can be written to") from error
