"""Draws the README's picture of plan and apply, from real output.

    python tests/docs/make_picture.py --record   run the program, write recorded/plan-and-apply.json, draw
    python tests/docs/make_picture.py            draw from the recording: equal recordings give equal bytes

The picture is an SVG of monospaced text without a window around it, in the colours of the reader's light or dark
scheme. Every piece of text has its place and its length, so that columns stand in line whatever the font.
"""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import asdict
from html import escape
from pathlib import Path

from recording import REPOSITORY, Step, record

RECORDING = Path(__file__).parent / "recorded" / "plan-and-apply.json"
PICTURE = REPOSITORY / ".github" / "readme" / "plan-and-apply.svg"
COMMANDS = [
    ("dfsubmit apply --yes --wait", False),
    ("sed -i 's/--epochs 150/--epochs 200/' specs/train-classifier.yaml", True),
    ("dfsubmit plan", True),
    ("dfsubmit apply --yes", True),
    ("dfsubmit apply --yes", True),
]
TITLE = "dfsubmit plan and apply"
DESCRIPTION = (
    "One field of one of eight manifests was edited. The plan shows that one app would be submitted and which field "
    "changed; apply submits it; a second apply submits nothing."
)

CELL, LINE, SIZE, MARGIN = 7.8, 19, 13, 18
# SGR parameters, as the program's palette writes them, to the class of the text.
LOOKS = {"1": "strong", "34": "dim", "1;31": "bad", "1;32": "good", "1;33": "warn", "1;34": "note", "1;36": "help"}
STYLE = """\
    rect { fill: #ffffff; stroke: #d0d7de }
    text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #1f2328 }
    .prompt { fill: #59636e } .command, .strong { font-weight: 700 } .dim { fill: #59636e } .note { fill: #0550ae }
    .good { fill: #116329; font-weight: 700 } .warn { fill: #7d4e00; font-weight: 700 }
    .bad { fill: #a40e26; font-weight: 700 } .help { fill: #1b7c83; font-weight: 700 }
    @media (prefers-color-scheme: dark) {
      rect { fill: #0d1117; stroke: #3d444d } text { fill: #e6edf3 }
      .prompt, .dim { fill: #9198a1 } .good { fill: #56d364 } .warn { fill: #e3b341 } .bad { fill: #ff7b72 }
      .note { fill: #79c0ff } .help { fill: #56d4dd }
    }
"""
_SGR = re.compile(r"\x1b\[([0-9;]*)m")

# A line is its pieces: the class of each, and its text.
Pieces = list[tuple[str, str]]


def main() -> None:
    """Record when asked to, and draw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--record", action="store_true", help="run the program again first")
    if parser.parse_args().record:
        RECORDING.parent.mkdir(exist_ok=True)
        RECORDING.write_text(written(record(COMMANDS)), encoding="utf-8")
    PICTURE.write_text(picture(recorded()), encoding="utf-8")


def written(steps: list[Step]) -> str:
    """Return a recording as it is stored."""
    kept = [{name: value for name, value in asdict(step).items() if name != "shown"} for step in steps]
    return json.dumps(kept, indent=1, ensure_ascii=True) + "\n"


def recorded() -> list[Step]:
    """Return the stored recording."""
    return [Step(**step) for step in json.loads(RECORDING.read_text(encoding="utf-8"))]


def picture(steps: list[Step]) -> str:
    """Return the SVG of `steps`, one below the other."""
    lines: list[Pieces] = []
    for step in steps:
        lines += [[], [("prompt", "$ "), ("command", step.command)]]
        lines += [pieces(line) for line in step.output.rstrip("\n").split("\n")] if step.output else []
    lines = lines[1:]
    columns = max(sum(len(text) for _, text in line) for line in lines)
    width, height = round(columns * CELL + 2 * MARGIN), len(lines) * LINE + 2 * MARGIN
    drawn = "\n".join(drawn_line(line, number) for number, line in enumerate(lines) if line)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" aria-labelledby="title description">\n'
        f'  <title id="title">{escape(TITLE)}</title>\n'
        f'  <desc id="description">{escape(DESCRIPTION)}</desc>\n'
        f"  <style>\n{STYLE}  </style>\n"
        f'  <rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"/>\n'
        f"{drawn}\n"
        "</svg>\n"
    )


def pieces(line: str) -> Pieces:
    """Return a line with escape sequences as its pieces. Raises KeyError for a look that this file does not know."""
    found: Pieces = []
    look, start = "", 0
    for match in _SGR.finditer(line):
        found.append((look, line[start : match.start()]))
        look, start = (LOOKS[match[1]] if match[1] not in ("", "0") else ""), match.end()
    return [(name, text) for name, text in [*found, (look, line[start:])] if text]


def drawn_line(line: Pieces, number: int) -> str:
    """Return the text elements of a line: one for each piece, at its place and as long as its cells."""
    down = MARGIN + (number + 0.5) * LINE + SIZE * 0.35
    column, drawn = 0, []
    for name, text in line:
        bare = text.strip(" ")
        if bare:
            at = column + len(text) - len(text.lstrip(" "))
            style = f' class="{name}"' if name else ""
            # Runs of blanks would be drawn as one.
            shown = escape(bare, quote=False).replace(" ", "\u00a0")
            drawn.append(
                f'  <text x="{MARGIN + at * CELL:.1f}" y="{down:.1f}" textLength="{len(bare) * CELL:.1f}"{style}>{shown}</text>'
            )
        column += len(text)
    return "\n".join(drawn)


if __name__ == "__main__":
    main()
