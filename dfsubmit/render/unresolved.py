"""Submissions that only a person can settle: what is open, since when, what was looked at, and the command to decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dfsubmit.plan import timestamp, why_open
from dfsubmit.recover import Undecidable
from dfsubmit.render.plan import state_text
from dfsubmit.render.terminal import PLAIN, Palette, neutral

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dfsubmit.engine import App
    from dfsubmit.settle import Settled

_MOST_CANDIDATES = 10


def unresolved_text(undecided: Sequence[Settled], *, palette: Palette = PLAIN) -> str:
    """Return a paragraph for each."""
    return "\n".join(line for settled in undecided for line in _paragraph(settled, palette)) + "\n"


def _paragraph(settled: Settled, palette: Palette) -> list[str]:
    ruling, name = settled.ruling, neutral(settled.item.name)
    if not isinstance(ruling, Undecidable):
        return []
    lines = [
        (
            f"{palette.paint(palette.warning, '?')} {palette.paint(palette.strong, name)}: "
            f"{neutral(why_open(settled.state))}"
        ),
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
    lines.append(f"    nothing started:    dfsubmit recover {name} --retry    (apply then submits it again)")
    lines.append(f"    leave it at that:   dfsubmit recover {name} --abandon  (it counts as settled, without an app)")
    return lines


def _candidate(app: App) -> str:
    started = f", started {timestamp(app.started_at)}" if app.started_at else ""
    return neutral(f"{app.id}  {app.name}  {state_text(app)}{started}")
