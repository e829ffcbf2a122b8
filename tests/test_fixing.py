"""Safe edits: what they make of a text, that they repair what they are for, and that they break nothing else."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from judge_cases import APP, CASES, HEAD, NAME, SPEC
from near_valid import VALID, near_valid, paths_of, value_at
from yaml_faults import FAULTS

from dfsubmit.codes import CODES
from dfsubmit.diagnostics import Diagnostic, Edit, Severity, Span
from dfsubmit.document import load
from dfsubmit.examining import examine
from dfsubmit.explain import files_of
from dfsubmit.fixing import MAX_ROUNDS, Settled, apply_edits, settle
from dfsubmit.gathering import Gathering
from dfsubmit.sources import SourceFile

# Every code that some finding offers a safe edit for; `test_the_codes_…` finds one that is added.
REPAIRED = {"DF0109", "DF0138", "DF0139", "DF0201", "DF0203", "DF0204", "DF0205", "DF0705"}


class Judged:
    def __init__(self, files: Mapping[str, str]) -> None:
        gathered = Gathering(project_file="project.yaml")
        for path, text in files.items():
            gathered.add(examine(SourceFile(path=path, content=text.encode("utf-8", "surrogateescape"))))
        self.diagnostics = tuple(gathered.finish())
        self.texts = gathered.texts


def fixed(**files: str) -> Settled[Judged]:
    named = {place_of(text, name): text for name, text in files.items()}
    return settle(lambda changed: Judged({**named, **changed}))


def place_of(text: str, name: str = "a") -> str:
    """Return what a file with `text` has to be called."""
    return "project.yaml" if "kind: Project" in text or '"kind": "Project"' in text else f"{name}.yaml"


def judged(text: str) -> Judged:
    return Judged({place_of(text): text})


def texts_with_faults() -> dict[str, str]:
    """Return every file with a fault that the tests and the pages of codes know, and some more with several."""
    texts = {f"judge: {name}": case.plain for name, case in CASES.items()}
    texts |= {f"yaml: {name}": fault.marked.replace("«", "").replace("»", "") for name, fault in FAULTS.items()}
    texts |= {f"page: {code}": row.bad for code, row in CODES.items() if row.bad and len(list(files_of(row.bad))) == 1}
    texts["no blank after a colon"] = HEAD + NAME + SPEC + '  docker: {image: "a:1", command:run}\n'
    return texts


def safe_findings(judged: Judged) -> list[Diagnostic]:
    return [one for one in judged.diagnostics if one.edits and all(edit.safe for edit in one.edits)]


CURABLE = {name: text for name, text in texts_with_faults().items() if safe_findings(judged(text))}


def finding(line: int, *edits: tuple[int, int, str], safe: bool = True) -> Diagnostic:
    return Diagnostic(
        code="DF0201",
        message="m",
        path="a.yaml",
        span=Span(line=line, column=1, end_line=line, end_column=2),
        edits=tuple(Edit(start=start, end=end, text=text, safe=safe) for start, end, text in edits),
    )


# -- one round ----------------------------------------------------------------------------------------------------------


def test_edits_replace_insert_and_remove_and_leave_the_rest_alone() -> None:
    result = apply_edits("0123456789", [finding(3, (8, 8, "c")), finding(1, (1, 2, "a")), finding(2, (4, 6, ""))])

    assert (result.text, len(result.applied)) == ("0a2367c89", 3)


def test_of_overlapping_edits_the_first_in_reading_order_wins() -> None:
    result = apply_edits("0123456789", [finding(2, (2, 5, "late")), finding(1, (4, 6, "A"))])

    assert (result.text, [one.span.line for one in result.applied if one.span]) == ("0123A6789", [1])


@pytest.mark.parametrize(
    ("one", "other"), [((2, 2, "a"), (2, 2, "b")), ((2, 4, "a"), (4, 4, "b")), ((2, 4, "a"), (2, 2, "b"))]
)
def test_an_insertion_where_another_edit_ends_or_begins_waits(
    one: tuple[int, int, str], other: tuple[int, int, str]
) -> None:
    assert len(apply_edits("0123456789", [finding(1, one), finding(2, other)]).applied) == 1


def test_replacements_side_by_side_do_not_overlap() -> None:
    assert apply_edits("0123", [finding(1, (0, 2, "a")), finding(2, (2, 4, "b"))]).text == "ab"


def test_a_finding_is_repaired_with_all_its_edits_or_not_at_all() -> None:
    blocked = finding(2, (0, 1, "x"), (4, 5, "y"))

    assert apply_edits("0123456789", [finding(1, (4, 5, "A")), blocked]).text == "0123A56789"
    assert apply_edits("0123456789", [blocked]).text == "x123y56789"


@pytest.mark.parametrize("edit", [(3, 2, "x"), (-1, 2, "x"), (2, 99, "x")])
def test_an_edit_that_cannot_be_is_not_applied(edit: tuple[int, int, str]) -> None:
    assert apply_edits("0123", [finding(1, edit)]).text == "0123"


def test_what_is_not_safe_is_not_applied() -> None:
    assert apply_edits("0123", [finding(1, (0, 1, "x"), safe=False)]).text == "0123"


def test_the_same_edit_twice_answers_both_findings() -> None:
    result = apply_edits("0123", [finding(1, (0, 1, "x")), finding(2, (0, 1, "x"))])

    assert (result.text, len(result.applied)) == ("x123", 2)


# -- until nothing is left ----------------------------------------------------------------------------------------------


def test_a_repair_that_brings_out_another_fault_is_followed_by_the_next_round() -> None:
    settled = fixed(a=HEAD + NAME + SPEC + "  docker: {image:a/b:1, comand: run}\n")

    assert settled.changes[0].after == HEAD + NAME + SPEC + "  docker: {image: a/b:1, command: run}\n"
    assert (settled.changes[0].applied, settled.last.diagnostics) == (2, ())


def test_files_are_repaired_side_by_side_and_those_without_fault_are_no_change() -> None:
    good = APP.replace("demo", "good")
    settled = fixed(a=APP.replace("command", "comand"), b=good, c=APP.replace("demo", "c").replace("image", "Image"))

    assert [change.path for change in settled.changes] == ["a.yaml", "c.yaml"]


def test_rounds_end_even_when_every_repair_brings_a_new_fault() -> None:
    class Endless:
        def __init__(self, text: str) -> None:
            self.texts = {"a.yaml": text}
            self.diagnostics = (finding(1, (0, len(text), f"{int(text) + 1}")),)

    settled = settle(lambda changed: Endless(changed.get("a.yaml", "0")))

    assert settled.changes[0].after == str(MAX_ROUNDS)


# -- every fault that is known ------------------------------------------------------------------------------------------


def test_the_codes_with_safe_edits_are_all_looked_at() -> None:
    found = {one.code for text in CURABLE.values() for one in safe_findings(judged(text))}

    assert found == REPAIRED


# The right name for a key can bring out that what stands under it is wrong too.
BRINGS_OUT = {"judge: unknown key: resources of Kubernetes"}


@pytest.mark.parametrize("name", CURABLE)
def test_what_has_a_safe_edit_is_gone_after_it_and_nothing_is_found_that_was_not_there(name: str) -> None:
    before = judged(CURABLE[name])
    cured = {one.code for one in safe_findings(before)}
    rest = Counter(one.code for one in before.diagnostics if one not in safe_findings(before))
    settled = fixed(a=CURABLE[name])
    left = Counter(one.code for one in settled.last.diagnostics)

    assert safe_findings(settled.last) == []
    if load(CURABLE[name].encode(), "a.yaml").diagnostics and not CURABLE[name].startswith(HEAD):
        assert cured.isdisjoint(left)  # a piece of YAML, and no manifest even now
    elif name not in BRINGS_OUT:
        assert left == rest


@pytest.mark.parametrize("name", CURABLE)
@pytest.mark.parametrize(
    "form",
    [lambda text: "\ufeff" + text, lambda text: text.replace("\n", "\r\n"), lambda text: f"# a\n{text.rstrip()}"],
)
def test_marks_line_breaks_comments_and_a_missing_last_line_end_stay(name: str, form: object) -> None:
    assert callable(form)
    plain, odd = fixed(a=CURABLE[name]), fixed(a=form(CURABLE[name]))

    assert odd.changes[0].after == form(plain.changes[0].after)


# -- random faults ------------------------------------------------------------------------------------------------------


def block(value: object, indent: int = 0) -> str:
    """Return `value` in block style, every scalar as JSON has it."""
    pad = "  " * indent
    if isinstance(value, dict) and value:
        return "".join(
            f"{pad}{json.dumps(key, ensure_ascii=False)}:"
            + (f"\n{block(inner, indent + 1)}" if isinstance(inner, dict) and inner else f" {json.dumps(inner)}\n")
            for key, inner in value.items()
        )
    return f"{pad}{json.dumps(value)}\n"


@given(st.randoms(use_true_random=False), st.booleans())
@settings(max_examples=150, deadline=None)
def test_a_repair_never_brings_an_error_that_was_not_there(rng: random.Random, in_flow: bool) -> None:  # noqa: FBT001  # drawn by Hypothesis
    document = near_valid(rng)
    no_new_errors(json.dumps(document, ensure_ascii=False) if in_flow else block(document))


TYPOS = st.sampled_from(["drop", "double", "swap", "upper", "snake"])


def misspelt(key: str, how: str, at: int) -> str:
    at %= max(len(key) - 1, 1)
    made = {
        "drop": key[:at] + key[at + 1 :],
        "double": key[:at] + key[at : at + 1] * 2 + key[at + 1 :],
        "swap": key[:at] + key[at + 1 : at + 2] + key[at : at + 1] + key[at + 2 :],
        "upper": key[:at] + key[at : at + 1].upper() + key[at + 1 :],
        "snake": "".join(f"_{one.lower()}" if one.isupper() else one for one in key),
    }
    return made[how]


@given(
    st.sampled_from(VALID), st.lists(st.tuples(st.integers(0, 40), TYPOS, st.integers(0, 12)), min_size=1, max_size=5)
)
@example(VALID[1], [(7, "drop", 3), (7, "double", 3)])
@settings(max_examples=150, deadline=None)
def test_misspelt_keys_never_end_up_as_duplicates(document: object, typos: list[tuple[int, str, int]]) -> None:
    copy = json.loads(json.dumps(document))
    for number, how, at in typos:
        paths = [path for path in paths_of(copy) if path and isinstance(path[-1], str)]
        *above, key = paths[number % len(paths)]
        parent = value_at(copy, tuple(above))
        # A second, misspelt copy beside the right key is the dangerous one.
        parent[misspelt(str(key), how, at)] = parent[key] if number % 2 else parent.pop(key)
    no_new_errors(block(copy))


def no_new_errors(text: str) -> None:
    before = judged(text)
    settled = fixed(a=text)
    errors = {(one.code, one.message) for one in before.diagnostics if one.severity is Severity.ERROR}
    left = {(one.code, one.message) for one in settled.last.diagnostics if one.severity is Severity.ERROR}

    assert not {code for code, _ in left - errors} & {code for code in CODES if code < "DF0200"}, settled.changes
    assert len(left) <= len(errors), (left - errors, settled.changes)
    assert safe_findings(settled.last) == []
