"""What is proved of the right to push without a push: over real HTTP, ssh as far as a script plays it, and in folders."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from git_host import HERE, Access, GitHost, git
from ledger_entries import item, submitted
from unprivileged import as_plain_user

from dfsubmit.errors import LedgerError
from dfsubmit.ledger.git import GitLedger
from dfsubmit.ledger.gitlayout import DEFAULT_REF
from dfsubmit.ledger.gitwords import HostUnreachableError, refusal

WRITER, READER = "made-up-writer-token", "made-up-reader-token"
REPOSITORY = "team/specs"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[GitHost]:
    with GitHost(folder=tmp_path / "host") as host:
        host.repository(REPOSITORY)
        host.tokens |= {WRITER: Access(REPOSITORY, push=True), READER: Access(REPOSITORY, push=False)}
        yield host


Handle = Callable[..., GitLedger]


@pytest.fixture
def ledger_of(host: GitHost, tmp_path: Path) -> Iterator[Handle]:
    """Yield a way to handles on the ledger, with a token or by another URL."""
    with contextlib.ExitStack() as stack:

        def make(token: str = WRITER, url: str = "", ref: str = DEFAULT_REF, **environ: str) -> GitLedger:
            url = url or host.url.replace("//", f"//x:{token}@") + f"/{REPOSITORY}.git"
            (tmp_path / "work").mkdir(exist_ok=True)
            ledger = GitLedger(tmp_path / "work", url, ref, environ={**HERE, **environ})
            return stack.enter_context(contextlib.closing(ledger))

        yield make


@pytest.fixture
def bare(host: GitHost) -> Path:
    return host.folder / f"{REPOSITORY}.git"


def everything(bare: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(bare.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("ref", [DEFAULT_REF, "dfsubmit-ledger"])
def test_a_token_that_may_push_is_let_in_and_nothing_changes(
    ref: str, host: GitHost, bare: Path, ledger_of: Handle
) -> None:
    full = ref if ref.startswith("refs/") else f"refs/heads/{ref}"
    before = everything(bare)
    assert ledger_of(ref=ref).prove_push() == f"the host lets this run in to push; there is no {full} yet"
    assert everything(bare) == before

    ledger_of(ref=ref).append(submitted(item()))
    before = everything(bare)
    host.asked.clear()
    assert ledger_of(ref=ref).prove_push() == f"the host lets this run in to push, and offers {full}"
    assert everything(bare) == before
    assert [path for method, path in host.asked if method == "POST" and "receive-pack" in path] == []


@pytest.mark.parametrize("exists", [False, True])
def test_a_token_that_may_only_read_is_told_with_the_way_out(*, exists: bool, ledger_of: Handle) -> None:
    if exists:
        ledger_of().append(submitted(item()))

    with pytest.raises(LedgerError, match=r"no permission to push to the ledger git:http.* 403") as caught:
        ledger_of(READER).prove_push()
    assert "permissions: contents: write" in caught.value.tip
    assert READER not in caught.value.message


def test_nobody_is_asked_for_a_name_or_password(host: GitHost, tmp_path: Path, ledger_of: Handle) -> None:
    """As with a repository that everybody may read: the host wants to know who pushes."""
    host.tokens[""] = Access(REPOSITORY, push=False)
    host.faults["git-receive-pack"] = [401] * 9
    (tmp_path / "ask").write_text(f"#!/bin/sh\ntouch {tmp_path}/asked\n")
    (tmp_path / "ask").chmod(0o755)
    ledger = ledger_of(url=f"{host.url}/{REPOSITORY}.git", GIT_ASKPASS=str(tmp_path / "ask"), GIT_TERMINAL_PROMPT="1")

    with pytest.raises(LedgerError, match=r"no permission to push.*terminal prompts disabled"):
        ledger.prove_push()
    assert not (tmp_path / "asked").exists()


def test_pushes_that_are_switched_off_are_told(bare: Path, ledger_of: Handle) -> None:
    git(bare, "config", "http.receivepack", "false")
    with pytest.raises(LedgerError, match="no permission to push"):
        ledger_of().prove_push()


@pytest.mark.parametrize("place", ["over the network", "in a folder"])
def test_a_ref_that_is_only_shown_to_who_reads_is_told(place: str, bare: Path, ledger_of: Handle) -> None:
    ledger_of().append(submitted(item()))
    git(bare, "config", "receive.hideRefs", "refs/dfsubmit")

    with pytest.raises(LedgerError, match=f"the server does not offer {DEFAULT_REF} of the ledger git:") as caught:
        ledger_of(url=f"file://{bare}" if place == "in a folder" else "").prove_push()
    assert "use a branch name" in caught.value.tip


@pytest.mark.parametrize("page", [b"", b"<p>back soon</p>", b"<p>\nback soon\n</p>", 503])
def test_no_page_proves_anything(page: bytes | int, host: GitHost, ledger_of: Handle) -> None:
    ledger = ledger_of()
    host.faults["git-receive-pack"] = [page] * 9
    ledger._outages.through = lambda action: action()  # type: ignore[method-assign]  # noqa: SLF001  # once is enough

    with pytest.raises(HostUnreachableError):
        ledger.prove_push()


def test_no_hook_or_option_of_the_user_takes_part(tmp_path: Path, ledger_of: Handle) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "pre-push").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
    (hooks / "pre-push").chmod(0o755)
    (tmp_path / "config").write_text(f"[core]\nhooksPath = {hooks}\n[push]\npushOption = x\ngpgSign = true\n")

    assert "lets this run in" in ledger_of(GIT_CONFIG_GLOBAL=str(tmp_path / "config")).prove_push()
    assert not (tmp_path / "ran").exists()


def test_a_key_that_may_only_read_is_told(tmp_path: Path, bare: Path, ledger_of: Handle) -> None:
    """As GitHub says it over ssh: it lets the key in to read, and not for the service that takes pushes."""
    ssh = tmp_path / "ssh.sh"
    ssh.write_text(
        '#!/bin/sh\nfor command; do :; done\ncase "$command" in *git-receive-pack*)\n'
        'echo "ERROR: The key you are authenticating with has been marked as read only." >&2; exit 1;; esac\n'
        'exec sh -c "$command"\n'
    )
    ssh.chmod(0o755)

    with pytest.raises(LedgerError, match=r"no permission to push.*marked as read only"):
        ledger_of(url=f"ssh://host.invalid{bare}", GIT_SSH_COMMAND=str(ssh), GIT_SSH_VARIANT="simple").prove_push()


@pytest.mark.parametrize("form", ["{bare}", "file://{bare}", "{stem}"])
def test_a_repository_in_a_folder_is_looked_at(form: str, bare: Path, ledger_of: Handle) -> None:
    url = form.format(bare=bare, stem=bare.with_suffix(""))
    said = "the repository takes pushes, and its folders can be written"
    assert ledger_of(url=url).prove_push() == said
    ledger_of(url=url).append(submitted(item()))
    assert ledger_of(url=url).prove_push() == said


@pytest.fixture
def plain() -> Iterator[Path]:
    yield from as_plain_user()


@pytest.mark.parametrize("closed", ["objects", "refs/dfsubmit"])
def test_a_folder_that_this_user_may_only_read_is_told(closed: str, plain: Path) -> None:
    # What serves a folder is started by a shell, and so is root where the tests are.
    (plain / "config").write_text("[safe]\ndirectory = *\n")
    environ = {**HERE, "GIT_CONFIG_GLOBAL": str(plain / "config")}
    (plain / "work").mkdir()
    bare = plain / "a b.git"
    git(plain, "init", "--quiet", "--bare", bare)
    (bare / "refs" / "dfsubmit").mkdir()
    url = f"file://{str(bare).replace(' ', '%20')}"
    with contextlib.closing(GitLedger(plain / "work", url, environ=environ)) as ledger:
        assert "can be written" in ledger.prove_push()
        (bare / closed).chmod(0o555)
        with pytest.raises(
            LedgerError, match=f"no permission to push to the ledger.*{closed} cannot be written"
        ) as caught:
            ledger.prove_push()
        (bare / closed).chmod(0o755)
    assert "reading is enough" in caught.value.tip


def test_repositories_with_sha256_names_are_asked_in_their_own_way(tmp_path: Path, ledger_of: Handle) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "--object-format=sha256", "long.git")
    for use in (GitLedger.prove_push, lambda ledger: ledger.append(submitted(item()))):
        with pytest.raises(LedgerError, match=r"cannot be made from here.*hash algorithm") as caught:
            use(ledger_of(url=str(tmp_path / "long.git")))
        assert not isinstance(caught.value, HostUnreachableError)
        assert "made with the same --object-format" in caught.value.tip

    shutil.rmtree(tmp_path / "work")
    git(tmp_path, "init", "--quiet", "--object-format=sha256", "work")
    ledger = ledger_of(url=str(tmp_path / "long.git"))
    assert "takes pushes" in ledger.prove_push()
    ledger.append(submitted(item()))
    assert "takes pushes" in ledger.prove_push()


@pytest.mark.parametrize(
    "said",
    [
        "ERROR: The key you are authenticating with has been marked as read only.",
        "remote: Write access to repository not granted.",
        "remote: This repository was archived so it is read-only.",
        "remote: You are not allowed to push code to this project.",
    ],
)
def test_what_hosts_say_to_who_may_only_read_is_known(said: str) -> None:
    assert refusal("git:x", said).message == f"no permission to push to the ledger git:x: {said}"
