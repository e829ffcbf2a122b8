"""The README's section on speed and its picture, drawn from the file of results: equal results give equal bytes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
RESULTS = Path(__file__).resolve().parent / "results.json"
README = REPOSITORY / "README.md"
PICTURE = REPOSITORY / ".github" / "readme" / "growth.svg"
BEGIN, END = "<!-- made by tests/benchmarks/run.py -->\n", "<!-- end -->\n"

Points = Sequence[Mapping[str, float]]
# MiB for validate at the largest size.
PEAK_MUST, PEAK_AIM = 64, 45


def row_text(row: Mapping[str, Any]) -> str:
    """Return a row of the table for a terminal."""
    wanted = ", ".join(f"{name} ≤ {row[name]:g}" for name in ("must", "aim") if row[name] is not None)
    return f"{ratio_text(row)}; {wanted or 'no target'}: {_verdict(row)}"


def ratio_text(row: Mapping[str, Any]) -> str:
    """Return a row of the table for a terminal, without its targets."""
    spread = f"{row['least']:.3g} to {row['greatest']:.3g}"
    return f"{row['what']} vs {row['against']}: {row['ratio']:.3g} ({spread})"


def _verdict(row: Mapping[str, Any]) -> str:
    if row["aim"] is not None and row["ratio"] <= row["aim"]:
        return "aim reached"
    if row["must"] is not None:
        return "must reached" if row["ratio"] <= row["must"] else "must missed"
    return "aim missed" if row["aim"] is not None else "for comparison"


def section(results: Mapping[str, Any]) -> str:
    """Return the generated part of the README's section on speed."""
    growth = results["growth"]
    lines = [
        _measured_on(results["machine"]),
        "",
        "| what dfsubmit does | against | dfsubmit | peer | ratio | spread | target |",
        "|---|---|--:|--:|--:|--:|---|",
        *(_table_row(row) for row in results["table"]),
        _peak_row(growth["manifests"]["validate"][-1]),
        "",
        *_growth_table("manifests", growth["manifests"]),
        "",
        *_growth_table("entries", growth["entries"]),
        "",
        f"![{_alternative(results)}](.github/readme/growth.svg)",
        "",
        *_profile_table(results["profile"]),
        "",
    ]
    return "\n".join(lines)


def _measured_on(machine: Mapping[str, str]) -> str:
    return (
        f"Measured on {machine['date']} on {machine['cores']} cores ({machine['processor']}), Python {machine['python']}. "
        "Both ran in turns; the ratio is the median of the pairs, the spread the least and the greatest. Memory is that "
        "of the largest process."
    )


def _table_row(row: Mapping[str, Any]) -> str:
    target = _target(row["must"], row["aim"])
    cells = [
        row["what"],
        row["against"],
        _seconds(row["ours"]),
        _seconds(row["theirs"]),
        f"**{row['ratio']:.2g}**",
        f"{row['least']:.2g} to {row['greatest']:.2g}",
        f"{target}: {_verdict(row)}" if target else "none",
    ]
    return f"| {' | '.join(cells)} |"


def _target(must: float | None, aim: float | None) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in (("must", must), ("aim", aim)) if value is not None)


def _peak_row(point: Mapping[str, float]) -> str:
    reached = _verdict({"ratio": point["mib"], "must": PEAK_MUST, "aim": PEAK_AIM})
    what = f"validate {point['count']:,.0f} files, memory"
    return f"| {what} | | {point['mib']:.0f} MiB | | | | {_target(PEAK_MUST, PEAK_AIM)}: {reached} |"


def _growth_table(kind: str, series: Mapping[str, Points]) -> list[str]:
    counts = [int(point["count"]) for point in next(iter(series.values()))]
    head = [_UNITS[kind], *(f"{count:,}" for count in counts), "ten times as much"]
    lines = [f"| {' | '.join(head)} |", "|---" + "|--:" * (len(counts) + 1) + "|"]
    for name, points in series.items():
        cells = [f"{_seconds(point['seconds'])}, {point['mib']:.0f} MiB" for point in points]
        lines.append(f"| {_NAMES[kind, name]} | {' | '.join(cells)} | {10 ** slope(points):.2g} times |")
    return lines


_UNITS = {"manifests": "manifests", "entries": "entries in the ledger"}
_NAMES = {
    ("manifests", "validate"): "validate",
    ("manifests", "apply"): "apply, all new",
    ("manifests", "first plan"): "first plan",
    ("manifests", "plan"): "plan, nothing changed",
    ("manifests", "plan after edit"): "plan, one changed",
    ("entries", "plan"): "plan of 110 apps, 10 new",
    ("entries", "apply"): "apply of the 10",
}


def slope(points: Points) -> float:
    """Return the exponent by which the time grew between the two largest counts: 1 is linear, 0 is constant."""
    before, last = points[-2:]
    if not before["count"]:
        return 0.0
    return math.log(last["seconds"] / before["seconds"]) / math.log(last["count"] / before["count"])


def _profile_table(profile: Mapping[str, Mapping[str, float]]) -> list[str]:
    parts = list(next(iter(profile.values()), ()))
    lines = [f"| where the time goes | {' | '.join(profile)} |", "|---" + "|--:" * len(profile) + "|"]
    lines += [f"| {part} | {' | '.join(_share(shares[part]) for shares in profile.values())} |" for part in parts]
    return lines if parts else []


def _share(share: float) -> str:
    return f"{share:.0%}" if share >= 0.005 else ""


def profile_text(profile: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Return for a terminal where the time goes, a line for each verb, the largest shares first."""
    lines = []
    for name, shares in profile.items():
        ordered = sorted(shares.items(), key=lambda found: -found[1])
        lines.append(f"{name}: " + ", ".join(f"{part} {share:.0%}" for part, share in ordered if share >= 0.01))
    return lines


def _seconds(value: float) -> str:
    if value < 1:
        return f"{value * 1000:.0f} ms"
    return f"{value:.1f} s" if value < 100 else f"{value:.0f} s"


def _alternative(results: Mapping[str, Any]) -> str:
    last = results["growth"]["manifests"]["validate"][-1]
    return (
        "time and memory over the number of manifests and over the length of the ledger, all axes logarithmic: no line is "
        f"steeper than the diagonal; {int(last['count']):,} manifests are validated in {_seconds(last['seconds'])}"
    )


# A panel of the picture, and what is around it.
WIDTH, HEIGHT, LEFT, TOP, BELOW, BETWEEN, LEGEND = 330, 230, 58, 30, 44, 38, 26
_STYLE = """\
    .back { fill: #ffffff } text { font: 12px system-ui, sans-serif; fill: #1f2328 } .title { font-weight: 600 }
    .grid { stroke: #d8dee4 } .diagonal { stroke: #9198a1; stroke-dasharray: 4 4 } .line { fill: none; stroke-width: 2 }
    .c0 { stroke: #0550ae; fill: #0550ae } .c1 { stroke: #a40e26; fill: #a40e26 } .c2 { stroke: #8250df; fill: #8250df }
    .c3 { stroke: #116329; fill: #116329 } .c4 { stroke: #9a6700; fill: #9a6700 } .line { fill: none }
    @media (prefers-color-scheme: dark) {
      .back { fill: #0d1117 } text { fill: #e6edf3 } .grid { stroke: #2f353d }
      .c0 { stroke: #79c0ff; fill: #79c0ff } .c1 { stroke: #ff7b72; fill: #ff7b72 } .c2 { stroke: #d2a8ff; fill: #d2a8ff }
      .c3 { stroke: #56d364; fill: #56d364 } .c4 { stroke: #e3b341; fill: #e3b341 } .line { fill: none }
    }
"""


def picture(results: Mapping[str, Any]) -> str:
    """Return the picture: time above and memory below, over manifests at the left and ledgers at the right."""
    width, height = 2 * (LEFT + WIDTH + BETWEEN), 2 * (LEGEND + TOP + HEIGHT + BELOW)
    label = f'aria-label="{escape(_alternative(results))}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" {label}>',
        f"  <style>\n{_STYLE}  </style>",
        f'  <rect class="back" width="{width}" height="{height}"/>',
    ]
    for column, kind in enumerate(_UNITS):
        series = results["growth"][kind]
        left = LEFT + column * (LEFT + WIDTH + BETWEEN)
        parts += _legend(left, kind, series)
        for row, (what, unit) in enumerate((("seconds", "seconds"), ("mib", "MiB"))):
            top = 2 * LEGEND + TOP + row * (TOP + HEIGHT + BELOW)
            parts += _Panel(left, top, series, what).drawn(f"{unit} over {_UNITS[kind]}")
    return "\n".join([*parts, "</svg>", ""])


def _legend(left: float, kind: str, series: Mapping[str, Points]) -> list[str]:
    """Return the names of the lines, in two columns at most, three lines each."""
    parts = []
    for number, name in enumerate(series):
        x, y = left + number // 2 * WIDTH / 2.6, 18 + number % 2 * 18
        parts += [
            f'  <path class="line c{number}" d="M{x:.1f} {y - 4}h18"/>',
            f'  <text x="{x + 24:.1f}" y="{y}">{_NAMES[kind, name]}</text>',
        ]
    return parts


class _Panel:
    """One plot: a line for each series, over counts, both axes logarithmic."""

    def __init__(self, left: float, top: float, series: Mapping[str, Points], what: str) -> None:
        self._left, self._top, self._series, self._what = left, top, series, what
        points = [point for each in series.values() for point in each]
        counts = sorted({point["count"] for point in points})
        # Nothing has no place on a logarithmic axis; it stands a step before the least.
        self._none = not counts[0]
        self._counts = [counts[1] / 10, *counts[1:]] if self._none else counts
        self._low, self._high = math.log10(self._counts[0]), math.log10(self._counts[-1])
        self._floor = math.floor(math.log10(min(point[what] for point in points)))
        self._ceiling = math.ceil(math.log10(max(point[what] for point in points)))

    def _x(self, count: float) -> float:
        shown = math.log10(max(count, self._counts[0]))
        return self._left + WIDTH * (shown - self._low) / (self._high - self._low or 1)

    def _y(self, value: float) -> float:
        return self._top + HEIGHT * (1 - (math.log10(value) - self._floor) / (self._ceiling - self._floor or 1))

    def drawn(self, title: str) -> list[str]:
        at = f'y="{self._top - 10:.1f}"'
        parts = [
            f'  <text class="title" x="{self._left}" {at}>{title}</text>',
            f'  <text x="{self._left + WIDTH}" {at} text-anchor="end">dashed: linear</text>',
            *self._grid(),
        ]
        for number, points in enumerate(self._series.values()):
            places = [(self._x(point["count"]), self._y(point[self._what])) for point in points]
            line = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
            parts.append(f'  <path class="line c{number}" d="M{line}"/>')
            parts += [f'  <circle class="c{number}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in places]
        return parts

    def _grid(self) -> list[str]:
        parts = []
        for power in range(self._floor, self._ceiling + 1):
            y = self._y(10**power)
            parts += [
                f'  <path class="grid" d="M{self._left} {y:.1f}h{WIDTH}"/>',
                f'  <text x="{self._left - 8}" y="{y + 4:.1f}" text-anchor="end">{10**power:,g}</text>',
            ]
        for number, count in enumerate(self._counts):
            x, named = self._x(count), "none" if self._none and not number else f"{count:,.0f}"
            parts += [
                f'  <path class="grid" d="M{x:.1f} {self._top}v{HEIGHT}"/>',
                f'  <text x="{x:.1f}" y="{self._top + HEIGHT + 18}" text-anchor="middle">{named}</text>',
            ]
        return [*parts, *self._diagonal()]

    def _diagonal(self) -> list[str]:
        """Return the line to the upper right corner along which ten times as much is ten times the value."""
        decades = min(self._ceiling - self._floor, self._high - self._low)
        x, y = self._x(10 ** (self._high - decades)), self._y(10 ** (self._ceiling - decades))
        return [f'  <path class="diagonal" d="M{self._left + WIDTH} {self._top}L{x:.1f} {y:.1f}"/>']


def with_section(readme: str, results: Mapping[str, Any]) -> str:
    """Return the README's text with the generated part made anew."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{section(results)}\n{END}{after}"


def update() -> None:
    """Write the README's part and the picture from the file of results."""
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    README.write_text(with_section(README.read_text(encoding="utf-8"), results), encoding="utf-8")
    PICTURE.write_text(picture(results), encoding="utf-8")


if __name__ == "__main__":
    update()
