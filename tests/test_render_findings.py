"""Findings as text and as JSON: whole outputs, carets under their text, and nothing raw from a file."""

from __future__ import annotations

import json
import os
import random
import re
import unicodedata
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dfsubmit.diagnostics import Diagnostic, Edit, Related, Severity, Span
from dfsubmit.examining import examine
from dfsubmit.gathering import Gathering
from dfsubmit.render.findings import findings_text, report_text
from dfsubmit.render.published import published_schema
from dfsubmit.render.summary import Counts, summary_line
from dfsubmit.render.terminal import COLOUR, cells, neutral, width
from dfsubmit.render.validate_json import ValidateDocument, validate_document, validate_json
from dfsubmit.sources import SourceFile

GOLDEN = Path(__file__).parent / "golden" / "findings"
INPUTS = sorted(GOLDEN.glob("*.yaml"))


def at(line: int, column: int, end_column: int, end_line: int = 0) -> Span:
    return Span(line=line, column=column, end_line=end_line or line, end_column=end_column)


def finding(span: Span | None, **changes: Any) -> Diagnostic:
    return Diagnostic(**{"code": "DF0201", "message": "unknown key", "path": "a.yaml", "span": span, **changes})


def frame(text: str, span: Span, **changes: Any) -> list[str]:
    """Return the lines of one finding in a file with `text`."""
    return findings_text([finding(span)], {"a.yaml": text}, **changes).rstrip("\n").split("\n")


def shown_under_carets(lines: list[str], mark: str = "^") -> str:
    """Return what stands above the marks, cell by cell."""
    bar = lines[2].index("|") + 2
    source, carets = lines[2][bar:], lines[3][bar:]
    start, end = carets.index(mark), carets.rindex(mark) + 1
    under, cell = "", 0
    for character in source:
        wide = 0 if unicodedata.category(character) in {"Mn", "Me"} else width(character)
        under += character if start <= cell < end or (wide == 0 and start < cell <= end) else ""
        cell += wide
    return under


# --- whole outputs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", INPUTS, ids=[path.stem for path in INPUTS])
@pytest.mark.parametrize("form", ["txt", "json"])
def test_the_whole_output_for_a_file_is_as_recorded(path: Path, form: str) -> None:
    gathered = Gathering()
    gathered.add(examine(SourceFile(path=path.name, content=path.read_bytes())))
    findings = gathered.finish()
    if form == "txt":
        output = report_text(findings, gathered.texts, files=1, manifests=gathered.manifests)
    else:
        output = validate_json(findings, files=1, manifests=gathered.manifests)
    recorded = path.with_suffix(f".{form}")
    if os.environ.get("UPDATE_GOLDEN"):
        recorded.write_text(output, encoding="utf-8")

    assert output == recorded.read_text(encoding="utf-8")


def test_a_finding_has_place_code_message_line_caret_and_help() -> None:
    text = "a: 1\n  comand: python train.py\n"

    assert findings_text([finding(at(2, 3, 9), help='did you mean "command"?')], {"a.yaml": text}) == (
        "a.yaml:2:3: error[DF0201]: unknown key\n"
        "  |\n"
        "2 |   comand: python train.py\n"
        "  |   ^^^^^^\n"
        '  = help: did you mean "command"?\n'
        "\n"
    )


def test_a_second_place_is_shown_with_its_own_frame_and_marks() -> None:
    related = (Related(message="first used here", path="b.yaml", span=at(12, 7, 10)),)
    one = finding(at(3, 7, 10), related=related, help="rename one")

    assert findings_text([one], {"a.yaml": "\n\nname: abc\n", "b.yaml": "\n" * 11 + "name: abc\n"}) == (
        "a.yaml:3:7: error[DF0201]: unknown key\n"
        "   |\n"
        " 3 | name: abc\n"
        "   |       ^^^\n"
        "   = b.yaml:12:7: first used here\n"
        "   |\n"
        "12 | name: abc\n"
        "   |       ---\n"
        "   = help: rename one\n"
        "\n"
    )


def test_the_lines_of_a_help_stand_under_each_other() -> None:
    lines = findings_text([finding(at(1, 1, 2), help="add:\na: 1\n  b: 2")], {"a.yaml": "x: 1\n"}).split("\n")

    assert lines[4:7] == ["  = help: add:", "          a: 1", "            b: 2"]


def test_findings_come_in_the_order_of_files_and_places() -> None:
    findings = [finding(at(9, 1, 2)), finding(at(2, 5, 6)), finding(at(2, 1, 2)), finding(None, path="0.yaml")]
    heads = re.findall(r"^(\S+): error", findings_text(findings, {}), re.MULTILINE)

    assert heads == ["0.yaml", "a.yaml:2:1", "a.yaml:2:5", "a.yaml:9:1"]


@pytest.mark.parametrize("texts", [{}, {"a.yaml": ""}, {"a.yaml": "one line\n"}])
def test_a_file_whose_text_is_not_there_gets_no_frame(texts: dict[str, str]) -> None:
    assert findings_text([finding(at(7, 1, 2))], texts) == "a.yaml:7:1: error[DF0201]: unknown key\n\n"


# --- the summary ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "line"),
    [
        ((12, 14, 3, 1), "Checked 12 files, 14 manifests: 3 errors, 1 warning."),
        ((1, 1, 1, 0), "Checked 1 file, 1 manifest: 1 error, 0 warnings."),
        ((2, 0, 0, 2), "Checked 2 files, 0 manifests: 0 errors, 2 warnings."),
        ((1, 2, 0, 0), "All good: 1 file, 2 manifests, no errors, no warnings."),
    ],
)
def test_the_summary_has_its_denominators(counts: tuple[int, int, int, int], line: str) -> None:
    files, manifests, errors, warnings = counts

    assert summary_line(Counts(files=files, manifests=manifests, errors=errors, warnings=warnings)) == line


def test_the_report_ends_with_the_summary_and_says_where_to_read_more() -> None:
    findings = [finding(at(1, 1, 2)), finding(at(1, 1, 2), code="DF0401", severity=Severity.WARNING)]
    lines = report_text(findings, {"a.yaml": "x\n"}, files=1, manifests=1).split("\n")

    assert lines[-3:] == [
        "More about a finding: dfsubmit explain DF0201",
        "Checked 1 file, 1 manifest: 1 error, 1 warning.",
        "",
    ]
    assert report_text([], {}, files=1, manifests=1) == "All good: 1 file, 1 manifest, no errors, no warnings.\n"


# --- carets stand under their text ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "marked"),
    [
        ("key: value", "value"),
        ("\tkey:\tvalue", "value"),
        ("이름: 값 # 값", "값"),
        ("e\u0301cole: cafe\u0301s", "cafe\u0301s"),
        ("🐍: snake", "snake"),
        ("全角: 幅", "幅"),
    ],
)
def test_carets_stand_under_their_text_whatever_the_characters(line: str, marked: str) -> None:
    start = line.index(marked)
    lines = frame(line + "\n", at(1, start + 1, start + len(marked) + 1))

    assert shown_under_carets(lines) == marked


def test_a_caret_stands_where_there_is_nothing_to_see() -> None:
    assert frame("key:\n", at(1, 5, 5))[2:] == ["1 | key:", "  |     ^"]


def test_a_span_of_several_lines_shows_its_first() -> None:
    assert frame("a: [1,\n  2]\n", at(1, 4, 5, end_line=2))[2:] == ["1 | a: [1,", "  |    ^^^"]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_every_way_to_end_a_line_counts(ending: str) -> None:
    assert frame(ending.join(["a: 1", "b: 2", ""]), at(2, 4, 5))[2:] == ["2 | b: 2", "  |    ^"]


def test_separators_that_yaml_has_not_are_no_line_ends() -> None:
    assert frame("a: \x85\u2028b\nc: 2\n", at(2, 4, 5))[2] == "2 | c: 2"


def test_columns_count_from_after_a_byte_order_mark() -> None:
    assert frame("\ufeffkey: 1\n", at(1, 1, 4))[2:] == ["1 | key: 1", "  | ^^^"]


@pytest.mark.parametrize("room", [0, 40, 60, 200])
@pytest.mark.parametrize("before", [0, 30, 100, 5000, 100_000])
@pytest.mark.parametrize("after", [0, 100, 100_000])
def test_a_long_line_is_cut_around_the_caret(room: int, before: int, after: int) -> None:
    text = "x" * before + "FAULT" + "y" * after
    lines = frame(text, at(1, before + 1, before + 6), width=room)

    assert shown_under_carets(lines) == "FAULT"
    assert all(width(line) <= max(room, 44) for line in lines[1:])
    assert lines[2].startswith("1 | ...") is (lines[2].count("x") < before)
    assert lines[2].endswith("...") is (lines[2].count("y") < after)
    assert width(lines[2]) >= min(before + 5 + after + 4, max(room, 44) - 4)


def test_a_span_longer_than_the_terminal_is_marked_as_far_as_it_is_shown() -> None:
    lines = frame("y" * 500, at(1, 1, 501), width=60)

    assert width(lines[2]) <= 60
    assert lines[3].count("^") <= 56


# --- nothing raw, nothing secret ------------------------------------------------------------------------------------

HOSTILE = {
    "\x1b[2J": r"\x1b[2J",
    "\x07": r"\x07",
    "\x7f": r"\x7f",
    "\x9b31m": r"\x9b31m",
    "\u202eevil": "<U+202E>evil",
    "\u2066": "<U+2066>",
    "\u200b": "<U+200B>",
    "\ufeff": "<U+FEFF>",
    "\U000e0041": "<U+E0041>",
    "\udc80": "<U+DC80>",
    "\u2028": "<U+2028>",
    "\r\n": r"\r\n",
}


@pytest.mark.parametrize(("raw", "shown"), HOSTILE.items(), ids=HOSTILE.values())
def test_what_could_act_on_a_terminal_is_shown_by_its_name(raw: str, shown: str) -> None:
    assert neutral(f"a{raw}b") == f"a{shown}b"


@pytest.mark.parametrize("raw", HOSTILE, ids=HOSTILE.values())
def test_json_says_what_could_act_on_a_terminal_by_escapes_that_mean_the_same(raw: str) -> None:
    output = validate_json([finding(at(1, 1, 2), message=f"a{raw}b")], files=1, manifests=1)

    assert output.isascii()
    assert all(character == "\n" or is_harmless(character) for character in output)
    assert json.loads(output)["findings"][0]["message"] == f"a{raw}b"


def test_a_tower_of_combining_marks_is_cut_down() -> None:
    assert neutral("a" + "\u0301" * 4) == "a" + "\u0301" * 4
    assert neutral("a" + "\u0301" * 6) == "a" + "\u0301" * 4 + "<U+0301>" * 2


ANY_TEXT = st.text(st.characters(), max_size=60)


@settings(max_examples=150, deadline=None)
@given(
    texts=st.tuples(ANY_TEXT, ANY_TEXT, ANY_TEXT, ANY_TEXT),
    column=st.integers(1, 70),
    length=st.integers(0, 70),
    masked=st.booleans(),
)
def test_no_character_that_acts_on_a_terminal_gets_through(
    *, texts: tuple[str, str, str, str], column: int, length: int, masked: bool
) -> None:
    text, path, message, help_text = texts
    place = at(1, column, column + length)
    related = (Related(message=message, path=path, span=place),)
    one = finding(place, path=path, message=message, help=help_text, related=related, masked=masked)
    output = findings_text([one], {path: text})

    assert all(character == "\n" or is_harmless(character) for character in output)
    assert validate_json([one], files=1, manifests=1).isascii()
    assert json.loads(validate_json([one], files=1, manifests=1))["findings"][0]["message"] == message


def is_harmless(character: str) -> bool:
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@settings(max_examples=100, deadline=None)
@given(ANY_TEXT)
def test_cells_are_those_of_what_is_shown(text: str) -> None:
    shown = cells(text)

    assert "".join(one for one, _ in shown) == neutral(text)
    assert all(wide >= 0 for _, wide in shown)


def test_a_masked_place_is_hidden_in_every_frame_of_its_file() -> None:
    text = "password: hunter-two # note\n"
    secret = finding(at(1, 11, 21), code="DF0501", masked=True)
    other = finding(at(1, 1, 9), code="DF0900")
    output = findings_text([secret, other], {"a.yaml": text})

    assert "hunter" not in output
    assert output.count("1 | password: ******** # note\n") == 2


def test_every_line_of_a_masked_place_is_hidden() -> None:
    text = "key: |\n  line one\n  line two\nnext: 1\n"
    secret = finding(at(1, 6, 11, end_line=3), masked=True)
    other = finding(at(2, 3, 5), code="DF0900")
    after = finding(at(4, 1, 5), code="DF0901")
    output = findings_text([secret, other, after], {"a.yaml": text})

    assert "line" not in output
    assert "4 | next: 1" in output


def test_the_length_of_a_secret_is_not_shown() -> None:
    frames = [frame(f"token: ghp_{'a1' * length}", at(1, 1, 6))[2] for length in (20, 40)]

    assert frames[0] == frames[1] == "1 | token: ********"


def test_a_key_of_a_known_shape_is_shown_by_no_part_of_a_finding() -> None:
    key = "ncp_iam_" + "MADEUP0123456789"
    related = (Related(message=f"r {key}", path="a.yaml", span=at(1, 1, 2)),)
    edits = (Edit(start=0, end=1, text=f'"{key}"'), Edit(start=0, end=1, text="kept"))
    one = finding(at(1, 1, 2), message=f"m {key}", help=f"h {key}", related=related, edits=edits)
    text = findings_text([one], {"a.yaml": f"x: 'x{key}'\n"})
    document = json.loads(validate_json([one], files=1, manifests=1))

    assert key not in text + json.dumps(document)
    assert "m ********" in text
    assert [edit["text"] for edit in document["findings"][0]["edits"]] == ["kept"]


KEY = "ncp_iam_" + "MADEUP0123456789"
PIECES = [
    b"null",
    b"~",
    b"3",
    b"[",
    b"]",
    b"{",
    b"}",
    b": ",
    b"- ",
    b"'",
    b'"',
    b"*a",
    b"&a ",
    b"!!int ",
    b"\t",
    b"\n",
    b"\x00",
]
PIECES += [b"---\n", b"env: ", b"fromEnv: ", "\u202e".encode(), "\ud55c".encode(), b"|\n", b"\xff", KEY.encode()]


@settings(max_examples=200, deadline=None)
@given(st.randoms(use_true_random=False))
def test_whatever_stands_in_a_file_the_output_is_harmless_and_shows_no_key(rng: random.Random) -> None:
    content = bytearray(rng.choice(INPUTS).read_bytes())
    for _ in range(rng.randrange(1, 6)):
        at_byte = rng.randrange(len(content) + 1)
        content[at_byte : at_byte + rng.randrange(4)] = rng.choice(PIECES)
    gathered = Gathering(project_file="x.yaml")
    gathered.add(examine(SourceFile(path="x.yaml", content=bytes(content))))
    findings = gathered.finish()
    output = report_text(findings, gathered.texts, files=1, manifests=gathered.manifests)

    assert all(character == "\n" or is_harmless(character) for character in output)
    assert KEY not in output
    assert KEY not in validate_json(findings, files=1, manifests=gathered.manifests)


# --- colour ---------------------------------------------------------------------------------------------------------


def test_there_is_colour_only_when_asked_and_it_changes_nothing_else() -> None:
    findings = [
        finding(at(1, 1, 2), help="do this", related=(Related(message="m", path="a.yaml", span=at(1, 1, 2)),)),
        finding(at(1, 1, 2), severity=Severity.WARNING),
    ]
    texts = {"a.yaml": "x: 1\n"}
    plain = report_text(findings, texts, files=1, manifests=1)
    painted = report_text(findings, texts, files=1, manifests=1, palette=COLOUR)

    assert "\x1b" not in plain
    assert "\x1b[1;31merror[DF0201]\x1b[0m" in painted
    assert "\x1b[1;33mwarning[DF0201]\x1b[0m" in painted
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == plain


# --- JSON -----------------------------------------------------------------------------------------------------------


def test_the_json_document_has_every_member_and_fits_its_published_schema() -> None:
    related = (Related(message="here", path="b.yaml", span=at(1, 2, 3)),)
    findings = [
        finding(at(2, 3, 9), help="h", related=related, edits=(Edit(start=1, end=2, text="t", safe=True),)),
        finding(None, path="c.yaml", severity=Severity.WARNING),
    ]
    document = validate_document(findings, files=3, manifests=4)
    schema = published_schema(ValidateDocument, "validate")

    jsonschema.Draft202012Validator(schema).validate(document)
    assert document == {
        "schemaVersion": 1,
        "summary": {"files": 3, "manifests": 4, "errors": 1, "warnings": 1},
        "findings": [
            {
                "code": "DF0201",
                "severity": "error",
                "message": "unknown key",
                "help": "h",
                "path": "a.yaml",
                "line": 2,
                "column": 3,
                "endLine": 2,
                "endColumn": 9,
                "related": [
                    {"message": "here", "path": "b.yaml", "line": 1, "column": 2, "endLine": 1, "endColumn": 3}
                ],
                "edits": [{"start": 1, "end": 2, "text": "t", "safe": True}],
            },
            {
                "code": "DF0201",
                "severity": "warning",
                "message": "unknown key",
                "help": "",
                "path": "c.yaml",
                "line": None,
                "column": None,
                "endLine": None,
                "endColumn": None,
                "related": [],
                "edits": [],
            },
        ],
    }
