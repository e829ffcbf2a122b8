"""The ledger in git, beyond the conformance suite: the remote, other clones, and what can go wrong between them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from git_place import Host, git, with_git
from ledger_entries import entry, item, submitted

from dfsubmit.errors import LedgerCorruptError, LedgerError
from dfsubmit.journal import Event, fold
from dfsubmit.ledger import codec
from dfsubmit.ledger.base import Verdict
from dfsubmit.ledger.gitcache import Cache
from dfsubmit.ledger.gitlayout import DEFAULT_REF, FORMAT, segment_path
from dfsubmit.ledger.gitwords import Push, Pushed
from dfsubmit.ledger.verify import verify

WON, LOST, HELD = Verdict.WON, Verdict.LOST, Verdict.HELD
GPT = item("gpt")
# A `git` that looks for the word push among its arguments, as in `git --git-dir=… -c … push …`.
IF_PUSH = 'case " $* " in *" push "*) ;; *) exec $REAL "$@";; esac\n'


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    made = Host(tmp_path / "host")
    yield made
    made.close()


@pytest.fixture
def used(host: Host) -> Host:
    """Return a host whose ledger has one submitted app, seen by the clone `clone`."""
    assert host.ledger().append(submitted(item())) == (WON, WON)
    return host


# Answers that are lost


def test_a_push_whose_answer_was_lost_is_found_in_the_history(host: Host, tmp_path: Path) -> None:
    environ = with_git(tmp_path / "bin", IF_PUSH + '$REAL "$@" >/dev/null 2>&1; echo "fatal: early EOF" >&2; exit 128')
    assert host.ledger(environ=environ).append([entry(Event.INTENT, 1)]) == (WON,)
    assert host.commits() == 1
    assert list(host.ledger("other").entries(None)) == [entry(Event.INTENT, 1)]


def test_a_lost_answer_is_found_after_others_have_moved_the_ref_on(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, other = host.ledger(), host.ledger("other")
    real = Cache.push

    def lossy(self: Cache, commit: str, expected: str) -> Pushed:
        monkeypatch.setattr(Cache, "push", real)
        assert real(self, commit, expected).end is Push.DONE
        assert other.append(submitted(GPT)) == (WON, WON)
        return Pushed(end=Push.UNKNOWN, said="early EOF")

    monkeypatch.setattr(Cache, "push", lossy)
    assert ledger.append([entry(Event.INTENT, 1)]) == (WON,)
    assert list(ledger.entries(None)) == [entry(Event.INTENT, 1), *submitted(GPT)]


def test_a_push_that_did_not_arrive_is_made_again(host: Host, tmp_path: Path) -> None:
    script = (
        IF_PUSH
        + 'if [ ! -e $HERE/once ]; then touch $HERE/once; echo "fatal: early EOF" >&2; exit 128; fi; exec $REAL "$@"'
    )
    assert host.ledger(environ=with_git(tmp_path / "bin", script)).append(submitted(item())) == (WON, WON)
    assert host.commits() == 1


def test_when_no_push_gets_through_it_is_said_that_the_outcome_is_unknown(host: Host, tmp_path: Path) -> None:
    environ = with_git(tmp_path / "bin", IF_PUSH + 'echo "fatal: unable to access: Failed to connect" >&2; exit 128')
    with pytest.raises(LedgerError, match=r"did not take 5 pushes.*Failed to connect.*recorded is not known"):
        host.ledger(environ=environ).append(submitted(item()))
    assert host.ledger("other").states(None) == {}


# Others at the same ref


def test_a_ref_that_moves_ten_times_during_an_append_is_followed(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, other = host.ledger(), host.ledger("other")
    real, moves = Cache.push, []

    def raced(self: Cache, commit: str, expected: str) -> Pushed:
        if self is ledger._cache and len(moves) < 10:  # noqa: SLF001  # which of the two is it
            moves.append(commit)
            other.append([entry(Event.INTENT, 1, item(f"app-{len(moves)}"))])
        return real(self, commit, expected)

    monkeypatch.setattr(Cache, "push", raced)
    assert ledger.append(submitted(item())) == (WON, WON)
    assert len(moves) == 10
    assert len(list(other.entries(None))) == 12
    assert verify(other).misfits == ()


def test_an_append_gives_up_after_its_patience_and_records_nothing(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Cache, "push", lambda *_: Pushed(end=Push.MOVED))
    with pytest.raises(LedgerError, match=r"during each of \d+ tries; nothing was recorded"):
        host.ledger(patience=0.2).append(submitted(item()))


def test_of_two_clones_that_append_the_same_intent_one_wins(host: Host) -> None:
    first, second = host.ledger("one"), host.ledger("two")
    assert first.states(None) == second.states(None) == {}
    assert first.append([entry(Event.INTENT, 1)]) == (WON,)
    assert second.append([entry(Event.INTENT, 1), entry(Event.INTENT, 1, GPT)]) == (LOST, WON)


def test_a_clone_that_knows_an_old_state_says_neither_lost_nor_held_by_it(host: Host) -> None:
    first, second = host.ledger("one"), host.ledger("two")
    first.append([entry(Event.INTENT, 1, hold="ws/x")])
    assert second.append([entry(Event.INTENT, 1, GPT, hold="ws/x")]) == (HELD,)
    first.append([entry(Event.NOT_SENT, 2)])
    assert second.append([entry(Event.INTENT, 1, GPT, hold="ws/x"), entry(Event.INTENT, 3)]) == (WON, WON)


def test_processes_in_clones_of_their_own_win_each_version_once(host: Host) -> None:
    worker = Path(__file__).with_name("ledger_worker.py")
    processes = [
        subprocess.Popen(
            [sys.executable, worker, "git:origin", host.clone(f"w{number}")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    names = [f"app-{number}" for number in range(6)]
    for process in processes:
        assert process.stdin is not None
        for name in names:
            text = json.dumps({"do": "append", "entries": [codec.encode(one) for one in submitted(item(name))]})
            process.stdin.write(text + "\n")
        process.stdin.close()
    won = Counter[str]()
    for process in processes:
        assert process.stdout is not None
        answers = [json.loads(line) for line in process.stdout][1:]
        won.update(name for name, verdicts in zip(names, answers, strict=True) for one in verdicts if one == "won")
        assert process.wait() == 0
        process.stdout.close()
    assert won == dict.fromkeys(names, 2)
    assert verify(host.ledger()).misfits == ()


# A broken chain


def test_a_deleted_ref_is_refused_by_who_has_seen_it_and_empty_for_who_has_not(used: Host) -> None:
    seen = used.tip()
    git(used.bare, "update-ref", "-d", DEFAULT_REF)
    for use in (
        lambda ledger: ledger.states(None),
        lambda ledger: list(ledger.entries(None)),
        lambda ledger: ledger.append(submitted(GPT)),
    ):
        with pytest.raises(LedgerCorruptError, match=f"was deleted.*{seen}") as caught:
            use(used.ledger())
        assert "git push --force" in caught.value.tip
    assert used.ledger("fresh").states(None) == {}
    git(used.bare, "update-ref", DEFAULT_REF, seen)
    assert used.ledger().append(submitted(GPT)) == (WON, WON)


def test_a_deleted_ref_is_not_made_again_by_a_push(used: Host) -> None:
    """The first try of an append pushes without a look; it must not create what it expects to be there."""
    ledger = used.ledger()
    ledger.states(None)
    git(used.bare, "update-ref", "-d", DEFAULT_REF)
    with pytest.raises(LedgerCorruptError):
        ledger.append([entry(Event.KILLED, 3)])
    assert git(used.bare, "for-each-ref", DEFAULT_REF) == ""


def test_a_ref_that_lost_commits_is_refused(used: Host) -> None:
    first = used.tip()
    used.ledger().append(submitted(GPT))
    git(used.bare, "update-ref", DEFAULT_REF, first)
    for _ in range(2):
        with pytest.raises(LedgerCorruptError, match="does not contain the last commit seen here"):
            used.ledger().states(None)
    with pytest.raises(LedgerCorruptError):
        used.ledger().append([entry(Event.KILLED, 3)])
    assert used.tip() == first


def test_another_history_with_the_same_content_is_refused(used: Host) -> None:
    files = {path: used.read(path) for path in git(used.bare, "ls-tree", "-r", "--name-only", DEFAULT_REF).split()}
    git(used.bare, "update-ref", "-d", DEFAULT_REF)
    used.write(files)
    with pytest.raises(LedgerCorruptError, match="does not contain"):
        used.ledger().states(None)
    assert used.ledger("fresh").states(None) == fold(submitted(item()))


# What dfsubmit did not write

LINE = codec.dumps(entry(Event.INTENT, 1, GPT)).encode()
GARBAGE: dict[str, tuple[dict[str, bytes | None], str]] = {
    "no json": ({segment_path(1): b"hello\n"}, rf"{segment_path(1)} line 1: .*not JSON"),
    "second line": ({segment_path(1): LINE + b"\n{}\n"}, rf"{segment_path(1)} line 2: .*lacks"),
    "half a line": ({segment_path(1): LINE}, "does not end with a whole line"),
    "empty": ({segment_path(1): b""}, "does not end with a whole line"),
    "not ascii": ({segment_path(1): LINE + b"\n\xff\n"}, r"line 2: byte \d+ is not ASCII"),
    "no such step": ({segment_path(1): codec.dumps(entry(Event.KILLED, 1, GPT)).encode() + b"\n"}, "which is none"),
    "gap": ({segment_path(2): LINE + b"\n"}, rf"{segment_path(1)} is missing"),
    "changed": ({segment_path(0): LINE + b"\n"}, rf"{segment_path(0)} was changed"),
    "removed": ({segment_path(0): None}, rf"{segment_path(0)} was removed|there are no entries"),
    "another file": ({'"notes\\n.txt"': b"x"}, r"notes\\n\.txt was added"),
    "a newer entry": ({segment_path(1): LINE.replace(b'"format":1', b'"format":2') + b"\n"}, "a newer one wrote it"),
    "a newer layout": ({"FORMAT": FORMAT.replace("1", "2").encode()}, "has layout 2"),
    "no format": ({"FORMAT": None}, "holds no ledger"),
}


@pytest.mark.parametrize(("files", "message"), GARBAGE.values(), ids=GARBAGE)
@pytest.mark.parametrize("clone", ["clone", "fresh"])
def test_what_dfsubmit_did_not_write_is_refused_with_its_place(
    used: Host, clone: str, files: dict[str, bytes | None], message: str
) -> None:
    if clone == "fresh" and message.endswith("changed"):
        pytest.skip("who has not seen the ledger before cannot tell that it was another one")
    used.write(files)
    for _ in range(2):
        with pytest.raises(LedgerError, match=message):
            used.ledger(clone).states(None)
    before = used.tip()
    with pytest.raises(LedgerError):
        used.ledger(clone).append([entry(Event.INTENT, 1, GPT)])
    assert used.tip() == before
    report = verify(used.ledger(clone))
    assert report.misfits != ()
