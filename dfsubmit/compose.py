"""Puts the parts of a run together: which set, which ledger, which engine, who is running, how to submit.

Below the command line and the Python API, which share it, and above everything that it connects. The last place that
knows of files, clocks, environment variables and networks; what it hands out is values and the two seams, the ledger
and the engine. It asks nobody and prints nothing. Rule: nothing is opened before it is needed, and nothing is created for
a run that only reads.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dfsubmit.enginemark import check_engine, engine_mark
from dfsubmit.errors import InputError, UsageError
from dfsubmit.settings import PREFIX, Settings, switch, variable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dfsubmit.applier import Done, Stop
    from dfsubmit.engine import Engine, Listing
    from dfsubmit.examining import Check
    from dfsubmit.known import KnownFiles
    from dfsubmit.ledger.base import Ledger
    from dfsubmit.ledger.verify import Auditable
    from dfsubmit.local.settings import LocalSettings
    from dfsubmit.plan import Plan
    from dfsubmit.project import DesiredState
    from dfsubmit.projectmodel import LocalEngine, Project
    from dfsubmit.reconcile import Reconciler
    from dfsubmit.settle import Settler
    from dfsubmit.sources import SourceSet

STATE_FOLDER = ".dfsubmit"
# Where a set without a Project keeps its ledger, seen from its folder.
DEFAULT_LEDGER = f"{STATE_FOLDER}/ledger.db"
# In-process, the service dies with the process that called it: nothing can still be on its way.
IN_PROCESS_SETTLE = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything about a run but its manifests: the project's settings, made whole by flags and variables."""

    settings: Settings
    project: Project
    root: Path
    environ: Mapping[str, str]

    def __post_init__(self) -> None:
        """Look at what is only needed later. Raises UsageError for a value that makes no sense."""
        _ = (self.timeout, self.settle, self.marker, self.engine_mark)

    @property
    def project_id(self) -> str:
        """Return the project's id."""
        return self.project.metadata.name

    @property
    def engine_type(self) -> str:
        """Return `local` or `dataforest`."""
        return self.settings.engine or self.project.spec.engine.type

    @property
    def in_process(self) -> bool:
        """Tell whether the engine is the embedded one in this very process."""
        return self.engine_type == "local" and not self.settings.base_url

    @property
    def engine_mark(self) -> str:
        """Return which service this run is for, as the ledger knows it. Raises UsageError for a wrong base URL."""
        from dfsubmit.projectmodel import DataForestEngine

        if self.settings.base_url:
            from dfsubmit.dataforest.endpoint import parse_base_url

            return engine_mark(parse_base_url(self.settings.base_url).base_url)
        if self.engine_type == "local":
            return engine_mark("")
        spec = self.project.spec.engine
        real = spec if isinstance(spec, DataForestEngine) else DataForestEngine(type="dataforest")
        return engine_mark(real.base_url)

    @property
    def is_elsewhere(self) -> bool:
        """Tell whether a flag or a variable takes this run to another service than the Project's own."""
        from dfsubmit.projectmodel import DataForestEngine

        spec = self.project.spec.engine
        return self.engine_mark != engine_mark(spec.base_url if isinstance(spec, DataForestEngine) else "")

    @property
    def ledger_forgets(self) -> bool:
        """Tell whether this run's ledger is one that remembers nothing, on purpose."""
        return self.settings.ledger is not None and self.settings.ledger.type == "memory"

    @property
    def timeout(self) -> timedelta:
        """Return the time that one request may take."""
        seconds = _seconds(self.environ, "TIMEOUT_SECONDS", positive=True)
        return timedelta(seconds=self.project.spec.submission.timeout_seconds if seconds is None else seconds)

    @property
    def settle(self) -> timedelta:
        """Return the time after which what was sent must be listed."""
        seconds = _seconds(self.environ, "SETTLE_SECONDS")
        if seconds is not None:
            return timedelta(seconds=seconds)
        submission = self.project.spec.submission
        if self.in_process and "settle_seconds" not in submission.model_fields_set:
            return IN_PROCESS_SETTLE
        return timedelta(seconds=submission.settle_seconds)

    @property
    def marker(self) -> bool:
        """Tell whether the prefix that is sent carries a marker."""
        if variable(self.environ, "MARKER"):
            return switch(self.environ, "MARKER")
        return self.project.spec.submission.marker


def _seconds(environ: Mapping[str, str], name: str, *, positive: bool = False) -> float | None:
    text = variable(environ, name)
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= 3600 or (positive and not seconds):  # noqa: PLR2004  # the bounds of the Project's own settings
        bounds = "more than 0, at most 3600" if positive else "from 0 to 3600"
        raise UsageError(f"{PREFIX}{name} is '{text}'", tip=f"write seconds, {bounds}")
    return seconds


def now() -> datetime:
    """Return this machine's clock, in UTC."""
    return datetime.now(UTC)


def load(settings: Settings, *, also: Check | None = None, known: KnownFiles | None = None) -> DesiredState:
    """Return what the files ask for, with all findings; `also` is one more check of every document.

    `known` is what an earlier run learnt of the files, which makes this one faster and nothing else.
    """
    from dfsubmit.sources import find

    state = _loaded(find(settings.files), also, known)
    if not settings.strict:
        return state
    return replace(state, diagnostics=tuple(finding.as_error() for finding in state.diagnostics))


def _loaded(sources: SourceSet, also: Check | None, known: KnownFiles | None) -> DesiredState:
    from dfsubmit.alike import AlikeFiles
    from dfsubmit.gathering import DocumentNeededError
    from dfsubmit.project import load_project

    if also is None:
        with contextlib.suppress(DocumentNeededError):
            state = load_project(sources, examined=known or AlikeFiles())
            if known is not None:
                known.learn(state)
            return state
    return load_project(sources, also=also)


def selected(state: DesiredState, settings: Settings) -> DesiredState:
    """Return the part of `state` that --select means. Raises InputError when an expression fits no app."""
    from dfsubmit.selection import select

    if not settings.select:
        return state
    return replace(state, apps=select(state.apps, settings.select), whole=False)


@contextlib.contextmanager
def ledger_of(scene: Scene, *, last_seen: Callable[[str], None] | None = None) -> Iterator[Auditable]:
    """Open the ledger of this run, and let go of it at the end. Raises LedgerError.

    With `last_seen`, an offline run that only reads gets what was seen last of a ledger whose host is away, and is told so.
    """
    from dfsubmit.ledger.open import open_ledger

    ledger = open_ledger(*_ledger_place(scene), last_seen=last_seen if scene.settings.offline else None)
    try:
        yield ledger
    finally:
        ledger.close()


def ledger_file(scene: Scene) -> Path | None:
    """Return where the ledger lies when it is a file on this machine; None for another one."""
    place, _ = _ledger_place(scene)
    kind, _, path = place.partition(":")
    return Path(path) if kind == "sqlite" else None


def _ledger_place(scene: Scene) -> tuple[str, Path]:
    """Return the ledger as `open_ledger` takes it, and the folder from which its path or remote is seen."""
    from dfsubmit.projectmodel import GitLedgerSpec

    place, spec = scene.settings.ledger, scene.project.spec.ledger
    if place is None and scene.is_elsewhere:
        # What is tried out elsewhere must not count as submitted where the Project says.
        return f"sqlite:{_shown(scene.root / STATE_FOLDER / f'ledger-{scene.engine_mark}.db')}", Path()
    if isinstance(spec, GitLedgerSpec) and (place is None or place.type == "git"):
        named = spec.remote if place is None else place.place
        # A flag that names only the remote must not lead to another ref than the one that everybody else writes to.
        return f"git:{named}" if "#" in named else f"git:{named}#{spec.ref}", scene.root
    if place is not None:
        return f"{place.type}:{place.place}", scene.root if place.type == "git" else Path()
    # Named as people see it, and so in the same words in everyone's clone; it is opened and closed within one run.
    path = "" if isinstance(spec, GitLedgerSpec) else spec.path
    return f"sqlite:{_shown(scene.root / path)}", Path()


def _quiet(_: object) -> None:
    """Tell nobody."""


@contextlib.contextmanager
def engine_of(scene: Scene, *, tell: Callable[[str], None] = _quiet) -> Iterator[Engine]:
    """Connect the engine of this run; `tell` gets a line about each wait. Nothing is sent yet.

    Raises CredentialsError, UsageError.
    """
    engine = _local(scene) if scene.engine_type == "local" else _dataforest(scene, tell)
    try:
        yield engine
    finally:
        engine.close()


def _dataforest(scene: Scene, tell: Callable[[str], None]) -> Engine:
    from dfsubmit.dataforest.client import DataForest
    from dfsubmit.dataforest.credentials import find_credentials
    from dfsubmit.dataforest.endpoint import parse_base_url, proxy_for
    from dfsubmit.projectmodel import DataForestEngine

    spec = scene.project.spec.engine
    real = spec if isinstance(spec, DataForestEngine) else DataForestEngine(type="dataforest")
    base_url = scene.settings.base_url or real.base_url
    return DataForest(
        base_url=base_url,
        credentials=find_credentials(scene.environ),
        account=real.account or "",
        timeout_seconds=scene.timeout.total_seconds(),
        proxy=proxy_for(parse_base_url(base_url), scene.environ),
        on_retry=tell,
    )


def _local(scene: Scene) -> Engine:
    """Return a client of the embedded engine: in this process, or of an emulator when there is a base URL."""
    from dfsubmit.dataforest.client import DataForest
    from dfsubmit.dataforest.credentials import Credentials
    from dfsubmit.local.transport import BASE_URL, LocalTransport

    settings = local_settings(scene)
    keys = Credentials(access_key=settings.access_key, secret_key=settings.secret_key, source="built in")
    if scene.settings.base_url:
        return DataForest(
            base_url=scene.settings.base_url, credentials=keys, timeout_seconds=scene.timeout.total_seconds()
        )
    return DataForest(
        base_url=BASE_URL,
        credentials=keys,
        timeout_seconds=scene.timeout.total_seconds(),
        transport=LocalTransport(settings),
        description=f"local engine in {_shown(settings.home)}",
    )


def local_settings(scene: Scene) -> LocalSettings:
    """Return what the embedded engine is told: the Project's folders, made absolute."""
    from dfsubmit.local.settings import LocalSettings
    from dfsubmit.projectmodel import LocalEngine

    spec = scene.project.spec.engine
    local: LocalEngine = spec if isinstance(spec, LocalEngine) else LocalEngine()
    root = scene.root.resolve()
    return LocalSettings(
        home=root / STATE_FOLDER / "local",
        hdfs=root / local.hdfs,
        workspaces={name: root / folder for name, folder in local.workspaces.items()},
        slots=dict(local.slots),
        runtime=local.runtime,
    )


def _shown(path: Path) -> str:
    with contextlib.suppress(ValueError):
        return str(path.relative_to(Path.cwd()))
    return str(path)


def plan_of(scene: Scene, state: DesiredState, ledger: Ledger, listing: Listing | None, *, prune: bool) -> Plan:
    """Return the plan as the ledger stands now.

    Raises LedgerError for a ledger of another engine, InputError when the folder seems to have been renamed or a prefix
    leaves no room for a marker.
    """
    from dfsubmit.plan import make_plan

    check_prefixes(scene, state)
    states = ledger.states(scene.project_id)
    check_engine(states.values(), scene.engine_mark)
    if not states and not state.declared and scene.settings.ledger is None:
        _refuse_renamed_folder(scene, ledger)
        _refuse_part_of_another(scene)
    return make_plan(
        project=scene.project_id,
        desired=state.apps,
        states=states,
        listing=listing,
        whole=state.whole,
        prune=prune,
        ours=partial(_is_of_set, _folders_of(scene)) if ledger.describe().startswith("git:") else None,
    )


def _folders_of(scene: Scene) -> tuple[str, ...]:
    """Return the folders of the set as their repository names them; `.` is all of it."""
    from dfsubmit.repository import seen_from_root

    folders = (str(scene.root), *scene.settings.files)
    return tuple(seen_from_root(folder) for folder in folders if Path(folder).is_dir())


def _is_of_set(folders: Sequence[str], source: str) -> bool:
    """Tell whether the manifest at `source`, as an intent records it, may have been one of a set in `folders`."""
    path = source.rpartition(":")[0]
    # What was not submitted from a file, or from one in no repository, tells nothing.
    return not path or Path(path).is_absolute() or any(Path(path).is_relative_to(folder) for folder in folders)


def check_prefixes(scene: Scene, state: DesiredState) -> None:
    """Raise InputError when markers, asked for by a variable alone, make prefixes longer than a prefix may be.

    Where the Project asks for them, that is a finding at the prefix's own place.
    """
    from dfsubmit.advice import MARKER_PREFIX_LENGTH

    if not scene.marker or scene.project.spec.submission.marker:
        return
    long = next((app for app in state.apps if len(app.request["namePrefix"]) > MARKER_PREFIX_LENGTH), None)
    if long is not None:
        raise InputError(
            f"{PREFIX}MARKER is set, but the namePrefix of {long.name} is longer than {MARKER_PREFIX_LENGTH} characters",
            tip=f"shorten it, or unset {PREFIX}MARKER",
        )


def _refuse_renamed_folder(scene: Scene, ledger: Ledger) -> None:
    """Raise InputError when the set's own ledger knows other ids only: to a new id, every app would be a new one."""
    known = sorted({item.project for item in ledger.states(None)})
    if known:
        raise InputError(
            f"the project's id is made of the folder's name, {scene.project_id}, but {ledger.describe()} "
            f"records what was submitted as {', '.join(known)}; as {scene.project_id}, every app would be submitted again",
            tip=f"give the folder its name back, or keep the id in a project.yaml: kind: Project, metadata: {{name: {known[0]}}}",
        )


def _refuse_part_of_another(scene: Scene) -> None:
    """Raise InputError when a folder above or below keeps a ledger: the same manifests may have been submitted from there.

    Only for sets without a Project, which have nothing else to tell what belongs together.
    """
    root = scene.root.resolve()
    above = (folder / DEFAULT_LEDGER for folder in _folders_above(root))
    below = (path for depth in ("*", "*/*", "*/*/*") for path in root.glob(f"{depth}/{DEFAULT_LEDGER}"))
    other = next((path for path in (*above, *below) if path.is_file()), None)
    if other is not None:
        raise InputError(
            f"{_shown(other)} records what was submitted from {_shown(other.parents[1])}, "
            f"and without a Project its apps would be new ones here and be submitted again",
            tip=f"name that folder with -f {_shown(other.parents[1])}, or put a project.yaml into {_shown(root)}",
        )


def _folders_above(root: Path) -> tuple[Path, ...]:
    """Return the folders above `root` in its git repository; without one, the two nearest."""
    parents = tuple(root.parents)
    top = next((number for number, folder in enumerate((root, *parents)) if (folder / ".git").exists()), 2)
    return parents[:top]


def settler_of(
    scene: Scene, *, ledger: Ledger, engine: Engine, stop: Stop, tell: Callable[[str], None] = _quiet
) -> Settler:
    """Return what settles the open submissions of this run's project; `tell` gets lines of progress."""
    from dfsubmit.identity import current_actor
    from dfsubmit.settle import Settler

    check_engine(ledger.states(scene.project_id).values(), scene.engine_mark)
    return Settler(
        ledger=ledger,
        engine=engine,
        project=scene.project_id,
        actor=current_actor(scene.environ),
        settle=scene.settle,
        now=now,
        sleep=lambda seconds: interruptible_sleep(stop, seconds),
        stop=stop,
        tell=tell,
    )


def reconciler_of(
    scene: Scene,
    *,
    ledger: Ledger,
    engine: Engine,
    plan_again: Callable[[], Plan],
    max_submit: int,
    parallelism: int,
    stop: Stop,
    tell: Callable[[str], None] = _quiet,
    report: Callable[[Done], None] = _quiet,
) -> Reconciler:
    """Return what carries the plans of `plan_again` out; `report` gets each result as it becomes known."""
    from dfsubmit.applier import Applier, ApplySettings
    from dfsubmit.identity import with_commit_of
    from dfsubmit.reconcile import Reconciler
    from dfsubmit.repository import SeenFromRoot

    settler = settler_of(scene, ledger=ledger, engine=engine, stop=stop, tell=tell)
    applier = Applier(
        ledger=ledger,
        engine=engine,
        actor=with_commit_of(settler.actor, scene.root),
        environ=scene.environ,
        now=now,
        settings=ApplySettings(
            parallelism=parallelism, timeout=scene.timeout, marker=scene.marker, engine_mark=scene.engine_mark
        ),
        stop=stop,
        report=report,
        named=SeenFromRoot(),
    )
    return Reconciler(settler=settler, applier=applier, plan_again=plan_again, max_submit=max_submit)


def interruptible_sleep(stop: Stop, seconds: float) -> None:
    """Wait, but not past a stop request."""
    end = time.monotonic() + seconds
    while not stop.requested and (left := end - time.monotonic()) > 0:
        time.sleep(min(left, 0.1))
