"""What git's answers mean: whether a push went through, and what to tell a person about a failure. Pure.

git runs with LC_ALL=C, so its English can be read. A push has four ends. DONE and MOVED (somebody else was faster) come from
the status that the server reported for the ref; REFUSED is a server that says no, or one that never let us in; all else is
UNKNOWN: the server may have moved the ref before its answer was lost, so it must be asked again.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from dfsubmit.errors import LedgerError
from dfsubmit.ledger.gitlayout import printable, without_user

_MOVED = re.compile(
    r"stale info|fetch first|non-fast-forward|cannot lock ref|failed to (update|lock)|incorrect old value"
    r"|already exists|reference conflict|needs force"
)
_NO_ENTRY = re.compile(
    r"error: 40[13]\b|Authentication failed|could not read (Username|Password)|Permission denied|[Aa]ccess denied"
    r"|Permission to .* denied|not allowed to push|Host key verification failed|Write access to repository not granted"
    r"|not authorized|insufficient permission|marked as read.only|is read-only|unable to (create|write).*(denied|[Rr]ead-only)",
    re.IGNORECASE,
)
_UNREACHABLE = re.compile(
    r"Could not resolve host|Connection (refused|timed out|reset|closed)|Failed to connect|Network is unreachable"
    r"|No route to host|Operation timed out|Couldn't connect|early EOF|hung up unexpectedly|error: (408|429|5\d\d)\b"
    r"|\b(?-i:SSL)(\b|_)|RPC failed(?!; HTTP 4)|Empty reply from server|(Recv|Send) failure|transfer closed|unexpected disconnect"
    r"|gnutls_handshake|GnuTLS (recv|send) error|HTTP/2 (stream|framing)|HTTP2 framing|Broken pipe",
    re.IGNORECASE,
)
# A page where git's protocol was expected, or the half of an answer: a proxy, a host that is being worked on, a wrong URL.
_NOT_GIT = re.compile(
    r"info/refs not valid|remote-curl: bad line length|invalid server response|expected flush|still expected|git-http-push failed"
)
_NO_TRUST = re.compile(r"certificate (problem|verification failed|subject name)|peer certificate", re.IGNORECASE)
_NO_REPOSITORY = re.compile(
    r"does not appear to be a git repository|[Rr]epository .*not found|error: 404\b|does not exist|No such file or directory"
)
_HOOK = "ref updates aborted by hook"
# Another ref is where a folder of refs must be, or the other way round.
_IN_THE_WAY = re.compile(r"'[^']+' exists; cannot create")
# A lock that the server cannot take for a reason that does not pass.
_NO_LOCK = re.compile(r"Unable to create '[^']+': (?!File exists)", re.IGNORECASE)
_CHECKED_OUT = "currently checked out"
_OTHER_NAMES = "does not support this repository's hash algorithm"
_TRUST = re.compile(r"git config --global --add safe\.directory (\S.*)")
_DUBIOUS = "detected dubious ownership"
_NO_PUSH = "let the credentials of this run push to the repository (GitHub Actions: `permissions: contents: write`)"
_OTHER_REF = (
    "a host may refuse refs outside branches, or protect this one: use a branch name such as dfsubmit-ledger "
    "(`ref: dfsubmit-ledger` in the Project), and exempt it from protection rules and hooks"
)


class HostUnreachableError(LedgerError):
    """The host did not answer, or nothing that git understands, which may be over in a moment."""


_NO_SERVER = "what answers there does not speak git"
_LOOK_BETWEEN = "check the remote's URL, and whether a proxy or a page for maintenance is in between"
# Why git failed, the first that fits: what lasts comes before what its words may also be found in.
_REASONS: tuple[tuple[re.Pattern[str], type[LedgerError], str, str], ...] = (
    (
        _NO_ENTRY,
        LedgerError,
        "the host does not let this run in",
        "give git the right to read the repository without a prompt: a token, a deploy key or a credential helper",
    ),
    (
        _NO_TRUST,
        LedgerError,
        "the host's certificate is not trusted",
        "let git know the authority that signed it: http.sslCAInfo in `git help config`, or GIT_SSL_CAINFO",
    ),
    (
        _UNREACHABLE,
        HostUnreachableError,
        "the host cannot be reached",
        "check the network and the remote's URL",
    ),
    (
        _NO_REPOSITORY,
        LedgerError,
        "there is no such repository",
        "check the URL that `git remote -v` shows",
    ),
    (_NOT_GIT, HostUnreachableError, _NO_SERVER, _LOOK_BETWEEN),
)


class Push(enum.Enum):
    """How a push ended."""

    DONE = "done"
    MOVED = "moved"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """The end of a push, with what git said."""

    end: Push
    said: str = ""


def read_push(out: str, err: str) -> Pushed:
    """Return the end of a `git push --porcelain` of one ref, from both of its outputs."""
    for line in out.splitlines():
        flag, tab, rest = line.partition("\t")
        if not tab or len(flag) != 1:
            continue
        summary = rest.partition("\t")[2]
        if flag in " +*=":
            return Pushed(end=Push.DONE)
        said = f"{summary} {remote_lines(err)}".strip()
        if _MOVED.search(summary) and not (_IN_THE_WAY.search(said) or _NO_LOCK.search(said)):
            return Pushed(end=Push.MOVED, said=said)
        if "remote failure" not in summary:
            return Pushed(end=Push.REFUSED, said=said)
    end = Push.REFUSED if _NO_ENTRY.search(err) or _HOOK in err or _OTHER_NAMES in err else Push.UNKNOWN
    return Pushed(end=end, said=gist(err))


def remote_lines(err: str) -> str:
    """Return what the server said to the person who pushes, in one line."""
    lines = [line.removeprefix("remote:").strip() for line in err.splitlines() if line.startswith("remote:")]
    return gist("\n".join(line for line in lines if line))


def gist(err: str) -> str:
    """Return the lines of `err` that say something, as one line without secrets and control characters."""
    lines = [line.strip() for line in err.splitlines()]
    kept = [without_user(line) for line in lines if line and not line.startswith(("hint:", "To ", "Done"))]
    return printable("; ".join(kept))[:600]


def refusal(where: str, said: str) -> LedgerError:
    """Return the error for a push that the server does not take."""
    if _NO_ENTRY.search(said):
        return LedgerError(f"no permission to push to the ledger {where}: {said}", tip=_NO_PUSH)
    if _IN_THE_WAY.search(said):
        tip = "a name cannot be a ref and a folder of refs at once: choose another ref, or rename the one in the way"
        return LedgerError(f"the ledger {where} cannot be made: {said}", tip=tip)
    if _OTHER_NAMES in said:
        tip = "an empty repository does not tell how it names objects: run it in one made with the same --object-format"
        return LedgerError(f"the ledger {where} cannot be made from here: {said}", tip=tip)
    if _CHECKED_OUT in said:
        tip = "the remote must be a bare repository, or the ref one that is not checked out there"
        return LedgerError(f"the server refused the push to the ledger {where}: {said}", tip=tip)
    return LedgerError(f"the server refused the push to the ledger {where}: {said}", tip=_OTHER_REF)


def hidden(where: str, ref: str) -> LedgerError:
    """Return the error for a ref that the server shows to who reads and not to who pushes."""
    return LedgerError(f"the server does not offer {ref} of the ledger {where} to who pushes", tip=_OTHER_REF)


def failure(where: str, doing: str, err: str, *, timed_out: bool = False) -> LedgerError:
    """Return the error for a git command that failed; `doing` is what it was to do, as in "read"."""
    said = gist(err)
    start = f"cannot {doing} the ledger {where}"
    if _DUBIOUS in err:
        trust = _TRUST.search(err)
        tip = f"if you trust it: {printable(trust[0])}" if trust else "see safe.directory in `git help config`"
        return LedgerError(f"{start}: {said}", tip=tip)
    if timed_out:
        return HostUnreachableError(
            f"{start}: git did not end in time; {said}".rstrip("; "), tip="check the network and the host"
        )
    for pattern, kind, words, tip in _REASONS:
        if pattern.search(err):
            return kind(f"{start}: {words}: {said}", tip=tip)
    return LedgerError(f"{start}: {said or 'git failed without a word'}")


def no_git_server(where: str, doing: str) -> LedgerError:
    """Return the error for an answer without a word of git's protocol, with which git itself is content."""
    return HostUnreachableError(f"cannot {doing} the ledger {where}: {_NO_SERVER}", tip=_LOOK_BETWEEN)
