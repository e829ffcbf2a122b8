"""Who this process is, and whether the process that wrote an entry is provably dead.

A process id alone proves nothing: it is used again, and another container has its own. So an actor also carries the
host's boot id with the pid namespace, and the start time of the process. Where these cannot be read or belong to
another machine, nothing is proved, and an open intent counts as in flight until its deadline.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import uuid
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dfsubmit.journal import Actor

if TYPE_CHECKING:
    from collections.abc import Mapping

# /proc/PID/stat: field 22 is the start time in clock ticks since boot; the command (field 2) may hold spaces.
_START_FIELD_AFTER_COMMAND = 19
# The start time of a process that has ended: no other process has it.
_ENDED = "ended"
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def current_actor(environ: Mapping[str, str]) -> Actor:
    """Return this process as an actor of a new run; the CI variables of GitHub and GitLab add where it came from."""
    server, repository = environ.get("GITHUB_SERVER_URL", ""), environ.get("GITHUB_REPOSITORY", "")
    run_id = environ.get("GITHUB_RUN_ID", "")
    github_run = f"{server}/{repository}/actions/runs/{run_id}" if server and repository and run_id else ""
    return Actor(
        host=socket.gethostname(),
        boot=_boot(),
        pid=os.getpid(),
        started=_started(os.getpid()),
        run=uuid.uuid4().hex,
        commit=environ.get("GITHUB_SHA") or environ.get("CI_COMMIT_SHA") or "",
        user=environ.get("GITHUB_ACTOR") or environ.get("GITLAB_USER_LOGIN") or environ.get("USER") or "",
        url=github_run or environ.get("CI_JOB_URL") or "",
    )


def with_commit_of(actor: Actor, folder: Path) -> Actor:
    """Return `actor` with the commit that is checked out in `folder`, unless CI told one; as it is where there is none."""
    if actor.commit:
        return actor
    found = _output_of(["git", "-C", str(folder), "rev-parse", "--verify", "--quiet", "HEAD"])
    return replace(actor, commit=found) if _COMMIT.fullmatch(found) else actor


def is_provably_dead(actor: Actor) -> bool:
    """Tell whether the process of `actor` is certain to be gone; False also when that cannot be known."""
    if not actor.boot or not actor.started or actor.boot != _boot():
        return False
    started = _started(actor.pid)
    # What cannot be seen need not be gone: /proc may hide the processes of others, and `ps` may fail.
    return _is_gone(actor.pid) if not started else started != actor.started


def is_provably_alive(actor: Actor) -> bool:
    """Tell whether the process of `actor` certainly runs on this machine now."""
    return bool(actor.boot and actor.started) and actor.boot == _boot() and _started(actor.pid) == actor.started


def _boot() -> str:
    """Return what tells this boot and pid namespace from all others; empty where it cannot be read."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        # Path.readlink would do, but the target is no path: "pid:[4026531836]".
        return f"{boot}/{os.readlink('/proc/self/ns/pid')}"  # noqa: PTH115  # see above
    except OSError:
        return _boot_without_proc()


def _boot_without_proc() -> str:
    found = re.search(r"sec = (\d+), usec = (\d+)", _output_of(["sysctl", "-n", "kern.boottime"]))
    return f"boottime-{found[1]}.{found[2]}" if found else ""


def _is_gone(pid: int) -> bool:
    """Tell whether the system knows no process `pid`, not even one that this process may not look at."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def _started(pid: int) -> str:
    """Return the start time of process `pid` in ticks since boot; empty when no such process is to be seen."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except ProcessLookupError:
        return ""
    except OSError:
        return "" if Path("/proc/self/stat").exists() else _output_of(["ps", "-o", "lstart=", "-p", str(pid)])
    fields = stat.rpartition(")")[2].split()
    # A zombie has ended: it sends nothing any more.
    return _ENDED if fields[0] == "Z" else fields[_START_FIELD_AFTER_COMMAND]


def _output_of(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
