"""The faster road says that a manifest is fine only where the long road does, and sees in it what the long road sees."""

from __future__ import annotations

import os
import random

import pytest
from altered_manifests import LONG, MANIFESTS, VALUES, altered

from dfsubmit.desired import DesiredApp
from dfsubmit.examining import examine
from dfsubmit.gathering import Gathering
from dfsubmit.projectmodel import Project
from dfsubmit.shapes import Shapes
from dfsubmit.sources import SourceFile
from dfsubmit.traces import Glimpse, glimpse

FULL = os.environ.get("DFSUBMIT_SOAK") == "full"


def long_road(text: str) -> Glimpse | None:
    """Return what the one app of a text is, if nothing can be found in it."""
    examined = examine(SourceFile(path="a.yaml", content=text.encode()))
    if examined.diagnostics or examined.silence is not None or len(examined.manifests) != 1:
        return None
    model = examined.manifests[0].model
    return None if isinstance(model, Project) else glimpse(model)


def asked_for(text: str) -> list[DesiredApp]:
    """Return what the apps of a text ask for, by the long road."""
    gathering = Gathering()
    gathering.add(examine(SourceFile(path="a.yaml", content=text.encode())))
    return list(gathering.apps.values())


def taught(*manifests: str) -> Shapes:
    shapes = Shapes()
    for text in manifests:
        content = text.encode()
        manifest = examine(SourceFile(path="a.yaml", content=content)).manifests[0]
        assert not isinstance(manifest.model, Project)
        shapes.learn(content, manifest.document, manifest.model)
    return shapes


def hold_mutants_against_the_long_road(seed: int, number: int) -> int:
    """Return how many of the mutants took the faster road."""
    dice = random.Random(seed)
    shapes = taught(*MANIFESTS)
    accepted = 0
    for _ in range(number):
        text = altered(dice.choice(MANIFESTS), dice)
        seen = shapes.glimpse(text.encode())
        app = shapes.app(text.encode(), "a.yaml")
        assert (app is None) is (seen is None), text
        if seen is not None:
            accepted += 1
            assert seen == long_road(text), text
            assert [app] == asked_for(text), text
    return accepted


def test_what_takes_the_faster_road_has_no_finding_on_the_long_one() -> None:
    assert hold_mutants_against_the_long_road(1, 20_000) > 500


@pytest.mark.soak
def test_what_takes_the_faster_road_has_no_finding_on_the_long_one_in_many_more_mutants() -> None:
    for seed in range(2, 42 if FULL else 4):
        assert hold_mutants_against_the_long_road(seed, 20_000) > 500


@pytest.mark.parametrize("manifest", MANIFESTS, ids=["long", "short", "nested"])
def test_every_value_in_every_place_means_the_same_on_both_roads(manifest: str) -> None:
    shapes = taught(*MANIFESTS)
    lines = manifest.splitlines(keepends=True)
    places = [
        (at, head)
        for at, line in enumerate(lines)
        for head in {line.rpartition(": ")[0] + ": ", line.rpartition("- ")[0] + "- "}
    ]

    for value in VALUES:
        for at, head in places:
            text = "".join((*lines[:at], f"{head}{value}\n", *lines[at + 1 :]))
            seen = shapes.glimpse(text.encode())
            assert seen is None or seen == long_road(text), text
            assert seen is None or [shapes.app(text.encode(), "a.yaml")] == asked_for(text), text


def test_a_manifest_like_one_that_was_read_is_seen_without_reading_it() -> None:
    shapes = taught(LONG)
    other = (
        LONG.replace("0000001", "0000002")
        .replace("# A run of the grid over learning rates", "# Baseline")
        .replace("47177", "80")
    )

    seen = shapes.glimpse(other.encode())

    assert seen is not None
    assert seen == long_road(other)
    assert seen.name == "app-0000002"
    assert [shapes.app(other.encode(), "a.yaml")] == asked_for(other)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(LONG.replace("2.5.1", "2.5.2"), id="an image that was not passed before"),
        pytest.param(LONG.replace("API_KEY: no", "API_KEY: on"), id="a value under a name for secrets"),
        pytest.param(LONG.replace("--epochs 5", "--epochs 5 --password abc"), id="an argument that names a secret"),
        pytest.param(LONG.replace("T4", "A100"), id="a model that the API does not name"),
        pytest.param(LONG.replace("learning rates", "dfsubmit: ignore[DF0401] why"), id="a silencer"),
        pytest.param(LONG.replace("\n", "\r\n"), id="other line breaks"),
        pytest.param(LONG + "---\n" + LONG, id="two documents"),
    ],
)
def test_what_is_not_sure_takes_the_long_road(text: str) -> None:
    assert taught(LONG).glimpse(text.encode()) is None


def test_nothing_varies_where_a_value_stands_at_two_places() -> None:
    text = LONG.replace("team: vision", "team: &team vision").replace("MODE: train", "MODE: *team")

    assert long_road(text) is not None
    assert taught(text).glimpse(text.replace("0000001", "0000002").encode()) is None
