"""`dfsubmit doctor`: whether everything that dfsubmit needs is in place, one line each."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dfsubmit.cli import output
from dfsubmit.cli.options import REMOTE, common, verb
from dfsubmit.errors import CredentialsError, DfsubmitError
from dfsubmit.settings import PIPELINE_VARIABLES, PREFIX, VARIABLES, Flags, Settings, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dfsubmit.cli.output import Output
    from dfsubmit.ledger.git import GitLedger
    from dfsubmit.ledger.verify import Auditable
    from dfsubmit.scene import Scene

LARGE_SKEW_SECONDS = 60
SCHEMA_FILE = "dfsubmit.v1.schema.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The result of one check: `ok`, `note` or `fail`, and what to do about it."""

    verdict: Literal["ok", "note", "fail"]
    what: str
    found: str
    tip: str = ""


@verb(
    "doctor",
    exits={0: "everything needed is in place", 1: "something is not"},
    examples=("dfsubmit doctor", "dfsubmit doctor --engine dataforest -o json"),
)
@common("file", *REMOTE, outputs=("text", "json"))
def command(*, flags: Flags) -> int:
    """Check Python, the YAML parser, variables, the Project, the ledger, the keys, the engine, its clock, and the schema file.

    Of a ledger in git, it also checks whether the host lets this run in to push, as far as that shows without a push. Nothing
    is created or changed. --offline leaves the engine and the push out.
    """
    return run(resolve(flags, os.environ))


def run(settings: Settings) -> int:
    """Run all checks and show them."""
    from dfsubmit.render.machine import SCHEMA_VERSION, CheckDocument, DoctorDocument, json_text

    out = output.make(settings, os.environ)
    checks = list(_checks(settings, out))
    if settings.output == "json":
        rows = [CheckDocument(check=one.what, verdict=one.verdict, found=one.found, tip=one.tip) for one in checks]
        out.data(json_text(DoctorDocument(schemaVersion=SCHEMA_VERSION, checks=rows)))
    else:
        for one in checks:
            look = {"ok": out.palette.good, "note": out.palette.warning, "fail": out.palette.error}[one.verdict]
            out.line(f"{out.palette.paint(look, f'{one.verdict:<4}')}  {one.what}: {one.found}")
            if one.tip:
                out.line(f"      tip: {one.tip}")
        failed = sum(one.verdict == "fail" for one in checks)
        out.line(f"Doctor: {len(checks)} checks, {failed} failed.")
    return int(any(one.verdict == "fail" for one in checks))


def _checks(settings: Settings, out: Output) -> Iterator[Check]:
    from dfsubmit.cli.planning import settings_scene

    yield _python()
    yield _parser()
    yield from _variables(os.environ)
    try:
        scene = settings_scene(settings, out)
    except DfsubmitError as error:
        yield Check(verdict="fail", what="project", found=error.message, tip=error.tip)
        return
    yield Check(verdict="ok", what="project", found=f"{scene.project_id} in {scene.root}")
    yield from _ledger(settings, scene)
    yield _schema(scene)
    if scene.engine_type == "dataforest":
        yield _guarded("credentials", lambda: _credentials(scene))
    if settings.offline:
        yield Check(verdict="note", what="engine", found="not asked, because of --offline")
        return
    yield _guarded("engine", lambda: _engine(scene, out))


def _guarded(what: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except DfsubmitError as error:
        return Check(verdict="fail", what=what, found=error.message, tip=error.tip)


def _python() -> Check:
    return Check(verdict="ok", what="python", found=f"{sys.version.split()[0]} in {sys.executable}")


def _parser() -> Check:
    from dfsubmit.document import HAVE_C

    if HAVE_C:
        return Check(verdict="ok", what="yaml parser", found="libyaml")
    return Check(
        verdict="note",
        what="yaml parser",
        found="pure Python: everything works, about ten times slower",
        tip="pip install 'ruamel.yaml[oldlibyaml]' brings the C parser",
    )


def _variables(environ: Mapping[str, str]) -> Iterator[Check]:
    """Name the variables that look like ours and that nothing reads, since a misspelt one is as good as none."""
    from dfsubmit.suggest import closest

    known = sorted(PREFIX + name for name in {*VARIABLES, *PIPELINE_VARIABLES})
    for name in sorted(name for name in environ if name.startswith(PREFIX) and name not in known):
        meant = closest(name, known)
        yield Check(
            verdict="note",
            what="environment",
            found=f"nothing reads the variable {name}",
            tip=f"did you mean {meant}?" if meant else "unset it, if it was meant for dfsubmit",
        )


def _ledger(settings: Settings, scene: Scene) -> Iterator[Check]:
    """Look whether the ledger can be read, and where it is shared, whether it can be pushed to."""
    from dfsubmit.connections import ledger_of
    from dfsubmit.ledger.git import GitLedger

    try:
        with ledger_of(scene) as ledger:
            yield _read(scene, ledger)
            if isinstance(ledger, GitLedger):
                yield _guarded("push", lambda: _push(settings, ledger))
    except DfsubmitError as error:
        yield Check(verdict="fail", what="ledger", found=error.message, tip=error.tip)


def _read(scene: Scene, ledger: Auditable) -> Check:
    """Look whether the ledger can be read, and whether the folder of a file could be written, without writing."""
    from dfsubmit.projectmodel import SqliteLedgerSpec
    from dfsubmit.render.terminal import counted

    count, place = len(ledger.states(scene.project_id)), ledger.describe()
    spec = scene.project.spec.ledger
    if scene.settings.ledger is None and isinstance(spec, SqliteLedgerSpec):
        path = scene.root / spec.path
        nearest = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
        if not os.access(nearest, os.W_OK):
            return Check(verdict="fail", what="ledger", found=f"{place}: {nearest} cannot be written")
    return Check(verdict="ok", what="ledger", found=f"{place}: {counted(count, 'submission')}")


def _push(settings: Settings, ledger: GitLedger) -> Check:
    """Look whether the host would let this run push, without a push."""
    from dfsubmit.ledger.gitpermission import NOT_PROVED

    if settings.offline:
        return Check(verdict="note", what="push", found="not tried, because of --offline")
    return Check(verdict="ok", what="push", found=f"{ledger.prove_push()}; {NOT_PROVED}")


def _schema(scene: Scene) -> Check:
    """Compare the schema files that editors may be using with this version's."""
    from dfsubmit.schema import schema_text

    folders = (scene.root, scene.root / "schema", scene.root.absolute().parent / "schema")
    found = [
        folder / name for folder in folders for name in (SCHEMA_FILE, f".{SCHEMA_FILE}") if (folder / name).is_file()
    ]
    stale = [path for path in found if path.read_text(encoding="utf-8", errors="replace") != schema_text()]
    if stale:
        shown = ", ".join(str(path) for path in stale)
        return Check(
            verdict="note", what="schema", found=f"{shown} is of another version", tip=f"dfsubmit schema > {stale[0]}"
        )
    return Check(verdict="ok", what="schema", found=", ".join(map(str, found)) or "no copy for editors in this project")


def _credentials(scene: Scene) -> Check:
    from dfsubmit.dataforest.credentials import find_credentials

    try:
        return Check(verdict="ok", what="credentials", found=f"found in {find_credentials(scene.environ).source}")
    except CredentialsError as error:
        return Check(verdict="fail", what="credentials", found=error.message, tip=error.tip)


def _engine(scene: Scene, out: Output) -> Check:
    """Ask the engine for its list, and compare clocks."""
    from dfsubmit.compose import now
    from dfsubmit.connections import engine_of
    from dfsubmit.render.terminal import counted

    with engine_of(scene, tell=out.detail) as engine:
        listing = engine.list_apps()
        skew = abs((engine.server_now() - now()).total_seconds())
        found = f"{engine.describe()} answers: {counted(len(listing.apps), 'app')}, clocks differ by {skew:.0f} s"
    if skew > LARGE_SKEW_SECONDS:
        return Check(
            verdict="note",
            what="engine",
            found=found,
            tip="set this machine's clock; dfsubmit corrects for it meanwhile",
        )
    return Check(verdict="ok", what="engine", found=found)
