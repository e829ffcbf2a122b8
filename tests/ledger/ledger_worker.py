"""Another process at the same ledger: ledger_worker.py SPEC ROOT. Takes a JSON command a line, answers with a JSON line.

{"do": "append", "entries": […]}     → the verdicts
{"do": "states"}                     → the state of each item, by "key fingerprint"
{"do": "flood", "name": N}           → for ever: submits N-0, N-1, …; a line for each group that won
"""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path
from typing import Any

from ledger_entries import item, submitted

from dfsubmit.ledger import codec
from dfsubmit.ledger.base import Ledger, Verdict
from dfsubmit.ledger.open import open_ledger

# How many items one append of a flood submits, in turn.
GROUPS = (1, 1, 7, 1, 40)


def say(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def flood(ledger: Ledger, name: str) -> None:
    number = 0
    for size in itertools.cycle(GROUPS):
        group = [item(f"{name}-{number + index}") for index in range(size)]
        entries = [entry for of in group for entry in submitted(of)]
        verdicts = ledger.append(entries)
        say([of.key for index, of in enumerate(group) if verdicts[2 * index + 1] is Verdict.WON])
        number += size


def answer(ledger: Ledger, command: dict[str, Any]) -> None:
    match command["do"]:
        case "append":
            entries = [codec.decode(data) for data in command["entries"]]
            say([verdict.value for verdict in ledger.append(entries)])
        case "states":
            say({f"{of.key} {of.fingerprint}": state.state.value for of, state in ledger.states(None).items()})
        case "flood":
            flood(ledger, command["name"])


def main() -> None:
    ledger = open_ledger(sys.argv[1], Path(sys.argv[2]))
    say("ready")
    for line in sys.stdin:
        answer(ledger, json.loads(line))
    ledger.close()


if __name__ == "__main__":
    main()
