"""Join two tables, add up, draw: the energy that each team's GPUs took, and how much of it for nothing.

Reads usage_in/apps.csv (who ran what, for how long) and gpus_in/gpus.csv (the power of each GPU model). Writes
summary_out/energy.json and chart_out/energy.svg. Board power is the most that a GPU may draw, so the sums are upper bounds.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from html import escape
from pathlib import Path
from typing import TypedDict


class Team(TypedDict):
    """The sums of one team."""

    apps: int
    gpu_hours: float
    kwh: float
    kwh_of_failed_apps: float


def read(path: Path) -> list[dict[str, str]]:
    """Read a CSV file with a heading."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def sums(apps: list[dict[str, str]], power_kw: dict[str, float]) -> dict[str, Team]:
    """Join apps and GPU models, and add up by team. A model without a known power raises KeyError."""
    teams: defaultdict[str, Team] = defaultdict(lambda: Team(apps=0, gpu_hours=0.0, kwh=0.0, kwh_of_failed_apps=0.0))
    for app in apps:
        hours = float(app["hours"]) * int(app["gpu_count"])
        kwh = hours * power_kw[app["gpu_model"]]
        team = teams[app["team"]]
        team["apps"] += 1
        team["gpu_hours"] += hours
        team["kwh"] += kwh
        if app["final_status"] != "SUCCEEDED":
            team["kwh_of_failed_apps"] += kwh
    return dict(sorted(teams.items()))


def rounded(team: Team) -> Team:
    """Round to what the input's precision allows."""
    return Team(
        apps=team["apps"],
        gpu_hours=round(team["gpu_hours"], 1),
        kwh=round(team["kwh"], 1),
        kwh_of_failed_apps=round(team["kwh_of_failed_apps"], 1),
    )


def chart(teams: dict[str, Team]) -> str:
    """Draw one bar for each team as SVG; the part of the failed apps stands out."""
    left, top, row, full = 90, 56, 44, 420
    scale = full / max(team["kwh"] for team in teams.values())
    height = top + row * len(teams) + 34
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="640" height="{height}" font-family="sans-serif" font-size="14">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        '<text x="16" y="30" font-size="18" fill="#222222">Energy of GPU apps by team, kWh at most</text>',
    ]
    for number, (name, team) in enumerate(teams.items()):
        y = top + row * number
        failed = team["kwh_of_failed_apps"] * scale
        good = team["kwh"] * scale - failed
        parts += [
            f'<text x="{left - 10}" y="{y + 19}" text-anchor="end" fill="#222222">{escape(name)}</text>',
            f'<rect x="{left}" y="{y}" width="{good:.1f}" height="28" fill="#2a78b5"/>',
            f'<rect x="{left + good:.1f}" y="{y}" width="{failed:.1f}" height="28" fill="#e0803a"/>',
            f'<text x="{left + good + failed + 8:.1f}" y="{y + 19}" fill="#222222">{team["kwh"]:.1f}</text>',
        ]
    y = top + row * len(teams) + 4
    parts += [
        f'<rect x="{left}" y="{y}" width="12" height="12" fill="#2a78b5"/>',
        f'<text x="{left + 18}" y="{y + 11}" fill="#222222">succeeded</text>',
        f'<rect x="{left + 110}" y="{y}" width="12" height="12" fill="#e0803a"/>',
        f'<text x="{left + 128}" y="{y + 11}" fill="#222222">failed</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def main() -> None:
    """Read, join, add up, write both results."""
    power_kw = {gpu["gpu_model"]: int(gpu["board_power_w"]) / 1000 for gpu in read(Path("gpus_in") / "gpus.csv")}
    teams = {name: rounded(team) for name, team in sums(read(Path("usage_in") / "apps.csv"), power_kw).items()}

    for folder in (Path("summary_out"), Path("chart_out")):
        folder.mkdir(exist_ok=True)
    Path("summary_out/energy.json").write_text(json.dumps({"teams": teams}, indent=2) + "\n", encoding="utf-8")
    Path("chart_out/energy.svg").write_text(chart(teams), encoding="utf-8")
    for name, team in teams.items():
        print(f"{name:<8} {team['apps']:>3} apps  {team['gpu_hours']:>7.1f} GPU hours  {team['kwh']:>6.1f} kWh at most")


if __name__ == "__main__":
    main()
