"""Pages of codes and fields: made of the registry and the models, complete, and true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dfsubmit.code import Code
from dfsubmit.codes import CODES, join
from dfsubmit.diagnostics import Severity
from dfsubmit.errors import InputError
from dfsubmit.explain import explain, reference, said, topics
from dfsubmit.judging.fields import tree
from dfsubmit.manifest import KINDS
from dfsubmit.suggest import closest, distance

REFERENCE = Path(__file__).parent.parent / "schema" / "codes.md"
FIELDS = [(kind, field.dotted, field) for kind in KINDS for field in tree(kind)]


# --- codes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", CODES.values(), ids=CODES.keys())
def test_every_code_has_a_page_with_meaning_and_examples(row: Code) -> None:
    page = explain(row.code)

    assert page.startswith(f"{row.code}: {row.title}")
    assert row.meaning in page
    assert not row.title.endswith(".")
    assert row.meaning.endswith(".")
    assert all(len(line) <= 132 for line in row.meaning.split("\n"))


@pytest.mark.parametrize("row", [row for row in CODES.values() if row.bad and row.good], ids=lambda row: row.code)
def test_the_bad_example_of_a_code_says_that_code_and_the_good_one_nothing(row: Code) -> None:
    lines = said(row.bad).split("\n")
    heads = [line for line in lines if line and not line.startswith((" ", *"0123456789"))]

    assert len(heads) == 1, said(row.bad)
    assert f"{row.severity.value}[{row.code}]" in heads[0]
    assert said(row.good) == ""


def test_a_page_shows_what_dfsubmit_says_about_its_example() -> None:
    page = explain("DF0203")

    assert "    11 |     env: {EPOCHS: 3}\n       |                   ^\n" in page
    assert '       = help: quote it: "3"\n' in page


@pytest.mark.parametrize("topic", ["df0203", "0203", "203", "[DF0203]", " DF0203 "])
def test_a_code_may_be_written_as_it_is_seen(topic: str) -> None:
    assert explain(topic) == explain("DF0203")


def test_an_unknown_code_is_an_error_with_a_way_on() -> None:
    with pytest.raises(InputError, match="no finding DF9999") as raised:
        explain("DF9999")
    assert "dfsubmit explain" in raised.value.tip


def test_every_code_that_is_reported_has_a_page_and_every_page_is_of_a_code_that_is_reported() -> None:
    sources = [path for path in (REFERENCE.parent.parent / "dfsubmit").rglob("*.py") if "codes" not in path.name]
    reported = {code for path in sources for code in re.findall(r'"(DF\d{4})"', path.read_text(encoding="utf-8"))}

    assert reported == CODES.keys()


def test_a_number_is_never_given_twice() -> None:
    row = next(iter(CODES.values()))

    with pytest.raises(ValueError, match="is given twice"):
        join([row], [row])


def test_severities_are_those_that_the_numbers_promise() -> None:
    for code, row in CODES.items():
        if code.startswith("DF04"):
            assert row.severity is Severity.WARNING, code
        if code.startswith(("DF02", "DF05")):
            assert row.severity is Severity.ERROR, code


def test_the_committed_reference_is_current() -> None:
    again = "python -c 'from dfsubmit.explain import reference; print(reference(), end=\"\")' > schema/codes.md"

    assert REFERENCE.read_text(encoding="utf-8") == reference(), again


# --- fields ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "path", "field"), FIELDS, ids=[f"{kind}.{path}" for kind, path, _ in FIELDS])
def test_every_field_has_a_page_by_its_full_path(kind: str, path: str, field: object) -> None:
    page = explain(f"{kind}.{path}")

    assert page.startswith((f"{kind}.{path}: ", f"{path}: "))
    assert "  type      " in page
    assert "  required  " in page
    assert "  source    " in page
    assert field is not None


def test_a_page_says_meaning_type_bounds_default_example_and_source() -> None:
    assert explain("AiApp.spec.resource.gpuCount") == (
        "AiApp.spec.resource.gpuCount: GPUs\n"
        "\n"
        "Number of GPUs, 1 to 8. The default of 1 is dfsubmit's.\n"
        "\n"
        "  type      whole number\n"
        "  allowed   1 to 8\n"
        "  required  no\n"
        "  default   1\n"
        "  example   gpuCount: 2\n"
        "  source    Data Forest API, AiAppResource, 2026\n"
    )


@pytest.mark.parametrize(
    ("topic", "title"),
    [
        ("spec.docker.env", "AiApp.spec.docker.env"),
        ("docker.image", "AiApp.spec.docker.image"),
        ("image", "AiApp.spec.docker.image"),
        ("gpu_count", "AiApp.spec.resource.gpuCount"),
        ("aiapp.spec.queuename", "AiApp.spec.queueName"),
        ("spec.data.input[0].hdfs", "AiApp.spec.data.input[].hdfs"),
        ("input.hdfs", "AiApp.spec.data.input[].hdfs"),
        ("env.EPOCHS", "AiApp.spec.docker.env"),
        ("exposeTcpPorts[0]", "AiApp.spec.docker.exposeTcpPorts"),
        ("fromEnv", "AiApp.spec.docker.env.<name>.fromEnv"),
        ("Project.spec.ledger", "Project.spec.ledger"),
        ("ledger", "Project.spec.ledger"),
        ("marker", "Project.spec.submission.marker"),
        ("kind", "kind"),
        ("AiApp.kind", "AiApp.kind"),
        ("apiVersion", "apiVersion"),
    ],
)
def test_any_end_of_a_path_that_fits_one_field_will_do(topic: str, title: str) -> None:
    assert explain(topic).startswith(f"{title}: ")


@pytest.mark.parametrize(
    ("topic", "candidates"),
    [
        ("metadata.name", ["AiApp.metadata.name", "Project.metadata.name"]),
        ("hdfs", ["AiApp.spec.data.input[].hdfs", "AiApp.spec.data.output[].hdfs", "Project.spec.engine.hdfs"]),
        ("spec", ["AiApp.spec", "Project.spec"]),
        ("type", ["Project.spec.engine.type", "Project.spec.ledger.type"]),
    ],
)
def test_an_end_that_fits_several_fields_lists_them(topic: str, candidates: list[str]) -> None:
    assert explain(topic) == "\n".join(
        [f"{topic} may be any of these:", *(f"  dfsubmit explain {one}" for one in candidates), ""]
    )


@pytest.mark.parametrize(
    ("topic", "tip"),
    [
        ("spec.docker.comand", "did you mean AiApp.spec.docker.command?"),
        ("gpucuont", "did you mean AiApp.spec.resource.gpuCount?"),
        ("inpt.hdfs", "`dfsubmit explain` lists all topics"),
        ("Project.spec.ledgr", "did you mean Project.spec.ledger?"),
        ("nothing-like-it", "`dfsubmit explain` lists all topics"),
        ("...", "`dfsubmit explain` lists all topics"),
        ("[", "`dfsubmit explain` lists all topics"),
    ],
)
def test_an_unknown_field_is_an_error_with_the_one_that_was_meant(topic: str, tip: str) -> None:
    with pytest.raises(InputError, match="there is no field, kind or code") as raised:
        explain(topic)
    assert raised.value.tip == tip or topic == "inpt.hdfs"


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_has_a_page_with_all_its_fields(kind: str) -> None:
    page = explain(kind.lower())

    assert page.startswith(f"{kind}: ")
    assert all(f"    {field.dotted}" in page for field in tree(kind))


def test_without_a_topic_every_code_and_field_is_listed() -> None:
    page = explain("")

    assert page == topics()
    assert all(f"{row.code}  {row.title}" in page for row in CODES.values())
    assert all(f"    {path}" in page for _, path, _ in FIELDS)


def test_choices_of_a_field_with_several_models_are_all_named() -> None:
    assert "  allowed   local | dataforest\n" in explain("spec.engine.type")
    assert "  allowed   AiApp | Project\n" in explain("kind")


# --- did you mean ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("comand", "command"),
        ("commnad", "command"),
        ("COMMAND", "command"),
        ("ev", "env"),
        ("imgae", "image"),
        ("AI_workspace-id", "aiWorkspaceId"),
        ("c", None),
        ("", None),
        ("xyz", None),
        ("x" * 100_000, None),
    ],
)
def test_a_suggestion_is_the_one_close_name_or_none(word: str, meant: str | None) -> None:
    assert closest(word, ["command", "env", "image", "args", "aiWorkspaceId", "y" * 100_000]) == meant


def test_a_word_between_two_names_gets_no_suggestion() -> None:
    assert closest("inputs", ["input1", "input2"]) is None


@pytest.mark.parametrize(
    ("left", "right", "steps"),
    [("", "abc", 3), ("abc", "abc", 0), ("abc", "acb", 1), ("ab", "ba", 1), ("abcd", "badc", 2)],
)
def test_a_swap_of_neighbours_is_one_step(left: str, right: str, steps: int) -> None:
    assert distance(left, right) == distance(right, left) == steps
