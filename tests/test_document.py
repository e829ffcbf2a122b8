"""Documents know their data and where each key and value stands; whatever is wrong with a text is a finding at its place."""

from __future__ import annotations

import gc
import json
import os
import random
import string
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from yaml_faults import FAULTS, unmarked

from dfsubmit.diagnostics import Severity, Span, has_errors
from dfsubmit.document import HAVE_C, Document, Loaded, load
from dfsubmit.yamlcore.limits import (
    MAX_DEPTH,
    MAX_EXPANDED,
    MAX_FILE,
    MAX_FINDINGS,
    MAX_RESTARTS,
    MAX_SCALAR,
    MAX_VALUES,
)

PARSERS = ["c", "pure"] if HAVE_C else ["pure"]
BOTH = pytest.mark.parametrize("parser", PARSERS)

MANIFEST = """\
# yaml-language-server: $schema=../schema/dfsubmit.v1.schema.json
apiVersion: dfsubmit/v1
kind: AiApp
metadata:
  name: bert-finetune            # lower-case
  labels: {team: nlp, "on call": 'kim # lee'}
spec:
  data:
    input:
      - hdfs: hdfs://nn/user/nlp/data_in
        path: data_in
      - {hdfs: hdfs://nn/a?b, path: c}
  docker:
    args: |  # a comment
      --epochs 3
      # not a comment

    env:
      EPOCHS: "3"
      EMPTY:
"""


def read(text: str, parser: str = PARSERS[0]) -> Loaded:
    return load(text.encode(), "a.yaml", use_c=parser == "c")


def only(text: str, parser: str = PARSERS[0]) -> Document:
    loaded = read(text, parser)
    assert not has_errors(loaded.diagnostics)
    (document,) = loaded.documents
    return document


def piece(document: Document, path: tuple[str | int, ...], *, key: bool = False) -> str:
    return document.text[slice(*document.offsets(path, key=key))]


class TestFaults:
    @pytest.mark.parametrize("name", FAULTS)
    @BOTH
    def test_one_fault_is_one_finding_at_the_character_to_change(self, name: str, parser: str) -> None:
        fault = FAULTS[name]
        text, start, end = unmarked(fault.marked)
        loaded = read(text, parser)
        if fault.only not in {"", parser}:
            assert loaded.diagnostics == ()
            return
        (finding,) = loaded.diagnostics
        assert finding.code == fault.code
        assert fault.message in finding.message
        assert fault.advice in finding.help
        assert finding.help
        line, column = text.count("\n", 0, start) + 1, start - (text.rfind("\n", 0, start) + 1) + 1
        assert finding.span is not None
        assert (finding.span.line, finding.span.column) == (line, column)
        assert finding.span == Span(line=line, column=column, end_line=line, end_column=column + end - start)

    @pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if not fault.only])
    @BOTH
    def test_the_other_documents_of_a_file_are_read_whatever_is_wrong_with_one(self, name: str, parser: str) -> None:
        text, _, _ = unmarked(FAULTS[name].marked)
        separated = text if text.endswith("\n") else text + "\n"
        loaded = read(f"first: 1\n...\n{separated}---\nlast: 2\n", parser)
        assert {"first": 1} in [document.data for document in loaded.documents]
        assert {"last": 2} in [document.data for document in loaded.documents]
        if name not in {"empty file", "only comments", "directive without a document"}:
            assert [finding.code for finding in loaded.diagnostics] == [FAULTS[name].code]

    @pytest.mark.parametrize(
        ("text", "repaired"),
        [
            ("a: 1\nb:2\nc: 3\n", "a: 1\nb: 2\nc: 3\n"),
            ("a: b: c # d\n", 'a: "b: c" # d\n'),
            ("a: @x\n", 'a: "@x"\n'),
            ("a:\n\tb: 1\n", "a:\n  b: 1\n"),
            ("metadata\n  name: x\n", "metadata:\n  name: x\n"),
        ],
    )
    def test_an_edit_repairs_the_fault(self, text: str, repaired: str) -> None:
        (finding,) = read(text).diagnostics
        (edit,) = finding.edits
        assert text[: edit.start] + edit.text + text[edit.end :] == repaired
        assert read(repaired).diagnostics == ()

    def test_both_places_of_a_duplicate_key_are_shown(self) -> None:
        (finding,) = read("a: 1\nb:\n  a: 2\n  a: 3\n").diagnostics
        (first,) = finding.related
        assert (finding.span, first.span) == (
            Span(line=4, column=3, end_line=4, end_column=4),
            Span(line=3, column=3, end_line=3, end_column=4),
        )

    @BOTH
    def test_places_behind_a_broken_document_are_those_of_the_file(self, parser: str) -> None:
        text = "[\n---\n- {ab: 1,   ab: 2}\n- *nothing\n- &a.b 1\n- *more\n"
        findings = [(finding.code, finding.span) for finding in read(text, parser).diagnostics]
        assert findings == [
            ("DF0107", Span(line=1, column=1, end_line=1, end_column=2)),
            ("DF0116", Span(line=3, column=13, end_line=3, end_column=15)),
            ("DF0118", Span(line=4, column=3, end_line=4, end_column=11)),
            ("DF0132", Span(line=5, column=3, end_line=5, end_column=7)),
        ]

    def test_a_long_block_text_is_shown_without_the_blank_lines_behind_it(self) -> None:
        loaded = read(f"a: |\n  {'x' * (MAX_SCALAR + 1)}\n  y\n\n\nb: 1\n")
        (finding,) = loaded.diagnostics
        assert finding.span == Span(line=1, column=4, end_line=3, end_column=4)

    def test_the_bracket_that_is_open_is_shown_beside_the_one_that_does_not_fit(self) -> None:
        (finding,) = read("[\n---\na: [1, {b: 2]}\n").diagnostics[1:]
        (opening,) = finding.related
        assert finding.span == Span(line=3, column=13, end_line=3, end_column=14)
        assert opening.span == Span(line=3, column=8, end_line=3, end_column=9)

    def test_the_first_of_two_equal_keys_stays_so_that_nothing_else_is_said(self) -> None:
        (document,) = read("a: 1\na: 2\n").documents
        assert document.data == {"a": 1}

    def test_a_merge_key_is_merged_so_that_its_finding_stays_the_only_one(self) -> None:
        text = "base: &b {x: 1, y: 2}\na: {<<: *b, x: 3}\nb: {<<: [*b, {z: 4}]}\n"
        loaded = read(text)
        assert [finding.code for finding in loaded.diagnostics] == ["DF0120", "DF0120"]
        (document,) = loaded.documents
        assert document.data["a"] == {"x": 3, "y": 2}
        assert document.data["b"] == {"x": 1, "y": 2, "z": 4}
        assert piece(document, ("a", "y")) == "2"

    def test_a_quoted_merge_key_is_a_key(self) -> None:
        assert only("'<<': {x: 1}\n").data == {"<<": {"x": 1}}

    @BOTH
    def test_no_message_is_the_parsers_own(self, parser: str) -> None:
        words = ("while ", "expected <", "did not find", "mapping values", "token", "block end", "simple key")
        for fault in FAULTS.values():
            for finding in read(unmarked(fault.marked)[0], parser).diagnostics:
                assert not any(word in finding.message + finding.help for word in words)

    def test_a_bidirectional_control_is_a_warning_and_once_a_line(self) -> None:
        loaded = read("a: x\u202ey\u202cz\nb: \u2067\n")
        assert [(finding.code, finding.severity) for finding in loaded.diagnostics] == [
            ("DF0129", Severity.WARNING)
        ] * 2
        assert len(loaded.documents) == 1


class TestImports:
    def run(self, code: str, path: Path | None = None) -> str:
        environment = {**os.environ, **({"PYTHONPATH": str(path)} if path else {})}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def test_ruamel_is_not_imported_before_a_text_is_read(self) -> None:
        code = "import dfsubmit.document, dfsubmit.sources, sys; print([m for m in sys.modules if 'ruamel' in m])"
        assert self.run(code) == "[]"

    @pytest.mark.parametrize("broken", ["raise ImportError", "CParser_is = 'missing'"])
    def test_a_c_parser_that_cannot_be_loaded_is_done_without(self, broken: str, tmp_path: Path) -> None:
        (tmp_path / "_ruamel_yaml.py").write_text(broken + "\n")
        code = "from dfsubmit.document import load; print(load(b'a: [1, x]', 'a.yaml').documents[0].data)"
        assert self.run(code, tmp_path) == "{'a': [1, 'x']}"

    def test_have_c_says_whether_there_is_one(self) -> None:
        code = "import sys; sys.modules['_ruamel_yaml'] = None; from dfsubmit.document import HAVE_C; print(HAVE_C)"
        assert self.run(code) == "False"


class TestEncodings:
    def test_a_byte_that_is_not_utf8_is_shown_where_it_stands(self) -> None:
        loaded = load("a: é\r\nb: ü".encode() + b"\xff\n", "a.yaml")
        (finding,) = loaded.diagnostics
        assert (finding.code, finding.span) == ("DF0101", Span(line=2, column=5, end_line=2, end_column=6))
        assert "0xFF" in finding.message
        assert loaded.documents == ()
        assert loaded.text == "a: é\r\nb: ü\ufffd\n"

    def test_a_surrogate_in_the_bytes_is_not_utf8(self) -> None:
        (finding,) = load(b"a: \xed\xa0\x80\n", "a.yaml").diagnostics
        assert finding.code == "DF0101"

    @pytest.mark.parametrize(
        ("mark", "codec", "name"),
        [
            (b"\xff\xfe", "utf-16-le", "UTF-16"),
            (b"\xfe\xff", "utf-16-be", "UTF-16"),
            (b"\xff\xfe\x00\x00", "utf-32-le", "UTF-32"),
            (b"\x00\x00\xfe\xff", "utf-32-be", "UTF-32"),
        ],
    )
    def test_other_unicode_encodings_are_named(self, mark: bytes, codec: str, name: str) -> None:
        (finding,) = load(mark + "a: 1\n".encode(codec), "a.yaml").diagnostics
        assert (finding.code, name in finding.message) == ("DF0102", True)
        assert finding.span == Span(line=1, column=1, end_line=1, end_column=1)

    @BOTH
    def test_a_byte_order_mark_at_the_start_moves_nothing(self, parser: str) -> None:
        document = only("\ufeffa: 1\nb: x\n", parser)
        assert document.data == {"a": 1, "b": "x"}
        assert document.span(("a",), key=True) == Span(line=1, column=1, end_line=1, end_column=2)
        assert piece(document, ("a",), key=True) == "a"
        assert document.text.startswith("\ufeff")

    @BOTH
    def test_columns_are_code_points_and_lines_end_as_in_an_editor(self, parser: str) -> None:
        document = only("é😀: [ñ, b]\r\nc: d\re: f\ng: h\n", parser)
        assert document.span(("é😀", 1)) == Span(line=1, column=9, end_line=1, end_column=10)
        assert document.span(("c",)) == Span(line=2, column=4, end_line=2, end_column=5)
        assert document.span(("e",)) == Span(line=3, column=4, end_line=3, end_column=5)
        assert document.span(("g",)) == Span(line=4, column=4, end_line=4, end_column=5)

    @BOTH
    def test_the_line_breaks_of_yaml_1_1_are_text(self, parser: str) -> None:
        document = only('a: x\x85y\u2028z\nb: "p \u2029 q"\n', parser)
        assert document.data == {"a": "x\x85y\u2028z", "b": "p \u2029 q"}
        assert document.span(("b",)).line == 2

    @BOTH
    def test_private_characters_stay_what_they_are(self, parser: str) -> None:
        text = "".join(map(chr, range(0x10FFE0, 0x10FFE5)))
        assert only(f"a: [x{text}]\nb: {text}\n", parser).data == {"a": [f"x{text}"], "b": text}


class TestCoreSchema:
    @pytest.mark.parametrize(
        ("plain", "value"),
        [
            *(
                (word, word)
                for word in ("no", "yes", "on", "off", "y", "n", "No", "nULL", "tRUE", "NaN", "inf", ".Nan")
            ),
            *(
                (word, word)
                for word in ("2024-01-31", "1:20", "12:30:45", "1_000", "0b11", "-0o7", "+0x1", "0o8", "0xG")
            ),
            *((word, word) for word in ("1.2.3", "1e", "e3", ".", "+", "-.", "0x", "1-2", "٣", "1٣", "¹")),
            *((word, None) for word in ("null", "Null", "NULL", "~", "")),
            *((word, word.lower() == "true") for word in ("true", "True", "TRUE", "false", "False", "FALSE")),
            ("0", 0),
            ("-0", 0),
            ("017", 17),
            ("+12", 12),
            ("0o17", 15),
            ("0x1F", 31),
            ("9" * 30, int("9" * 30)),
            ("1.5", 1.5),
            (".5", 0.5),
            ("5.", 5.0),
            ("-1.5e3", -1500.0),
            ("12e3", 12000.0),
            ("1E+2", 100.0),
            (".inf", float("inf")),
            ("-.INF", float("-inf")),
        ],
    )
    def test_a_plain_scalar_is_what_yaml_1_2_says(self, plain: str, value: object) -> None:
        found = only(f"a: {plain}\n").data["a"]
        assert (type(found), found) == (type(value), value)

    def test_not_a_number_is_not_a_number(self) -> None:
        found = only("a: .nan\n").data["a"]
        assert found != found  # noqa: PLR0124  # that is what makes it one

    @pytest.mark.parametrize("written", ["'1'", '"1"', "|-\n  1", ">-\n  1", "!!str 1", "! 1"])
    def test_a_quoted_or_tagged_number_is_text(self, written: str) -> None:
        assert only(f"a: {written}\n").data == {"a": "1"}

    def test_the_core_schemas_tags_are_honoured(self) -> None:
        text = "a: !!int '3'\nb: !!float 3\nc: !!bool 'true'\nd: !!null ''\ne: !!seq [1]\nf: !!map {x: 1}\ng: !!str\n"
        data = only(text).data
        assert data == {"a": 3, "b": 3.0, "c": True, "d": None, "e": [1], "f": {"x": 1}, "g": ""}
        assert type(data["b"]) is float

    @BOTH
    def test_colons_and_question_marks_inside_words_are_text_in_brackets_too(self, parser: str) -> None:
        text = '[hdfs://nn:8020/a, a?b, ?x, {"q":1}, ::1, {u: http://x/?y=1&z, v?: w}, a ? b, ? c : d]\n'
        data = only(text, parser).data
        expected: list[Any] = ["hdfs://nn:8020/a", "a?b", "?x", {"q": 1}, "::1", {"u": "http://x/?y=1&z", "v?": "w"}]
        assert data == [*expected, "a ? b", {"c": "d"}]


class TestPlaces:
    @BOTH
    def test_every_value_and_key_of_a_manifest_is_found(self, parser: str) -> None:
        document = only(MANIFEST, parser)
        spec = ("spec", "docker")
        assert piece(document, ("metadata", "name")) == "bert-finetune"
        assert piece(document, ("metadata", "labels", "on call")) == "'kim # lee'"
        assert piece(document, ("metadata", "labels", "on call"), key=True) == '"on call"'
        assert (
            piece(document, ("spec", "data", "input", 0)) == "hdfs: hdfs://nn/user/nlp/data_in\n        path: data_in"
        )
        assert piece(document, ("spec", "data", "input", 1, "hdfs")) == "hdfs://nn/a?b"
        assert piece(document, (*spec, "args")) == "|  # a comment\n      --epochs 3\n      # not a comment"
        assert piece(document, (*spec, "env")) == 'EPOCHS: "3"\n      EMPTY:'
        assert document.span((*spec, "env", "EMPTY")) == Span(line=20, column=13, end_line=20, end_column=13)
        assert document.span(()).line == 2

    @BOTH
    def test_what_is_missing_is_shown_at_the_key_of_what_lacks_it(self, parser: str) -> None:
        document = only(MANIFEST, parser)
        assert piece(document, ("spec", "nothing")) == "spec"
        assert piece(document, ("spec", "docker", "env", "X", "y"), key=True) == "env"
        assert piece(document, ("nothing",)) == "apiVersion"
        assert document.span(("spec", "data", "input", 1, "x")).line == 12
        assert document.span(("spec", "data", "input", 7)).line == 9
        assert piece(document, ("metadata", "name", "x")) == "name"
        assert piece(document, ("metadata", 0)) == "metadata"
        assert piece(document, ("spec", "data", "input", "0")) == "input"
        assert piece(document, (), key=True) == "apiVersion"

    @BOTH
    def test_a_value_is_shown_without_its_anchor_and_tag(self, parser: str) -> None:
        document = only("a: &x !!str 1\nb: !!str &y\n  # c\n  2\nc: &z\nd: &w\n  e: 1\n", parser)
        assert [piece(document, (key,)) for key in "abd"] == ["1", "2", "e: 1"]
        assert piece(document, ("c",)) == "&z"

    @BOTH
    def test_an_alias_is_shown_itself_and_what_is_inside_it_at_the_anchor(self, parser: str) -> None:
        document = only("a: &x {b: 1}\nc: *x\nd: [*x]\n", parser)
        assert document.data == {"a": {"b": 1}, "c": {"b": 1}, "d": [{"b": 1}]}
        assert piece(document, ("c",)) == "*x"
        assert document.span(("d", 0)).line == 3
        assert document.span(("c", "b")) == document.span(("a", "b"))
        assert document.scalar(("c",)) is None
        assert piece(document, ("c", "x")) == "c"

    def test_an_anchor_may_be_given_again(self) -> None:
        assert only("a: &x 1\nb: *x\nc: &x 2\nd: *x\n").data == {"a": 1, "b": 1, "c": 2, "d": 2}

    def test_an_alias_may_be_a_key(self) -> None:
        assert only("a: &x b\n*x : 1\n").data == {"a": "b", "b": 1}

    @BOTH
    def test_an_empty_value_is_right_behind_its_colon_or_dash(self, parser: str) -> None:
        document = only("a:\nb:   # c\nc: {d: , e: }\nf:\n  -\n  - 1\n", parser)
        assert document.data == {"a": None, "b": None, "c": {"d": None, "e": None}, "f": [None, 1]}
        columns = [document.span(path) for path in (("a",), ("b",), ("c", "d"), ("c", "e"), ("f", 0))]
        assert [(span.line, span.column) for span in columns] == [(1, 3), (2, 3), (3, 7), (3, 12), (5, 4)]
        assert all(span.end_column == span.column for span in columns)

    @pytest.mark.parametrize(
        ("written", "style", "raw"),
        [
            ("x y", "plain", "x y"),
            ("'x'", "single", "'x'"),
            ('"x"  # c', "double", '"x"'),
            ("|\n  x\n\n", "literal", "|\n  x"),
            (">-\n  x\n  y", "folded", ">-\n  x\n  y"),
            ("x\n  y", "plain", "x\n  y"),
        ],
    )
    @BOTH
    def test_a_scalar_says_how_it_is_written(self, written: str, style: str, raw: str, parser: str) -> None:
        scalar = only(f"a: {written}\n", parser).scalar(("a",))
        assert scalar is not None
        assert (scalar.style, scalar.raw) == (style, raw)

    def test_a_collection_or_nothing_has_no_scalar(self) -> None:
        document = only("a: [1]\n")
        assert [document.scalar(path) for path in ((), ("a",), ("b",), ("a", 3))] == [None] * 4

    @BOTH
    def test_comments_are_found_and_text_that_looks_like_one_is_not(self, parser: str) -> None:
        document = only(MANIFEST, parser)
        assert document.comments() == (
            (1, 1, "# yaml-language-server: $schema=../schema/dfsubmit.v1.schema.json"),
            (5, 34, "# lower-case"),
            (14, 14, "# a comment"),
        )

    @BOTH
    def test_comments_belong_to_the_document_that_they_follow(self, parser: str) -> None:
        first, second = read("# one\na: x#y # two\n# three\n---\nb: 'z # w' #four\n# five", parser).documents
        assert [text for _, _, text in first.comments()] == ["# one", "# two", "# three"]
        assert second.comments() == ((5, 12, "#four"), (6, 1, "# five"))

    @BOTH
    def test_places_in_later_documents_are_those_of_the_file(self, parser: str) -> None:
        loaded = read("a: 1\n---\n[\n--- # x\nb: 2\n...\n---\nc: 3\n", parser)
        assert [document.index for document in loaded.documents] == [0, 2, 3]
        assert [document.span(()).line for document in loaded.documents] == [1, 5, 8]
        assert [finding.span.line for finding in loaded.diagnostics if finding.span] == [3]

    def test_documents_know_their_path(self) -> None:
        loaded = load(b"a: 1\n", "specs/a.yaml")
        assert (loaded.path, loaded.documents[0].path, loaded.text) == ("specs/a.yaml", "specs/a.yaml", "a: 1\n")


class TestBounds:
    @BOTH
    def test_depth(self, parser: str) -> None:
        assert only("[" * MAX_DEPTH + "]" * MAX_DEPTH, parser).data
        for text in ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "[" * 20_000, "- " * 20_000, '{"a":' * 20_000):
            assert [finding.code for finding in read(text, parser).diagnostics] == ["DF0123"]

    def test_length_of_a_text(self) -> None:
        assert len(only(f"a: {'x' * MAX_SCALAR}\n").data["a"]) == MAX_SCALAR
        loaded = read(f"a: {'x' * (MAX_SCALAR + 1)}\n")
        assert [finding.code for finding in loaded.diagnostics] == ["DF0124"]
        assert loaded.documents == ()

    @BOTH
    def test_length_of_a_key(self, parser: str) -> None:
        (finding,) = read(f"a: 1\n{'x' * 1100}: 1\n", parser).diagnostics
        assert finding.code == "DF0124"

    def test_what_aliases_write_out_to(self) -> None:
        levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 12)]
        text = "\n".join(["l0: &l0 lol", *levels])
        (finding,) = read(text).diagnostics
        assert finding.code == "DF0126"
        long = f"a: &a {'x' * 60_000}\n" + "".join(f"b{n}: *a\n" for n in range(MAX_EXPANDED // 60_000 + 1))
        assert [finding.code for finding in read(long).diagnostics] == ["DF0126"]

    def test_number_of_values(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert MAX_VALUES == 100_000
        monkeypatch.setattr("dfsubmit.yamlcore.report.MAX_VALUES", 100)
        assert len(only("[" + "1," * 100 + "]").data) == 100
        mapping = ", ".join(f"k{number}: {{a: 1}}" for number in range(60))
        for text in ("[" + "1," * 101 + "]", "[" + "[1]," * 51 + "]", "---\n[1]\n" * 101, f"{{{mapping}}}"):
            assert [finding.code for finding in read(text).diagnostics] == ["DF0135"]

    def test_number_of_findings(self) -> None:
        loaded = read("a: 1\n" * (MAX_FINDINGS + 50))
        assert [finding.code for finding in loaded.diagnostics] == ["DF0116"] * MAX_FINDINGS + ["DF0012"]

    def test_number_of_new_starts(self) -> None:
        assert [finding.code for finding in read("a\n...\n" * (MAX_RESTARTS + 50)).diagnostics][-1:] == ["DF0012"]

    @pytest.mark.parametrize(
        "unit",
        ["---\n", "---\n@\n", "---\n[a:b\n", "---\n'\n", "a\n...\n", "?", "- *a\n", "\0", "\t", "\\", "%a\n", "#\n"],
    )
    def test_no_large_file_takes_more_than_a_bounded_number_of_findings(self, unit: str) -> None:
        loaded = read(unit * (MAX_FILE // 4 // len(unit)))
        assert 0 < len(loaded.diagnostics) <= MAX_FINDINGS + 1

    @pytest.mark.parametrize("enabled", [True, False])
    def test_the_collector_is_left_as_it_was(self, *, enabled: bool) -> None:
        try:
            (gc.enable if enabled else gc.disable)()
            for text in ("a: 1\n", f"a: [{'1,' * 20_000}]\n", f"a: [{'1,' * 20_000}\n"):
                read(text)
                assert gc.isenabled() is enabled
        finally:
            gc.enable()

    def test_messages_stay_short(self) -> None:
        for text in (f"a: *{'x' * 5000}\n", f"a: @{'x' * 5000}\n", f"{'k' * 900}: 1\n{'k' * 900}: 2\n"):
            (finding,) = read(text).diagnostics
            assert len(finding.message) + len(finding.help) < 500


# What YAML cannot write unescaped, and what JSON writes as a pair of escapes.
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\ufffe\uffff"))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=20,
)


class TestProperties:
    @settings(max_examples=150, deadline=None)
    @given(value=VALUES)
    def test_json_is_yaml(self, value: object) -> None:
        for indent in (None, 2):
            (document,) = load(json.dumps(value, ensure_ascii=False, indent=indent).encode(), "a.json").documents
            assert document.data == value

    @settings(max_examples=60, deadline=None)
    @given(value=VALUES)
    def test_both_parsers_read_json_alike(self, value: object) -> None:
        content = json.dumps(value, ensure_ascii=False).encode()
        read_by = [load(content, "a.json", use_c=parser == "c") for parser in PARSERS]
        assert len({repr([document.data for document in loaded.documents]) for loaded in read_by}) == 1

    @settings(max_examples=200, deadline=None)
    @given(
        content=st.binary(max_size=60)
        | st.text(st.sampled_from("ab01:-[]{}'\"#&*!|>%@`,? \n\r\t\\~<.\ufeff\x85\u2028"), max_size=40).map(str.encode)
    )
    @example(content=b"*a")
    @example(content=b"&a")
    @example(content=b"")
    @example(content=b"\xef\xbb\xbf")
    @example(content=b"a\n...\n...\n")
    @example(content=b"\r\x80")
    def test_any_bytes_give_documents_or_findings_in_the_text(self, content: bytes) -> None:
        for parser in PARSERS:
            loaded = load(content, "a.yaml", use_c=parser == "c")
            assert loaded.documents or loaded.diagnostics
            lines = loaded.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
            for finding in loaded.diagnostics:
                assert finding.span is not None
                assert 1 <= finding.span.line <= len(lines)
                assert 1 <= finding.span.column <= len(lines[finding.span.line - 1]) + 1
                assert finding.help
            for document in loaded.documents:
                check_places(document, document.data, ())
                document.comments()

    def test_a_changed_manifest_gives_the_same_findings_with_both_parsers(self) -> None:
        # Fixed seeds: of 26,000 slips the parsers differ on 12, mostly on texts that only look like YAML.
        for seed in range(400):
            text = slipped(random.Random(seed))
            findings = [
                [(finding.code, finding.span) for finding in read(text, parser).diagnostics] for parser in PARSERS
            ]
            assert all(found == findings[0] for found in findings), text


def check_places(document: Document, value: object, path: tuple[str | int, ...]) -> None:
    """Check that every place lies in the text, and that plain scalars read again as their values."""
    start, end = document.offsets(path)
    assert 0 <= start <= end <= len(document.text)
    scalar = document.scalar(path)
    if scalar is not None and scalar.style == "plain" and "\n" not in scalar.raw and path:
        again = load(f"[{scalar.raw}]".encode(), "b.yaml")
        if again.documents and isinstance(value, str | int | None):
            assert again.documents[0].data == [value] or scalar.raw == ""
    if isinstance(value, dict):
        for key, child in value.items():
            assert document.offsets((*path, key), key=True)[0] <= len(document.text)
            check_places(document, child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            check_places(document, child, (*path, index))


def slipped(chance: random.Random) -> str:
    """Return the manifest with one slip of the keyboard, of those on which the parsers agree.

    They differ about tabs, about a # right behind a bar or >, and about a quote inside a word in brackets.
    """
    at = chance.randrange(len(MANIFEST))
    letter = chance.choice(string.ascii_letters + ":-[]{}&*!%@`,? \n")
    kind = chance.randrange(3)
    if kind == 0:
        return MANIFEST[:at] + letter + MANIFEST[at:]
    return MANIFEST[:at] + (letter if kind == 1 else "") + MANIFEST[at + 1 :]
