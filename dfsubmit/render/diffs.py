"""What would change in a file, as a unified diff for a person to read: neutral, and with every secret masked.

Lines are those of an editor. Where only what is between the lines changes (line breaks, a byte order mark), a line that
begins with a backslash says so. Values in, text out.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from dfsubmit.leaks import MASK, secret_ranges
from dfsubmit.render.lines import lines_of, split
from dfsubmit.render.terminal import PLAIN, Palette, neutral

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dfsubmit.diagnostics import Diagnostic

_NO_END = "\n\\ No newline at end of file"
_ONLY_BETWEEN = "\\ Only line breaks or a byte order mark change"


def diff_text(
    path: str,
    before: str,
    after: str,
    *,
    hidden_before: Iterable[Diagnostic] = (),
    hidden_after: Iterable[Diagnostic] = (),
    palette: Palette = PLAIN,
) -> str:
    """Return the diff of one file; empty when nothing changes.

    `hidden_before` and `hidden_after` are findings about the two texts: what masked ones point at is not shown.
    """
    if before == after:
        return ""
    name = neutral(path)
    left, right = (name, name) if name.startswith("/") else (f"a/{name}", f"b/{name}")
    old, new = _shown(path, before, hidden_before), _shown(path, after, hidden_after)
    lines = list(difflib.unified_diff(old, new, left, right, lineterm=""))
    if not lines:
        lines = [f"--- {left}", f"+++ {right}", _ONLY_BETWEEN]
    return "".join(f"{_painted(line, palette)}\n" for line in lines)


def _shown(path: str, text: str, findings: Iterable[Diagnostic]) -> list[str]:
    """Return the lines of `text` as they may be shown."""
    about = [finding for finding in findings if finding.path == path and finding.masked]
    known = lines_of(about, {path: text}).get(path)
    hidden = known.hidden if known is not None else {}
    lines = [_masked(line, hidden.get(number, [])) for number, line in enumerate(split(text), 1)]
    last = lines.pop()
    return [*lines, last + _NO_END] if last else lines


def _masked(line: str, hidden: list[tuple[int, int]]) -> str:
    at, pieces = 0, []
    for start, end in sorted([*hidden, *secret_ranges(line)]):
        if end > at:
            pieces += [neutral(line[at:start]), MASK] if start >= at else []
            at = end
    return "".join([*pieces, neutral(line[at:])])


def _painted(line: str, palette: Palette) -> str:
    look = {"+": palette.good, "-": palette.error, "@": palette.note}.get(line[:1], "")
    return palette.paint(look, line) if look else line
