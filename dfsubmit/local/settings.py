"""What one local Data Forest is told: where it lives, what stands for HDFS and the workspaces, how many apps run at once.

Values only. Whoever reads a Project resolves relative paths before it makes one. The keys are those that the
embedded service expects of its callers; the defaults are plainly made up, because there is nothing to protect from
the person who owns the folder.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# The engine's default for queues that the Project does not name.
DEFAULT_SLOTS = 2
RUNTIMES = ("process", "podman", "docker")
ACCESS_KEY = "LOCALEXAMPLEACCESSKEY"
SECRET_KEY = "LOCALEXAMPLESECRETKEY"  # noqa: S105  # made up, and printed in the documentation

# A workspace's name: at most 15 characters, see section 7 of the API facts.
_NAME_SIZE = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSettings:
    """One local Data Forest. All paths are absolute.

    `home` is the engine's own folder (made when the first app is submitted, mode 0700); it must lie on a local file
    system. `hdfs` is the folder that stands for HDFS. `workspaces` maps a workspace's id to the folder whose content
    its apps start in; when it is empty, every well-formed id is accepted and starts in an empty folder. `slots` says
    how many apps of a queue run at once, 2 where it is silent. `runtime` is `process`, `podman` or `docker`.
    """

    home: Path
    hdfs: Path
    workspaces: Mapping[str, Path] = field(default_factory=dict)
    slots: Mapping[str, int] = field(default_factory=dict)
    runtime: str = "process"
    access_key: str = ACCESS_KEY
    secret_key: str = field(default=SECRET_KEY, repr=False)

    def __post_init__(self) -> None:
        """Refuse what would fail later in a supervisor, where nobody looks. Raises ValueError."""
        if self.runtime not in RUNTIMES:
            raise ValueError(f"runtime is '{self.runtime}', which is none of {', '.join(RUNTIMES)}")
        for path in (self.home, self.hdfs, *self.workspaces.values()):
            if not path.is_absolute():
                raise ValueError(f"'{path}' must be an absolute path")
        for queue, count in self.slots.items():
            if count < 1:
                raise ValueError(f"slots of queue '{queue}' is {count}; it must be 1 or more")

    def slots_of(self, queue: str) -> int:
        """Return how many apps of `queue` may run at once."""
        return self.slots.get(queue, DEFAULT_SLOTS)

    def to_json(self) -> str:
        """Return what a supervisor must know to start the next app; never a key."""
        return json.dumps(
            {
                "hdfs": str(self.hdfs),
                "workspaces": {name: str(path) for name, path in self.workspaces.items()},
                "slots": dict(self.slots),
                "runtime": self.runtime,
            },
            sort_keys=True,
        )

    @classmethod
    def from_json(cls, home: Path, text: str) -> LocalSettings:
        """Return the settings that `to_json` wrote."""
        data = json.loads(text)
        return cls(
            home=home,
            hdfs=Path(data["hdfs"]),
            workspaces={name: Path(path) for name, path in data["workspaces"].items()},
            slots=data["slots"],
            runtime=data["runtime"],
        )


def workspace_names(workspaces: Mapping[str, Path]) -> dict[str, str]:
    """Return the name of each workspace: its folder's name made to fit the API's rule, unique in the account."""
    names: dict[str, str] = {}
    for key in sorted(workspaces):
        name = _fitting(workspaces[key].name)
        names[key] = open_workspace_name(key) if name in names.values() else name
    return names


def open_workspace_name(workspace_id: str) -> str:
    """Return the name of a workspace that has no folder: stable, and different for different ids."""
    return "ws-" + hashlib.sha256(workspace_id.encode()).hexdigest()[:12]


def _fitting(text: str) -> str:
    """Return `text` as lower-case letters, digits and single hyphens, first a letter, at most 15 characters."""
    kept = re.sub(r"[^a-z0-9]+", "-", text.lower()).lstrip("-0123456789")[:_NAME_SIZE].rstrip("-")
    return kept or "workspace"
