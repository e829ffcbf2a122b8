"""The ledger in git, beyond the conformance suite: the remote, other clones, and what can go wrong between them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from git_place import Host, everything_below, git, with_git
from ledger_entries import BY, entry, item, submitted

from dfsubmit.errors import LedgerCorruptError, LedgerError
from dfsubmit.journal import Event, fold
from dfsubmit.ledger import codec, gitappend, gitcache, gitindex, gitoutage
from dfsubmit.ledger.base import Verdict
from dfsubmit.ledger.git import GitLedger
from dfsubmit.ledger.gitcache import Cache
from dfsubmit.ledger.gitlayout import DEFAULT_REF, FORMAT, segment_number, segment_path
from dfsubmit.ledger.gitplumbing import look_at, run
from dfsubmit.ledger.gitwords import HostUnreachableError, Push, Pushed, failure, read_push
from dfsubmit.ledger.verify import verify

WON, LOST, HELD = Verdict.WON, Verdict.LOST, Verdict.HELD
GPT = item("gpt")
# A `git` that looks for the word push among its arguments, as in `git --git-dir=… -c … push …`.
IF_PUSH = 'case " $* " in *" push "*) ;; *) exec $REAL "$@";; esac\n'


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two hosts to copy: one as new, one whose ledger has an app, seen by the clone `clone`."""
    folder = tmp_path_factory.mktemp("prepared")
    for name in ("new", "used"):
        made = Host(folder / name)
        made.make()
        for clone in ("clone", "other"):
            made.clone(clone)
    used = Host(folder / "used")
    assert used.ledger().append(submitted(item())) == (WON, WON)
    used.close()
    return folder


@pytest.fixture
def host(prepared: Path, tmp_path: Path) -> Iterator[Host]:
    shutil.copytree(prepared / "new", tmp_path / "host")
    made = Host(tmp_path / "host")
    yield made
    made.close()


@pytest.fixture
def used(prepared: Path, tmp_path: Path) -> Iterator[Host]:
    """Yield a host whose ledger has one submitted app, seen by the clone `clone`."""
    shutil.copytree(prepared / "used", tmp_path / "used")
    made = Host(tmp_path / "used")
    yield made
    made.close()


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


@pytest.mark.parametrize("name", ["new", "used"])
def test_a_push_that_git_made_twice_by_itself_is_not_taken_for_somebody_elses(
    name: str, host: Host, used: Host, tmp_path: Path
) -> None:
    """Where a connection breaks behind a request, curl makes the request again; the ref has then moved to the very commit."""
    place = host if name == "new" else used
    again = r"printf 'To h\n!\ta:refs/x\t[remote rejected] (failed to update ref)\nDone\n'; exit 1"
    environ = with_git(tmp_path / "bin", IF_PUSH + '$REAL "$@" >/dev/null 2>&1; ' + again)
    assert place.ledger(environ=environ).append(submitted(GPT)) == (WON, WON)
    assert place.ledger("other").states(None)[GPT].version == 2


def test_what_was_pushed_is_recorded_though_its_index_cannot_be_written(
    used: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise LedgerError("the disk is full")

    ledger = used.ledger()
    ledger.states(None)
    with monkeypatch.context() as patched:
        patched.setattr(gitindex.Index, "write", full)
        assert ledger.append(submitted(GPT)) == (WON, WON)
    assert ledger.append([entry(Event.KILLED, 3, GPT)]) == (WON,)
    assert used.commits() == 3


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


def test_a_host_that_is_away_for_a_while_is_waited_for(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is known of an app that was started must not be lost because the network was away when it was recorded."""
    monkeypatch.setattr(gitoutage, "OUTAGE_PAUSE", 0.02)
    away = (
        'case " $* " in *" push "*|*" fetch "*) ;; *) exec $REAL "$@";; esac\n'
        "if [ $(wc -l < $HERE/tried) -lt 9 ]; then echo >> $HERE/tried; "
        'echo "fatal: unable to access: Could not resolve host: h" >&2; exit 128; fi; exec $REAL "$@"'
    )
    environ = with_git(tmp_path / "bin", away)
    (tmp_path / "bin" / "tried").touch()
    ledger = host.ledger(environ=environ)
    assert ledger.states(None) == {}
    assert ledger.append(submitted(item())) == (WON, WON)
    assert host.commits() == 1


def test_a_host_that_stays_away_is_waited_for_no_longer_than_that(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gitoutage, "OUTAGE_PAUSE", 0.02)
    monkeypatch.setattr(gitoutage, "OUTAGE_SECONDS", 0.1)
    away = (
        'case " $* " in *" push "*|*" fetch "*) echo "fatal: Connection refused" >&2; exit 128;; esac\nexec $REAL "$@"'
    )
    ledger = host.ledger(environ=with_git(tmp_path / "bin", away))
    assert ledger.states(None) == {}
    with pytest.raises(
        LedgerError, match=r"the host cannot be reached.*it was waited for, for 0 s; nothing was recorded"
    ):
        ledger.append(submitted(item()))


def test_who_only_reads_may_be_shown_what_was_seen_last_and_is_told(used: Host, tmp_path: Path) -> None:
    away = (
        'case " $* " in *" ls-remote "*) echo "fatal: Could not resolve host: h" >&2; exit 128;; esac\nexec $REAL "$@"'
    )
    environ = with_git(tmp_path / "bin", away)
    told: list[str] = []

    with contextlib.closing(GitLedger(used.clone("clone"), "origin", environ=environ, last_seen=told.append)) as ledger:
        assert ledger.states(None) == fold(submitted(item()))
        assert ledger.as_of() == used.tip()
    assert len(told) == 1
    assert "the host cannot be reached" in told[0]
    assert f"as of {used.tip()}, which was seen here last" in told[0]

    for clone, last_seen in (("clone", None), ("other", told.append)):
        blind = GitLedger(used.clone(clone), "origin", environ=environ, last_seen=last_seen)
        with contextlib.closing(blind), pytest.raises(LedgerError, match="the host cannot be reached"):
            blind.states(None)


# Others at the same ref


def test_a_ref_that_moves_ten_times_during_an_append_is_followed(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, other = host.ledger(), host.ledger("other")
    monkeypatch.setattr(gitappend, "_LONGEST_PAUSE", 0.02)
    real = Cache.push
    moves: list[str] = []

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
    first, second = host.ledger("clone"), host.ledger("other")
    assert first.states(None) == second.states(None) == {}
    assert first.append([entry(Event.INTENT, 1)]) == (WON,)
    assert second.append([entry(Event.INTENT, 1), entry(Event.INTENT, 1, GPT)]) == (LOST, WON)


def test_a_clone_that_knows_an_old_state_says_neither_lost_nor_held_by_it(host: Host) -> None:
    first, second = host.ledger("clone"), host.ledger("other")
    first.append([entry(Event.INTENT, 1, hold="ws/x")])
    assert second.append([entry(Event.INTENT, 1, GPT, hold="ws/x")]) == (HELD,)
    first.append([entry(Event.NOT_SENT, 2)])
    assert second.append([entry(Event.INTENT, 1, GPT, hold="ws/x"), entry(Event.INTENT, 3)]) == (WON, WON)


def test_processes_in_clones_of_their_own_win_each_version_once(host: Host) -> None:
    worker = Path(__file__).with_name("ledger_worker.py")
    processes = [
        subprocess.Popen(
            [sys.executable, worker, "git:origin", host.clone(name)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("clone", "other", "first")
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
        assert "push --force" in caught.value.tip
    assert used.ledger("other").states(None) == {}
    git(used.bare, "update-ref", DEFAULT_REF, seen)
    assert used.ledger().append(submitted(GPT)) == (WON, WON)


@pytest.mark.parametrize("lost", ["deleted", "set back"])
@pytest.mark.parametrize("clone", ["clone", "other"])
def test_the_way_out_of_a_broken_chain_is_one(clone: str, lost: str, used: Host) -> None:
    """What `clone` has seen has its whole history; what `other` has fetched since begins with what was there."""
    first = used.tip()
    used.ledger().append(submitted(GPT))
    used.ledger(clone).states(None)
    if lost == "deleted":
        git(used.bare, "update-ref", "-d", DEFAULT_REF)
        git(used.bare, "gc", "--quiet", "--prune=now")
    else:
        git(used.bare, "update-ref", DEFAULT_REF, first)
    with pytest.raises(LedgerCorruptError) as caught:
        used.ledger(clone).states(None)
    command = caught.value.tip.removeprefix("put it back: ").partition("; only if")[0].partition(" (and in")[0]
    subprocess.run(["sh", "-c", command], cwd="/", check=True, capture_output=True)

    assert used.ledger(clone).states(None) == fold([*submitted(item()), *submitted(GPT)])
    assert used.ledger(clone).append([entry(Event.KILLED, 3)]) == (WON,)


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
    assert used.ledger("other").states(None) == fold(submitted(item()))


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


# Who has not seen the ledger before cannot tell that it was another one.
SEEN_BEFORE = frozenset({"changed"})


@pytest.mark.parametrize(
    ("clone", "files", "message"),
    [
        pytest.param(clone, *case, id=f"{clone}-{name}")
        for clone in ("clone", "other")
        for name, case in GARBAGE.items()
        if clone == "clone" or name not in SEEN_BEFORE
    ],
)
def test_what_dfsubmit_did_not_write_is_refused_with_its_place(
    used: Host, clone: str, files: dict[str, bytes | None], message: str
) -> None:
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


# The user's checkout


def checked_out(host: Host, *options: str) -> Path:
    return host.clone("runner", "--no-local", *options)


def test_nothing_of_a_shallow_detached_checkout_is_touched(host: Host) -> None:
    path = checked_out(host, "--depth=1")
    git(path, "checkout", "--quiet", "--detach")
    (path / "a.txt").write_text("changed\n")
    (path / "b.txt").write_text("staged\n")
    git(path, "add", "b.txt")
    before = everything_below(path / ".git")
    ledger = host.ledger("runner")
    assert ledger.append(submitted(item())) == (WON, WON)
    host.ledger("other").append(submitted(GPT))
    assert ledger.states(None) == fold([*submitted(item()), *submitted(GPT)])
    assert verify(ledger).misfits == ()
    ledger.close()
    assert everything_below(path / ".git") == before
    assert git(path, "status", "--porcelain") == "M a.txt\nA  b.txt"


def test_repositories_with_sha256_names_work(tmp_path: Path) -> None:
    host = Host(tmp_path / "host", object_format="sha256")
    host.make()
    assert host.ledger().append(submitted(item())) == (WON, WON)
    assert len(host.tip()) == 64
    assert host.ledger("other").states(None) == fold(submitted(item()))
    host.close()


def test_a_branch_can_hold_the_ledger(host: Host) -> None:
    ledger = host.ledger(ref="dfsubmit-ledger")
    assert ledger.append(submitted(item())) == (WON, WON)
    assert host.commits("refs/heads/dfsubmit-ledger") == 1
    assert ledger.describe() == "git:origin#dfsubmit-ledger"


def test_a_branch_with_other_work_is_no_ledger(host: Host) -> None:
    before = host.tip("refs/heads/main")
    with pytest.raises(LedgerCorruptError, match="holds no ledger of dfsubmit") as caught:
        host.ledger(ref="main").states(None)
    assert "another ref" in caught.value.tip
    with pytest.raises(LedgerCorruptError, match="holds no ledger of dfsubmit"):
        host.ledger(ref="main").append(submitted(item()))
    assert host.tip("refs/heads/main") == before


def test_no_hook_of_the_user_runs(host: Host, tmp_path: Path) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("pre-push", "post-commit", "pre-auto-gc"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
        (hooks / name).chmod(0o755)
    config = tmp_path / "gitconfig"
    config.write_text(f"[core]\n\thooksPath = {hooks}\n[push]\n\tgpgSign = true\n[commit]\n\tgpgSign = true\n")
    environ = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": str(config),
        "GIT_DIR": "/nowhere",
        "GIT_INDEX_FILE": "/nowhere/index",
    }
    assert host.ledger(environ=environ).append(submitted(item())) == (WON, WON)
    assert not (tmp_path / "ran").exists()


def test_settings_of_the_checkout_that_a_transfer_needs_are_handed_on_and_written_nowhere(used: Host) -> None:
    path = used.clone("clone")
    key = "http.https://host.invalid/.extraheader"
    git(path, "config", key, "AUTHORIZATION: basic made-up-token")
    git(path, "config", "credential.helper", "!echo made-up-token")
    git(path, "config", "core.editor", "vi")
    found = look_at(path, "origin", environ=os.environ)
    for name, value in ((key, "AUTHORIZATION: basic made-up-token"), ("credential.helper", "!echo made-up-token")):
        assert run(["config", name], cwd=Path("/"), env=found.env).text == value
    assert "core.editor" not in str(dict(found.env))
    used.ledger().append(submitted(GPT))
    assert not any(b"made-up" in content for content in everything_below(path / ".dfsubmit").values())


def test_git_is_never_given_a_terminal_or_a_program_to_ask(used: Host) -> None:
    environ = {**os.environ, "GIT_ASKPASS": "/bin/window", "SSH_ASKPASS": "/bin/window"}
    environ.pop("CI", None)
    env = look_at(used.clone("clone"), "origin", environ=environ).env
    assert (env["GIT_ASKPASS"], env["GIT_TERMINAL_PROMPT"], env.get("SSH_ASKPASS")) == ("", "0", None)
    assert env["GIT_SSH_COMMAND"].endswith("ssh -oBatchMode=yes")
    assert look_at(used.clone("clone"), "origin", environ={**environ, "CI": "1"}).env["GIT_ASKPASS"] == "/bin/window"


# Settings of the user that change where and how git pushes


def settings(tmp_path: Path, text: str) -> dict[str, str]:
    """Return variables by which git finds `text` as the user's own settings."""
    (tmp_path / "gitconfig").write_text(text)
    return {**os.environ, "GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig")}


@pytest.mark.parametrize("scope", ["global", "local"])
def test_a_rule_for_urls_is_followed_once(scope: str, host: Host, tmp_path: Path) -> None:
    """A rule that puts a mirror's name behind a prefix fits its own outcome, too."""
    (host.folder / "mirror").mkdir()
    git(host.folder, "clone", "--quiet", "--bare", host.bare, host.folder / "mirror" / "host.git")
    git(host.clone("clone"), "remote", "set-url", "origin", str(host.bare))
    key, value = f"url.{host.folder}/mirror/.insteadOf", f"{host.folder}/"
    environ = settings(tmp_path, f'[url "{host.folder}/mirror/"]\n\tinsteadOf = {value}\n')
    if scope == "local":
        git(host.clone("clone"), "config", key, value)
        environ = settings(tmp_path, "")

    assert host.ledger(environ=environ).append(submitted(item())) == (WON, WON)
    assert host.ledger(environ=environ).states(None) == fold(submitted(item()))
    assert git(host.folder / "mirror" / "host.git", "rev-list", "--count", DEFAULT_REF) == "1"


def test_options_that_the_user_gives_to_pushes_are_for_other_pushes(host: Host, tmp_path: Path) -> None:
    git(host.bare, "config", "receive.advertisePushOptions", "true")
    host.hook("pre-receive", f"echo $GIT_PUSH_OPTION_COUNT > {tmp_path}/options")
    environ = settings(tmp_path, "[push]\n\tpushOption = merge_request.create\n")

    assert host.ledger(environ=environ).append(submitted(item())) == (WON, WON)
    assert (tmp_path / "options").read_text().strip() in ("", "0")


# The cache


@pytest.mark.parametrize("form", ["files", "other letters", "link"])
def test_a_cache_that_came_with_the_checkout_is_never_used(form: str, used: Host) -> None:
    """git obeys the settings in it: whoever brings one would have commands of theirs run by a plan."""
    evil = used.clone("evil")
    used.ledger("evil").states(None)
    (cache,) = evil.glob(".dfsubmit/git-ledger/*.git")
    git(cache, "config", "core.sshCommand", "touch hacked")
    if form == "other letters":
        (evil / ".dfsubmit").rename(evil / ".DFsubmit")
    if form == "link":
        (evil / ".dfsubmit").rename(evil / "elsewhere")
        (evil / ".dfsubmit").symlink_to("elsewhere")
    git(evil, "add", "--force", ".")
    git(evil, "commit", "--quiet", "-m", "a cache")
    git(evil, "push", "--quiet", "origin", "HEAD:topic")

    ledger = used.ledger("victim")
    git(used.clone("victim"), "checkout", "--quiet", "topic")
    for use in (lambda: ledger.states(None), lambda: ledger.append(submitted(GPT))):
        with pytest.raises(LedgerError, match="committed, where dfsubmit keeps") as caught:
            use()
        assert "git rm -r --cached .dfsubmit" in caught.value.tip.replace("DF", "df")


def test_what_else_is_committed_in_the_state_folder_is_in_nobodys_way(used: Host) -> None:
    path = used.clone("other")
    (path / ".dfsubmit").mkdir()
    (path / ".dfsubmit" / ".gitignore").write_text("*\n")
    git(path, "add", "--force", ".dfsubmit/.gitignore")

    assert used.ledger("other").states(None) == fold(submitted(item()))


def test_a_damaged_cache_is_told_with_the_way_out(used: Host) -> None:
    (cache,) = used.clone("clone").glob(".dfsubmit/git-ledger/*.git")
    for path in (cache / "objects").rglob("*"):
        if path.is_file():
            path.chmod(0o644)
            path.write_bytes(b"")
    for use in (lambda: list(used.ledger().entries(None)), lambda: used.ledger().append(submitted(GPT))):
        with pytest.raises(LedgerError) as caught:
            use()
        assert caught.value.tip == f"{cache} is only a cache: remove it, and run again"
    shutil.rmtree(cache)
    assert used.ledger().append(submitted(GPT)) == (WON, WON)


def test_the_cache_may_be_removed_at_any_time(used: Host) -> None:
    ledger = used.ledger()
    states = ledger.states(None)
    shutil.rmtree(used.clone("clone") / ".dfsubmit")
    assert ledger.append(submitted(GPT)) == (WON, WON)
    assert set(states) == {item()}
    assert ledger.states(None) == fold([*submitted(item()), *submitted(GPT)])


def test_where_no_cache_can_be_made_the_ledger_works_without(used: Host) -> None:
    (used.clone("other") / ".dfsubmit").write_text("in the way")
    ledger = used.ledger("other")
    assert ledger.append(submitted(GPT)) == (WON, WON)
    assert len(list(ledger.entries(None))) == 4


def test_rows_made_by_other_rules_are_made_anew(used: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gitindex, "_RULES", 7)
    assert used.ledger().states(None) == fold(submitted(item()))
    assert used.ledger().append([entry(Event.KILLED, 3), entry(Event.INTENT, 1)]) == (WON, LOST)


def test_lock_files_that_a_killed_git_left_behind_do_not_stop_anything(
    used: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gitcache, "_STALE_SECONDS", 0.05)
    (cache,) = used.clone("clone").glob(".dfsubmit/git-ledger/*.git")
    used.ledger("other").append(submitted(GPT))
    for name in ("tip", "mine"):
        (cache / f"refs/ledger/{name}.lock").parent.mkdir(parents=True, exist_ok=True)
        (cache / f"refs/ledger/{name}.lock").touch()
    assert used.ledger().append([entry(Event.KILLED, 3, GPT)]) == (WON,)


def test_reading_what_is_not_there_creates_nothing(host: Host) -> None:
    path = host.clone("clone")
    before = everything_below(path)
    assert host.ledger().states(None) == {}
    assert list(host.ledger().entries(None)) == []
    assert everything_below(path) == before


# What is written


def test_a_commit_adds_one_segment_and_few_objects_however_long_the_ledger_is(used: Host) -> None:
    used.write(
        {segment_path(n): codec.dumps(entry(Event.INTENT, 1, item(f"a{n}"))).encode() + b"\n" for n in range(1, 999)}
    )
    ledger = used.ledger()
    assert len(ledger.states(None)) == 999
    before = used.tip()
    ledger.append([entry(Event.INTENT, 1, item(f"b{number}")) for number in range(10)])
    assert git(used.bare, "diff-tree", "-r", "--name-status", before, used.tip()) == f"A\t{segment_path(999)}"
    # A commit, five trees and a file.
    assert len(git(used.bare, "rev-list", "--objects", f"{before}..{used.tip()}").splitlines()) == 7


def test_a_commit_says_what_was_recorded_from_which_commit_by_which_run(host: Host) -> None:
    by = replace(BY, commit="1234abcd", user="kim\nx", url="https://ci.invalid/run/7")
    host.ledger().append([replace(one, by=by) for one in submitted(item())])
    message = git(host.bare, "log", "-1", "--format=%B", DEFAULT_REF)
    lines = message.splitlines()
    assert lines[:4] == [
        "2 entries: bert",
        "",
        "intent nlp/bert sha256:aa version 1",
        "accepted nlp/bert sha256:aa version 2 app app1",
    ]
    assert lines[5:9] == [
        "Commit: 1234abcd",
        "Run: https://ci.invalid/run/7",
        "User: kim\\nx",
        "Host: box process 4711",
    ]


def test_a_large_append_is_one_commit_with_a_bounded_message(host: Host) -> None:
    host.ledger().append([one for number in range(600) for one in submitted(item(f"app-{number}"))])
    assert host.commits() == 1
    message = git(host.bare, "log", "-1", "--format=%B", DEFAULT_REF)
    assert message.startswith("1200 entries: app-0, app-1, app-2 and 597 more\n")
    assert "… and 1000 more entries" in message
    assert len(host.ledger("other").states(None)) == 600


def test_files_that_do_not_belong_there_are_faults_of_the_store(used: Host) -> None:
    used.write({"extra.txt": b"x"})
    assert any("extra.txt" in fault for fault in used.ledger("other").storage_faults())


# What a person is told


def test_a_refused_push_is_told_with_what_the_server_said_and_the_way_out(host: Host) -> None:
    host.hook("pre-receive", "echo 'GH006: Protected ref, changes must be made through a pull request' >&2; exit 1")
    with pytest.raises(LedgerError, match=r"refused.*pre-receive hook declined.*GH006.*nothing was recorded") as caught:
        host.ledger().append(submitted(item()))
    assert "dfsubmit-ledger" in caught.value.tip
    assert host.ledger("other").states(None) == {}


def test_a_host_that_hides_the_ref_is_told_with_the_way_out(host: Host) -> None:
    git(host.bare, "config", "receive.hideRefs", "refs/dfsubmit")
    with pytest.raises(LedgerError, match=r"refused.*hidden ref") as caught:
        host.ledger().append(submitted(item()))
    assert "branch name such as dfsubmit-ledger" in caught.value.tip
    assert host.ledger(ref="dfsubmit-ledger").append(submitted(item())) == (WON, WON)


def test_a_ref_in_the_way_is_told_at_once(host: Host) -> None:
    git(host.bare, "branch", "dfsubmit", "main")
    with pytest.raises(LedgerError, match=r"cannot be made: .*'refs/heads/dfsubmit' exists") as caught:
        host.ledger(ref="dfsubmit/ledger").append(submitted(item()))
    assert "choose another ref" in caught.value.tip


def test_a_server_that_says_moved_for_ever_though_nothing_moves_refuses(
    used: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gitappend, "_LONGEST_PAUSE", 0.02)
    monkeypatch.setattr(gitappend, "_UNMOVED_PUSHES", 3)
    (used.bare / f"{DEFAULT_REF}.lock").touch()
    with pytest.raises(LedgerError, match=r"refused the push .*File exists.*; nothing was recorded"):
        used.ledger().append(submitted(GPT))


def test_a_remote_that_has_the_ref_checked_out_is_told(host: Host) -> None:
    git(host.folder / "first", "checkout", "--quiet", "--orphan", "dfsubmit-ledger")
    git(host.clone("clone"), "remote", "set-url", "origin", "../first")
    with pytest.raises(LedgerError, match="currently checked out") as caught:
        host.ledger(ref="dfsubmit-ledger").append(submitted(item()))
    assert "bare repository" in caught.value.tip


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_what_is_missing_is_said(host: Host, tmp_path: Path) -> None:
    clone = host.clone("clone")
    (tmp_path / "empty").mkdir()
    (tmp_path / "plain").mkdir()
    old = with_git(tmp_path / "old", 'echo "git version 2.20.1"')
    cases: list[tuple[GitLedger, str]] = [
        (GitLedger(clone, "upstream"), r"has no remote 'upstream'; it has origin"),
        (GitLedger(tmp_path / "plain", "origin"), r"is not in a git repository"),
        (GitLedger(tmp_path / "gone", "origin"), r"gone is not a folder"),
        (GitLedger(clone, f"http://127.0.0.1:{free_port()}/x.git"), r"the host cannot be reached"),
        (GitLedger(clone, f"file://{tmp_path}/none.git"), r"there is no such repository"),
        (GitLedger(clone, "ext::touch x"), r"transport 'ext' not allowed"),
        (GitLedger(clone, "origin", environ={"PATH": str(tmp_path / "empty")}), r"needs the program git"),
        (GitLedger(clone, "origin", environ=old), r"needs git 2\.31 or later, and this is 'git version 2\.20\.1'"),
    ]
    for ledger, message in cases:
        with contextlib.closing(ledger):
            with pytest.raises(LedgerError, match=message):
                ledger.states(None)
            with pytest.raises(LedgerError, match=message):
                ledger.append(submitted(item()))


@pytest.mark.parametrize("place", ["clone/.git", "clone/.git/refs", "linked", "host.git/refs"])
def test_inside_of_gits_own_folder_a_relative_remote_is_told_with_the_way_out(place: str, used: Host) -> None:
    clone = used.clone("clone")
    git(clone, "worktree", "add", "--quiet", "--detach", used.folder / "tree")
    git(used.bare, "remote", "add", "origin", "../host.git")
    folder = clone / ".git" / "worktrees" / "tree" if place == "linked" else used.folder / place

    with contextlib.closing(GitLedger(folder, "origin")) as ledger, pytest.raises(LedgerError) as caught:
        ledger.states(None)
    with contextlib.closing(GitLedger(folder, used.url)) as ledger:
        assert ledger.states(None) == fold(submitted(item()))

    assert f"{folder} is inside of git's own folder" in caught.value.message
    assert "the relative URL '../host.git' of the remote" in caught.value.message
    assert "on a folder of the work tree" in caught.value.tip


def test_in_a_bare_repository_itself_a_relative_remote_serves(used: Host) -> None:
    git(used.bare, "remote", "add", "origin", "../host.git")
    with contextlib.closing(GitLedger(used.bare, "origin")) as ledger:
        assert ledger.states(None) == fold(submitted(item()))


def test_a_url_serves_without_a_checkout_and_its_password_is_not_shown(host: Host, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    ledger = GitLedger(tmp_path / "plain", f"file://{host.bare}")
    assert ledger.append(submitted(item())) == (WON, WON)
    ledger.close()
    secret = GitLedger(tmp_path / "plain", f"http://me:made-up@127.0.0.1:{free_port()}/x.git")
    assert "made-up" not in secret.describe()
    with pytest.raises(LedgerError) as caught:
        secret.states(None)
    assert "made-up" not in caught.value.message + caught.value.tip


def test_a_git_that_hangs_is_ended(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gitcache, "PUSH_SECONDS", 0.3)
    monkeypatch.setattr(gitappend, "_UNKNOWN_PUSHES", 1)
    environ = with_git(tmp_path / "bin", IF_PUSH + "sleep 600")
    with pytest.raises(LedgerError, match="did not take 1 pushes"):
        host.ledger(environ=environ).append(submitted(item()))


def test_a_closed_ledger_is_not_used(used: Host) -> None:
    ledger = used.ledger()
    ledger.close()
    with pytest.raises(ValueError, match="was closed"):
        ledger.states(None)


# What git says

PUSHES = [
    ("*\tabc:refs/x\t[new reference]", "", Push.DONE),
    (" \tabc:refs/x\tabc..def", "", Push.DONE),
    ("=\tabc:refs/x\t[up to date]", "", Push.DONE),
    ("!\tabc:refs/x\t[rejected] (stale info)", "", Push.MOVED),
    ("!\tabc:refs/x\t[rejected] (fetch first)", "", Push.MOVED),
    ("!\tabc:refs/x\t[remote rejected] (cannot lock ref 'refs/x': is at 1 but expected 2)", "", Push.MOVED),
    ("!\tabc:refs/x\t[remote rejected] (failed to update ref)", "", Push.MOVED),
    ("!\tabc:refs/x\t[remote rejected] (protected branch hook declined)", "remote: no", Push.REFUSED),
    ("!\tabc:refs/x\t[remote failure] (remote failed to report status)", "", Push.UNKNOWN),
    ("", "fatal: unable to access 'https://h/x/': The requested URL returned error: 403", Push.REFUSED),
    ("", "fatal: unable to access 'https://h/x/': The requested URL returned error: 502", Push.UNKNOWN),
    ("", "git@h: Permission denied (publickey).\nfatal: Could not read from remote repository.", Push.REFUSED),
    ("", "fatal: ref updates aborted by hook\nsend-pack: unexpected disconnect", Push.REFUSED),
    ("", "fatal: the remote end hung up unexpectedly", Push.UNKNOWN),
    (
        "!\tabc:refs/x\t[remote rejected] (failed to update ref)",
        "remote: error: 'refs/y' exists; cannot create",
        Push.REFUSED,
    ),
    (
        "!\tabc:refs/x\t[remote rejected] (failed to update ref)",
        "remote: Unable to create '/x': Disk full",
        Push.REFUSED,
    ),
    (
        "!\tabc:refs/x\t[remote rejected] (failed to update ref)",
        "remote: Unable to create '/x': File exists",
        Push.MOVED,
    ),
    ("", "", Push.UNKNOWN),
]


@pytest.mark.parametrize(("line", "err", "end"), PUSHES)
def test_the_end_of_a_push_is_read_from_what_git_says(line: str, err: str, end: Push) -> None:
    assert read_push(f"To ../host.git\n{line}\nDone\n", err).end is end


@pytest.mark.parametrize(
    "said",
    [
        "The requested URL returned error: 503",
        "The requested URL returned error: 429",
        "Empty reply from server",
        "ssh: Could not resolve hostname h: Temporary failure in name resolution",
        "kex_exchange_identification: Connection closed by remote host",
    ],
)
def test_what_may_be_over_in_a_moment_is_told_from_what_will_not(said: str) -> None:
    assert isinstance(failure("git:x", "read", f"fatal: {said}"), HostUnreachableError)
    assert not isinstance(failure("git:x", "read", "fatal: error: 404"), HostUnreachableError)


@pytest.mark.parametrize("number", [0, 1, 255, 256, 65536 * 7 + 3, 2**32 - 1])
def test_a_segment_has_one_path(number: int) -> None:
    assert segment_number(segment_path(number)) == number
    assert segment_number(segment_path(number) + "x") is None
