"""The exact requests of apps, as JSON for programs and as YAML for people. Values in, text out.

The YAML is a comment with the app's place and then the body of one submit, one document for each app. It is written here,
not by a library: strings that could be read as anything else are quoted, as JSON quotes them, and so nothing in them
reaches a terminal raw.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypedDict

from dfsubmit.render.terminal import neutral

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dfsubmit.desired import DesiredApp

# A string that stands for itself in YAML, with certainty: words and paths; never what could be a number or a boolean.
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./-]*(:[A-Za-z0-9][A-Za-z0-9_./-]*)?")
# Nothing but plain ASCII, and no beginning of what the log of a CI job takes for a command (`terminal`).
_UNSAFE = re.compile(r"[^ -~]|#(?=#[A-Za-z]*\[)")
_LAST_OF_FOUR_DIGITS = 0xFFFF
_RESERVED = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


class RequestSource(TypedDict):
    """Where a manifest stands: 1-based line and column."""

    path: str
    line: int
    column: int


class RenderedRequest(TypedDict):
    """One app, and the body that a submit of it would have; secrets are references."""

    name: str
    generation: int
    fingerprint: str
    source: RequestSource
    request: dict[str, Any]


class RenderDocument(TypedDict):
    """What `render -o json` prints."""

    schemaVersion: int
    requests: list[RenderedRequest]


def render_document(apps: Iterable[DesiredApp]) -> RenderDocument:
    """Return the requests of `apps`, in their order, as the JSON document."""
    return RenderDocument(
        schemaVersion=1,
        requests=[
            RenderedRequest(
                name=app.name,
                generation=app.generation,
                fingerprint=app.fingerprint,
                source=RequestSource(path=app.place.path, line=app.place.line, column=app.place.column),
                request=dict(app.request),
            )
            for app in apps
        ],
    )


def requests_yaml(apps: Sequence[DesiredApp]) -> str:
    """Return the requests of `apps`, in their order, as a stream of YAML documents."""
    documents = []
    for app in apps:
        place = f"{neutral(app.place.path)}:{app.place.line}"
        documents.append("\n".join([f"# {app.name}, generation {app.generation}, from {place}", *_block(app.request)]))
    return "\n---\n".join(documents) + "\n" if documents else ""


def _block(value: Any) -> list[str]:
    """Return the lines of a mapping or a list that is not empty."""
    if isinstance(value, dict):
        return [line for key, inner in value.items() for line in _entry(f"{_scalar(key)}:", inner)]
    return [line for inner in value for line in _item(inner)]


def _entry(start: str, value: Any) -> list[str]:
    if isinstance(value, dict | list) and value:
        return [start, *(f"  {line}" for line in _block(value))]
    return [f"{start} {_scalar(value)}"]


def _item(value: Any) -> list[str]:
    if isinstance(value, dict | list) and value:
        first, *rest = _block(value)
        return [f"- {first}", *(f"  {line}" for line in rest)]
    return [f"- {_scalar(value)}"]


def _scalar(value: Any) -> str:
    """Return a scalar, or an empty mapping or list, on one line."""
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _RESERVED:
        return value
    return _UNSAFE.sub(_escape, json.dumps(value, ensure_ascii=False))


def _escape(match: re.Match[str]) -> str:
    """Return one character as YAML escapes it in double quotes; JSON's pairs of surrogates are none of YAML's escapes."""
    number = ord(match[0])
    return f"\\u{number:04x}" if number <= _LAST_OF_FOUR_DIGITS else f"\\U{number:08x}"
