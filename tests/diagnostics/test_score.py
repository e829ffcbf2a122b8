"""One fault, one finding, at the right place: single faults over valid manifests, each with what must be said about it.

`python tests/diagnostics/score.py` prints the same as a table, beside what check-jsonschema makes of the same files.
"""

from __future__ import annotations

import random
from collections import Counter

import bases
import pytest
from judging_mutants import findings_for, scored
from manuscript import Manuscript, Raw, Twice, line_and_column
from mutants import KINDS, PROJECT, Mutant, make_mutant, some_mutants

from dfsubmit.codes import CODES

LEAST = 0.99


def told(mutant: Mutant) -> str:
    """Return what went wrong with a mutant, for the one who reads the failure."""
    said = [(finding.code, finding.path, finding.span, finding.help) for finding in findings_for(mutant.files)]
    wanted = (mutant.code, mutant.path, mutant.line, mutant.column, mutant.help)
    return f"{mutant.kind}: wanted {wanted}, got {said}"


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_of_fault_gives_one_finding_at_its_place_with_its_repair(name: str) -> None:
    for seed in (1, 2, 3):
        mutant = make_mutant(name, seed)
        score = scored(mutant, findings_for(mutant.files))

        assert score.right, told(mutant)
        assert score.help, told(mutant)


def test_hundreds_of_faults_give_one_finding_each() -> None:
    mutants = list(some_mutants(480, seed=1000))
    wrong = [mutant for mutant in mutants if not scored(mutant, findings_for(mutant.files)).right]

    assert len(wrong) <= len(mutants) * (1 - LEAST), "\n".join(told(mutant) for mutant in wrong)


@pytest.mark.soak
def test_thousands_of_faults_give_one_finding_each() -> None:
    mutants = list(some_mutants(5000))
    scores = [scored(mutant, findings_for(mutant.files)) for mutant in mutants]
    wrong = [mutant for mutant, score in zip(mutants, scores, strict=True) if not (score.right and score.help)]

    assert all(score.found for score in scores)
    assert len(wrong) <= len(mutants) * (1 - LEAST), "\n".join(told(mutant) for mutant in wrong)


def test_the_manifests_without_a_fault_have_no_finding() -> None:
    for seed in range(100):
        rng = random.Random(seed)
        data = bases.app(rng, "demo", full=rng.choice([True, False, None])) if seed % 3 else bases.project(rng)
        text = Manuscript.of(rng, data).text

        assert findings_for((("project.yaml" if seed % 3 == 0 else "demo.yaml", text.encode()),)) == [], text


def test_the_writer_knows_where_it_wrote_what() -> None:
    """The places are held against the text itself, so that no wrong place is expected of dfsubmit."""
    for seed in range(60):
        made = Manuscript.of(random.Random(seed), bases.app(random.Random(seed), "demo", full=True))
        for path, place in made.places.items():
            if isinstance(path[-1], str):
                assert made.text[place.key :].lstrip("'\"").startswith(path[-1])
                assert made.text[place.key : place.value].strip("'\" \n").startswith(path[-1])
            assert place.key <= place.value <= place.end
            assert not made.text[place.value].isspace()


def test_there_are_many_kinds_of_faults_over_all_that_a_manifest_can_be() -> None:
    covered = {make_mutant(name, 1).code for name in KINDS}

    assert len(KINDS) >= 100
    assert Counter(on for _, on in KINDS.values())[PROJECT] >= 6
    # What a text cannot show: files that cannot be read, schemas from outside, limits of size, two codes of silencers.
    rest = {code for code in CODES if code not in covered}
    assert {code for code in rest if code.startswith(("DF02", "DF03", "DF04", "DF05"))} <= {"DF0312"}


def test_a_fault_is_the_same_one_whenever_it_is_made() -> None:
    assert list(some_mutants(130, seed=7)) == list(some_mutants(130, seed=7))
    assert make_mutant("duplicate key", 1) != make_mutant("duplicate key", 2)


def test_raw_scalars_and_doubled_keys_are_written_as_they_are() -> None:
    made = Manuscript.of(random.Random(1), {"a": Raw("0o17"), Twice("a"): Raw("~"), "b": Raw("")}, tidy=True)

    assert made.text == "a: 0o17\na: ~\nb:\n"
    assert line_and_column(made.text, made.places[0, "b"].key) == (3, 1)
