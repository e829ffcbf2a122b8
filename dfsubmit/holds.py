"""The prefix as it is sent, and what a submission keeps from others while it is open."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dfsubmit.plan import Change


def sent_prefix(change: Change, *, marker: bool) -> str:
    """Return the name prefix as it is sent: with a `marker`, the manifest's and five characters of the item's digest."""
    prefix = str((change.request or {}).get("namePrefix", ""))
    return prefix + marker_of(change) if marker else prefix


def marker_of(change: Change) -> str:
    """Return five characters of a-z0-9 that stand for the change's key and fingerprint."""
    digest = int.from_bytes(hashlib.sha256(f"{change.item.key} {change.item.fingerprint}".encode()).digest())
    alphabet = "0123456789abcdefghijklmnopqrstuvwxyz"
    letters = []
    for _ in range(5):
        digest, index = divmod(digest, len(alphabet))
        letters.append(alphabet[index])
    return "".join(letters)


def hold_of(change: Change, prefix: str) -> str:
    """Return what the submission keeps from others while it is open: `workspace/prefix`."""
    return f"{(change.request or {}).get('aiWorkspaceId', '')}/{prefix}"
