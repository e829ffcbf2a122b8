"""The README is true: its commands are run, its tables compared with the code, and what is generated is current."""

from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import click
import make_help
import make_picture
import pytest
from recording import PROGRAM, REPOSITORY, record, samples
from session import Block, Command, Session, aligned, blocks, commands, in_order

from dfsubmit import errors, follow
from dfsubmit.cli import boundary, plan
from dfsubmit.cli.app import VERBS, app
from dfsubmit.cli.options import CONTEXT, VerbGroup, _Help
from dfsubmit.cli.schema import OUTPUTS
from dfsubmit.diagnostics import has_errors
from dfsubmit.document import load
from dfsubmit.errors import DfsubmitError, UsageError
from dfsubmit.journal import STEPS
from dfsubmit.judge import judge
from dfsubmit.settings import PREFIX, VARIABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
INSTALL = "python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/dfsubmit apply -f specs --yes --wait"
TEST = "python3 -m venv .venv && .venv/bin/pip install -q -e '.[dev]' && .venv/bin/pytest"
MACHINE_WORDS = re.compile(r"`([a-z]+)(?: list)?`")


def section(title: str) -> str:
    """Return the text below a heading of the second level."""
    return README.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """Return the cells of the rows of the tables in `text`, without their headings."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if not re.match(r"\|[-| ]+\|$", line)
    ]


def fenced(language: str) -> list[Block]:
    return [block for block in blocks(README) if block.language == language]


def command_lines() -> Iterator[tuple[int, str]]:
    """Yield every command line of dfsubmit that stands in a block that is not run."""
    for block in fenced("sh"):
        for number, line in enumerate(block.lines, start=block.number):
            if line.startswith("dfsubmit "):
                yield number, line


def all_commands() -> list[tuple[str, click.Command]]:
    """Return every verb, and the verbs of verbs, with their words."""
    top = click.Context(app, info_name="dfsubmit", **CONTEXT)
    found = []
    for name in VERBS:
        command = app.get_command(top, name)
        assert command is not None
        found.append((name, command))
        if isinstance(command, VerbGroup):
            found += [(f"{name} {below}", inner) for below, inner in command.commands.items()]
    return found


def test_every_command_does_what_the_page_shows(tmp_path: Path) -> None:
    with Session(folder=tmp_path) as session:
        code = 0
        last: Command | None = None
        for block in blocks(README):
            if block.language == "python":
                session.write("follow.py", block.lines)
            for command in commands(block) if block.language == "console" else ():
                explained = command.text == "echo $?"
                assert explained or not code, (
                    f"line {last and last.number} ended with {code}, which the page does not say"
                )
                code, last = session.check(command), command
    assert code == 0
    assert last is not None


@pytest.mark.parametrize(("number", "line"), list(command_lines()))
def test_a_command_that_is_not_run_is_one_that_could_be(number: int, line: str) -> None:
    """What needs an account of the real service is taken apart as the program would, and not carried out."""
    words = line.split()[1:]
    top = click.Context(app, info_name="dfsubmit", **CONTEXT)
    command = app.get_command(top, words[0])
    assert command is not None, f"line {number}: no such verb"
    command.make_context(words[0], words[1:], parent=top)


def test_the_first_two_commands_are_those_of_the_set_up() -> None:
    first, second = fenced("sh")[:2]

    assert (first.lines, second.lines) == ((INSTALL,), (TEST,))
    assert second.number < min(block.number for block in fenced("console"))
    assert TEST in (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_the_part_of_the_first_command_that_is_ours_submits_the_samples_once(tmp_path: Path) -> None:
    samples(tmp_path)
    line = INSTALL.rpartition("&& ")[2].replace(".venv/bin/dfsubmit", str(PROGRAM)).split()

    first = subprocess.run(line, cwd=tmp_path, env={"HOME": str(tmp_path)}, capture_output=True, text=True, check=True)
    again = subprocess.run(line, cwd=tmp_path, env={"HOME": str(tmp_path)}, capture_output=True, text=True, check=True)

    assert first.stdout == "Apply: 8 submitted, 0 adopted, 0 unchanged, 0 failed, 0 unresolved.\n"
    assert first.stderr.count("FINISHED/SUCCEEDED") == 8
    assert again.stdout == "Apply: 0 submitted, 0 adopted, 8 unchanged, 0 failed, 0 unresolved.\n"
    out = tmp_path / "specs" / "hdfs" / "user" / "sample" / "out"
    assert len([folder for folder in out.iterdir() if any(folder.iterdir())]) == 8


def test_the_table_of_verbs_is_that_of_the_program() -> None:
    shown = {verb.strip("`"): (also.strip("`"), said) for verb, also, said in rows(section("Verbs"))[1:]}

    assert shown == {name: (row.alias, row.summary) for name, row in VERBS.items()}


def test_the_table_of_exit_codes_is_complete_and_has_no_other() -> None:
    classes = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, DfsubmitError)]
    known = {0, plan.PENDING, boundary.BUG, boundary.INTERRUPTED, boundary.BROKEN_PIPE}
    known |= {128 + signal.SIGINT, 128 + signal.SIGTERM}
    known |= {kind.exit_code for kind in classes}
    known |= {value for name, value in vars(follow).items() if name.startswith("WAIT_")}
    for _, command in all_commands():
        known |= set(command.exits) if isinstance(command, _Help) else set()

    shown = [int(code) for code, _ in rows(section("Exit codes"))[1:]]

    assert shown == sorted(known)


def test_every_variable_is_in_the_table_and_no_other_is_mentioned() -> None:
    cells = [re.findall(rf"`{PREFIX}([A-Z_]+)`", row[0]) for row in rows(section("Settings"))]

    assert {name for names in cells for name in names} == VARIABLES
    assert {name for name in re.findall(rf"\b{PREFIX}([A-Z_]+)", README)} == VARIABLES  # noqa: C416  # a set of matches


def test_every_flag_beside_a_variable_is_one_of_an_option() -> None:
    options = {flag for _, command in all_commands() for option in command.params for flag in option.opts}
    shown = {flag for row in rows(section("Settings"))[1:] for flag in re.findall(r"`(--?[a-z-]+)`", row[1])}

    assert shown
    assert shown <= options


def test_every_machine_output_is_named() -> None:
    named = set(MACHINE_WORDS.findall(section("Machine outputs").partition("print a document")[0]))

    assert named == set(OUTPUTS) & set(VERBS)


def test_manifests_of_the_page_have_no_finding() -> None:
    manifests = fenced("yaml")

    assert len(manifests) >= 3
    for block in manifests:
        loaded = load("\n".join([*block.lines, ""]).encode(), f"README.md, line {block.number}")
        assert not has_errors(list(loaded.diagnostics))
        for document in loaded.documents:
            assert not isinstance(judge(document), tuple), f"line {block.number}: {judge(document)}"


def test_the_first_manifest_of_the_page_is_the_one_that_init_writes(tmp_path: Path) -> None:
    subprocess.run([PROGRAM, "init", "demo", "--quiet"], cwd=tmp_path, env={}, capture_output=True, check=True)
    written = (tmp_path / "demo" / "specs" / "hello.yaml").read_text(encoding="utf-8")

    lines = [re.sub(r" +#.*", "", line) for line in written.splitlines() if not line.startswith("#")]

    assert tuple(lines) == fenced("yaml")[0].lines


def test_the_project_of_the_page_has_every_setting() -> None:
    loaded = load("\n".join(fenced("yaml")[-1].lines).encode(), "README.md")
    spec = loaded.documents[0].data["spec"]

    explained = {topic for _, topic in re.findall(r"^    (spec)\.([\w.]+) ", explain_list(), re.MULTILINE)}
    shown = {f"{part}.{name}" for part, names in spec.items() for name in names} | set(spec)
    missing = explained - shown

    assert missing == {"engine.account", "engine.baseUrl", "ledger.remote", "ledger.ref"}, "beside `type` stand these"


def explain_list() -> str:
    """Return the part of `dfsubmit explain` that lists the fields of a Project."""
    listed = subprocess.run([PROGRAM, "explain"], env={}, capture_output=True, text=True, check=True).stdout
    return listed.partition("\n  Project\n")[2]


def test_every_step_of_the_picture_of_states_is_in_the_journals_table() -> None:
    drawn = re.findall(r"^    (\w+) --> (\w+): (\w+)$", "\n".join(fenced("mermaid")[0].lines), re.MULTILINE)
    steps = {(before.value, event.value): after.value for (before, event), after in STEPS.items()}

    assert drawn
    for before, after, event in drawn:
        assert steps[before.replace("_", "-"), event.replace("_", "-")] == after.replace("_", "-")


def test_every_module_has_its_place_in_the_map_and_every_place_exists() -> None:
    package = REPOSITORY / "dfsubmit"
    known = {path.stem for path in package.glob("*.py")} - {"__init__", "__main__"}
    known |= {f"{path.parent.name}/" for path in package.glob("*/__init__.py")}
    mapped: set[str] = set()

    for _, where in rows(section("Where a change belongs"))[1:]:
        for name in re.findall(r"`([\w*]+/?|\w+/\w+\.py)`", where):
            found = {one for one in known if Path(one).match(name) and one.endswith("/") == name.endswith("/")}
            assert found or (package / name).is_file(), f"there is no dfsubmit/{name}"
            mapped |= found

    assert known - mapped == set(), "these have no place in the README's map"


def test_every_link_within_the_repository_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)

    assert links
    assert [link for link in links if not (REPOSITORY / link).exists()] == []


def test_every_link_within_the_page_leads_to_a_heading() -> None:
    headings = {title.lower().replace(" ", "-") for title in re.findall(r"^##+ (.+)$", README, re.MULTILINE)}

    assert set(re.findall(r"\]\(#([^)]+)\)", README)) <= headings


def test_the_page_of_help_is_what_the_program_prints() -> None:
    assert make_help.PAGE.read_text(encoding="utf-8") == make_help.page(), "run: python tests/docs/make_help.py"


@pytest.mark.parametrize("words", ["", "plan", "ledger list"])
def test_help_that_is_made_here_is_help_that_is_printed(words: str) -> None:
    printed = subprocess.run([PROGRAM, *words.split(), "--help"], env={}, capture_output=True, text=True, check=True)

    assert printed.stdout.rstrip() == dict(make_help.all_helps())[f"dfsubmit {words}".rstrip()].rstrip()


def test_the_picture_is_drawn_from_its_recording() -> None:
    drawn = make_picture.picture(make_picture.recorded())

    assert make_picture.PICTURE.read_text(encoding="utf-8") == drawn, "run: python tests/docs/make_picture.py"


def test_the_recording_is_what_the_program_shows_on_a_terminal() -> None:
    assert record(make_picture.COMMANDS) == make_picture.recorded(), "run: python tests/docs/make_picture.py --record"


# What the session itself must notice: a page that is wrong fails.


def command(text: str, *shows: str) -> Command:
    return Command(text=text, shows=shows, number=1)


def test_a_session_runs_commands_in_one_shell(tmp_path: Path) -> None:
    with Session(folder=tmp_path) as session:
        assert session.check(command("mkdir a && cd a && export B=c")) == 0
        assert session.check(command('echo "$B $(basename $PWD)"', "c a")) == 0
        assert session.check(command("false")) == 1
        assert session.check(command("echo $?", "1")) == 0
        assert session.check(command("cat > f <<'END'\nx\nEND")) == 0
        assert session.check(command("cat f; printf y", "x", "y")) == 0
        assert session.check(command("(sleep 0.3; echo late) &", "late")) == 0


@pytest.mark.parametrize("shows", [("one",), ("one", "three"), ("one", "two", "three"), (), ("...", "one")])
def test_a_session_notices_what_is_shown_otherwise(tmp_path: Path, shows: tuple[str, ...]) -> None:
    with Session(folder=tmp_path) as session, pytest.raises(AssertionError, match="line 1: "):
        session.check(command("echo one; echo two", *shows))


def test_an_id_stands_for_the_same_one_throughout(tmp_path: Path) -> None:
    one, other, real = "A" * 22, "B" * 22, "C" * 22
    with Session(folder=tmp_path) as session:
        session.check(command(f"echo {real}", one))
        session.check(command(f"echo {one}", one))
        with pytest.raises(AssertionError, match="stands for"):
            session.check(command(f"echo {other}", one))


def test_any_lines_are_skipped_where_the_page_says_so() -> None:
    name = re.compile("(hello)-[0-9a-z]{4}-[0-9a-z]{4}")

    assert aligned(["a", "...", "d"], ["a", "b", "c", "d"], name) == [("a", "a"), ("d", "d")]
    assert aligned(["a", "..."], ["a"], name) == [("a", "a")]
    assert aligned(["...", "d"], ["a", "e"], name) is None


def test_results_are_compared_in_any_order_and_nothing_else_is() -> None:
    told = ["b  submitted as b-1111-2222", "a  FINISHED/SUCCEEDED", "a  submitted as a-1111-2222", "Apply: 2"]

    assert in_order(told) == [told[2], told[0], told[1], "Apply: 2"]
    assert in_order(["b", "a"]) == ["b", "a"]


def test_usage_errors_of_the_page_would_be_noticed() -> None:
    top = click.Context(app, info_name="dfsubmit", **CONTEXT)
    plan_command = app.get_command(top, "plan")
    assert plan_command is not None

    with pytest.raises((UsageError, click.UsageError)):
        plan_command.make_context("plan", ["--no-such-option"], parent=top)
