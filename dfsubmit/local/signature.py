"""The gateway's check of signature v2, written from the API facts (sections 3 and 4) and from nothing else.

Pure. It shares no code with the client on purpose: a mistake about the string to sign must not be made twice in the
same way. `refusal` says why a request is turned away, in the words that the gateway was seen to use.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMESTAMP = "x-ncp-apigw-timestamp"
ACCESS_KEY = "x-ncp-iam-access-key"
SIGNATURE = "x-ncp-apigw-signature-v2"

# A timestamp that differs by five minutes or more is refused.
MAX_SKEW_MS = 5 * 60 * 1000

MISSING = "Authentication information are missing."
INVALID = "Invalid authentication information."


def signature(method: str, target: str, timestamp: str, access_key: str, secret_key: str) -> str:
    """Return the signature of a request; `target` is the path with its query, exactly as transmitted."""
    signed = f"{method.upper()} {target}\n{timestamp}\n{access_key}"
    return b64encode(hmac.digest(secret_key.encode(), signed.encode(), "sha256")).decode("ascii")


def refusal(
    method: str, target: str, headers: Mapping[str, str], *, access_key: str, secret_key: str, now_ms: int
) -> str | None:
    """Return the gateway's `details` when it refuses the request, else None. Header names are lower case."""
    timestamp, key, given = (headers.get(name, "") for name in (TIMESTAMP, ACCESS_KEY, SIGNATURE))
    if not (timestamp and key and given):
        return MISSING
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 20):  # noqa: PLR2004  # 63 bits of ms
        return INVALID
    if abs(int(timestamp) - now_ms) >= MAX_SKEW_MS:
        return INVALID
    wanted = signature(method, target, timestamp, access_key, secret_key)
    # Compared as bytes, because a header may hold any Latin-1 character, and without telling where they differ.
    right = hmac.compare_digest(wanted.encode(), given.encode()) & hmac.compare_digest(
        access_key.encode(), key.encode()
    )
    return None if right else INVALID
