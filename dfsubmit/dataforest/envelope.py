"""Reads the body of an answer: a JSON object or nothing, and the error envelopes that it may be. Pure.

Bodies are judged by what they hold, never by their media type, because JSON comes as text/plain too (facts sheet, section 10).
A body that names a key twice, holds NaN, is nested too deeply or is no UTF-8 is not read at all: two readers could
disagree about it. Text of the server is cut, freed of control characters and of the secrets in `hidden` before anyone sees it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LONGEST_TEXT = 300
# Shorter values are no secrets, and blotting them out would make every message unreadable.
_SHORTEST_SECRET = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayError:
    """The gateway's envelope: `{"error": {"errorCode", "message", "details"}}`; the code comes as number or string."""

    code: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceError:
    """The service's envelope: `{"success": false, "message": "…"}`."""

    text: str


def parse(body: bytes) -> dict[str, Any] | None:
    """Return the JSON object that `body` is, None when it is anything else."""
    try:
        read = _DECODER.decode(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a key twice")
    return read


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


# One for all answers: making it costs as much as using it.
_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse)


def gateway_error(answer: Mapping[str, Any] | None) -> GatewayError | None:
    """Return the gateway's error that `answer` is, and is nothing else beside."""
    error = answer.get("error") if answer is not None and "success" not in answer else None
    if not isinstance(error, dict):
        return None
    code = _code(error.get("errorCode"))
    if code is None:
        return None
    return GatewayError(code=code, text=_joined(error.get("message"), error.get("details")))


def service_error(answer: Mapping[str, Any] | None) -> ServiceError | None:
    """Return the service's error that `answer` is: both fields, and no app's id, which would contradict it."""
    if answer is None or answer.get("success") is not False or answer.get("id") or "error" in answer:
        return None
    message = answer.get("message")
    return ServiceError(text=message) if isinstance(message, str) else None


def _code(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    short = isinstance(value, str) and value.isascii() and value.strip().isdigit() and len(value) <= len("99999")
    return int(value) if short else None


def _joined(*parts: Any) -> str:
    said = [part for part in parts if isinstance(part, str) and part.strip()]
    return ": ".join(dict.fromkeys(said))


def said(answer: Mapping[str, Any] | None, body: bytes) -> str:
    """Return what an answer says to a person, raw: from any envelope known in this field, or the kind of thing it is.

    Beside the two envelopes these are `responseError`, a top-level `errorCode`, `code` + `msg`, and Spring's.
    """
    if answer is None:
        return _kind(body)
    error = answer.get("error")
    nested = error if isinstance(error, dict) else answer.get("responseError")
    nested = nested if isinstance(nested, dict) else {}
    text = _joined(
        nested.get("message") or nested.get("returnMessage"),
        nested.get("details"),
        answer.get("message") or answer.get("msg"),
        error,
    )
    return text or "no explanation"


def _kind(body: bytes) -> str:
    start = body[:200].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if not start:
        return "an empty answer"
    if start.startswith((b"<!doctype html", b"<html")):
        return "an HTML page"
    return "an answer that is not a JSON object"


def shown(text: str, hidden: Iterable[str] = ()) -> str:
    """Return `text` fit for a message: no secret of `hidden`, one line, printable, at most LONGEST_TEXT characters."""
    for secret in sorted(_spellings(hidden), key=len, reverse=True):
        text = text.replace(secret, "***")
    cut = text[: LONGEST_TEXT * 4]
    line = " ".join("".join(one if one.isprintable() else " " for one in cut).split())
    return line if len(line) <= LONGEST_TEXT else line[: LONGEST_TEXT - 1] + "…"


def _spellings(hidden: Iterable[str]) -> set[str]:
    """Return the secrets, each also as it stands in a JSON text."""
    secrets = {secret for secret in hidden if len(secret.strip()) >= _SHORTEST_SECRET}
    quoted = {json.dumps(secret, ensure_ascii=ascii_only)[1:-1] for secret in secrets for ascii_only in (True, False)}
    return secrets | quoted
