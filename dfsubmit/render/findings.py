"""Findings as text for a person: place, code, message, the source line with carets, and what to do.

    specs/a.yaml:12:9: error[DF0201]: unknown key "comand" in spec.docker
       |
    12 |         comand: python train.py
       |         ^^^^^^
       = help: did you mean "command"?

Values in, text out; nothing is printed. Rules: every piece of a file passes `terminal` first, so no escape, control or
bidirectional character gets through; carets stand under their text whatever its characters' widths; a long line is cut
around the caret; a span of several lines shows its first; text that is or looks secret is never shown, in any frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dfsubmit.diagnostics import Severity, first_to_read, in_reading_order
from dfsubmit.leaks import MASK, secret_ranges, without_keys
from dfsubmit.render.lines import lines_of
from dfsubmit.render.summary import DEFAULT_WIDTH, Counts, summary_line
from dfsubmit.render.terminal import PLAIN, Palette, cells, is_plain, neutral

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from dfsubmit.diagnostics import Diagnostic, Span
    from dfsubmit.render.lines import Lines

_NARROWEST = 40
_TAB = "    "
_CUT = "..."
# Of a very long line only the caret's surroundings are looked at: what may be shown, and what may hide a secret.
_NEAR = 500
_AROUND = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """How frames are drawn: from which sources, gutter width in characters, total width in cells, colours."""

    sources: Mapping[str, Lines]
    gutter: int
    width: int
    palette: Palette


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """What is shown for the character at `column` (from 0), and how many cells it takes."""

    column: int
    text: str
    cells: int


def findings_text(
    findings: Sequence[Diagnostic],
    texts: Mapping[str, str],
    *,
    told: Collection[Diagnostic] = (),
    palette: Palette = PLAIN,
    width: int = DEFAULT_WIDTH,
) -> str:
    """Return all findings in reading order, a blank line after each; `texts` holds the decoded text of each path.

    A path without a text gets no frame. `width` is that of the terminal in cells; what is longer is cut. Those that were `told`
    before are left out.
    """
    blocks = finding_blocks(findings, texts, told=told, palette=palette, width=width)
    return "".join(f"{block}\n\n" for _, block in blocks)


def finding_blocks(
    findings: Sequence[Diagnostic],
    texts: Mapping[str, str],
    *,
    told: Collection[Diagnostic] = (),
    palette: Palette = PLAIN,
    width: int = DEFAULT_WIDTH,
) -> list[tuple[Diagnostic, str]]:
    """Return each finding with its text, in reading order, but those that were `told` before.

    Give all of a run at once: each may hide what others would show.
    """
    sources = lines_of(findings, texts)
    ordered = in_reading_order(_untold(findings, told) if told else list(findings))
    return [(one, _finding(one, sources, palette, width)) for one in ordered]


def _untold(findings: Sequence[Diagnostic], told: Collection[Diagnostic]) -> list[Diagnostic]:
    """Return `findings` without those that were `told`, which are of few files: a finding is much longer to hash than a path."""
    paths = {one.path for one in told}
    return [one for one in findings if one.path not in paths or one not in told]


def report_text(
    findings: Sequence[Diagnostic],
    texts: Mapping[str, str],
    *,
    files: int,
    manifests: int,
    silenced: int = 0,
    told: Collection[Diagnostic] = (),
    palette: Palette = PLAIN,
    width: int = DEFAULT_WIDTH,
) -> str:
    """Return what `validate` prints: the findings but those that were `told`, where to read more, and the summary line."""
    counts = Counts.of(findings, files=files, manifests=manifests, silenced=silenced)
    body = findings_text(findings, texts, told=told, palette=palette, width=width)
    more = f"More about a finding: dfsubmit explain {first_to_read(findings).code}\n" if findings else ""
    return f"{body}{more}{summary_line(counts, palette=palette)}\n"


def shown(message: str) -> str:
    """Return a message of ours, on one line, with nothing in it that acts or is a key of a known shape."""
    return neutral(without_keys(message))


def shown_lines(text: str) -> list[str]:
    """Return the lines of a help, each as `shown`."""
    return [neutral(line) for line in without_keys(text).split("\n")]


def _finding(finding: Diagnostic, sources: Mapping[str, Lines], palette: Palette, width: int) -> str:
    """Return one finding: its head line, its frame, its related places and its help."""
    severity = finding.severity.value
    look = palette.error if finding.severity is Severity.ERROR else palette.warning
    spans = [finding.span] + [place.span for place in finding.related]
    gutter = len(str(max((span.line for span in spans if span is not None), default=0)))
    frame = _Look(sources=sources, gutter=gutter, width=width, palette=palette)
    head = palette.paint(look, f"{severity}[{finding.code}]")
    message = palette.paint(palette.strong, shown(finding.message))
    lines = [f"{_place(finding.path, finding.span)}: {head}: {message}"]
    lines += _frame(finding.path, finding.span, frame, look, "^")
    for place in finding.related:
        lines.append(_note(frame, f"{_place(place.path, place.span)}: {shown(place.message)}"))
        lines += _frame(place.path, place.span, frame, palette.note, "-")
    lines += _help(finding.help, frame)
    return "\n".join(lines)


def _place(path: str, span: Span | None) -> str:
    return neutral(path) if span is None else f"{neutral(path)}:{span.line}:{span.column}"


def _note(look: _Look, text: str) -> str:
    return f"{' ' * look.gutter} {look.palette.paint(look.palette.dim, '=')} {text}"


def _help(text: str, look: _Look) -> list[str]:
    """Return the help's lines; those after the first stand under the first one's text."""
    if not text:
        return []
    first, *rest = shown_lines(text)
    indent = " " * (look.gutter + len(" = help: "))
    return [_note(look, f"{look.palette.paint(look.palette.help, 'help')}: {first}"), *(indent + line for line in rest)]


def _frame(path: str, span: Span | None, look: _Look, colour: str, mark: str) -> list[str]:
    """Return the source line of `span` between gutters, with `mark` under what is meant."""
    source = look.sources.get(path)
    if span is None or source is None or span.line > len(source.lines):
        return []
    line = source.lines[span.line - 1]
    start = span.column - 1
    end = span.end_column - 1 if span.end_line == span.line else len(line)
    room = min(max(look.width - look.gutter - 3, _NARROWEST), _NEAR)
    hidden = source.hidden.get(span.line, [])
    if len(line) <= room and not hidden and is_plain(line) and not secret_ranges(line):
        # Most lines: nothing to hide, to name or to cut, and a cell for each character.
        shown, blank, under = line, min(start, len(line)), max(min(end, len(line)) - start, 1)
    else:
        pieces = _cut(_shown(line, start, hidden), start, len(line), room)
        shown = "".join(one.text for one in pieces)
        blank = sum(one.cells for one in pieces if one.column < start)
        under = max(sum(one.cells for one in pieces if start <= one.column < min(end, len(line))), 1)
    paint = look.palette.paint
    bar = paint(look.palette.dim, "|")
    number = paint(look.palette.dim, f"{span.line:>{look.gutter}}")
    empty = " " * look.gutter
    return [
        f"{empty} {bar}",
        f"{number} {bar} {shown}".rstrip(),
        f"{empty} {bar} {' ' * blank}{paint(colour, mark * under)}",
    ]


def _shown(line: str, at: int, hidden: list[tuple[int, int]]) -> list[_Shown]:
    """Return what is shown for the characters of `line` around column `at`."""
    low = max(0, at - _AROUND)
    secret = hidden + [(low + start, low + end) for start, end in secret_ranges(line[low : at + _AROUND])]
    first = max(0, at - _NEAR)
    part = line[first : at + _NEAR]
    result: list[_Shown] = []
    inside = False
    for column, (character, (text, wide)) in enumerate(zip(part, cells(part), strict=True), first):
        if any(start <= column < end for start, end in secret):
            # One mask for the whole stretch: its length is nobody's business either.
            result.append(_Shown(column=column, text="" if inside else MASK, cells=0 if inside else len(MASK)))
            inside = True
            continue
        inside = False
        tab = character == "\t"
        result.append(_Shown(column=column, text=_TAB if tab else text, cells=len(_TAB) if tab else wide))
    return result


def _cut(shown: list[_Shown], start: int, length: int, room: int) -> list[_Shown]:
    """Return what fits in `room` cells around column `start` of a line of `length` characters, its cut ends marked."""
    if sum(one.cells for one in shown) <= room and len(shown) == length:
        return shown
    budget = room - 2 * len(_CUT)
    first = next((index for index, one in enumerate(shown) if one.column >= start), len(shown))
    behind = sum(one.cells for one in shown[first:])
    before = 0
    while first > 0 and before + shown[first - 1].cells <= max(budget // 3, budget - behind):
        first -= 1
        before += shown[first].cells
    kept: list[_Shown] = []
    used = 0
    for one in shown[first:]:
        if used + one.cells > budget:
            break
        kept.append(one)
        used += one.cells
    left = [_Shown(column=-1, text=_CUT, cells=len(_CUT))] if not kept or kept[0].column > 0 else []
    right = [_Shown(column=length, text=_CUT, cells=len(_CUT))] if kept and kept[-1].column + 1 < length else []
    return [*left, *kept, *right]
