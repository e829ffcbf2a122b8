"""The supervisor of one app, a process of its own: `python -m dfsubmit.local.runner <home> <app id> <claim>`.

It takes up its claim, makes the working folder, runs the command, stores the outputs, records the end, and takes a turn of
the pump so that the next app starts. The command waits behind a gate until it is recorded, with its process, that it may
have begun; so a crash before that line leaves an app that can be started again, and one after it an app that is FAILED,
with nothing in between. A kill is asked for in the world's file, which the supervisor looks at while it waits.

Outputs are stored only when the command ended with 0: results of a failed run must not replace good ones (a choice).
"""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dfsubmit.local import files, processes, runtime, supervise
from dfsubmit.local.envfile import EnvFiles
from dfsubmit.local.logs import app_folder, log_path
from dfsubmit.local.pump import Pump
from dfsubmit.local.store import Store
from dfsubmit.local.world import CannotRunError, Event, Phase, Transfer, ended_as

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Seconds from SIGTERM to SIGKILL.
GRACE_SECONDS = 5.0
# Seconds between looks at whether the app is to be killed.
LOOK_SECONDS = 0.2
# Seconds for which the end of an app is tried to be recorded, on a full disk for instance.
PERSISTENCE = 60.0

# The command starts when a line arrives; when the supervisor dies before, there is an end of file and no command.
_GATE = 'read -r dfsubmit_gate && exec "$@" </dev/null'


class Supervisor:
    """The life of one app under one claim."""

    def __init__(self, home: Path, app_id: str, claim: str, *, grace: float = GRACE_SECONDS) -> None:
        self._home = home
        self._id = app_id
        self._claim = claim
        self._grace = grace
        self._store = Store(home)
        self._env = EnvFiles(home)
        self._folder = app_folder(home, app_id)
        self._log = log_path(home, app_id)
        self._work = self._folder / "work"
        self._tmp = self._folder / "tmp"
        # What the main thread waits for: the exit code of the command, or None when we are told to stop.
        self._news: queue.SimpleQueue[int | None] = queue.SimpleQueue()

    def run(self) -> None:
        """Take the app from its claim to its end, unless somebody else has done so. Raises sqlite3.Error, OSError."""
        if not self._store.exists:
            return
        with supervise.hold(self._folder):
            if self._step(Event.REGISTER) is not None:
                self._log.touch(mode=0o600)
                self._carry_through()
        Pump(self._store, self._store.settings()).turn()
        self._env.sweep(self._store.with_env())
        self._store.close()

    def stop(self) -> None:
        """End the app, because this process was told to end. May be called from a signal handler."""
        self._news.put(None)

    def _carry_through(self) -> None:
        try:
            event, reason = self._live()
        except CannotRunError as error:
            event, reason = Event.FAIL, str(error)
        except Exception as error:  # noqa: BLE001  # nobody above can tell the user; the log can
            event, reason = Event.FAIL, f"the local engine could not run the app: {type(error).__name__}: {error}"
        self._env.remove(self._id)
        self._end(event, reason)
        shutil.rmtree(self._tmp, ignore_errors=True)
        if event is Event.SUCCEED:
            shutil.rmtree(self._work, ignore_errors=True)

    def _live(self) -> tuple[Event, str]:
        """Do what the app is there for, and return how it ended and what to say of it."""
        found = self._store.find(self._id, time.time_ns() // 1_000_000)
        if found is None:
            raise LookupError("the app is not in the world's file")
        spec = found[1]
        self._prepare(spec)
        child = self._start(spec)
        try:
            if child is None:
                return Event.KILL, "killed before the command began"
            return self._outcome(spec, child)
        finally:
            self._clean_up(spec, child)

    def _prepare(self, spec: Mapping[str, Any]) -> None:
        """Make the working folder with the workspace's content and the inputs."""
        # What an earlier attempt left behind.
        shutil.rmtree(self._work, ignore_errors=True)
        shutil.rmtree(self._tmp, ignore_errors=True)
        self._work.mkdir(mode=0o700, parents=True)
        self._tmp.mkdir(mode=0o700)
        hdfs = Path(spec["hdfs"])
        if spec["workspace"]:
            files.copy_workspace(Path(spec["workspace"]), self._work, without=(hdfs, self._home))
        for item in _transfers(spec["inputs"]):
            files.copy_input(hdfs, self._work, item)

    def _start(self, spec: Mapping[str, Any]) -> subprocess.Popen[bytes] | None:
        """Start the command, once it is recorded that it may have begun; None when the app was killed before."""
        env = self._env.read(self._id) if self._store.has_env(self._id) else {}
        launch = runtime.launch(spec, env, home=self._home, app_id=self._id, work=self._work, tmp=self._tmp)
        with self._log.open("ab") as log:
            child = subprocess.Popen(
                ["/bin/sh", "-c", _GATE, "sh", *launch.argv],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._work,
                env=launch.env,
                start_new_session=True,
            )
        word = b""
        try:
            if self._step(Event.BEGIN, child=processes.mark(child.pid)) is not None:
                self._env.remove(self._id)
                # If this fails, the next turn of the pump after the app's end does it.
                with contextlib.suppress(sqlite3.Error):
                    self._store.forget_env(self._id)
                word = b"go\n"
        finally:
            if child.stdin is not None:
                with contextlib.suppress(BrokenPipeError), child.stdin:
                    child.stdin.write(word)
            if not word:
                child.wait()
        return child if word else None

    def _outcome(self, spec: Mapping[str, Any], child: subprocess.Popen[bytes]) -> tuple[Event, str]:
        code = self._wait(child)
        if code is None:
            return Event.DIE, "the supervisor was told to stop, and ended the app"
        if self._store.kill_wanted(self._id):
            return Event.KILL, f"killed on request, {_exit_text(code)}"
        if code:
            return Event.FAIL, _exit_text(code)
        outputs = _transfers(spec["outputs"])
        lock = self._home / "outputs.lock"
        try:
            files.store_outputs(Path(spec["hdfs"]), self._work, outputs, app_id=self._id, lock=lock)
        except (CannotRunError, OSError) as error:
            return Event.FAIL, f"{error}\n{_exit_text(code)}, but the outputs could not be stored"
        return Event.SUCCEED, _exit_text(code)

    def _wait(self, child: subprocess.Popen[bytes]) -> int | None:
        """Wait for the command, and end it when that is asked for; None when we were told to stop."""
        threading.Thread(target=lambda: self._news.put(child.wait()), daemon=True).start()
        while True:
            try:
                news = self._news.get(timeout=LOOK_SECONDS)
            except queue.Empty:
                # A file that cannot be read for a moment is no reason to lose the app.
                with contextlib.suppress(sqlite3.Error):
                    if self._store.kill_wanted(self._id):
                        return self._terminate(child)
                continue
            if news is None:
                self._terminate(child)
            else:
                # An app ends with all its processes. At once, while the group's id cannot have gone to another.
                processes.signal_group(child.pid, signal.SIGKILL)
            return news

    def _terminate(self, child: subprocess.Popen[bytes]) -> int:
        """End the command's process group: politely, then for certain."""
        processes.signal_group(child.pid, signal.SIGTERM)
        processes.wait_for_group(child.pid, self._grace)
        processes.signal_group(child.pid, signal.SIGKILL)
        return child.wait()

    def _clean_up(self, spec: Mapping[str, Any], child: subprocess.Popen[bytes] | None) -> None:
        """Leave nothing running, whatever went wrong on the way: no process, no container."""
        if child is not None and child.poll() is None:
            processes.signal_group(child.pid, signal.SIGKILL)
            child.wait()
        removal = runtime.removal(spec["runtime"], self._id, os.environ)
        if removal is not None:
            subprocess.run(removal, stdin=subprocess.DEVNULL, capture_output=True, check=False)

    def _end(self, event: Event, reason: str) -> None:
        """Record the end, with its last line in the log just before anybody can see it."""

        def write(phase: Phase) -> None:
            # A log that cannot be written must not keep the end from being known.
            with contextlib.suppress(OSError):
                supervise.note(self._log, f"{reason}, {ended_as(phase)}")

        deadline = time.monotonic() + PERSISTENCE
        while True:
            try:
                self._store.step(self._id, event, time.time_ns() // 1_000_000, claim=self._claim, before=write)
            except sqlite3.Error:
                if time.monotonic() > deadline:
                    raise
                time.sleep(1)
            else:
                return

    def _step(self, event: Event, *, child: str = "") -> Phase | None:
        return self._store.step(self._id, event, time.time_ns() // 1_000_000, claim=self._claim, child=child)


def main(arguments: Sequence[str]) -> int:
    """Supervise one app. Whatever goes wrong here is settled by the next turn of the pump, in any process."""
    home, app_id, claim = arguments
    supervisor = Supervisor(Path(home), app_id, claim)
    # The shell that left us behind ignores these, and the command must not inherit that.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, lambda _number, _frame: supervisor.stop())
    supervisor.run()
    return 0


def _transfers(items: Sequence[Mapping[str, Any]]) -> list[Transfer]:
    return [Transfer(**item) for item in items]


def _exit_text(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"ended by signal {-code}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
