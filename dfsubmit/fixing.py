"""Findings with safe edits → the text as it should have been, everything else in it character for character as it was.

`apply_edits` is one round over one text; `settle` goes on, round after round over a whole set, until judging it finds
nothing more that is safe to change: one repair can bring out the next fault. Rules: only findings all of whose edits are safe
count; a finding's edits are applied together or not at all; of findings whose edits overlap the first in reading order
wins, and the other has its turn in the next round, if it is still found. Pure: whoever calls judges, reads and writes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from dfsubmit.diagnostics import Diagnostic, Edit, in_reading_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

# Repairs that bring out repairs: manifests are six levels deep, and each round settles at least one.
MAX_ROUNDS = 10


class Judged(Protocol):
    """What judging a set gives: its findings, and the texts of the files that have some, by path."""

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Return all findings."""

    @property
    def texts(self) -> Mapping[str, str]:
        """Return the decoded texts."""


J = TypeVar("J", bound=Judged)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """One text after one round, and the findings whose edits were applied."""

    text: str
    applied: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One file that changes: its text as it was read and as it should be, and how many findings that answers."""

    path: str
    before: str
    after: str
    applied: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled(Generic[J]):
    """The end of all rounds: the changes by path, and what was judged before them and after them."""

    first: J
    last: J
    changes: tuple[Change, ...] = field(default=())


def apply_edits(text: str, findings: Iterable[Diagnostic]) -> Fixed:
    """Return `text` with the safe edits of `findings`, which are all about it."""
    accepted: list[Edit] = []
    applied = []
    for finding in in_reading_order(list(findings)):
        edits = finding.edits
        if not edits or not all(_is_usable(edit, text) for edit in edits):
            continue
        if all(edit in accepted for edit in edits):
            applied.append(finding)  # two findings that want the very same, such as the uses of one anchor
        elif not any(_overlap(edit, other) for edit in edits for other in accepted):
            accepted += edits
            applied.append(finding)
    pieces, at = [], 0
    for edit in sorted(accepted, key=lambda edit: edit.start):
        pieces += [text[at : edit.start], edit.text]
        at = edit.end
    return Fixed(text="".join([*pieces, text[at:]]), applied=tuple(applied))


def settle(judge: Callable[[Mapping[str, str]], J], *, rounds: int = MAX_ROUNDS) -> Settled[J]:
    """Return what a set looks like once nothing in it is left that is safe to change.

    `judge` gets the texts that differ from what was read, by path, and judges the set with these in place.
    """
    first = last = judge({})
    originals: dict[str, str] = {}
    texts: dict[str, str] = {}
    counts: dict[str, int] = {}
    for _ in range(rounds):
        changed = False
        for path, findings in _by_path(last).items():
            before = last.texts[path]
            fixed = apply_edits(before, findings)
            if fixed.text == before:
                continue
            changed = True
            originals.setdefault(path, before)
            texts[path] = fixed.text
            counts[path] = counts.get(path, 0) + len(fixed.applied)
        if not changed:
            break
        last = judge(texts)
    changes = (
        Change(path=path, before=originals[path], after=text, applied=counts[path])
        for path, text in texts.items()
        if text != originals[path]
    )
    return Settled(first=first, last=last, changes=tuple(changes))


def _by_path(judged: Judged) -> dict[str, list[Diagnostic]]:
    """Return the findings that have edits, by file."""
    found: dict[str, list[Diagnostic]] = {}
    for finding in judged.diagnostics:
        if finding.edits and finding.path in judged.texts:
            found.setdefault(finding.path, []).append(finding)
    return found


def _is_usable(edit: Edit, text: str) -> bool:
    return edit.safe and 0 <= edit.start <= edit.end <= len(text)


def _overlap(one: Edit, other: Edit) -> bool:
    """Tell whether two edits touch the same characters, or one inserts where the other ends or begins."""
    if one.start == one.end or other.start == other.end:
        return one.start <= other.end and other.start <= one.end
    return one.start < other.end and other.start < one.end
