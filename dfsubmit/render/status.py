"""The submitted apps and what they are doing, as a table for a person and as the JSON document of `status`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dfsubmit.follow import Followed, failed
from dfsubmit.journal import State
from dfsubmit.plan import timestamp, why_open
from dfsubmit.render.machine import SCHEMA_VERSION, AppDocument, StatusApp, StatusDocument, app_document
from dfsubmit.render.plan import state_text
from dfsubmit.render.terminal import PLAIN, Palette, counted, neutral, padded, width

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from dfsubmit.engine import App

_GAP = "  "

Tails = Mapping[str, Sequence[str]]


def status_text(
    rows: Sequence[Followed],
    *,
    asked: bool,
    tails: Tails | None = None,
    now: datetime | None = None,
    palette: Palette = PLAIN,
) -> str:
    """Return the table, the ends of failed apps' logs, and a line that counts. `now` makes times relative."""
    if not rows:
        return "Nothing was submitted yet.\n"
    header = ("NAME", "APP", "STATE", "STARTED", "TOOK")
    table = [_cells(row, asked=asked, now=now) for row in rows]
    widths = [max(width(line[column]) for line in (header, *table)) for column in range(len(header))]
    lines = [palette.paint(palette.strong, _line(header, widths))]
    for row, cells in zip(rows, table, strict=True):
        lines.append(palette.paint(_look(row, palette), _line(cells, widths)))
        if row.state.is_open:
            lines.append(f"  ? {neutral(why_open(row.state))}")
        app_id = row.state.app.id if row.state.app else ""
        lines += [f"  | {neutral(text)}" for text in (tails or {}).get(app_id, ())]
    return "\n".join([*lines, "", _counts(rows, asked=asked)]) + "\n"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return _GAP.join(cell + " " * (wide - width(cell)) for cell, wide in zip(cells, widths, strict=True)).rstrip()


def _cells(row: Followed, *, asked: bool, now: datetime | None) -> tuple[str, ...]:
    app, remote = row.state.app, row.remote
    shown = neutral((remote.name if remote else "") or (app.name or app.id if app else "-"))
    return (neutral(row.name), shown, neutral(_state(row, asked=asked)), _started(remote, now), _took(remote, now))


def _state(row: Followed, *, asked: bool) -> str:
    if row.remote is not None:
        return state_text(row.remote)
    if row.state.state is State.SUBMITTED:
        return "not in the list" if asked else "submitted"
    return str(row.state.state.value)


def _started(app: App | None, now: datetime | None) -> str:
    if app is None or app.started_at is None:
        return "-"
    return f"{duration(now - app.started_at)} ago" if now else timestamp(app.started_at)


def _took(app: App | None, now: datetime | None) -> str:
    if app is None or app.started_at is None:
        return "-"
    end = app.finished_at or now
    return duration(end - app.started_at) if end else "-"


def duration(span: timedelta) -> str:
    """Return a length of time in its two largest units: `3 s`, `4 min 10 s`, `2 h 5 min`, `3 d 1 h`."""
    seconds = max(0, int(span.total_seconds()))
    for size, unit, rest_size, rest_unit in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if seconds >= size:
            rest = seconds % size // rest_size
            return f"{seconds // size} {unit}" + (f" {rest} {rest_unit}" if rest else "")
    return f"{seconds} s"


def _look(row: Followed, palette: Palette) -> str:
    if row.state.is_open:
        return palette.warning
    if failed(row):
        return palette.error
    return palette.good if row.remote is not None and row.remote.succeeded else ""


def end_text(row: Followed, *, palette: Palette = PLAIN, widest: int = 0) -> str:
    """Return the line that tells of one app's end; the names of all take `widest` cells."""
    said = state_text(row.remote) if row.remote is not None else "not in the list"
    return f"{padded(row.name, widest)}  {palette.paint(_look(row, palette), neutral(said))}"


def _counts(rows: Sequence[Followed], *, asked: bool) -> str:
    if not asked:
        return f"{_apps(rows)}; the engine was not asked."
    counts: dict[str, int] = {}
    for row in rows:
        word = _word(row)
        counts[word] = counts.get(word, 0) + 1
    order = ("running", "queued", "succeeded", "failed", "killed", "not in the list", "not submitted", "unresolved")
    return f"{_apps(rows)}: " + ", ".join(f"{counts[word]} {word}" for word in order if word in counts) + "."


def _apps(rows: Sequence[Followed]) -> str:
    return counted(len(rows), "app")


def _word(row: Followed) -> str:
    if row.state.is_open:
        return "unresolved"
    if row.state.state is not State.SUBMITTED:
        return "not submitted"
    if row.remote is None:
        return "not in the list"
    if row.remote.succeeded:
        return "succeeded"
    if row.remote.finished:
        return "killed" if row.remote.killed else "failed"
    return "running" if row.remote.state == "RUNNING" else "queued"


def status_document(rows: Sequence[Followed], *, tails: Tails | None = None) -> StatusDocument:
    """Return the rows as the JSON document."""
    return StatusDocument(schemaVersion=SCHEMA_VERSION, apps=[_app(row, tails or {}) for row in rows])


def _app(row: Followed, tails: Tails) -> StatusApp:
    document = StatusApp(
        name=row.name,
        generation=row.state.intent.generation if row.state.intent else 1,
        fingerprint=row.item.fingerprint,
        ledger=row.state.state.value,
    )
    if row.remote is not None:
        document["app"] = app_document(row.remote)
    elif row.state.app is not None:
        document["app"] = AppDocument(id=row.state.app.id, name=row.state.app.name)
    if row.state.submitted_at is not None:
        document["submittedAt"] = timestamp(row.state.submitted_at)
    if row.state.is_open:
        document["message"] = why_open(row.state)
    if row.state.app is not None and row.state.app.id in tails:
        document["logTail"] = list(tails[row.state.app.id])
    return document
