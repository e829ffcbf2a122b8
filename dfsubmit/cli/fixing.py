"""`validate --fix` and `--diff`: the rounds of `fixing`, over files that are read again each time with the repairs in place.

Nothing is written before the last round is over. What is on disk is compared with what was read before it is replaced
(`rewriting`), so that a file that changes in between is left alone, with an error.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING

from dfsubmit.cli.rewriting import Rewrite, rewrite_all
from dfsubmit.fixing import Settled, settle
from dfsubmit.project import load_project
from dfsubmit.render.diffs import diff_text
from dfsubmit.render.summary import Counts, count
from dfsubmit.sources import SourceSet, always, find

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dfsubmit.cli.output import Output
    from dfsubmit.examining import Check
    from dfsubmit.fixing import Change
    from dfsubmit.project import DesiredState
    from dfsubmit.settings import Settings
    from dfsubmit.sources import SourceFile


@dataclass(frozen=True, kw_only=True)
class _Revised(SourceSet):
    """A set some of whose files have another text; `locations` notes where every file lies that was read."""

    changed: Mapping[str, str] = field(default_factory=dict)
    locations: dict[str, SourceFile] = field(default_factory=dict)

    def iter_files(self, wanted: Callable[[], bool] = always) -> Iterator[SourceFile]:
        for source in super().iter_files(wanted):
            self.locations[source.path] = source if not source.location else replace(source, content=b"")
            text = self.changed.get(source.path)
            yield source if text is None else replace(source, content=text.encode(), diagnostic=None)


@dataclass(frozen=True, kw_only=True)
class Repair:
    """What a set looks like once everything that is safe to repair is repaired; nothing is written yet."""

    settled: Settled[DesiredState]
    sources: Mapping[str, SourceFile]

    @property
    def state(self) -> DesiredState:
        """Return what the repaired files ask for."""
        return self.settled.last

    def piped(self) -> bytes | None:
        """Return standard input as repaired; None when it was not read, or could not be."""
        source = next((one for one in self.sources.values() if not one.location), None)
        if source is None or source.diagnostic is not None:
            return None
        change = next((one for one in self.settled.changes if one.path == source.path), None)
        return source.content if change is None else change.after.encode()

    @property
    def reads_standard_input(self) -> bool:
        """Tell whether standard input is one of the files."""
        return any(not source.location for source in self.sources.values())

    def diff(self, out: Output) -> str:
        """Return what changes, for a person."""
        first, last = self.settled.first.diagnostics, self.settled.last.diagnostics
        return "".join(
            diff_text(one.path, one.before, one.after, hidden_before=first, hidden_after=last, palette=out.palette)
            for one in self.settled.changes
        )

    def write(self, out: Output) -> list[str]:
        """Write the files, say how many, and return why some were not written."""
        changes = self.settled.changes
        rewrites = [
            Rewrite(path=one.path, location=location, before=one.before, after=one.after)
            for one in changes
            if (location := self.sources[one.path].location)
        ]
        problems = rewrite_all(rewrites)
        out.note(f"Fixed {_amount([one for one in changes if one.path not in problems])}.")
        return list(problems.values())

    def announce(self, out: Output) -> None:
        """Say what `--fix` would do, and what would remain."""
        left = Counts.of(self.state.diagnostics, files=0, manifests=0)
        remaining = f"{count(left.errors, 'error')} and {count(left.warnings, 'warning')} would remain"
        out.note(f"Would fix {_amount(self.settled.changes)}; {remaining}.")


def repair(settings: Settings, also: Check | None) -> Repair:
    """Judge the files of `settings`, repair what is safe, and judge again. Writes nothing."""
    base = find(settings.files)
    locations: dict[str, SourceFile] = {}

    def judge(changed: Mapping[str, str]) -> DesiredState:
        known = {one.name: getattr(base, one.name) for one in fields(base)}
        state = load_project(_Revised(**known, changed=changed, locations=locations), also=also)
        if not settings.strict:
            return state
        return replace(state, diagnostics=tuple(finding.as_error() for finding in state.diagnostics))

    return Repair(settled=settle(judge), sources=locations)


def _amount(changes: tuple[Change, ...] | list[Change]) -> str:
    return f"{count(sum(one.applied for one in changes), 'finding')} in {count(len(changes), 'file')}"
