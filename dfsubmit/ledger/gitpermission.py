"""Whether this run may push to the ledger's ref, as far as that can be known without changing anything on the host.

`git push --dry-run` opens the very service that takes pushes, and ends with the list of refs that this service shows. That is
where hosts turn away who may only read: by the token or key, by a repository that is archived, by pushes that are switched
off. Nothing is sent to the service, so what it would ask behind that is not known: hooks, rules that protect a ref, quotas.
Where the repository is a folder of this machine, nobody turns anybody away, and the folder's own permissions are looked at.

Rules: the commit that is named for the push is the one that the ref has, or none that exists, so that even a push would
change nothing. It is made from an empty repository that is removed again: no hook, setting or object of the user's counts.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from dfsubmit.errors import LedgerError
from dfsubmit.ledger.gitcache import SETTINGS
from dfsubmit.ledger.gitplumbing import NETWORK_SECONDS, run
from dfsubmit.ledger.gitwords import Push, failure, hidden, read_push, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dfsubmit.ledger.gitplumbing import Checkout, Ran

NOT_PROVED = "whether a hook, a protected ref or a quota of the host refuses it, only a push can tell"
_LOCAL = re.compile(r"file://|(?![a-z][a-z0-9+.-]*://|[^/]*:)", re.IGNORECASE)


def prove_push(checkout: Checkout, ref: str, tip: str, *, object_format: str, where: str) -> str:
    """Return in words what shows that `ref`, which is at `tip` (empty: absent), may be pushed to. Raises LedgerError."""
    ran = _rehearsed(checkout, ref, tip, object_format)
    out = ran.out.decode("utf-8", "replace")
    pushed = read_push(out, ran.err)
    if pushed.end is Push.REFUSED:
        raise refusal(where, pushed.said)
    if pushed.end is Push.UNKNOWN:
        raise failure(where, "push to", ran.err, timed_out=ran.timed_out)
    if tip and re.search("^[*]\t", out, re.MULTILINE):
        raise hidden(where, ref)
    if _LOCAL.match(checkout.url):
        return _writable(checkout, ref, where)
    return f"the host lets this run in to push{f', and offers {ref}' if tip else f'; there is no {ref} yet'}"


def _rehearsed(checkout: Checkout, ref: str, tip: str, object_format: str) -> Ran:
    """Return how a push went that is only rehearsed."""
    settings = [word for setting in SETTINGS for word in ("-c", setting)]
    made_up = "1" * (64 if object_format == "sha256" else 40)
    with tempfile.TemporaryDirectory(prefix="dfsubmit-push-") as folder:
        kind = f"--object-format={object_format}"
        init = ["init", "--quiet", "--bare", "--template=", kind, folder]
        ran = run(init, cwd=checkout.top, env=checkout.env)
        if ran.code:
            return ran
        push = ["push", "--dry-run", "--porcelain", "--no-verify", checkout.url, f"{tip or made_up}:{ref}"]
        return run(
            [f"--git-dir={folder}", *settings, *push], cwd=checkout.top, env=checkout.env, timeout=NETWORK_SECONDS
        )


def _writable(checkout: Checkout, ref: str, where: str) -> str:
    """Say that the folders of a repository on this machine can be written. Raises LedgerError."""
    for folder in _written(_git_dir(checkout), ref):
        if not os.access(folder, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
            raise LedgerError(
                f"no permission to push to the ledger {where}: {folder} cannot be written",
                tip="let the user of this run write there; to validate, plan and look, reading is enough",
            )
    return "the repository takes pushes, and its folders can be written"


def _git_dir(checkout: Checkout) -> Path:
    """Return where git keeps what it stores of a repository on this machine."""
    _, scheme, path = checkout.url.rpartition("://")
    named = checkout.top / (unquote(path) if scheme else path)
    # A name may leave `.git` out.
    place = named if named.is_dir() else named.with_name(f"{named.name}.git")
    found = run(["rev-parse", "--absolute-git-dir"], cwd=place, env=checkout.env)
    return Path(found.text) if not found.code else place


def _written(git_dir: Path, ref: str) -> Iterator[Path]:
    """Yield the folders that a push to `ref` writes to."""
    yield git_dir / "objects"
    place = git_dir / ref
    yield next(folder for folder in place.parents if folder.is_dir())
