"""A plan, and what became of it, as text for a person. The last line of each never changes its form.

`+` submit, `=` unchanged, `?` unresolved, `!` orphan, `-` kill. Values in, text out; every piece of foreign text passes
`terminal.neutral`. Unchanged apps that ended well are counted rather than listed when there are many of them.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dfsubmit.diff import ABSENT, FieldChange
from dfsubmit.plan import Action, Change, Plan
from dfsubmit.render.terminal import PLAIN, Palette, neutral, padded
from dfsubmit.results import FAILURES, Done, Result

if TYPE_CHECKING:
    from dfsubmit.engine import App

SYMBOLS: Mapping[Action, str] = {
    Action.SUBMIT: "+",
    Action.UNCHANGED: "=",
    Action.UNRESOLVED: "?",
    Action.ORPHAN: "!",
    Action.KILL: "-",
}
RESULT_WORDS: Mapping[Result, str] = {
    Result.SUBMITTED: "submitted",
    Result.ADOPTED: "adopted",
    Result.UNCHANGED: "unchanged",
    Result.REJECTED: "failed: the service refused it",
    Result.NOT_SENT: "failed: not sent",
    Result.UNRESOLVED: "unresolved",
    Result.LOST_RACE: "lost race",
    Result.HELD: "not sent yet",
    Result.KILLED: "killed",
    Result.SKIPPED: "not started: the run was stopped",
}
# More rows than this of apps that need no attention are counted instead.
QUIET_ROWS = 20
_WIDEST_VALUE = 60
_BEFORE_DIFFERENCE = 20

Tails = Mapping[str, Sequence[str]]


def plan_text(plan: Plan, *, tails: Tails | None = None, palette: Palette = PLAIN, verbose: bool = False) -> str:
    """Return all changes and the last line. `tails` are the last lines of the logs of failed apps, by app id."""
    rows = _rows(plan.changes, tails or {}, palette, verbose=verbose)
    return "\n".join([*rows, *([""] if rows else []), last_line_of_plan(plan)]) + "\n"


def last_line_of_plan(plan: Plan) -> str:
    """Return the line that scripts may look for."""
    submit, kill = len(plan.of(Action.SUBMIT)), len(plan.of(Action.KILL))
    unchanged, unresolved = len(plan.of(Action.UNCHANGED)), len(plan.of(Action.UNRESOLVED))
    return f"Plan: {submit} to submit, {kill} to kill, {unchanged} unchanged, {unresolved} unresolved."


def _rows(changes: Sequence[Change], tails: Tails, palette: Palette, *, verbose: bool) -> list[str]:
    quiet = [change for change in changes if _needs_no_attention(change)]
    hidden = quiet[QUIET_ROWS:] if not verbose else []
    unseen = {id(change) for change in hidden}
    shown = [change for change in changes if id(change) not in unseen]
    width = max((len(neutral(change.name)) for change in shown), default=0)
    rows = [line for change in shown for line in _change_rows(change, width, tails, palette)]
    if hidden:
        rows.append(f"  = and {len(hidden)} more that need no attention (-v lists them)")
    return rows


def _needs_no_attention(change: Change) -> bool:
    """Tell whether an app is settled and, as far as is known, did well or is past caring."""
    if change.action is Action.ORPHAN:
        return change.remote is None or change.remote.finished
    return change.action is Action.UNCHANGED and (change.remote is None or change.remote.succeeded)


def _change_rows(change: Change, width: int, tails: Tails, palette: Palette) -> Iterable[str]:
    symbol, look = SYMBOLS[change.action], _look(change, palette)
    place = f"  {change.place.path}:{change.place.line}" if change.place and change.action is Action.SUBMIT else ""
    yield (
        f"  {palette.paint(look, symbol)} {neutral(change.name):<{width}}  "
        f"{palette.paint(look, change.action.value)}: {neutral(_summary(change))}{palette.paint(palette.dim, neutral(place))}"
    )
    for field in change.fields:
        yield f"      {neutral(field_text(field))}"
    for note in change.notes:
        yield f"      note: {neutral(note)}"
    if change.app is not None and change.remote is not None and not change.remote.succeeded:
        for line in tails.get(change.app.id, ()):
            yield f"      | {neutral(line)}"
        if change.action is Action.UNCHANGED and change.remote.finished and not change.remote.killed:
            yield "      it stays submitted; to run it again, raise metadata.generation"


def _look(change: Change, palette: Palette) -> str:
    if change.action is Action.UNCHANGED:
        failed = change.remote is not None and change.remote.finished and not change.remote.succeeded
        return palette.error if failed else palette.dim
    looks = {
        Action.SUBMIT: palette.good,
        Action.KILL: palette.error,
        Action.UNRESOLVED: palette.warning,
        Action.ORPHAN: palette.warning,
    }
    return looks[change.action]


def _summary(change: Change) -> str:
    if change.app is None:
        return change.reason
    told = f"{change.app.name or change.app.id}{_state(change.remote)}"
    return told if change.reason == "submitted" else f"{change.reason}; {told}"


def _state(app: App | None) -> str:
    return f" {state_text(app)}" if app is not None else ""


def state_text(app: App) -> str:
    """Return state and, once there is one, final status: `RUNNING`, `FINISHED/SUCCEEDED`."""
    final = app.final_status if app.final_status not in ("", "UNDEFINED") else ""
    return f"{app.state or 'state unknown'}{'/' + final if final else ''}"


def field_text(change: FieldChange) -> str:
    """Return one changed field: `spec.docker.command: "a" -> "b"`."""
    if change.before is ABSENT:
        return f"{change.path}: added {_value(change.after)}"
    if change.after is ABSENT:
        return f"{change.path}: removed {_value(change.before)}"
    before, after = _json(change.before), _json(change.after)
    # Of long values, the part is shown where they begin to differ.
    same = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))
    fits = max(len(before), len(after)) <= _WIDEST_VALUE
    start = 0 if fits else max(0, same - _BEFORE_DIFFERENCE)
    return f"{change.path}: {_cut(before, start)} -> {_cut(after, start)}"


def _value(value: Any) -> str:
    return _cut(_json(value), 0)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _cut(text: str, start: int) -> str:
    """Return `text` from `start` on, not wider than fits a row, with dots for what was left out."""
    tail = f"...{text[start:]}" if start else text
    return tail if len(tail) <= _WIDEST_VALUE else f"{tail[: _WIDEST_VALUE - 3]}..."


def done_text(done: Done, *, palette: Palette = PLAIN, widest: int = 0) -> str:
    """Return the line that tells of one result; the names of all take `widest` cells, so that what follows stands in a column."""
    looks = {
        Result.SUBMITTED: palette.good,
        Result.ADOPTED: palette.good,
        Result.UNCHANGED: palette.dim,
        Result.KILLED: palette.warning,
        Result.LOST_RACE: palette.warning,
    }
    app = (
        f" as {done.app.name} ({done.app.id})"
        if done.app and done.app.name
        else f" as {done.app.id}"
        if done.app
        else ""
    )
    said = f": {done.message}" if done.message else ""
    word = palette.paint(looks.get(done.result, palette.error), RESULT_WORDS[done.result])
    return f"{padded(done.change.name, widest)}  {word}{neutral(app)}{neutral(said)}"


def last_line_of_apply(results: Sequence[Done]) -> str:
    """Return the line that scripts may look for."""
    counts = apply_summary(results)
    words = ("submitted", "adopted", "unchanged", "failed", "unresolved")
    return f"Apply: {', '.join(f'{counts[word]} {word}' for word in words)}."


def apply_summary(results: Sequence[Done]) -> dict[str, int]:
    """Return how many changes ended how, under the names of the JSON document."""
    groups: dict[str, frozenset[Result]] = {
        "submitted": frozenset({Result.SUBMITTED}),
        "adopted": frozenset({Result.ADOPTED}),
        "unchanged": frozenset({Result.UNCHANGED}),
        "failed": FAILURES,
        "unresolved": frozenset({Result.UNRESOLVED, Result.HELD}),
        "lostRace": frozenset({Result.LOST_RACE}),
        "killed": frozenset({Result.KILLED}),
    }
    return {name: sum(done.result in group for done in results) for name, group in groups.items()}
