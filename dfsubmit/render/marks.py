"""A mark for each finding by which a code host recognises it in the next run, wherever its line has moved.

A mark is made of the code, the path, the text of the line without its blanks, and how many equal ones came before: so it
stays when lines are added or removed around it, and no two findings of a run have the same. Nothing that is or looks
secret goes into it, because a short secret could be guessed from a digest.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

from dfsubmit.render.lines import lines_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dfsubmit.diagnostics import Diagnostic
    from dfsubmit.render.inspection import Inspection

_Key = tuple[str, str, str]


def marks(run: Inspection, findings: Sequence[Diagnostic]) -> list[str]:
    """Return the mark of each of `findings`, which are all those of `run`, in reading order: 64 hexadecimal digits."""
    files = lines_of(findings, run.texts)
    texts: dict[tuple[str, int], str] = {}
    seen: Counter[_Key] = Counter()
    result = []
    for finding in findings:
        number = finding.span.line if finding.span is not None else 0
        place = (finding.path, number)
        if place not in texts:
            texts[place] = files[finding.path].harmless(number) if finding.path in files else ""
        key = (finding.code, run.located(finding.path), texts[place])
        result.append(_digest(key, seen[key]))
        seen[key] += 1
    return result


def _digest(key: _Key, before: int) -> str:
    parts = "\0".join((*key, str(before)))
    return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()
