"""The ledger and the engine of a run, opened when they are needed and let go of at the end.

Rule: nothing is created for a run that only reads.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from dfsubmit.scene import STATE_FOLDER, Scene, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dfsubmit.engine import Engine
    from dfsubmit.ledger.verify import Auditable
    from dfsubmit.local.settings import LocalSettings
    from dfsubmit.projectmodel import LocalEngine


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
        return f"sqlite:{shown(scene.root / STATE_FOLDER / f'ledger-{scene.engine_mark}.db')}", Path()
    if isinstance(spec, GitLedgerSpec) and (place is None or place.type == "git"):
        named = spec.remote if place is None else place.place
        # A flag that names only the remote must not lead to another ref than the one that everybody else writes to.
        return f"git:{named}" if "#" in named else f"git:{named}#{spec.ref}", scene.root
    if place is not None:
        return f"{place.type}:{place.place}", scene.root if place.type == "git" else Path()
    # Named as people see it, and so in the same words in everyone's clone; it is opened and closed within one run.
    path = "" if isinstance(spec, GitLedgerSpec) else spec.path
    return f"sqlite:{shown(scene.root / path)}", Path()


def quiet(_: object) -> None:
    """Tell nobody."""


@contextlib.contextmanager
def engine_of(scene: Scene, *, tell: Callable[[str], None] = quiet) -> Iterator[Engine]:
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
        description=f"local engine in {shown(settings.home)}",
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
