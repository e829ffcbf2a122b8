"""Work in a second process: what it returns, and that it is never left behind."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

import pytest

from dfsubmit import beside

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes can be forked here")


def no_child_is_left() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return True
    return False


def test_both_halves_are_done_and_what_the_other_process_found_comes_back() -> None:
    done = []
    assert beside.both(lambda: done.append("here"), lambda: ["there", os.getpid()])[0] == "there"
    assert done == ["here"]
    assert no_child_is_left()


def test_a_second_process_that_fails_gives_nothing() -> None:
    assert beside.both(lambda: None, lambda: sys.exit(3)) is None
    assert no_child_is_left()


def test_what_goes_wrong_here_ends_the_other_process_at_once() -> None:
    with pytest.raises(ZeroDivisionError):
        beside.both(lambda: 1 / 0, lambda: time.sleep(3_600))
    assert no_child_is_left()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_moment_of_forking_leaves_no_process_behind(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    fork = os.fork

    def interrupted() -> int:
        child = fork()
        if child:
            # To this thread, as in the command, which has no other; a thread of the test's runner would not have it blocked.
            signal.pthread_kill(threading.get_ident(), number)
        return child

    def raising(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fork", interrupted)
    before = signal.signal(number, raising)
    try:
        with pytest.raises(KeyboardInterrupt):
            beside.both(lambda: None, lambda: time.sleep(60))
    finally:
        signal.signal(number, before)
    assert no_child_is_left()


def test_without_another_process_the_error_is_told_and_signals_come_through_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused() -> int:
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", refused)
    with pytest.raises(OSError):  # noqa: PT011  # whatever the system says
        beside.both(lambda: None, lambda: None)
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ()) & {signal.SIGINT, signal.SIGTERM}
