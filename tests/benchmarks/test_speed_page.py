"""The README's figures are those of the file of results, and the command that makes them still runs."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from speed_page import BEGIN, END, PICTURE, README, RESULTS, picture, slope, with_section


@pytest.fixture
def results() -> Any:
    """Return what was measured last."""
    return json.loads(RESULTS.read_text(encoding="utf-8"))


def test_the_readme_shows_what_was_measured_last(results: Any) -> None:
    readme = README.read_text(encoding="utf-8")
    assert readme.count(BEGIN) == readme.count(END) == 1
    assert with_section(readme, results) == readme


def test_the_picture_shows_what_was_measured_last(results: Any) -> None:
    drawn = PICTURE.read_text(encoding="utf-8")
    assert drawn == picture(results)
    assert ET.fromstring(drawn).tag.endswith("svg")  # noqa: S314  # our own file


def test_every_row_of_the_table_was_measured_in_pairs_and_lies_within_its_spread(results: Any) -> None:
    assert {row["must"] for row in results["table"]} >= {0.035, 0.9, 3.5, 0.6, 4, 5, 0.03, 0.5, 2.5}
    for row in results["table"]:
        assert row["pairs"] >= 1
        assert row["least"] <= row["ratio"] <= row["greatest"]


def test_a_slope_of_one_is_ten_times_the_time_for_ten_times_as_much() -> None:
    points = [{"count": 10.0, "seconds": 0.5}, {"count": 100.0, "seconds": 1.0}, {"count": 1000.0, "seconds": 10.0}]
    assert slope(points) == pytest.approx(1)
    assert slope([{"count": 0.0, "seconds": 0.5}, {"count": 10.0, "seconds": 1.0}]) == 0
