"""Submissions that only a person can settle: what is open, since when, what was looked at, and the command to decide."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from dfsubmit.journal import State
from dfsubmit.plan import timestamp, why_open
from dfsubmit.recover import Look, Undecidable
from dfsubmit.render.plan import state_text
from dfsubmit.render.terminal import PLAIN, Palette, counted, neutral

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dfsubmit.engine import App
    from dfsubmit.journal import ItemState
    from dfsubmit.settle import Settled

_MOST_CANDIDATES = 10


def unresolved_text(undecided: Sequence[Settled], *, palette: Palette = PLAIN) -> str:
    """Return a paragraph for each."""
    names = Counter(settled.item.name for settled in undecided)
    return "\n".join(line for settled in undecided for line in _paragraph(settled, names, palette)) + "\n"


def _paragraph(settled: Settled, names: Mapping[str, int], palette: Palette) -> list[str]:
    ruling = settled.ruling
    name = neutral(settled.item.address if names[settled.item.name] > 1 else settled.item.name)
    if not isinstance(ruling, Undecidable):
        return []
    lines = [
        (
            f"{palette.paint(palette.warning, '?')} {palette.paint(palette.strong, name)}: "
            f"{neutral(_since(settled.state))}"
        ),
        *_looked(ruling.look),
        f"    {neutral(ruling.why)}",
    ]
    if ruling.candidates:
        lines += [f"      {_candidate(app)}" for app in ruling.candidates[:_MOST_CANDIDATES]]
        if len(ruling.candidates) > _MOST_CANDIDATES:
            lines.append(f"      and {len(ruling.candidates) - _MOST_CANDIDATES} more")
        lines.append(f"    one of them is it:  dfsubmit recover {name} --adopt {neutral(ruling.candidates[0].id)}")
        if len(ruling.candidates) > 1:
            lines.append(
                "                        (if nobody asked for the others, stop them where the service lists its apps)"
            )
    else:
        lines.append("    look once more:     dfsubmit recover          (or apply; the next list may tell)")
    lines.append(f"    nothing started:    dfsubmit recover {name} --retry    (apply then submits it again)")
    lines.append(f"    leave it at that:   dfsubmit recover {name} --abandon  (it counts as settled, without an app)")
    return lines


def _since(state: ItemState) -> str:
    if state.state is State.IN_FLIGHT and state.last is not None:
        by = f"{state.last.by.host} process {state.last.by.pid}"
        return f"begun at {timestamp(state.last.at)} by {by}, which never recorded how it ended"
    return why_open(state)


def _looked(look: Look) -> list[str]:
    shown = counted(look.apps, "app", "apps")
    return [
        f"    looked at the service's list of {shown} at {timestamp(look.at)}",
        neutral(
            f"    for {look.prefix}-xxxx-xxxx in queue {look.queue} and workspace {look.workspace}, "
            f"started from {timestamp(look.since)} to {timestamp(look.until)}"
        ),
    ]


def _candidate(app: App) -> str:
    started = f", started {timestamp(app.started_at)}" if app.started_at else ""
    return neutral(f"{app.id}  {app.name}  {state_text(app)}{started}")
