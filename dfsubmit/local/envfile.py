"""The env of apps that have not started yet: one file each, readable by its owner alone, gone once the app runs.

Values of env may be secrets, so they are nowhere else: not in the database, not in a log, not in an answer.
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

from dfsubmit.local.world import CannotRunError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

# A file that no app owns is removed after this many seconds; a submit needs far less between file and app.
_SWEEP_AFTER = 600.0


class EnvFiles:
    """The folder `<home>/env`."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._folder = home / "env"

    def keep(self, app_id: str, env: Mapping[str, str]) -> None:
        """Write the env of an app, durably. Raises OSError."""
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        file = os.open(self._folder / app_id, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(file, "wb") as stream:  # noqa: PTH123  # a descriptor, not a path
            stream.write(json.dumps(dict(env)).encode())
            stream.flush()
            os.fsync(stream.fileno())

    def read(self, app_id: str) -> dict[str, str]:
        """Return the env of an app. Raises CannotRunError when it cannot be read, as after it was removed by hand."""
        try:
            env: dict[str, str] = json.loads((self._folder / app_id).read_bytes())
        except (OSError, ValueError) as error:
            raise CannotRunError(f"the app's env cannot be read any more ({error}); submit the app again") from error
        return env

    def remove(self, app_id: str) -> None:
        """Remove the env of an app if it is there."""
        (self._folder / app_id).unlink(missing_ok=True)

    def sweep(self, wanted: Collection[str]) -> None:
        """Remove old files of apps that are not among `wanted`: a process died between file and app."""
        if not self._folder.is_dir():
            return
        for file in self._folder.iterdir():
            if file.name not in wanted and time.time() - file.stat().st_mtime > _SWEEP_AFTER:
                file.unlink(missing_ok=True)
