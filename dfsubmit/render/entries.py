"""Ledger entries as text, a line each, oldest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dfsubmit.plan import timestamp
from dfsubmit.render.terminal import neutral

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dfsubmit.journal import Entry

_SHORT_FINGERPRINT = len("sha256:") + 12


def entries_text(entries: Sequence[Entry]) -> str:
    """Return a line for each entry: when, what, for whom, which app, by whom."""
    return "".join(f"{_line(entry)}\n" for entry in entries)


def _line(entry: Entry) -> str:
    app = f"  {entry.app.name} ({entry.app.id})" if entry.app else ""
    said = f"  {entry.message}" if entry.message else ""
    who = f"  by {entry.by.host}:{entry.by.pid}"
    commit = f" at {entry.by.commit[:12]}" if entry.by.commit else ""
    source = f"  from {entry.intent.source}" if entry.intent and entry.intent.source else ""
    run = f"  {entry.by.url}" if entry.by.url else ""
    head = f"{timestamp(entry.at)}  {entry.event.value:<15}  {entry.item.name}  {entry.item.fingerprint[:_SHORT_FINGERPRINT]}"
    return neutral(f"{head}  #{entry.version}{app}{said}{source}{who}{commit}{run}")
