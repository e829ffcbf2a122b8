"""The JSON documents of plan, apply, status, ledger and doctor, as types, and the values that fill them.

Scripts read these: a member is never renamed or removed under the same `schemaVersion`. The published JSON Schemas
are generated from the types. Times are RFC 3339, in UTC.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any, Literal, NotRequired, TypedDict

from dfsubmit.diff import ABSENT
from dfsubmit.plan import Action, Change, Plan
from dfsubmit.render.jsontext import json_text as json_text  # noqa: PLC0414  # verbs find it beside what they print
from dfsubmit.render.plan import apply_summary

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from dfsubmit.engine import App
    from dfsubmit.results import Done

SCHEMA_VERSION = 1


class Source(TypedDict):
    """Where a manifest stands: 1-based line and column."""

    path: str
    line: int
    column: int


class AppDocument(TypedDict):
    """An app, with its state where the engine was asked."""

    id: str
    name: str
    state: NotRequired[str]
    finalStatus: NotRequired[str]
    startedAt: NotRequired[str | None]
    finishedAt: NotRequired[str | None]


class Field(TypedDict):
    """A field of the spec that differs from the last submission; a side that does not exist is left out."""

    path: str
    before: NotRequired[Any]
    after: NotRequired[Any]


class ChangeDocument(TypedDict):
    """One change of a plan. `version` is how many entries the ledger has for the app; `request` holds no secret."""

    action: Literal["submit", "unchanged", "unresolved", "orphan", "kill"]
    name: str
    generation: int
    fingerprint: str
    version: int
    reason: str
    source: NotRequired[Source]
    app: NotRequired[AppDocument]
    fields: NotRequired[list[Field]]
    notes: NotRequired[list[str]]
    request: NotRequired[dict[str, Any] | None]


class PlanSummary(TypedDict):
    """Counts of changes."""

    submit: int
    kill: int
    unchanged: int
    unresolved: int
    orphan: int


class Basis(TypedDict):
    """What a plan was made from. Of a saved plan only `engineAsked` is known; `asOf` is the commit of a ledger in git."""

    ledger: NotRequired[str]
    asOf: NotRequired[str]
    engine: NotRequired[str]
    engineAsked: bool
    wholeSet: NotRequired[bool]


class PlanDocument(TypedDict):
    """What `plan -o json` prints, and `show -o json` of a saved plan."""

    schemaVersion: int
    project: str
    basis: Basis
    summary: PlanSummary
    token: str
    changes: list[ChangeDocument]


class ApplySummary(TypedDict):
    """Counts of results."""

    submitted: int
    adopted: int
    unchanged: int
    failed: int
    unresolved: int
    lostRace: int
    killed: int


class ResultDocument(TypedDict):
    """What became of one change."""

    name: str
    fingerprint: str
    outcome: Literal[
        "submitted",
        "adopted",
        "unchanged",
        "rejected",
        "not-sent",
        "unresolved",
        "lost-race",
        "held",
        "killed",
        "skipped",
    ]
    app: NotRequired[AppDocument]
    message: NotRequired[str]


class ApplyDocument(TypedDict):
    """What `apply -o json` prints."""

    schemaVersion: int
    summary: ApplySummary
    results: list[ResultDocument]


class StatusApp(TypedDict):
    """One submitted app as the ledger and the engine know it; `ledger` is the state that the ledger gives it."""

    name: str
    generation: int
    fingerprint: str
    ledger: Literal["none", "in-flight", "submitted", "rejected", "free", "unresolved", "abandoned"]
    app: NotRequired[AppDocument]
    submittedAt: NotRequired[str]
    logTail: NotRequired[list[str]]
    message: NotRequired[str]


class StatusDocument(TypedDict):
    """What `status -o json` prints, and `wait -o json` at its end."""

    schemaVersion: int
    apps: list[StatusApp]


class EntryDocument(TypedDict):
    """One entry of the ledger, as it is stored: which event was recorded for which app, when and by whom."""

    format: int
    key: str
    fingerprint: str
    version: int
    event: Literal[
        "intent",
        "accepted",
        "rejected",
        "not-sent",
        "unknown",
        "adopted",
        "nothing-started",
        "abandoned",
        "moved",
        "killed",
    ]
    at: str
    attempt: str
    by: dict[str, Any]
    intent: NotRequired[dict[str, Any]]
    app: NotRequired[dict[str, str]]
    message: NotRequired[str]
    serverAt: NotRequired[str]


class LedgerDocument(TypedDict):
    """What `ledger list -o json` prints: the project's entries, oldest first."""

    schemaVersion: int
    entries: list[EntryDocument]


class CheckDocument(TypedDict):
    """One thing that was checked: what was found, and what to do about it (empty when nothing)."""

    check: str
    verdict: Literal["ok", "note", "fail"]
    found: str
    tip: str


class DoctorDocument(TypedDict):
    """What `doctor -o json` prints."""

    schemaVersion: int
    checks: list[CheckDocument]


def plan_document(plan: Plan, basis: Basis) -> PlanDocument:
    """Return `plan` as its JSON document."""
    return PlanDocument(
        schemaVersion=SCHEMA_VERSION,
        project=plan.project,
        basis=basis,
        summary=PlanSummary(
            submit=len(plan.of(Action.SUBMIT)),
            kill=len(plan.of(Action.KILL)),
            unchanged=len(plan.of(Action.UNCHANGED)),
            unresolved=len(plan.of(Action.UNRESOLVED)),
            orphan=len(plan.of(Action.ORPHAN)),
        ),
        token=plan.token,
        changes=[_change(change) for change in plan.changes],
    )


def apply_document(results: Sequence[Done]) -> ApplyDocument:
    """Return what became of a plan as its JSON document."""
    counts = apply_summary(results)
    return ApplyDocument(
        schemaVersion=SCHEMA_VERSION,
        summary=ApplySummary(**counts),  # type: ignore[typeddict-item]  # the groups are named after the members
        results=[_result(done) for done in results],
    )


def app_document(app: App) -> AppDocument:
    """Return what the engine shows of an app."""
    return AppDocument(
        id=app.id,
        name=app.name,
        state=app.state,
        finalStatus=app.final_status,
        startedAt=_instant(app.started_at),
        finishedAt=_instant(app.finished_at),
    )


def _instant(at: datetime | None) -> str | None:
    """Return a time of the engine, which has milliseconds."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z" if at else None


def _result(done: Done) -> ResultDocument:
    result = ResultDocument(name=done.change.name, fingerprint=done.change.item.fingerprint, outcome=done.result.value)
    if done.app is not None:
        result["app"] = AppDocument(id=done.app.id, name=done.app.name)
    if done.message:
        result["message"] = done.message
    return result


def _change(change: Change) -> ChangeDocument:
    document = ChangeDocument(
        action=change.action.value,
        name=change.name,
        generation=change.generation,
        fingerprint=change.item.fingerprint,
        version=change.version,
        reason=change.reason,
    )
    if change.place is not None:
        document["source"] = Source(path=change.place.path, line=change.place.line, column=change.place.column)
    if change.remote is not None:
        document["app"] = app_document(change.remote)
    elif change.app is not None:
        document["app"] = AppDocument(id=change.app.id, name=change.app.name)
    if change.fields:
        document["fields"] = [_field(field.path, field.before, field.after) for field in change.fields]
    if change.notes:
        document["notes"] = list(change.notes)
    document["request"] = dict(change.request) if change.request is not None else None
    return document


def _field(path: str, before: Any, after: Any) -> Field:
    field = Field(path=path)
    if before is not ABSENT:
        field["before"] = before
    if after is not ABSENT:
        field["after"] = after
    return field
