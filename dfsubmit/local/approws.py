"""The rows of the embedded service: apps as they are asked for, as they run, and as the file keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dfsubmit.local.world import Phase, Row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


ROW = "seq, id, name, queue, workspace_id, workspace_name, phase, started_ms, finished_ms, modified_ms, container_ms"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApp:
    """An app to be queued. `lands_ms` lies in the future when a fault lets it come into the world later."""

    id: str
    name: str
    queue: str
    workspace_id: str
    workspace_name: str
    started_ms: int
    spec: Mapping[str, Any]
    has_env: bool
    lands_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Active:
    """An app that has a slot. `child` says which process runs its command, once there is one."""

    id: str
    phase: Phase
    claim: str
    claimed_ms: int
    attempts: int
    child: str
    kill_wanted: bool


def row_of(values: Sequence[Any]) -> Row:
    """Return the row of an app, whose values are in the order of `ROW`."""
    seq, app_id, name, queue, workspace_id, workspace_name, phase, started, finished, modified, container = values
    return Row(
        seq=seq,
        id=app_id,
        name=name,
        queue=queue,
        workspace_id=workspace_id,
        workspace_name=workspace_name,
        phase=Phase(phase),
        started_ms=started,
        finished_ms=finished,
        modified_ms=modified,
        container_ms=container,
    )
