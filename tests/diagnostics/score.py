"""The score: seeded single faults, what dfsubmit says about each, and what check-jsonschema says with our schema.

    python tests/diagnostics/score.py [N]        N mutants, 5,000 when it is not given

A fault counts as found by check-jsonschema when the file has an error and the same file without the fault has none. It gets each
document in a file of its own, as it takes no other. It names no line, so a line can be right only if a message has it.
`--peer PATH` names its program when it is not beside Python or on PATH; `--each` prints every kind.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from judging_mutants import Score, findings_for, scored
from mutants import KINDS, Mutant, some_mutants

SCHEMA = Path(__file__).parents[2] / "schema" / "dfsubmit.v1.schema.json"
FAMILIES = {
    "kinds_text": "text of the file",
    "kinds_model": "keys, kind and version",
    "kinds_values": "types, bounds, forms",
    "kinds_set": "several manifests, advice, secrets",
}
_HEAD = ("mutants", "found", "one", "code", "line", "column", "help")
_LOTS = 40
_LINE = re.compile(r"line (\d+)")


def main() -> int:
    """Print the table. Return 1 when dfsubmit is below 99 %."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", nargs="?", type=int, default=5000, metavar="N", help="number of mutants")
    parser.add_argument("--seed", type=int, default=0, help="number of the first mutant of each kind")
    parser.add_argument("--each", action="store_true", help="a row for each kind")
    parser.add_argument("--peer", help="the program check-jsonschema")
    options = parser.parse_args()
    # Those of one kind side by side: what breaks check-jsonschema then breaks few lots.
    mutants = sorted(some_mutants(options.count, seed=options.seed), key=lambda mutant: mutant.kind)
    ours = [scored(mutant, findings_for(mutant.files)) for mutant in mutants]
    beside = Path(sys.executable).with_name("check-jsonschema")
    peer = shutil.which(options.peer or (str(beside) if beside.exists() else "check-jsonschema"))
    theirs = peer_scores(peer, mutants) if peer else None
    print("\n".join(table(mutants, ours, theirs, each=options.each)))  # noqa: T201  # what a script is for
    if theirs is None:
        print("check-jsonschema is not installed", file=sys.stderr)  # noqa: T201  # the same
    return 0 if sum(score.right for score in ours) >= 0.99 * len(ours) else 1


def table(mutants: Sequence[Mutant], ours: Sequence[Score], theirs: Sequence[Score] | None, *, each: bool) -> list[str]:
    """Return the lines of the table: for each family, or kind, and in all."""
    rows: dict[str, list[int]] = defaultdict(list)
    for number, mutant in enumerate(mutants):
        family = FAMILIES[KINDS[mutant.kind][0].__module__]
        for name in ([f"  {mutant.kind}"] if each else []) + [family, "in all"]:
            rows[name].append(number)
    width = max(len(name) for name in rows)
    lines = [f"| {'fault':<{width}} | {' | '.join(_HEAD)} | check-jsonschema: found | one | line |"]
    lines.append(f"|{'-' * (width + 2)}|{'|'.join('-' * (len(head) + 1) + ':' for head in _HEAD)}|---:|---:|---:|")
    order = [name for name in rows if name.startswith("  ")] + [*FAMILIES.values(), "in all"]
    lines += [f"| {name:<{width}} | {_row(rows[name], ours, theirs)} |" for name in order if name in rows]
    right = sum(score.right for score in ours)
    lines += [
        "",
        f"Exactly one finding, right code, line and column: {right} of {len(ours)} ({right / len(ours):.2%}).",
    ]
    return lines


def _row(numbers: Iterable[int], ours: Sequence[Score], theirs: Sequence[Score] | None) -> str:
    mine = [ours[number] for number in numbers]
    counts = [len(mine)] + [sum(getattr(score, name) for score in mine) for name in _HEAD[1:]]
    cells = [f"{count:>{len(head)}}" for count, head in zip(counts, _HEAD, strict=True)]
    other = [theirs[number] for number in numbers] if theirs is not None else []
    cells += [str(sum(getattr(score, name) for score in other)) if other else "-" for name in ("found", "one", "line")]
    return " | ".join(cells)


def peer_scores(program: str, mutants: Sequence[Mutant]) -> list[Score]:
    """Return what check-jsonschema says: one process for all files, as long as it bears them."""
    with tempfile.TemporaryDirectory() as folder:
        faulty = [_write(Path(folder), f"f{n}", mutant.bare or mutant.files) for n, mutant in enumerate(mutants)]
        sound = [_write(Path(folder), f"s{n}", mutant.sound) for n, mutant in enumerate(mutants)]
        found, wrong_anyway = peer_errors(program, faulty), peer_errors(program, sound)
    return [
        _peer_score(mutant, messages if not wrong else [])
        for mutant, messages, wrong in zip(mutants, found, wrong_anyway, strict=True)
    ]


def _write(folder: Path, stem: str, files: Iterable[tuple[str, bytes]]) -> list[Path]:
    paths = [folder / f"{stem}-{place}.yaml" for place, _ in enumerate(files)]
    for path, (_, content) in zip(paths, files, strict=True):
        path.write_bytes(content)
    return paths


def peer_errors(program: str, groups: Sequence[Sequence[Path]]) -> list[list[str]]:
    """Return the messages for each group of files.

    A file that makes the program break off takes the others with it, so they are given to it in ever smaller lots; on its own it
    has no message, as a traceback is none.
    """
    names = [path.name for group in groups for path in group]
    command = [program, "-o", "json", "--schemafile", str(SCHEMA), *names]
    done = subprocess.run(command, cwd=groups[0][0].parent, capture_output=True, text=True, check=False)
    try:
        report = json.loads(done.stdout)
    except json.JSONDecodeError:
        if len(groups) == 1:
            return [[]]
        size = -(-len(groups) // _LOTS)
        lots = [groups[start : start + size] for start in range(0, len(groups), size)]
        return [messages for lot in lots for messages in peer_errors(program, lot)]
    messages: dict[str, list[str]] = defaultdict(list)
    for error in [*report.get("errors", []), *report.get("parse_errors", [])]:
        messages[Path(error["filename"]).name].append(error["message"])
    return [[message for path in group for message in messages[path.name]] for group in groups]


def _peer_score(mutant: Mutant, messages: list[str]) -> Score:
    one = len(messages) == 1
    lines = [int(match[1]) for message in messages for match in _LINE.finditer(message)]
    return Score(found=bool(messages), one=one, line=one and lines == [mutant.line])


if __name__ == "__main__":
    raise SystemExit(main())
