"""A plan, and what became of it, as Markdown for a pull request or the summary of a job. Values in, text out.

The first line of a plan is a hidden marker, by which the comment that holds it can be found and written anew. Below it stand
a summary, a table of what would change, and folded differences from the last submission of each spec. Rules:

- No piece of foreign text is Markdown. In prose and cells it stands in `<code>`, with each character that Markdown, HTML or a
  code host could take for more than itself as a character reference (hosts look for mentions and links outside code
  only); in a block it stands on lines that our own mark begins, behind a fence longer than any in it.
- The text is never longer than its limit: rows come first, differences take what room is left, and what is left out is
  counted, with a pointer to where all of it is.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from dfsubmit.diff import ABSENT
from dfsubmit.plan import Action, Change, Plan
from dfsubmit.render.plan import RESULT_WORDS, SYMBOLS, apply_summary, last_line_of_apply, last_line_of_plan
from dfsubmit.render.terminal import counted, neutral
from dfsubmit.results import FAILURES, Done, Result

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

# GitHub takes 65,536 characters for a comment; what puts one there may add some lines of its own.
LIMIT = 60_000
# What rows and warnings may take of that; the rest is kept for differences and the last lines.
_SHARE_OF_ROWS = 0.6
_SHARE_OF_WARNINGS = 0.15
_KEPT_FOR_THE_END = 600
_WIDEST_TEXT = 160
_WIDEST_VALUE = 240
_WIDEST_TOKEN = 64
_BEFORE_DIFFERENCE = 40
# Signs that mean something only at the start of a line, or to nobody.
_PLAIN = re.compile(r"[A-Za-z0-9 /-]")
_TABLE = ("| | App | What | GPUs | Where |", "|:-:|:--|:--|--:|:--|")
_RESULTS = ("| App | Result | As | |", "|:--|:--|:--|:--|")
_LISTED = (Action.SUBMIT, Action.KILL, Action.UNRESOLVED, Action.ORPHAN)


def plan_markdown(plan: Plan, *, warnings: Sequence[str] = (), as_of: str = "", limit: int = LIMIT) -> str:
    """Return `plan` as Markdown of at most `limit` characters. `warnings` are findings of the set, one line each."""
    listed = [change for change in plan.changes if change.action in _LISTED]
    head = [
        marker(plan.project),
        f"### {_headline(plan)}",
        "",
        f"Project {code(plan.project)} · {_gpus_text(plan)}{' · as of ' + code(as_of) if as_of else ''}",
        "",
    ]
    body = _Sheet(limit - _KEPT_FOR_THE_END, head)
    body.table(_TABLE, [_row(change) for change in listed], int(limit * _SHARE_OF_ROWS), "change")
    body.bullets("Warnings", [*map(code, warnings), *_notes(listed)], int(limit * _SHARE_OF_WARNINGS))
    body.folded([_difference(change) for change in listed if change.fields])
    return body.text([last_line_of_plan(plan), *(_token(plan))])


def apply_markdown(project: str, results: Sequence[Done], *, warnings: Sequence[str] = (), limit: int = LIMIT) -> str:
    """Return what became of a plan as Markdown of at most `limit` characters. `warnings` are one line each."""
    counts = apply_summary(results)
    bad = counts["failed"] or counts["unresolved"]
    head = [f"### {'❌' if bad else '✅'} {last_line_of_apply(results)}", "", f"Project {code(project)}", ""]
    body = _Sheet(limit - _KEPT_FOR_THE_END, head)
    shown = sorted((done for done in results if done.result is not Result.UNCHANGED), key=_gravest_first)
    body.table(_RESULTS, [_result_row(done) for done in shown], int(limit * (1 - _SHARE_OF_WARNINGS)), "result")
    body.bullets("Warnings", [*map(code, warnings)], int(limit * _SHARE_OF_WARNINGS))
    return body.text([])


def outdated_markdown(project: str) -> str:
    """Return what takes the place of a plan where the commit in question has none."""
    return "\n".join(
        [
            marker(project),
            "### ❌ No plan of the last commit",
            "",
            f"Project {code(project)} · its checks tell why. What stood here was the plan of an earlier commit.",
            "",
        ]
    )


def marker(project: str) -> str:
    """Return the hidden first line by which a comment with the plan of `project` is found."""
    return f"<!-- dfsubmit plan: {re.sub(r'[^A-Za-z0-9._-]', '_', project[:_WIDEST_TEXT])} -->"


def code(text: str, widest: int = _WIDEST_TEXT) -> str:
    """Return foreign `text` as inert inline code, cut to `widest` characters."""
    return f"<code>{''.join(map(_inert, _cut(neutral(text), widest)))}</code>"


def _inert(character: str) -> str:
    """Return a character that means nothing but itself. An `@` stands alone, so that no address can be made out of it."""
    if character == "@":
        return "<span>&#64;</span>"
    return character if character > "\x7f" or _PLAIN.match(character) else f"&#{ord(character)};"


class _Sheet:
    """Lines that are collected until there is no more room, and what was left out."""

    def __init__(self, room: int, head: Sequence[str]) -> None:
        self._lines = list(head)
        self._room = room - sum(len(line) + 1 for line in head)
        self._left_out: list[str] = []

    def table(self, heads: Sequence[str], rows: Sequence[str], share: int, noun: str) -> None:
        """Add a table with as many of `rows` as fit `share`."""
        taken = self._fitting(rows, min(share, self._room))
        if taken:
            self._add([*heads, *taken, ""])
        self._count(len(rows) - len(taken), noun)

    def bullets(self, title: str, items: Sequence[str], share: int) -> None:
        """Add a list below `title` with as many of `items` as fit `share`."""
        taken = self._fitting([f"- ⚠️ {item}" for item in items], min(share, self._room))
        if taken:
            self._add([f"**{title}**", "", *taken, ""])
        self._count(len(items) - len(taken), "warning")

    def folded(self, blocks: Sequence[str]) -> None:
        """Add as many of `blocks`, which are whole or left out, as fit."""
        taken = self._fitting(blocks, self._room)
        self._add(taken)
        self._count(len(blocks) - len(taken), "difference")

    def text(self, foot: Sequence[str]) -> str:
        """Return all lines, and below them what was left out and `foot`."""
        if self._left_out:
            told = ", ".join(self._left_out)
            self._lines += [
                f"**Not shown here: {told}.** `dfsubmit plan -v` and the log of this run have all of it.",
                "",
            ]
        if foot:
            self._lines.append(f"<sub>{' · '.join(foot)}</sub>")
        return "\n".join(self._lines).rstrip("\n") + "\n"

    def _add(self, lines: Sequence[str]) -> None:
        self._lines += lines
        self._room -= sum(len(line) + 1 for line in lines)

    def _count(self, left_out: int, noun: str) -> None:
        if left_out:
            self._left_out.append(f"{left_out} more {noun}{'' if left_out == 1 else 's'}")

    @staticmethod
    def _fitting(parts: Sequence[str], room: int) -> list[str]:
        """Return the first of `parts` that take no more than `room` together, their table or title included."""
        taken: list[str] = []
        room -= sum(len(line) + 1 for line in _TABLE) + 1
        for part in parts:
            room -= len(part) + 1
            if room < 0:
                break
            taken.append(part)
        return taken


def _token(plan: Plan) -> Iterator[str]:
    """Yield the token of a plan, where it is one that a person would copy."""
    if plan.has_changes and len(plan.token) <= _WIDEST_TOKEN:
        yield f"Token `{plan.token}`"


def _headline(plan: Plan) -> str:
    if not plan.has_changes:
        return "✅ No changes"
    parts = [
        f"{len(plan.of(action))} {words}"
        for action, words in (
            (Action.SUBMIT, "to submit"),
            (Action.KILL, "to kill"),
            (Action.UNRESOLVED, "unresolved"),
        )
        if plan.of(action)
    ]
    return f"📋 {', '.join(parts)}"


def _gpus_text(plan: Plan) -> str:
    """Return how many GPUs the apps that would be submitted ask for, by model."""
    models: dict[str, int] = {}
    for change in plan.of(Action.SUBMIT):
        count, model = _gpus(change)
        models[model] = models.get(model, 0) + count
    total = sum(models.values())
    # What a handful of models have is told; a set with more of them than that is no set of this world.
    each = ", ".join(f"{count} {code(model, 40)}" for model, count in sorted(models.items())[:8] if count)
    return f"**{counted(total, 'GPU')}** asked for{' (' + each + ')' if each else ''}"


def _gpus(change: Change) -> tuple[int, str]:
    resource: Mapping[str, Any] = (change.request or {}).get("resource") or {}
    count = resource.get("gpuCount")
    return count if isinstance(count, int) else 0, str(resource.get("gpuModel") or "")


def _row(change: Change) -> str:
    count, model = _gpus(change)
    asked = f"{count} {code(model, 40)}" if change.action is Action.SUBMIT and count else ""
    place = code(f"{change.place.path}:{change.place.line}") if change.place else ""
    reason = code(change.reason) if change.reason else ""
    app = f" {code(change.app.name or change.app.id)}" if change.app else ""
    what = f"**{change.action.value}** {reason}{app}"
    return f"| `{SYMBOLS[change.action]}` | {code(change.name)} | {what} | {asked} | {place} |"


def _notes(changes: Iterable[Change]) -> Iterator[str]:
    for change in changes:
        for note in change.notes:
            yield f"{code(change.name)} {code(note, 2 * _WIDEST_TEXT)}"


def _difference(change: Change) -> str:
    """Return what changed in the spec since its last submission, folded under its name."""
    lines = [line for field in change.fields for line in _sides(field.path, field.before, field.after)]
    fence = "`" * max(3, 1 + max((len(run) for line in lines for run in re.findall("`+", line)), default=0))
    fields = counted(len(change.fields), "field")
    return "\n".join(
        [
            f"<details><summary>{code(change.name)}: {fields} changed since the last submission</summary>",
            "",
            f"{fence}diff",
            *lines,
            fence,
            "",
            "</details>",
            "",
        ]
    )


def _sides(path: str, before: Any, after: Any) -> Iterator[str]:
    """Return a removed and an added line; of long values the part is shown where they begin to differ."""
    old, new = (None if side is ABSENT else neutral(json.dumps(side, ensure_ascii=False)) for side in (before, after))
    start = 0
    if old is not None and new is not None and max(len(old), len(new)) > _WIDEST_VALUE:
        same = next((i for i, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), 0)
        start = max(0, same - _BEFORE_DIFFERENCE)
    for mark, value in (("-", old), ("+", new)):
        if value is not None:
            shown = f"…{value[start:]}" if start else value
            yield f"{mark} {_cut(neutral(path), _WIDEST_TEXT)}: {_cut(shown, _WIDEST_VALUE)}"


def _cut(text: str, widest: int) -> str:
    return text if len(text) <= widest else f"{text[: widest - 1]}…"


def _gravest_first(done: Done) -> tuple[bool, bool, str]:
    return done.result not in FAILURES, done.result not in (Result.UNRESOLVED, Result.HELD), done.change.name


def _result_row(done: Done) -> str:
    app = code(done.app.name or done.app.id) if done.app else ""
    said = code(done.message, 2 * _WIDEST_TEXT) if done.message else ""
    return f"| {code(done.change.name)} | {RESULT_WORDS[done.result]} | {app} | {said} |"
