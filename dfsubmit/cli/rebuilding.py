"""What `dfsubmit ledger rebuild` does: match the engine's list with the manifests, and record what is certain."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dfsubmit.cli import output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dfsubmit.rebuild import Row
    from dfsubmit.settings import Settings


def run(settings: Settings, *, unmarked: bool) -> int:
    """Show the rows, ask, and record. Raises DfsubmitError."""
    from dfsubmit.cli.planning import desired_scene
    from dfsubmit.compose import now
    from dfsubmit.connections import engine_of, ledger_of
    from dfsubmit.decide import adopt_for
    from dfsubmit.holds import sent_prefix
    from dfsubmit.identity import current_actor
    from dfsubmit.journal import NOTHING
    from dfsubmit.plan import Action
    from dfsubmit.planning import plan_of
    from dfsubmit.rebuild import Match, rebuild

    out = output.make(settings, os.environ)
    scene, state = desired_scene(settings, out)
    with ledger_of(scene) as ledger, engine_of(scene, tell=out.detail) as engine:
        missing = plan_of(scene, state, ledger, None, prune=False).of(Action.SUBMIT)
        claimed = {known.app.id for known in ledger.states(None).values() if known.app is not None}
        rows, strangers = rebuild(
            missing,
            prefixes={change.name: sent_prefix(change, marker=scene.marker) for change in missing},
            marked=scene.marker,
            listing=engine.list_apps(),
            claimed=claimed,
            workspaces=engine.workspaces(),
        )
        taken = {Match.CERTAIN, Match.POSSIBLE} if unmarked else {Match.CERTAIN}
        sure = [row for row in rows if row.match in taken]
        _show(rows, sure, out)
        if sure:
            out.confirm(f"Record {len(sure)}?", yes=settings.yes, no_input=settings.no_input)
        actor = current_actor(scene.environ)
        for row in sure:
            known = ledger.states(scene.project_id).get(row.change.item, NOTHING)
            adopt_for(row.change.item, known, row.apps[0].id, ledger=ledger, engine=engine, actor=actor, at=now())
    left = sum(row.match in (Match.POSSIBLE, Match.AMBIGUOUS) for row in rows if row not in sure)
    unmatched = sum(row.match is Match.NONE for row in rows)
    out.line(
        f"Rebuild: {len(sure)} recorded, {left} to decide, {unmatched} without an app, {len(strangers)} apps of nobody here."
    )
    return 3 if left else 0


def _show(rows: Sequence[Row], sure: Sequence[Row], out: output.Output) -> None:
    """Say what fits what; for each that is not recorded, the command that would."""
    from dfsubmit.rebuild import Match

    for row in rows:
        names = ", ".join(f"{app.name} ({app.id})" for app in row.apps)
        if row in sure:
            out.note(f"= {row.change.name}: {names}")
        elif row.match is Match.NONE:
            out.note(f"+ {row.change.name}: no app fits; apply would submit it")
        else:
            why = (
                "one app fits, but nothing shows that it is of this very spec"
                if row.match is Match.POSSIBLE
                else "several fit"
            )
            out.note(f"? {row.change.name}: {why}: {names}")
            out.note(f"    if one of them is it:  dfsubmit adopt {row.change.name} --id {row.apps[0].id}")
