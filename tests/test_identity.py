"""When a process is provably dead, provably alive, and when nothing is proved."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from dfsubmit import identity
from dfsubmit.identity import current_actor, is_provably_alive, is_provably_dead
from dfsubmit.journal import Actor


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def actor_of(process: subprocess.Popen[bytes]) -> Actor:
    started = identity._started(process.pid)  # noqa: SLF001  # what the child itself would have written
    return replace(current_actor({}), pid=process.pid, started=started)


def verdicts(actor: Actor) -> tuple[bool, bool]:
    return is_provably_alive(actor), is_provably_dead(actor)


def test_a_running_process_is_alive_and_an_ended_one_dead(child: subprocess.Popen[bytes]) -> None:
    actor = actor_of(child)
    assert verdicts(actor) == (True, False)
    child.kill()
    child.wait()
    assert verdicts(actor) == (False, True)


def test_a_process_that_ended_and_was_not_waited_for_is_dead(child: subprocess.Popen[bytes]) -> None:
    actor = actor_of(child)
    child.kill()
    deadline = time.monotonic() + 30
    while is_provably_alive(actor) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert verdicts(actor) == (False, True)


def test_another_process_with_the_same_id_does_not_keep_the_first_alive(child: subprocess.Popen[bytes]) -> None:
    assert verdicts(replace(actor_of(child), started="1")) == (False, True)


def test_nothing_is_proved_of_another_machine_or_without_a_start_time(child: subprocess.Popen[bytes]) -> None:
    actor = actor_of(child)
    assert verdicts(replace(actor, boot="another/pid:[1]")) == (False, False)
    assert verdicts(replace(actor, boot="")) == (False, False)
    assert verdicts(replace(actor, started="")) == (False, False)


def test_a_process_that_cannot_be_looked_at_is_not_called_dead(
    child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    actor = actor_of(child)
    # As /proc shows it when the processes of other users are hidden.
    monkeypatch.setattr(identity, "_started", lambda _: "")
    assert verdicts(actor) == (False, False)
    child.kill()
    child.wait()
    assert verdicts(actor) == (False, True)
