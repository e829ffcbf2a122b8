"""Processes that outlive those who know them: which one is meant, whether it still is the same, and how to end it.

A process id alone is reused; with the host's boot, the pid namespace and the start time it is unmistakable. Linux tells
them in /proc, other systems through `ps`; where neither does, a process is never taken for the one that was meant.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

_HAS_PROC = Path("/proc/self/stat").exists()
# Places in /proc/<pid>/stat after the command's name: state, process group, start time in clock ticks since boot.
_STATE = 0
_GROUP = 2
_START = 19


def mark(pid: int) -> str:
    """Return what tells this process from every other, past or to come; empty when it is dead or cannot be told."""
    start = _start(pid)
    return f"{pid} {start} {_boot()}" if start else ""


def group_exists(pgid: int) -> bool:
    """Tell whether any process of the group is alive; zombies that nobody has waited for yet do not count."""
    try:
        os.killpg(pgid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    if not _HAS_PROC:
        return True
    found = (_stat(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return any(fields[_GROUP] == str(pgid) and fields[_STATE] not in "ZX" for fields in found if fields)


def signal_group(pgid: int, number: signal.Signals) -> None:
    """Send a signal to every process of the group, if there is any."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pgid, number)


def end_marked_group(marked: str) -> None:
    """End the group whose leader had this mark, unless its id has gone to another process since.

    A dead leader's id is not given to a new process while its group exists, so a group without a leader is still the
    one that was meant.
    """
    pid, _, rest = marked.partition(" ")
    if not pid or not rest.endswith(_boot()):
        return
    now = mark(int(pid))
    if now in ("", marked):
        signal_group(int(pid), signal.SIGKILL)


def wait_for_group(pgid: int, seconds: float) -> bool:
    """Wait until no process of the group is left; False when the time ran out first."""
    deadline = time.monotonic() + seconds
    while group_exists(pgid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _start(pid: int) -> str:
    """Return when the process started, empty when it is dead; a zombie is dead."""
    if not _HAS_PROC:
        return _start_by_ps(pid)
    fields = _stat(pid)
    return fields[_START] if fields and fields[_STATE] not in "ZX" else ""


def _stat(pid: int) -> list[str]:
    """Return what /proc says of a process, from its state on; nothing when it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _start_by_ps(pid: int) -> str:
    try:
        done = subprocess.run(
            ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    state, _, started = done.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else "_".join(started.split())


def _boot() -> str:
    """Return which boot and pid namespace this is."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return "unknown"
