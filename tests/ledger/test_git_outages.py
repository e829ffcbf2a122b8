"""A git host that goes away in the midst of a run, over real HTTP: who reads waits as who appends does, and for no refusal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from git_host import HERE, Access, GitHost, git
from ledger_entries import item, submitted

from dfsubmit.errors import LedgerError
from dfsubmit.journal import fold
from dfsubmit.ledger import gitoutage
from dfsubmit.ledger.base import Verdict
from dfsubmit.ledger.git import GitLedger
from dfsubmit.ledger.gitwords import HostUnreachableError, failure

WON = Verdict.WON
TOKEN, OTHER = "made-up-token", "made-up-other-token"
REPOSITORY = "team/specs"
# What a ledger is asked for, and what it answers when there is one submitted app in it.
READS: dict[str, Callable[[GitLedger], object]] = {
    "states": lambda ledger: dict(ledger.states(None)) == fold(submitted(item())),
    "entries": lambda ledger: list(ledger.entries(None)) == submitted(item()),
    "faults": lambda ledger: ledger.storage_faults() == (),
}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gitoutage, "OUTAGE_PAUSE", 0.02)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[GitHost]:
    with GitHost(folder=tmp_path / "host") as host:
        host.repository(REPOSITORY)
        host.tokens |= {TOKEN: Access(REPOSITORY, push=True), OTHER: Access(REPOSITORY, push=True)}
        yield host


@pytest.fixture
def ledger_of(host: GitHost, tmp_path: Path) -> Iterator[Callable[..., GitLedger]]:
    """Yield a way to handles on the ledger, each from a repository of its own."""
    made: list[GitLedger] = []

    def make(name: str = "clone", token: str = TOKEN) -> GitLedger:
        folder = tmp_path / name
        if not folder.exists():
            git(tmp_path, "init", "--quiet", folder)
            git(folder, "remote", "add", "origin", host.url.replace("//", f"//x:{token}@") + f"/{REPOSITORY}.git")
        made.append(GitLedger(folder, "origin", environ=HERE, patience=30))
        return made[-1]

    yield make
    for ledger in made:
        ledger.close()


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("fault", [503, 429, "closed", b"<p>\nback soon\n</p>"])
def test_who_only_reads_waits_for_a_host_that_is_away(
    read: str, fault: int | str | bytes, host: GitHost, ledger_of: Callable[..., GitLedger]
) -> None:
    ledger = ledger_of()
    assert ledger.append(submitted(item())) == (WON, WON)
    host.faults["git-upload-pack"] = [fault] * 5

    assert READS[read](ledger)
    assert host.faults["git-upload-pack"] == []


@pytest.mark.parametrize("answered", range(5))
def test_whichever_answer_of_a_fetch_is_lost_the_read_goes_on(
    answered: int, host: GitHost, ledger_of: Callable[..., GitLedger]
) -> None:
    reader = ledger_of()
    assert reader.states(None) == {}
    assert ledger_of("other").append(submitted(item())) == (WON, WON)
    host.faults["git-upload-pack"] = [*[""] * answered, "closed"]

    assert reader.states(None) == fold(submitted(item()))
    assert host.faults["git-upload-pack"] == []


PAGES = [b"", b"<html>back soon</html>"]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_not_taken_for_a_ledger_that_does_not_exist(
    page: bytes, host: GitHost, ledger_of: Callable[..., GitLedger]
) -> None:
    """git takes a page without a line for the list of an empty repository: everything would be planned as new."""
    ledger_of().append(submitted(item()))
    host.faults["git-upload-pack"] = [page] * 9

    for name in ("fresh", "clone"):
        with pytest.raises(LedgerError, match="what answers there does not speak git"):
            ledger_of(name).states(None)
    with pytest.raises(LedgerError, match="what answers there does not speak git; nothing was recorded"):
        ledger_of("fresh").append(submitted(item()))


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("answered", range(2))
def test_a_page_in_the_midst_of_a_run_is_waited_for(
    page: bytes, answered: int, host: GitHost, ledger_of: Callable[..., GitLedger]
) -> None:
    """Who has seen the ledger before would hear that it was deleted, and how to push back what was seen last."""
    reader = ledger_of()
    assert reader.states(None) == {}
    ledger_of("other").append(submitted(item()))
    # A read asks for the ref with three requests, and then fetches; that of one that was refused is made once more.
    host.faults["git-upload-pack"] = [*[""] * (3 * answered), page, page, page]

    assert reader.states(None) == fold(submitted(item()))
    assert reader.append(submitted(item("gpt"))) == (WON, WON)


def test_a_repository_without_any_ref_is_a_ledger_that_does_not_exist(ledger_of: Callable[..., GitLedger]) -> None:
    assert ledger_of().states(None) == {}
    assert ledger_of().append(submitted(item())) == (WON, WON)


def test_nobody_listening_for_a_moment_is_waited_for(host: GitHost, ledger_of: Callable[..., GitLedger]) -> None:
    ledger = ledger_of()
    ledger.append(submitted(item()))
    start = time.monotonic()
    back = host.go_away(0.5)

    try:
        assert ledger.states(None) == fold(submitted(item()))
    finally:
        back.join()
    assert time.monotonic() - start > 0.4


@pytest.mark.parametrize("read", READS)
def test_a_host_that_stays_away_is_an_error_that_says_how_long_was_waited(
    read: str, host: GitHost, ledger_of: Callable[..., GitLedger], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gitoutage, "OUTAGE_SECONDS", 0.3)
    ledger = ledger_of()
    ledger.append(submitted(item()))
    host.faults["git-upload-pack"] = [503] * 99

    with pytest.raises(LedgerError, match=r"the host cannot be reached.* 503; it was waited for, for 0 s"):
        READS[read](ledger)
    assert len(host.faults["git-upload-pack"]) < 97


@pytest.mark.parametrize("use", [*READS, "append"])
def test_a_host_that_never_answered_is_told_at_once(
    use: str, host: GitHost, ledger_of: Callable[..., GitLedger]
) -> None:
    host.faults["git-"] = [503] * 99

    with pytest.raises(HostUnreachableError, match="the host cannot be reached"):
        (READS | {"append": lambda ledger: ledger.append(submitted(item()))})[use](ledger_of())
    assert len(host.asked) == 1


def test_a_push_without_an_answer_is_asked_for_though_nothing_was_answered_before(
    host: GitHost, ledger_of: Callable[..., GitLedger]
) -> None:
    """A cache from earlier runs lets the first thing that is sent be a push, which may arrive."""
    ledger_of().append(submitted(item()))
    host.faults["/git-receive-pack"] = [502]
    host.faults["git-upload-pack"] = [503] * 5

    assert ledger_of().append(submitted(item("gpt"))) == (WON, WON)
    assert host.faults == {"/git-receive-pack": [], "git-upload-pack": []}


LASTING: dict[str, tuple[Callable[[GitHost], object], str]] = {
    "the token is withdrawn": (lambda host: host.tokens.pop(TOKEN), "does not let this run in"),
    "the repository is gone": (
        lambda host: host.tokens.update({TOKEN: Access("team/other", push=True)}),
        "there is no such repository",
    ),
    "no permission": (lambda host: host.faults.update({"git-": [403]}), "does not let this run in"),
}


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("what", LASTING)
def test_what_does_not_pass_by_itself_is_not_waited_for(
    what: str, read: str, host: GitHost, ledger_of: Callable[..., GitLedger]
) -> None:
    ledger = ledger_of()
    ledger.append(submitted(item()))
    happen, said = LASTING[what]
    happen(host)
    host.asked.clear()

    with pytest.raises(LedgerError, match=said) as caught:
        READS[read](ledger)
    assert not isinstance(caught.value, HostUnreachableError)
    # git itself asks a second time, with the password of the URL, where it is told that one is needed.
    assert len(host.asked) <= 2


def test_a_hook_that_refuses_is_not_waited_for(host: GitHost, ledger_of: Callable[..., GitLedger]) -> None:
    hook = host.folder / f"{REPOSITORY}.git" / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    hook.chmod(0o755)
    ledger = ledger_of()
    ledger.states(None)

    with pytest.raises(LedgerError, match=r"the server refused the push.*not today; nothing was recorded"):
        ledger.append(submitted(item()))
    assert [path for method, path in host.asked if method == "POST"].count(f"/{REPOSITORY}.git/git-receive-pack") <= 2


@pytest.mark.parametrize(
    ("said", "passes"),
    [
        ("fatal: unable to access 'https://h/ssl.git/': gnutls_handshake() failed: Error in the pull function.", True),
        ("fatal: unable to access 'https://h/x/': OpenSSL SSL_read: Connection reset by peer, errno 104", True),
        ("error: RPC failed; HTTP 503 curl 22 The requested URL returned error: 503", True),
        ("error: RPC failed; HTTP 404 curl 22 The requested URL returned error: 404", False),
        ("error: RPC failed; curl 92 HTTP/2 stream 5 was not closed cleanly: CANCEL (err 8)", True),
        ("fatal: unable to access 'https://h/ssl.git/': server certificate verification failed. CAfile: none", False),
        ("fatal: unable to access 'https://h/x/': SSL certificate problem: self-signed certificate", False),
        ("fatal: unable to access 'https://h/certificate.git/': Could not resolve host: h", True),
        ("fatal: https://h/x/info/refs not valid: is this a git repository?", True),
        ("fatal: protocol error: bad line length character: Welc", False),
        ("fatal: bad object refs/ssl", False),
    ],
)
def test_what_passes_is_told_from_what_lasts(said: str, passes: bool) -> None:  # noqa: FBT001  # a column of the table
    assert isinstance(failure("git:x", "read", said), HostUnreachableError) is passes
