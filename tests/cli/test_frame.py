"""How any run begins and ends, whatever the verb: help, slips of the pen, signals, pipes, locales, settings, questions."""

from __future__ import annotations

import io
import os
import pty
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from cli_program import CONSOLE_SCRIPT, GOOD, PASSED_ON, Run, good_file, in_folder

from dfsubmit.cli import boundary, output
from dfsubmit.cli.app import ALIASES, VERBS, app
from dfsubmit.cli.options import COMMON_NAMES, CONTEXT, CommonOption
from dfsubmit.cli.output import Output, wants_colour
from dfsubmit.cli.progress import Progress
from dfsubmit.cli.stopping import stop_on_signals
from dfsubmit.desired import DesiredApp, Place
from dfsubmit.errors import DeclinedError, DfsubmitError, InputError, InterruptError, UnresolvedError, UsageError
from dfsubmit.selection import select
from dfsubmit.settings import PREFIX, VARIABLES, Flags, LedgerPlace, resolve, variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Buffer

dfsubmit = pytest.fixture(in_folder, name="dfsubmit")
good = pytest.fixture(good_file, name="good")
TIMEOUT = 30


# -- help ---------------------------------------------------------------------------------------------------------------


def help_of(*names: str) -> str:
    context = click.Context(app, info_name="dfsubmit", **CONTEXT)
    command: click.Command = app
    for name in names:
        assert isinstance(command, click.Group)
        found = command.get_command(context, name)
        assert found is not None
        command, context = found, click.Context(found, info_name=name, parent=context)
    return command.get_help(context)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_shows_its_exit_codes_and_an_example_that_names_it(verb: str) -> None:
    text = help_of(verb)

    assert "\nExit codes:\n  0 " in text
    assert "\n  64 " in text
    assert f"dfsubmit {verb}" in text.partition("\nExamples:\n")[2]
    assert max(map(len, text.partition("\nExamples:")[0].splitlines())) <= 100


@pytest.mark.parametrize("verb", VERBS)
def test_every_common_option_shows_its_variable(verb: str) -> None:
    context = click.Context(app, info_name="dfsubmit")
    command = app.get_command(context, verb)
    assert command is not None
    options = [param for param in command.params if isinstance(param, CommonOption)]

    for option in options:
        assert option.name is not None
        assert f"env var: {PREFIX}{option.name.upper()}]" in (option.help or "")


def test_every_common_option_is_a_field_of_the_flags() -> None:
    assert set(COMMON_NAMES) | {"outputs"} == set(Flags.__slots__)


def test_help_is_the_same_on_a_narrow_terminal_and_in_any_language(dfsubmit: Run) -> None:
    plain = dfsubmit("validate", "--help")

    narrow = dfsubmit("validate", "-h", env={"COLUMNS": "40", "LINES": "10", "LANG": "de_DE.UTF-8", "TERM": "xterm"})

    assert plain.returncode == narrow.returncode == 0
    assert plain.stdout == narrow.stdout
    assert plain.stdout.startswith("Usage: dfsubmit validate [OPTIONS] ")


def test_the_overview_names_every_verb_and_every_alias(dfsubmit: Run) -> None:
    text = dfsubmit("--help").stdout

    assert all(f"\n  {verb} " in text for verb in VERBS)
    assert all(f"(also: {alias})" in text for alias in ALIASES)


@pytest.mark.parametrize(("alias", "verb"), [("lint", "validate"), ("diff", "plan"), ("ps", "status")])
def test_an_alias_is_the_verb(alias: str, verb: str) -> None:
    context = click.Context(app, info_name="dfsubmit")

    name, command, rest = app.resolve_command(context, [alias, "-x"])

    assert (name, command, rest) == (verb, app.get_command(context, verb), ["-x"])


# -- slips of the pen ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "tip"),
    [
        (["valdate"], "there is no verb 'valdate'", "did you mean `dfsubmit validate`?"),
        (["xyzzy"], "there is no verb 'xyzzy'", "`dfsubmit --help` lists the verbs"),
        (["validate", "--strct"], "`dfsubmit validate` has no option '--strct'", "did you mean --strict?"),
        (["validate", "--xyzzy"], "`dfsubmit validate` has no option '--xyzzy'", "`dfsubmit validate --help` shows"),
        (
            ["--offline", "plan"],
            "`dfsubmit` has no option '--offline'",
            "options follow the verb: `dfsubmit VERB --offline`",
        ),
        (["validate", "-o", "xml"], "'xml' is not one of 'text', 'json'", "`dfsubmit validate --help` shows"),
        (["validate", "--file"], "'--file' requires an argument", "`dfsubmit validate --help` shows"),
        (
            ["completion"],
            "missing argument 'SHELL'. Choose from: bash, zsh, fish",
            "`dfsubmit completion --help` shows",
        ),
        (["ledger"], "missing command", "`dfsubmit ledger --help` shows"),
        (["ledger", "xyzzy"], "there is no verb 'xyzzy'", "`dfsubmit ledger --help` lists the verbs"),
        (["ledger", "lst"], "there is no verb 'lst'", "did you mean `dfsubmit ledger list`?"),
        (["explain", "a", "b"], "unexpected extra argument", "`dfsubmit explain --help` shows"),
        (["validate", "-q", "-v"], "--quiet and --verbose contradict each other", "keep one of them"),
        (["render", "--select", ""], "--select is empty", "leave it out"),
        (["plan", "--out", ""], "--out is empty", "leave it out"),
        (["plan", "--base-url="], "--base-url is empty", "leave it out"),
        (["apply", "--yes", ""], "an argument is empty", "leave it out"),
        (["ledger", "list", ""], "an argument is empty", "leave it out"),
        (["plan", "specs"], "got unexpected extra argument (specs)", "manifests are named with --file"),
    ],
)
def test_a_usage_error_says_what_is_wrong_and_what_to_do(
    *,
    arguments: list[str],
    error: str,
    tip: str,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)

    code = boundary.run(arguments)

    said = capfd.readouterr()
    assert (code, said.out) == (64, "")
    first, *rest = said.err.splitlines()
    assert first.startswith("error: ")
    assert error in first
    assert rest[0].startswith("tip: ")
    assert tip in rest[0]
    assert len(rest) == 1


def test_no_verb_at_all_shows_the_overview_as_an_error(dfsubmit: Run) -> None:
    result = dfsubmit()

    assert (result.returncode, result.stdout) == (64, "")
    assert "Write and check:" in result.stderr


def test_what_a_stranger_wrote_reaches_the_terminal_visible(dfsubmit: Run) -> None:
    result = dfsubmit("\x1b[2Jx\u202ey")

    assert result.stderr.startswith("error: there is no verb '\\x1b[2Jx<U+202E>y'\n")


# -- ends of a run ------------------------------------------------------------------------------------------------------


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """Make the run end with the exception that the test puts into the list."""
    raised: list[BaseException] = []

    def fail(*_: object) -> int:
        raise raised[0]

    monkeypatch.setattr(boundary, "_dispatch", fail)
    return raised


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (InputError("no files", tip="name some"), 1, "error: no files\ntip: name some\n"),
        (UnresolvedError("2 in doubt"), 3, "error: 2 in doubt\n"),
        (InterruptError("stopped", signal_number=15), 143, "error: stopped\n"),
        (KeyboardInterrupt(), 130, "error: interrupted\n"),
        (PermissionError(13, "Permission denied", "x/y"), 1, "error: x/y: Permission denied\n"),
        (DfsubmitError("two\nlines"), 1, "error: two\n  lines\n"),
        (BrokenPipeError(), 141, ""),
    ],
    ids=repr,
)
def test_an_error_has_one_form_and_its_exit_code(
    *,
    error: BaseException,
    code: int,
    said: str,
    failing: list[BaseException],
    dup_stdout: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    del dup_stdout
    failing.append(error)

    assert boundary.run(["validate"]) == code
    assert capsys.readouterr().err == said


@pytest.fixture
def dup_stdout() -> Iterator[None]:
    """Give descriptor 1 back at the end: the boundary points it elsewhere when it is broken."""
    saved = os.dup(1)
    yield
    os.dup2(saved, 1)
    os.close(saved)


@pytest.mark.parametrize("error", [ValueError("boom"), OSError("no name"), RecursionError()], ids=repr)
def test_what_nobody_foresaw_is_said_to_be_a_bug_with_its_traceback(
    error: Exception, failing: list[BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    failing.append(error)

    assert boundary.run(["validate"]) == 70

    said = capsys.readouterr().err
    assert said.startswith("Traceback (most recent call last):\n")
    assert (
        "\nerror: this is a bug in dfsubmit\ntip: please report it with the lines above and: dfsubmit 0.1.0, Python"
        in said
    )


def test_data_that_was_printed_before_an_error_is_not_lost(dfsubmit: Run, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    (tmp_path / "b" / "specs").write_text("in the way")

    result = dfsubmit("init", "b", stderr=subprocess.STDOUT)

    assert result.returncode == 1
    assert result.stdout.splitlines()[-2].startswith("error: b/specs/")


def test_a_reader_that_has_seen_enough_ends_the_run_quietly(tmp_path: Path) -> None:
    script = f"set -o pipefail; {CONSOLE_SCRIPT} schema | head -n 1; echo ${{PIPESTATUS[0]}}"

    result = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        env={**PASSED_ON, "PATH": os.defpath},
        cwd=tmp_path,
        check=False,
    )

    first, code = result.stdout.splitlines()
    assert (first, result.stderr) == ("{", "")
    # The schema may just fit into the pipe before it is closed.
    assert code in {"0", "141"}


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["schema"], ["completion", "zsh"]], ids=" ".join)
def test_a_pipe_that_is_closed_already_ends_the_run_quietly(arguments: list[str], dfsubmit: Run) -> None:
    reader, writer = os.pipe()
    os.close(reader)

    result = dfsubmit(*arguments, stdout=writer)

    os.close(writer)
    assert (result.returncode, result.stderr) == (141, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["schema"], ["completion", "fish"]], ids=" ".join)
def test_a_full_disk_is_an_error_and_not_a_traceback(arguments: list[str], dfsubmit: Run) -> None:
    with Path("/dev/full").open("w") as full:
        result = dfsubmit(*arguments, stdout=full)

    assert result.returncode == 1
    assert result.stderr.startswith("error: ")
    assert "No space left on device" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("arguments", ["--version", "--help", "validate good.yaml", "validate -", "nonsense"])
def test_closed_streams_change_nothing_but_what_is_seen(arguments: str, closed: str, good: Path) -> None:
    expected = {"nonsense": 64, "validate -": 1}.get(arguments, 0)

    result = subprocess.run(
        ["sh", "-c", f"{CONSOLE_SCRIPT} {arguments} {closed}"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=PASSED_ON,
        cwd=good.parent,
        check=False,
    )

    assert result.returncode == expected
    assert "Traceback" not in result.stderr
    assert "Exception" not in result.stderr


@pytest.mark.parametrize(
    "env",
    [
        {"LANG": "C"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"LC_ALL": "en_US.ISO-8859-1", "PYTHONUTF8": "0"},
        {"PYTHONIOENCODING": "ascii:strict"},
        {"PYTHONIOENCODING": "utf-16"},
    ],
    ids=str,
)
def test_no_locale_makes_a_message_fail(env: dict[str, str], dfsubmit: Run, tmp_path: Path) -> None:
    name = "spéc-\ud55c.yaml"
    (tmp_path / name).write_text(GOOD.replace("bert-finetune", "Größe"))
    odd = tmp_path / os.fsdecode(b"odd-\xff")
    odd.mkdir()
    (odd / "x.yaml").write_text("a: [")

    result = dfsubmit("validate", ".", env=env)

    assert result.returncode == 1
    assert "spéc-\ud55c.yaml:3:" in result.stdout
    assert "odd-\\xff/x.yaml:1:" in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize("encoding", ["", "ascii", "latin-1"])
def test_what_no_encoding_holds_is_written_escaped(encoding: str) -> None:
    code = "from dfsubmit.cli import streams; streams.prepare(); streams.prepare(); print('\\udcff \\ud55c')"

    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        encoding="utf-8",
        env={**PASSED_ON, "PYTHONIOENCODING": encoding},
        check=False,
    )

    assert (result.stdout, result.stderr) == ("\\udcff \ud55c\n", "")


def test_a_verb_that_is_interrupted_ends_with_130_and_no_traceback(good: Path) -> None:
    process = subprocess.Popen(
        [CONSOLE_SCRIPT, "validate", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=PASSED_ON,
        cwd=good.parent,
    )
    assert process.stdin is not None
    # More than a pipe holds: this returns once the verb reads, and leaves it waiting for the rest.
    process.stdin.write("# \n" * 100_000)
    process.stdin.flush()

    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=TIMEOUT)

    assert (process.returncode, out, err) == (130, "", "error: interrupted\n")


# -- settings -----------------------------------------------------------------------------------------------------------


def test_a_flag_beats_a_variable_and_a_variable_beats_the_default() -> None:
    environ = {
        "DFSUBMIT_FILE": f"a{os.pathsep}b.yaml", "DFSUBMIT_SELECT": "x,team=nlp", "DFSUBMIT_OUTPUT": "json",
        "DFSUBMIT_ENGINE": "dataforest", "DFSUBMIT_BASE_URL": "https://a", "DFSUBMIT_LEDGER": "memory:",
        "DFSUBMIT_OFFLINE": "1", "DFSUBMIT_STRICT": "true", "DFSUBMIT_YES": "YES", "DFSUBMIT_NO_INPUT": "on",
        "DFSUBMIT_QUIET": "1", "DFSUBMIT_NO_COLOR": "1",
    }  # fmt: skip
    flags = Flags(outputs=("text", "json"))

    default, varied = resolve(flags, {}), resolve(flags, environ)
    flagged = resolve(
        replace(
            flags, file=("c",), select=("y",), output="text", engine="local", base_url="http://127.0.0.1:1",
            ledger="sqlite:x.db", verbose=2,
        ),
        environ,
    )  # fmt: skip

    assert (default.files, default.output, default.engine, default.ledger) == (("specs",), "text", None, None)
    assert (default.verbosity, default.offline, default.yes, default.no_color) == (0, False, False, False)
    assert (varied.files, varied.select, varied.output) == (("a", "b.yaml"), ("x", "team=nlp"), "json")
    assert (varied.engine, varied.base_url, varied.ledger) == ("dataforest", "https://a", LedgerPlace(type="memory"))
    assert varied.offline
    assert varied.strict
    assert varied.yes
    assert varied.no_input
    assert varied.no_color
    assert varied.verbosity == -1
    assert (flagged.files, flagged.select, flagged.output, flagged.engine) == (("c",), ("y",), "text", "local")
    assert (flagged.base_url, flagged.verbosity) == ("http://127.0.0.1:1", 2)
    assert flagged.ledger == LedgerPlace(type="sqlite", place="x.db")


@pytest.mark.parametrize("name", COMMON_NAMES)
def test_an_empty_variable_counts_as_not_set(name: str) -> None:
    assert resolve(Flags(), {PREFIX + name.upper(): ""}) == resolve(Flags(), {})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OUTPUT", "xml"), ("ENGINE", "cloud"), ("LEDGER", "x.db"), ("LEDGER", "sqlite:"), ("LEDGER", "memory:x"),
        ("OFFLINE", "maybe"), ("YES", "y e s"), ("VERBOSE", "loud"),
    ],
)  # fmt: skip
def test_a_variable_that_makes_no_sense_is_named(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=f"{PREFIX}{name} is '{value}'"):
        resolve(Flags(outputs=("text", "json")), {PREFIX + name: value})


def test_a_verb_with_one_form_of_output_is_not_concerned_by_the_variable() -> None:
    assert resolve(Flags(), {PREFIX + "OUTPUT": "json"}).output == "text"


def test_every_common_option_has_a_variable_that_is_listed() -> None:
    assert {name.upper() for name in COMMON_NAMES} <= VARIABLES


def test_a_variable_that_is_not_listed_cannot_be_read() -> None:
    with pytest.raises(AssertionError, match="DFSUBMIT_SECRET is not listed"):
        variable({}, "SECRET")


@pytest.mark.parametrize(("value", "verbosity"), [("0", 0), ("1", 1), ("2", 2), ("true", 1), ("off", 0)])
def test_the_variable_for_verbosity_takes_a_level_or_a_word(value: str, verbosity: int) -> None:
    assert resolve(Flags(), {"DFSUBMIT_VERBOSE": value}).verbosity == verbosity


def test_a_flag_on_the_command_line_reaches_the_verb(dfsubmit: Run, good: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    good.rename(tmp_path / "elsewhere" / "good.yaml")

    by_variable = dfsubmit("validate", env={"DFSUBMIT_FILE": "elsewhere"})
    by_flag = dfsubmit("validate", "-f", "elsewhere", env={"DFSUBMIT_FILE": "nowhere"})
    nowhere = dfsubmit("validate", env={"DFSUBMIT_FILE": "nowhere"})

    assert (by_variable.returncode, by_flag.returncode, nowhere.returncode) == (0, 0, 1)
    assert by_variable.stdout == by_flag.stdout


# -- output -------------------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environ", "flag", "coloured"),
    [
        (Terminal(), {"TERM": "xterm"}, False, True),
        (Terminal(), {}, False, True),
        (io.StringIO(), {"TERM": "xterm"}, False, False),
        (Terminal(), {"TERM": "dumb"}, False, False),
        (Terminal(), {"NO_COLOR": "1"}, False, False),
        (Terminal(), {"NO_COLOR": ""}, False, True),
        (Terminal(), {}, True, False),
        (io.StringIO(), {"CLICOLOR_FORCE": "1"}, False, True),
        (io.StringIO(), {"CLICOLOR_FORCE": "0"}, False, False),
        (io.StringIO(), {"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, False, False),
        (io.StringIO(), {"CLICOLOR_FORCE": "1"}, True, False),
    ],
)
def test_colours_are_for_terminals_and_for_those_who_want_them(
    *, stream: io.StringIO, environ: dict[str, str], flag: bool, coloured: bool
) -> None:
    assert wants_colour(stream, environ, no_color=flag) is coloured


def test_only_data_goes_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    out = Output(verbosity=1)

    out.line("data")
    out.note("note")
    out.detail("detail")
    out.warning("careful", tip="so")
    out.error("bad")

    assert capsys.readouterr() == ("data\n", "note\ndetail\nwarning: careful\ntip: so\nerror: bad\n")


@pytest.mark.parametrize(("verbosity", "said"), [(-1, "error: e\n"), (0, "n\nwarning: w\nerror: e\n")])
def test_quiet_leaves_errors_alone(verbosity: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = Output(verbosity=verbosity)

    out.note("n")
    out.detail("d")
    out.warning("w")
    out.error("e")

    assert capsys.readouterr().err == said


def test_a_terminal_that_has_gone_away_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(Terminal):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Gone())
    out = Output(live=True)

    out.error("nobody hears this")
    with Progress(out, "submitting", total=2) as progress:
        progress.advance("a")
        progress.line("b")


def test_progress_off_a_terminal_is_a_line_for_each_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(Output(), "submitting", total=20) as progress:
        for number in range(1, 21):
            progress.advance(f"app-{number}")
        progress.line("a line that stays")

    said = capsys.readouterr().err.splitlines()
    assert said[:2] == ["submitting 2/20: app-2", "submitting 4/20: app-4"]
    assert said[-2:] == ["submitting 20/20: app-20", "a line that stays"]
    assert len(said) == 11


def test_progress_without_a_total_tells_what_changes(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(Output(), "waiting") as progress:
        progress.at("2 running")
        progress.at("2 running")
        progress.at("1 running")

    assert capsys.readouterr().err == "waiting: 2 running\nwaiting: 1 running\n"


def test_progress_on_a_terminal_leaves_only_lines_that_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    with Progress(Output(live=True), "submitting", total=2) as progress:
        progress.advance("a")
        progress.line("a: submitted")
        progress.advance("b")

    said = terminal.getvalue()
    assert "\r\x1b[2Ksubmitting 0/2" in said
    assert "\r\x1b[2Ka: submitted\n" in said
    assert "submitting 2/2: b" in said
    assert said.endswith("\r\x1b[2K")


def test_quiet_progress_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(Output(verbosity=-1), "submitting", total=1) as progress:
        progress.advance("a")
        progress.line("b")

    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("no_input", [True, False])
def test_a_question_with_nobody_there_fails_at_once_with_a_tip(
    *, no_input: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal() if no_input else io.StringIO())
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))

    with pytest.raises(DeclinedError) as caught:
        Output().confirm("Submit 3 apps?", yes=False, no_input=no_input)

    assert (caught.value.exit_code, "--yes" in caught.value.tip) == (1, True)


def test_yes_is_asked_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)

    Output().confirm("Submit 3 apps?", yes=True, no_input=True)


@pytest.mark.parametrize(
    ("answer", "agreed"), [("y\n", True), ("YES\n", True), ("n\n", False), ("\n", False), ("", False)]
)
def test_only_a_plain_yes_is_a_yes(*, answer: str, agreed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    monkeypatch.setattr(sys, "stderr", terminal)

    if agreed:
        Output().confirm("Submit 3 apps?", yes=False, no_input=False)
    else:
        with pytest.raises(DeclinedError, match="nothing was done"):
            Output().confirm("Submit 3 apps?", yes=False, no_input=False)
    assert terminal.getvalue() == "Submit 3 apps? [y/N] " + ("" if answer.endswith("\n") else "\n")


def test_a_signal_in_the_midst_of_a_line_is_a_request_to_stop(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, content: Buffer) -> int:
            os.kill(os.getpid(), signal.SIGINT)
            return len(memoryview(content))

    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BufferedWriter(Interrupted())))

    with stop_on_signals(Output()) as stop:
        Output().say("half of this")

    assert (stop.requested, stop.signal_number) == (True, signal.SIGINT)
    assert capfd.readouterr().err == "stopping (once more to quit at once)\n"


def test_a_real_terminal_gets_colours_and_a_file_does_not(good: Path) -> None:
    ours, theirs = pty.openpty()
    env = {**PASSED_ON, "TERM": "xterm"}

    process = subprocess.run(
        [CONSOLE_SCRIPT, "nonsense"], stdin=theirs, stdout=theirs, stderr=theirs, env=env, cwd=good.parent, check=False
    )

    os.close(theirs)
    said = os.read(ours, 1000).decode()
    os.close(ours)
    assert process.returncode == 64
    assert said.startswith("\x1b[1;31merror:\x1b[0m there is no verb 'nonsense'")


def test_what_a_broken_standard_output_means_is_told_apart(dup_stdout: None, monkeypatch: pytest.MonkeyPatch) -> None:
    del dup_stdout

    class Full(io.StringIO):
        def write(self, _: str) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys, "stdout", Full())

    with pytest.raises(DfsubmitError, match="standard output cannot be written: No space left on device"):
        Output().data("x")


# -- selection ----------------------------------------------------------------------------------------------------------


def desired(name: str, **labels: str) -> DesiredApp:
    place = Place(path="a.yaml", line=1, column=1)
    return DesiredApp(name=name, generation=1, fingerprint="sha256:0", request={}, labels=labels, place=place)


APPS = (desired("bert-small", team="nlp"), desired("bert-large", team="nlp"), desired("resnet", team="vision"))


@pytest.mark.parametrize(
    ("expressions", "names"),
    [
        ([], ["bert-small", "bert-large", "resnet"]),
        (["resnet"], ["resnet"]),
        (["bert-*"], ["bert-small", "bert-large"]),
        (["team=nlp"], ["bert-small", "bert-large"]),
        (["team=*"], ["bert-small", "bert-large", "resnet"]),
        (["resnet", "bert-small", "team=vision"], ["bert-small", "resnet"]),
    ],
)
def test_an_app_is_selected_when_any_expression_fits_it(expressions: list[str], names: list[str]) -> None:
    assert [app.name for app in select(APPS, expressions)] == names


@pytest.mark.parametrize(
    ("expression", "tip"),
    [
        ("bert-smal", "did you mean bert-small?"),
        ("Bert-*", "write a name"),
        ("team=x", "write a name"),
        ("owner=*", "write a name"),
    ],
)
def test_an_expression_that_fits_no_app_is_an_error(expression: str, tip: str) -> None:
    with pytest.raises(InputError, match="does not fit any of the 3 apps") as caught:
        select(APPS, ["resnet", expression])

    assert tip in caught.value.tip


# -- the small verbs ----------------------------------------------------------------------------------------------------


def test_init_makes_a_folder_that_validates_and_leaves_it_alone_the_second_time(dfsubmit: Run, tmp_path: Path) -> None:
    first = dfsubmit("init", "my project")
    check = dfsubmit("validate", "--strict", cwd=tmp_path / "my project")
    second = dfsubmit("init", "my project")

    assert first.returncode == check.returncode == second.returncode == 0
    assert "already there" in second.stdout
    assert second.stdout.startswith("Init: 0 files written, ")
    assert "cd 'my project' && dfsubmit validate" in first.stderr
    assert "name: my-project" in (tmp_path / "my project" / "specs" / "project.yaml").read_text()


def test_init_overwrites_nothing_and_writes_nothing_beside_it(dfsubmit: Run, tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    mine = tmp_path / "specs" / "project.yaml"
    mine.write_text("mine")

    result = dfsubmit("init")

    assert (result.returncode, result.stdout, mine.read_text()) == (1, "", "mine")
    assert "already holds specs/project.yaml; nothing was written" in result.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [mine]


def test_init_where_nothing_can_be_written_is_an_error(dfsubmit: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    result = dfsubmit("init", "file/inside")

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("error: file/inside/")


def test_init_takes_a_name_only_when_it_is_one(dfsubmit: Run) -> None:
    result = dfsubmit("init", "--name", "My Project")

    assert result.returncode == 64
    assert "tip: --name my-project" in result.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_each_shell(shell: str, dfsubmit: Run) -> None:
    # There need not be a bash on the machine that prints the script.
    result = dfsubmit("completion", shell, env={"PATH": "/nonexistent"})

    assert (result.returncode, result.stderr) == (0, "")
    assert f"_DFSUBMIT_COMPLETE={shell}_complete" in result.stdout


def test_bash_completes_verbs_options_and_choices(dfsubmit: Run, tmp_path: Path) -> None:
    (tmp_path / "complete.bash").write_text(dfsubmit("completion", "bash").stdout)
    script = """
        source complete.bash
        compopt() { :; }
        ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _dfsubmit_completion DFSUBMIT; echo "${COMPREPLY[@]}"; }
        ask dfsubmit val; ask dfsubmit validate --str; ask dfsubmit validate -o ''
        cd .. && ask dfsubmit validate -f x
    """.replace("DFSUBMIT", str(CONSOLE_SCRIPT))

    result = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        env={**PASSED_ON, "PATH": os.defpath},
        cwd=tmp_path,
        check=True,
    )

    assert result.stdout == "validate\n--strict\ntext json jsonl github sarif gitlab junit\n\n"


def test_flush_leaves_an_open_stream_open() -> None:
    output.flush()
    assert not sys.stdout.closed
