"""Signature v2 of the API gateway: which text is signed, and the headers that carry the result. Pure.

What is signed is the method, the target exactly as it is transmitted (path and query, no host), the timestamp and the access
key; no other header and no body takes part (facts sheet, section 4). The timestamp that is sent is the very string that
was signed, so every attempt is signed afresh.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from dfsubmit.dataforest.credentials import Credentials

TIMESTAMP_HEADER = "x-ncp-apigw-timestamp"
ACCESS_KEY_HEADER = "x-ncp-iam-access-key"
SIGNATURE_HEADER = "x-ncp-apigw-signature-v2"


def signature(*, method: str, target: str, timestamp: str, credentials: Credentials) -> str:
    """Return the base64 of the HMAC-SHA256 of the string to sign; `timestamp` is Unix time in milliseconds."""
    text = f"{method} {target}\n{timestamp}\n{credentials.access_key}"
    digest = hmac.digest(credentials.secret_key.encode(), text.encode(), hashlib.sha256)
    return base64.b64encode(digest).decode("ascii")


def signed_headers(*, method: str, target: str, at: datetime, credentials: Credentials) -> dict[str, str]:
    """Return the three headers that authenticate one attempt made at `at` (aware)."""
    timestamp = str(int(at.timestamp() * 1000))
    return {
        TIMESTAMP_HEADER: timestamp,
        ACCESS_KEY_HEADER: credentials.access_key,
        SIGNATURE_HEADER: signature(method=method, target=target, timestamp=timestamp, credentials=credentials),
    }
