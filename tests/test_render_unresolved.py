"""What a person is told who must decide: what is open, since when, what was looked at, why it does not tell, and what to type."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from stage import PROJECT, WORKSPACE
from test_recover import DEADLINE, LATER, SETTLE, SETTLED, app, item, opened, submitted

from dfsubmit.engine import App, Listing, Workspace
from dfsubmit.journal import Item, ItemState
from dfsubmit.recover import Doubt, rule
from dfsubmit.render.unresolved import unresolved_text
from dfsubmit.settle import Settled

GOLDEN = Path(__file__).parent / "golden" / "unresolved"
# An hour in which everything was accepted that must still be listed.
KNOWN = LATER - timedelta(minutes=5)


def paragraph(
    *apps: App, states: dict[Item, ItemState], claims: dict[str, ItemState] | None = None, workspace: str = "nlp"
) -> str:
    doubts = [Doubt(item=one, state=state, settled_at=SETTLED) for one, state in states.items()]
    rulings = rule(
        doubts,
        listing=Listing(apps=apps, server_now=LATER),
        claims=claims or {},
        workspaces=[Workspace(id=WORKSPACE, name=workspace)] if workspace else [],
        settle=SETTLE,
    )
    return unresolved_text([Settled(item=one, state=states[one], ruling=rulings[one]) for one in states])


def with_message(state: ItemState, message: str) -> ItemState:
    assert state.last is not None
    return replace(state, last=replace(state.last, message=message))


def cases() -> dict[str, str]:
    silent = with_message(opened(), "no answer within 30 s")
    fits = [app(number, workspace="nlp") for number in (1, 2)]
    one, again = item(), replace(item(), fingerprint="sha256:two")
    return {
        "several": paragraph(*fits, app(3, name="other-aaaa-0003"), states={one: silent}),
        "many": paragraph(*(app(number, workspace="nlp") for number in range(1, 14)), states={one: silent}),
        "in-flight": paragraph(*fits, states={one: opened(unknown=False)}),
        "not-credible": paragraph(states={one: silent}, claims={app(9).id: submitted(app(9), at=KNOWN)}, workspace=""),
        "one-name-twice": paragraph(*fits, states={one: silent, again: silent}),
        "hostile": paragraph(
            app(1, name="", workspace="n\x1b[31mlp\u202e"),
            app(2, workspace="n\x1b[31mlp\u202e"),
            states={one: with_message(opened(), "::error::\r\n\x1b]0;title\x07 <b>")},
            workspace="n\x1b[31mlp\u202e",
        ),
    }


@pytest.mark.parametrize("case", cases())
def test_what_is_told_is_this_text(case: str) -> None:
    path, text = GOLDEN / f"{case}.txt", cases()[case]
    if os.environ.get("DFSUBMIT_RECORD"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", cases())
def test_every_paragraph_has_all_that_a_person_needs(case: str) -> None:
    text = cases()[case]
    assert re.search(r"^\? one.*: (outcome unknown since|begun at) 2026-03-04T05:06:07Z", text)
    assert "looked at the service's list of " in text
    assert "in queue gpu and workspace " in text
    assert "dfsubmit recover one" in text
    assert "--retry" in text
    assert "--abandon" in text
    assert text.isascii()
    assert all(line.isprintable() for line in text.splitlines())


def test_an_item_answers_to_its_name_and_to_an_address_that_tells_it_apart() -> None:
    known = Item(key=f"{PROJECT}/one", fingerprint="sha256:0123456789abcdef")
    assert known.address == "one@0123456789ab"
    assert all(known.answers_to(text) for text in ("one", "one@0", "one@0123456789ab"))
    assert not any(known.answers_to(text) for text in ("", "on", "one@", "one@1", "two", "one@0123456789abcd"))


def test_the_window_that_was_looked_at_reaches_from_the_intent_to_the_settle_time() -> None:
    assert SETTLED < DEADLINE
    assert "started from 2026-03-04T05:06:05Z to 2026-03-04T05:06:54Z" in cases()["several"]
