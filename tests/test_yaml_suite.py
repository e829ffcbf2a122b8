"""Every case of the official YAML test suite: read as YAML says, or diagnosed, or listed below with the reason.

The tables list each deviation by its case. A case that is listed and does not deviate any more fails the test, so
that the tables stay true. Cases whose value JSON cannot say (keys that are no strings) must only not crash.

The suite is another project's: the folder `src` of its release v2022-01-17, which `DFSUBMIT_YAML_SUITE` names, or which lies
beside the checkout. Where `CI` is set, a suite that is missing fails the run.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dfsubmit.diagnostics import has_errors
from dfsubmit.document import HAVE_C, load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SUITE = Path(os.environ.get("DFSUBMIT_YAML_SUITE") or Path(__file__).parents[2] / "shared" / "data" / "yaml-test-suite")
# How many cases, in 351 files, the release of the suite has that the tables were made from.
CASES = 406

C_PARSER, IN_PYTHON = True, False
PARSERS = [
    pytest.param(C_PARSER, id="c", marks=pytest.mark.skipif(not HAVE_C, reason="there is no C parser")),
    pytest.param(IN_PYTHON, id="pure"),
]

# Valid YAML that is diagnosed, by reason.
REFUSED = {
    "a tag beyond the core schema means nothing in a manifest": """
        2XXW 565N 5TYM 6CK3 6WLZ 7FWL 9WXW C4HZ CC74 CUP7 J7PZ M5C3 P76L UGM3 WZ62 Z67P Z9M4""",
    "a file or a document without content is a finding": "6XDY 6ZKB 8G76 98YD 9DXL AVM7 DK95-7 HWV9 PUW8 QT73 UT92",
    "of directives, only %YAML 1.2 and %TAG are taken": """
        2LFX 6LVF BEC7 MUS6-2 MUS6-3 MUS6-4 MUS6-5 MUS6-6 ZYU8 ZYU8-1 ZYU8-2 ZYU8-3""",
    "tabs are refused wherever they could be taken for indentation": "6BCT 6CA3 A2M4 DK95 DK95-3 DK95-4 Q5MG R4YG Y79Y-10",
    "anchors are named with letters, digits, - and _, as libyaml 0.1 has it": "2SXE 8XYN W5VH Y2GN",
    "a key in brackets must stand on one line with its colon": "4MUZ 4MUZ-1 4MUZ-2 5MUD 9SA2 K3WX NJ66 VJP3-1",
    "a % at the left margin starts a directive": "W4TN",
}
REFUSED_BY_ONE: Mapping[bool, Mapping[str, str]] = {
    C_PARSER: {
        "libyaml 0.1 takes no tab in the first line of a block text": "96NN 96NN-1 Y79Y-1",
        "libyaml 0.1 takes no block text at the left margin": "DK3J FP8R M7A3",
    },
    IN_PYTHON: {
        "the parser in Python takes no tab at the end or the start of a line": "DC7X DK95-5 HS5T J3BT K54U NB6Z UV7Q",
        "the parser in Python takes no block text behind deeper blank lines": "4QFQ DWX9 T26H",
    },
}
# Invalid YAML that is read all the same: its meaning is not in doubt.
ACCEPTED = {
    "a # right behind the end of a value starts a comment": "9JBA CVW2 SU5Z",
    "a lone - in brackets is a text": "G5U8 YJV2",
    "inside brackets and quotes, indentation is not looked at": "9C9N DK95-1 QB6E Y79Y-3",
    "a directive may follow a document without ... in between": "EB22",
}
ACCEPTED_BY_ONE: Mapping[bool, Mapping[str, str]] = {
    C_PARSER: {
        "blank lines in front of a block text may be deeper than it": "S98Z",
        "a # right behind the head of a block text starts a comment": "X4QW",
    },
    IN_PYTHON: {},
}
# Another value than the suite's.
DIFFERENT = {"the last line of a block text is not ended where the file does not end it": "L24T-1 JEF9-2"}


def listed(*tables: Mapping[str, str]) -> set[str]:
    return {case for table in tables for cases in table.values() for case in cases.split()}


def written_out(text: str) -> str:
    """Return a text of the suite with the characters that it writes visibly."""
    text = re.sub("—*»", "\t", text)
    return text.translate({0x2423: " ", 0x2190: "\r", 0x21D4: "\ufeff", 0x21B5: ""}).replace("∎\n", "")


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the cases of the suite; in a file of several, one takes over what it does not say from those before."""
    for file in sorted(SUITE.glob("*.yaml")):
        loaded = load(file.read_bytes(), file.name)
        assert not loaded.diagnostics
        before: dict[str, Any] = {}
        for number, case in enumerate(loaded.documents[0].data):
            before = {**before, "fail": False, **case}
            yield f"{file.stem}-{number}".removesuffix("-0"), before


def outcome(case: Mapping[str, Any], *, use_c: bool) -> str:
    """Return what became of a case: read, refused, accepted (though invalid), different, or no-json."""
    loaded = load(written_out(case["yaml"]).encode(), "case.yaml", use_c=use_c)
    if has_errors(loaded.diagnostics):
        return "refused" if not case["fail"] and case.get("json") is not None else "diagnosed"
    if case["fail"]:
        return "accepted"
    if case.get("json") is None:
        return "no-json"
    return "read" if [document.data for document in loaded.documents] == values(case["json"]) else "different"


def values(text: str) -> list[Any]:
    """Return the JSON values that stand one behind the other in `text`."""
    decoder, found, text = json.JSONDecoder(), [], text.strip()
    while text:
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:].lstrip()
    return found


@pytest.mark.parametrize("use_c", PARSERS)
def test_every_case_is_read_or_diagnosed_or_a_known_deviation(
    *, use_c: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    if not SUITE.is_dir():
        assert not os.environ.get("CI"), f"the YAML test suite must lie in {SUITE}"
        pytest.skip(f"the YAML test suite does not lie in {SUITE}")
    outcomes = {name: outcome(case, use_c=use_c) for name, case in cases()}
    with capsys.disabled():
        print(f"\nYAML test suite, {'C' if use_c else 'Python'} parser: {dict(Counter(outcomes.values()))}")  # noqa: T201  # the counts are to be seen
    assert len(outcomes) == CASES
    expected = {
        "refused": listed(REFUSED, REFUSED_BY_ONE[use_c]),
        "accepted": listed(ACCEPTED, ACCEPTED_BY_ONE[use_c]),
        "different": listed(DIFFERENT),
    }
    found = {kind: {name for name, what in outcomes.items() if what == kind} for kind in expected}
    assert {kind: found[kind] - expected[kind] for kind in expected} == {kind: set() for kind in expected}, "not listed"
    assert {kind: expected[kind] - found[kind] for kind in expected} == {kind: set() for kind in expected}, (
        "no deviation"
    )
