"""Several errors of the models that are one slip: one finding for them.

Keys that are missing in one mapping are missing in one place. Keys that all belong one level deeper lack the line that
should stand above them. Two entries of a list, each of which lacks what the other has, are one entry with a dash too many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dfsubmit.diagnostics import Diagnostic
from dfsubmit.judging.fields import TEXT_OR_FIELDS, value_at
from dfsubmit.judging.paths import dotted
from dfsubmit.judging.quoting import quoted
from dfsubmit.judging.strays import How
from dfsubmit.judging.wording import missing_lines, worded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dfsubmit.document import Document
    from dfsubmit.judging.fault import Fault
    from dfsubmit.judging.paths import Path
    from dfsubmit.judging.strays import Stray

# So many names are read in a message.
_MOST_NAMES = 6


def missing_findings(faults: Sequence[Fault]) -> Iterator[Diagnostic]:
    """Yield one finding for each mapping that lacks keys; `faults` are the missing keys, in any order."""
    by_parent: dict[Path, list[Fault]] = {}
    for fault in faults:
        by_parent.setdefault(fault.target[:-1], []).append(fault)
    settled: set[Path] = set()
    for parent, own in by_parent.items():
        following = _next_entry(parent)
        if parent in settled:
            continue
        if following in by_parent and _is_split(own, by_parent[following]):
            settled.add(following)
            yield _split_finding(own[0], following)
        elif len(own) == 1 or own[0].parent.kind == TEXT_OR_FIELDS:
            yield from map(worded, own)
        else:
            yield _lacking_finding(own)


def _next_entry(path: Path) -> Path:
    """Return the path of the entry behind the one at `path`; the root's where it is no entry of a list."""
    last = path[-1] if path else ""
    return (*path[:-1], last + 1) if isinstance(last, int) else ()


def _is_split(one: list[Fault], other: list[Fault]) -> bool:
    """Tell whether two mappings have just what the other lacks."""
    document = one[0].document
    first, second = (value_at(document.data, group[0].path[:-1]) for group in (one, other))
    if not isinstance(first, dict) or not isinstance(second, dict):
        return False
    lacking = [{fault.target[-1] for fault in group} for group in (one, other)]
    return set(second) == lacking[0] and lacking[1] <= set(first)


def _split_finding(fault: Fault, following: Path) -> Diagnostic:
    document = fault.document
    name, place = fault.target[-1], dotted(fault.target[:-1])
    return Diagnostic(
        code="DF0202",
        message=f'missing key "{name}" in {place}: it stands in an entry of its own',
        path=document.path,
        span=document.span((*following, str(name)), key=True),
        help="remove the dash in front of it, so that it belongs to the entry above",
    )


def _lacking_finding(faults: list[Fault]) -> Diagnostic:
    *most, last = [quoted(str(fault.target[-1])) for fault in faults]
    place = dotted(faults[0].target[:-1])
    lines = [line for fault in faults for line in missing_lines(fault)]
    message = f"missing keys {', '.join(most)} and {last}" + (f" in {place}" if place else "")
    return faults[0].finding("DF0202", message, "\n".join(["add, with your own values:", *lines]))


def _belongs(stray: Stray) -> tuple[Path, Path]:
    """Return the mapping that a key stands in, and the one that it belongs in."""
    return stray.path[:-1], (stray.target or ())[:-1]


def _misplaced(strays: Sequence[Stray]) -> Mapping[tuple[Path, Path], list[Stray]]:
    groups: dict[tuple[Path, Path], list[Stray]] = {}
    for stray in strays:
        if stray.how is How.ELSEWHERE and stray.target is not None and stray.target[-1] == stray.path[-1]:
            groups.setdefault(_belongs(stray), []).append(stray)
    return {places: group for places, group in groups.items() if len(group) > 1}


def misplaced(document: Document, strays: Sequence[Stray]) -> tuple[list[Diagnostic], frozenset[Path]]:
    """Return one finding for each lot of keys that stand in one mapping and belong in one other, and the paths of these keys."""
    groups = _misplaced(strays)
    paths = frozenset(stray.path for group in groups.values() for stray in group)
    return list(_misplaced_findings(document, groups)), paths


def _misplaced_findings(document: Document, groups: Mapping[tuple[Path, Path], list[Stray]]) -> Iterator[Diagnostic]:
    for (above, belongs), group in groups.items():
        names = [quoted(str(stray.path[-1])) for stray in group]
        more = len(names) - _MOST_NAMES
        listed = ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
        written = value_at(document.data, belongs) is not None
        section = dotted(belongs)
        advice = f"they belong under {section}"
        if not written:
            advice += f": put the line {belongs[-1]}: in front of them, and indent them by two more spaces"
        yield Diagnostic(
            code="DF0201",
            message=f"unknown keys {listed} in {dotted(above) or 'the document'}",
            path=document.path,
            span=document.span(group[0].path, key=True),
            help=advice,
        )
