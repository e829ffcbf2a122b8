"""Starting supervisors, and telling from outside whether one is alive.

A supervisor is `python -m dfsubmit.local.runner <home> <app id> <claim>` in a session of its own, nobody's child, so that
it outlives the command that started it and is never left as a zombie. It gets only what it needs of the environment:
credentials stay behind. What it reports in a crash of its own goes to `<home>/supervisor.log`.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import IO

# What a supervisor inherits: where things are, how to reach a container engine, and coverage in tests.
_INHERITED = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR", "SYSTEMROOT")
_INHERITED_STARTS = ("LC_", "XDG_", "DOCKER_", "CONTAINER_", "PYTHON", "COVERAGE_")
_PACKAGE_ROOT = Path(__file__).resolve().parents[2]
# The shell leaves the supervisor behind in the background and ends at once.
_LEAVE = '"$@" &'
_LOCK = "alive"
# What supervisors say when they crash, in the engine's home.
LOG_NAME = "supervisor.log"


def new_token() -> str:
    """Return the name of one claim."""
    return secrets.token_hex(8)


def start(home: Path, app_id: str, claim: str) -> None:
    """Start the supervisor of an app. Raises OSError, subprocess.SubprocessError."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    command = [sys.executable, "-m", "dfsubmit.local.runner", str(home), app_id, claim]
    with (home / LOG_NAME).open("ab") as errors:
        subprocess.run(
            ["/bin/sh", "-c", _LEAVE, "sh", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            cwd="/",
            env=_environment(),
            start_new_session=True,
            check=True,
        )


def hold(folder: Path) -> IO[bytes]:
    """Return the open lock that says its holder is the supervisor of the app in `folder`, alive. Waits for it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    stream = (folder / _LOCK).open("wb")
    fcntl.flock(stream, fcntl.LOCK_EX)
    return stream


def is_alive(folder: Path) -> bool:
    """Tell whether somebody holds the lock of the app in `folder`."""
    try:
        stream = (folder / _LOCK).open("rb")
    except FileNotFoundError:
        return False
    with stream:
        try:
            # Shared, so that two who look at the same time do not take each other for the supervisor.
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def note(log: Path, text: str) -> None:
    """Add lines of our own to an app's log, set apart from what the app wrote."""
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with log.open("ab+") as stream:
        stream.seek(0, os.SEEK_END)
        if stream.tell():
            stream.seek(-1, os.SEEK_END)
            if stream.read(1) != b"\n":
                stream.write(b"\n")
        stream.write("".join(f"dfsubmit: {line}\n" for line in text.splitlines()).encode(errors="replace"))


def _environment() -> dict[str, str]:
    env = {
        name: value for name, value in os.environ.items() if name in _INHERITED or name.startswith(_INHERITED_STARTS)
    }
    # File names and env are UTF-8, whatever the locale is.
    env["PYTHONUTF8"] = "1"
    # The supervisor starts elsewhere; a checkout that was found through the current folder must be found from there too.
    if str(_PACKAGE_ROOT) not in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib")):
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(_PACKAGE_ROOT), env.get("PYTHONPATH", "")]))
    return env
