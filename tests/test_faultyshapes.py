"""What the faster road says about manifests with a fault is what the long road says, to the letter."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest
from altered_manifests import FAULTS, LONG, MANIFESTS, altered
from faulty_roads import agree, long_road, other_values, sample, taught

from dfsubmit.faultyshapes import FaultyShapes
from dfsubmit.sources import SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dfsubmit.diagnostics import Diagnostic
    from dfsubmit.examining import Examined

FULL = os.environ.get("DFSUBMIT_SOAK") == "full"


def said(diagnostics: Iterable[Diagnostic]) -> list[str]:
    return [one.message for one in diagnostics]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_with_the_same_fault_and_other_values_has_the_same_findings(fault: str) -> None:
    text = LONG.replace(*FAULTS[fault], 1)
    assert text != LONG
    shapes = taught([text])
    other = (
        text.replace("0000001", "0000002").replace("team: vision", "team: nlp").replace("cpuCount: 25", "cpuCount: 3")
    )

    if fault == "a secret":
        assert not agree(shapes, other), "whatever is secret takes the long road"
    else:
        assert agree(shapes, other)


@pytest.mark.parametrize(
    ("fault", "value", "message"),
    [
        ("a text for a number", "more than enough", 'the text "more than enough"'),
        ("a number that is too large", "999", "is 999"),
        ("a text that is too long", "another-that-is-too-long", '"another-that-is-too-long" has 24'),
    ],
)
def test_the_value_at_fault_may_be_another_one(fault: str, value: str, message: str) -> None:
    before, after = FAULTS[fault]
    text = LONG.replace(before, after, 1)
    shapes = taught([text])
    line = next(line for line in text.splitlines() if line not in LONG.splitlines())
    key = line.partition(":")[0]
    other = text.replace(line, f"{key}: {value}")

    assert agree(shapes, other)
    likewise = shapes.read(sample(other))
    assert likewise is not None
    assert message in said(likewise.examined.diagnostics)[0]


def test_a_value_that_is_no_fault_any_more_takes_the_long_road() -> None:
    shapes = taught([LONG.replace("gpuCount: 6", "gpuCount: 16")])

    assert not agree(shapes, LONG.replace("gpuCount: 6", "gpuCount: 8"))


def test_edits_move_with_the_values_before_them() -> None:
    text = LONG.replace("    gpuModel: ", "    gpuModell: ")
    shapes = taught([text])
    other = text.replace("0000001", "1").replace("A run of the grid over learning rates", "B")

    assert agree(shapes, other)
    likewise = shapes.read(sample(other))
    assert likewise is not None
    (edit,) = likewise.examined.diagnostics[0].edits
    assert other[edit.start : edit.end] == "gpuModell"


def test_nothing_is_learnt_from_a_fault_that_was_seen_once() -> None:
    shapes = FaultyShapes(long_road)
    text = LONG.replace("    image: ", "    imge: ")
    shapes.learn(sample(text), long_road(sample(text)))

    assert shapes.read(sample(text)) is None


def test_a_set_whose_files_have_nothing_else_in_common_is_not_learnt_from_for_ever() -> None:
    looked_at: list[str] = []

    def noted(source: SourceFile) -> Examined:
        looked_at.append(source.path)
        return long_road(source)

    shapes = FaultyShapes(noted)
    for number in range(200):
        text = LONG.replace("    image: ", "    imge: ").replace("python train.py", f"python train.py {number}.x")
        shapes.learn(sample(text), long_road(sample(text)))

    assert len(looked_at) < 50


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(LONG + "---\n" + LONG, id="two documents"),
        pytest.param(LONG.replace("\n", "\r\n"), id="other line breaks"),
        pytest.param(LONG.replace("learning rates", "dfsubmit: ignore[DF0401] why"), id="a silencer"),
        pytest.param(
            LONG.replace("team: vision", "team: &team vision").replace("MODE: train", "MODE: *team"), id="alias"
        ),
        pytest.param(LONG.replace("kind: AiApp", "kind: Project"), id="no app"),
        pytest.param("a word\n", id="a single value"),
        pytest.param("- a list\n", id="a list"),
    ],
)
def test_what_is_not_sure_takes_the_long_road(text: str) -> None:
    faulty = text.replace("    image: ", "    imge: ")
    shapes = taught([faulty])
    agree(shapes, faulty.replace("0000001", "0000002"))
    assert not agree(taught([LONG.replace("    image: ", "    imge: ")]), faulty)


def faulty_texts(dice: random.Random, number: int) -> list[str]:
    """Return manifests that have findings: each with one thing changed that is a fault."""
    texts: list[str] = []
    while len(texts) < number:
        text = altered(dice.choice(MANIFESTS), dice)
        if text.isascii() and long_road(sample(text)).diagnostics:
            texts.append(text)
    return texts


def hold_against_the_long_road(seed: int, faults: int, variants: int) -> int:
    """Return how many texts took the faster road."""
    dice = random.Random(seed)
    taken = 0
    for text in faulty_texts(dice, faults):
        shapes = taught([text])
        for _ in range(variants):
            taken += agree(shapes, other_values(text, dice))
            taken += agree(shapes, altered(text, dice))
    return taken


def test_whatever_the_fault_the_faster_road_says_what_the_long_one_does() -> None:
    assert hold_against_the_long_road(1, 150, 12) > 400


@pytest.mark.soak
def test_whatever_the_fault_the_faster_road_says_what_the_long_one_does_in_many_more() -> None:
    for seed in range(2, 62 if FULL else 6):
        assert hold_against_the_long_road(seed, 400, 25) > 2_000


def test_shapes_of_many_faults_at_once_say_what_the_long_road_does() -> None:
    dice = random.Random(3)
    texts = [LONG.replace(*fault, 1) for fault in FAULTS.values()]
    shapes = taught(texts)

    taken = sum(agree(shapes, other_values(dice.choice(texts), dice)) for _ in range(1_500))

    assert taken > 200
