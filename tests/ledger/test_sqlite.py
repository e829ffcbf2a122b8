"""What the SQLite ledger promises beyond the contract: its file, its errors, and what it derives."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from ledger_entries import entry, item, submitted
from unprivileged import as_plain_user

from dfsubmit.errors import LedgerCorruptError, LedgerError
from dfsubmit.journal import Entry, Event, State, fold
from dfsubmit.ledger import sqliteheads as module
from dfsubmit.ledger.base import Verdict
from dfsubmit.ledger.sqlite import SqliteLedger
from dfsubmit.ledger.verify import verify

WON = Verdict.WON
GPT = item("gpt")

ASK: dict[str, Callable[[SqliteLedger], object]] = {
    "states": lambda ledger: ledger.states(None),
    "entries": lambda ledger: list(ledger.entries("nlp")),
    "append": lambda ledger: ledger.append(submitted(GPT)),
    "verify": verify,
    "rebuild": lambda ledger: ledger.rebuild(),
}
ask = pytest.mark.parametrize("question", ASK.values(), ids=ASK)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of a ledger with one submitted app, closed."""
    made = tmp_path / "ledger.db"
    write(made, *submitted(item()))
    return made


@contextmanager
def opened(path: Path, busy_seconds: float = 5) -> Iterator[SqliteLedger]:
    with closing(SqliteLedger(path, busy_seconds=busy_seconds)) as ledger:
        yield ledger


def write(path: Path, *entries: Entry) -> None:
    with opened(path) as ledger:
        assert set(ledger.append(entries)) == {WON}


def run_sql(path: Path, *statements: str) -> None:
    """Do to the file what some other program might do."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def content(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


# The file and its folder


def test_the_first_append_makes_the_state_folder_with_its_gitignore(tmp_path: Path) -> None:
    write(tmp_path / "project" / ".dfsubmit" / "ledger.db", *submitted(item()))
    assert (tmp_path / "project" / ".dfsubmit" / ".gitignore").read_text() == "*\n"
    assert sorted(file.name for file in (tmp_path / "project" / ".dfsubmit").iterdir()) == [".gitignore", "ledger.db"]


def test_a_folder_of_another_name_gets_no_gitignore(tmp_path: Path) -> None:
    write(tmp_path / "state" / "ledger.db", *submitted(item()))
    assert [file.name for file in (tmp_path / "state").iterdir()] == ["ledger.db"]


def test_a_gitignore_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    ignore = tmp_path / ".dfsubmit" / ".gitignore"
    ignore.parent.mkdir()
    ignore.write_text("mine\n")
    write(ignore.with_name("ledger.db"), *submitted(item()))
    assert ignore.read_text() == "mine\n"


def test_only_its_owner_may_read_the_file(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "name", ["a b", "what?.db", "x#y", "50%41", "x;y=1&z", "uml\u00e4ut", "file:x", "'quoted\"", "-wal"]
)
def test_any_name_will_do(tmp_path: Path, name: str) -> None:
    place = tmp_path / name / name
    write(place, *submitted(item()))
    with opened(place) as ledger:
        assert ledger.states(None)[item()].state is State.SUBMITTED
    assert [file.name for file in (tmp_path / name).iterdir()] == [name]


def test_a_relative_path_is_relative_to_where_the_program_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(Path("ledger.db"), *submitted(item()))
    assert [file.name for file in tmp_path.iterdir()] == ["ledger.db"]


def test_a_commit_is_synced_to_the_disk_and_an_append_is_one_commit(path: Path) -> None:
    with opened(path) as ledger:
        ledger.append([entry(Event.INTENT, 1, GPT)])
        assert ledger._file is not None  # noqa: SLF001  # what SQLite was told can be seen nowhere else
        connection = ledger._file.connection  # noqa: SLF001  # as above
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        said: list[str] = []
        connection.set_trace_callback(said.append)
        ledger.append([entry(Event.INTENT, 1, item(f"app-{number}")) for number in range(50)])
        assert [line for line in said if line.startswith(("BEGIN", "COMMIT"))] == ["BEGIN IMMEDIATE", "COMMIT"]
        connection.set_trace_callback(None)


def test_a_copy_that_lost_wal_mode_is_written_in_wal_mode_again(path: Path) -> None:
    run_sql(path, "PRAGMA journal_mode = DELETE")
    write(path, *submitted(GPT))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_ledger_that_cannot_be_made_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    with opened(tmp_path / "ledger.db") as ledger, pytest.raises(LedgerError, match="nothing was recorded"):
        ledger.append(submitted(item()))
    assert list(tmp_path.iterdir()) == []


# Files that are not what they should be


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
@ask
def test_another_programs_file_is_refused_and_left_as_it_is(
    tmp_path: Path, mode: str, question: Callable[[SqliteLedger], object]
) -> None:
    foreign = tmp_path / "ledger.db"
    run_sql(foreign, f"PRAGMA journal_mode = {mode}", "CREATE TABLE entries (seq, entry)", "PRAGMA application_id = 7")
    before = content(tmp_path)
    with opened(foreign) as ledger, pytest.raises(LedgerCorruptError, match="not a ledger of dfsubmit"):
        question(ledger)
    assert content(tmp_path) == before


@ask
def test_a_newer_layout_is_refused_and_left_as_it_is(path: Path, question: Callable[[SqliteLedger], object]) -> None:
    run_sql(path, "PRAGMA user_version = 2")
    before = content(path.parent)
    with opened(path) as ledger, pytest.raises(LedgerError, match="a newer one made it") as caught:
        question(ledger)
    assert not isinstance(caught.value, LedgerCorruptError)
    assert "upgrade" in caught.value.tip
    assert content(path.parent) == before


def damaged(whole: bytes, how: str) -> bytes:
    page = 4096
    return {
        "empty": b"",
        "garbage": bytes(range(256)) * 40,
        "text": b"entries: []\n",
        "short header": whole[:50],
        "one page": whole[:page],
        "cut at a page": whole[: 3 * page],
        "cut inside a page": whole[: len(whole) - 100],
        "zeroed page": whole[:page] + bytes(page) + whole[2 * page :],
        "zeroed header": bytes(100) + whole[100:],
    }[how]


@pytest.mark.parametrize(
    "how",
    [
        "empty",
        "garbage",
        "text",
        "short header",
        "one page",
        "cut at a page",
        "cut inside a page",
        "zeroed page",
        "zeroed header",
    ],
)
@ask
def test_a_damaged_file_is_never_an_empty_ledger(
    path: Path, how: str, question: Callable[[SqliteLedger], object]
) -> None:
    path.write_bytes(damaged(path.read_bytes(), how))
    before = path.read_bytes()
    with opened(path) as ledger, pytest.raises(LedgerCorruptError, match="ledger") as caught:
        question(ledger)
    assert "backup" in caught.value.tip
    assert path.read_bytes() == before


@ask
def test_a_file_without_the_tables_is_damage(path: Path, question: Callable[[SqliteLedger], object]) -> None:
    run_sql(path, "DROP TABLE heads_basis", "DROP TABLE entries")
    with opened(path) as ledger, pytest.raises(LedgerCorruptError):
        question(ledger)


@ask
def test_a_missing_file_whose_latest_entries_are_still_there_is_damage(
    path: Path, question: Callable[[SqliteLedger], object]
) -> None:
    """Made anew beside that -wal, SQLite would mix the two."""
    path.unlink()
    path.with_name("ledger.db-wal").write_bytes(b"frames")
    with opened(path) as ledger, pytest.raises(LedgerCorruptError, match="missing"):
        question(ledger)
    assert content(path.parent) == {"ledger.db-wal": b"frames"}


@ask
def test_a_folder_in_its_place_is_an_error(tmp_path: Path, question: Callable[[SqliteLedger], object]) -> None:
    with opened(tmp_path) as ledger, pytest.raises(LedgerError, match="is a folder"):
        question(ledger)


@ask
def test_a_file_where_the_folder_should_be_is_an_error(path: Path, question: Callable[[SqliteLedger], object]) -> None:
    with opened(path / "ledger.db") as ledger, pytest.raises(LedgerError, match="Not a directory"):
        question(ledger)


TAMPER = "DROP TRIGGER entries_stay"


@pytest.mark.parametrize(
    "change",
    [
        "entry = 'not json'",
        "entry = x'7b7d'",
        "entry = CAST(x'7bff7d' AS TEXT)",
        "entry = replace(entry, 'accepted', 'paused')",
        "entry = replace(entry, 'nlp/bert', 'nlp/gpt')",
        "version = 3",
        "key = 'nlp/other'",
    ],
)
def test_an_entry_that_dfsubmit_did_not_write_is_damage_and_verify_names_it(path: Path, change: str) -> None:
    run_sql(path, TAMPER, f"UPDATE entries SET {change} WHERE seq = 2")  # noqa: S608  # the test's own words
    with opened(path) as ledger:
        with pytest.raises(LedgerCorruptError):
            list(ledger.entries(None))
        with pytest.raises(LedgerCorruptError):
            _ = ledger.states(None)[item()].last
        try:
            found = [misfit.place for misfit in verify(ledger).misfits]
        except LedgerCorruptError:
            assert "x'7bff7d'" in change  # SQLite itself gives no row with such text
        else:
            assert found[0] == "entry 2"


def test_entries_are_not_changed_or_removed_even_by_hand(path: Path) -> None:
    for statement in ("UPDATE entries SET version = 9", "DELETE FROM entries WHERE seq = 2", "DELETE FROM entries"):
        with pytest.raises(sqlite3.IntegrityError, match="of the ledger are never"):
            run_sql(path, statement)
    with opened(path) as ledger:
        assert list(ledger.entries(None)) == submitted(item())


@ask
def test_a_ledger_that_vanishes_while_it_is_open_is_not_an_empty_one(
    path: Path, question: Callable[[SqliteLedger], object]
) -> None:
    with opened(path) as ledger:
        ledger.append([entry(Event.KILLED, 3)])
        for file in path.parent.iterdir():
            file.unlink()
        with pytest.raises(LedgerError, match="moved, removed or replaced"):
            question(ledger)


@pytest.mark.parametrize("written_before", [True, False])
@ask
def test_a_ledger_that_is_replaced_while_it_is_open_is_noticed(
    path: Path, *, written_before: bool, question: Callable[[SqliteLedger], object]
) -> None:
    other = path.with_name("other.db")
    write(other, *submitted(item("other")))
    with opened(path) as ledger:
        if written_before:
            ledger.append([entry(Event.KILLED, 3)])
        else:
            assert len(ledger.states(None)) == 1
        other.replace(path)
        with pytest.raises(LedgerError, match="moved, removed or replaced"):
            question(ledger)


# Places that cannot be written


plain_user = pytest.fixture(as_plain_user, name="plain_user")


def test_a_ledger_on_a_read_only_medium_can_be_read_but_not_written(plain_user: Path) -> None:
    path = plain_user / "ledger.db"
    write(path, *submitted(item()))
    path.chmod(0o400)
    plain_user.chmod(0o500)
    with opened(path) as ledger:
        assert ledger.states("nlp")[item()].request is not None
        assert list(ledger.entries(None)) == submitted(item())
        assert verify(ledger).misfits == ()
        with pytest.raises(LedgerError, match="nothing was recorded") as caught:
            ledger.append(submitted(GPT))
        assert "writable" in caught.value.tip
        assert list(ledger.entries(None)) == submitted(item())
    assert [file.name for file in plain_user.iterdir()] == ["ledger.db"]


@pytest.mark.parametrize(("file_mode", "folder_mode"), [(0o400, 0o700), (0o600, 0o500)])
def test_half_a_right_to_write_is_enough_to_read_and_too_little_to_append(
    plain_user: Path, file_mode: int, folder_mode: int
) -> None:
    path = plain_user / "ledger.db"
    write(path, *submitted(item()))
    path.chmod(file_mode)
    plain_user.chmod(folder_mode)
    with opened(path) as ledger:
        assert list(ledger.entries(None)) == submitted(item())
        with pytest.raises(LedgerError, match="nothing was recorded"):
            ledger.append(submitted(GPT))
    plain_user.chmod(0o700)
    assert [file.name for file in plain_user.iterdir()] == ["ledger.db"]


def test_a_folder_that_cannot_be_written_gets_no_ledger(plain_user: Path) -> None:
    plain_user.chmod(0o500)
    for path in (plain_user / "ledger.db", plain_user / "deeper" / "ledger.db"):
        with opened(path) as ledger:
            assert ledger.states(None) == {}
            with pytest.raises(LedgerError, match="nothing was recorded"):
                ledger.append(submitted(item()))
    assert list(plain_user.iterdir()) == []


def test_a_file_that_may_not_be_read_is_an_error_not_an_empty_ledger(plain_user: Path) -> None:
    path = plain_user / "ledger.db"
    write(path, *submitted(item()))
    path.chmod(0o000)
    with opened(path) as ledger, pytest.raises(LedgerError, match="cannot be opened"):
        ledger.states(None)
    path.chmod(0o600)
    plain_user.chmod(0o000)
    with opened(path) as ledger, pytest.raises(LedgerError, match="Permission denied"):
        ledger.states(None)


def leave_wal_behind(path: Path) -> None:
    """Let a process append and die, so that its entries are in the -wal file alone."""
    program = (
        "import os, sys; from pathlib import Path; from ledger_entries import *; from dfsubmit.ledger.sqlite import *;"
        "SqliteLedger(Path(sys.argv[1])).append(submitted(item('late'))); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", program, path], cwd=Path(__file__).parent, check=False)
    assert path.with_name(path.name + "-wal").stat().st_size > 0


def test_what_a_killed_process_left_in_the_wal_is_read(path: Path) -> None:
    leave_wal_behind(path)
    with opened(path) as ledger:
        assert list(ledger.states(None)) == [item(), item("late")]


def test_a_kill_while_entries_moved_from_the_wal_into_the_file_is_no_damage(path: Path) -> None:
    """Pages move in their order, so the header comes first and speaks of pages that the file does not have yet."""
    frame = 24 + 4096
    with opened(path) as writer:
        writer.append(crowd())
        wal = path.with_name("ledger.db-wal").read_bytes()
        file = bytearray(path.read_bytes())
    first_pages = [at for at in range(32, len(wal), frame) if int.from_bytes(wal[at : at + 4], "big") == 1]
    file[:4096] = wal[first_pages[-1] + 24 : first_pages[-1] + frame]
    assert int.from_bytes(file[28:32], "big") * 4096 > len(file)
    for name, question in ASK.items():
        killed = path.with_name(f"{name}.db")
        killed.write_bytes(file)
        killed.with_name(f"{name}.db-wal").write_bytes(wal)
        with opened(killed) as ledger:
            question(ledger)
            assert len(ledger.states(None)) == (202 if name == "append" else 201)


def test_entries_that_a_read_only_medium_hides_in_a_wal_are_not_passed_over(plain_user: Path) -> None:
    path = plain_user / "ledger.db"
    write(path, *submitted(item()))
    with opened(path) as writer:
        writer.append(submitted(GPT))
        copy = plain_user / "copy"
        copy.mkdir()
        for name in ("ledger.db", "ledger.db-wal"):
            shutil.copy(plain_user / name, copy / name)
    copy.chmod(0o500)
    with opened(copy / "ledger.db") as ledger, pytest.raises(LedgerError, match=r"ledger\.db-wal"):
        ledger.states(None)
    copy.chmod(0o700)
    with opened(copy / "ledger.db") as ledger:
        assert list(ledger.states(None)) == [item(), GPT]


def test_a_write_during_a_read_without_locks_is_noticed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What reads as it lies cannot see a writer; it must not give a mixture of before and after."""
    real = sqlite3.connect

    def no_locks(database: str, **options: object) -> object:
        if "mode=rw" in database:
            error = sqlite3.OperationalError("unable to open database file")
            error.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
            raise error
        return real(database, **options)  # type: ignore[call-overload]  # passed on as it came

    with opened(path) as reader, opened(path) as writer:
        with monkeypatch.context() as patch:
            patch.setattr(sqlite3, "connect", no_locks)
            assert len(reader.states(None)) == 1
        writer.append(submitted(GPT))
        with pytest.raises(LedgerError, match="written to while it was read"):
            reader.states(None)


# No room


@contextmanager
def little_room(monkeypatch: pytest.MonkeyPatch, pages: int) -> Iterator[None]:
    """Let new connections fill `pages` pages at most: what SQLite then says is what it says on a full disk."""
    real = sqlite3.connect

    def limited(*args: object, **options: object) -> sqlite3.Connection:
        connection: sqlite3.Connection = real(*args, **options)  # type: ignore[call-overload]  # passed on as it came
        connection.execute(f"PRAGMA max_page_count = {pages}")
        return connection

    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", limited)
        yield


def crowd() -> list[Entry]:
    return [one for number in range(200) for one in submitted(item(f"app-{number}"))]


def test_on_a_full_disk_nothing_is_recorded_and_later_all_works_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with little_room(monkeypatch, 20), opened(path) as ledger:
        with pytest.raises(LedgerError, match=r"no room left .* nothing was recorded"):
            ledger.append(crowd())
        assert list(ledger.entries(None)) == submitted(item())
        assert ledger.append([entry(Event.KILLED, 3)]) == (WON,)
        assert list(ledger.states(None)) == [item()]
        assert verify(ledger).misfits == ()
    write(path, *crowd())


def test_what_a_failed_append_had_begun_is_not_remembered(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its sequence numbers go to other entries."""
    with little_room(monkeypatch, 20), opened(path) as ledger:
        with pytest.raises(LedgerError):
            ledger.append(crowd())
        ledger.append(submitted(GPT))
        assert dict(ledger.states(None)) == fold(ledger.entries(None))


def test_a_full_file_system_is_a_full_disk(tmp_path: Path) -> None:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", tmp_path], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting a small file system takes root")
    try:
        with opened(tmp_path / "ledger.db") as ledger:
            ledger.append(submitted(item()))
            with pytest.raises(LedgerError, match=r"no room|recorded"):
                ledger.append(crowd())
            assert list(ledger.entries(None)) == submitted(item())
            assert ledger.append([entry(Event.KILLED, 3)]) == (WON,)
    finally:
        subprocess.run(["umount", tmp_path], check=True)


# Others at the same file


@contextmanager
def locked_by_another(path: Path) -> Iterator[int]:
    """Hold the right to write in another process, whose id is given."""
    program = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute('BEGIN IMMEDIATE'); print('locked', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        yield holder.pid
        holder.communicate("")


def test_a_ledger_that_stays_locked_is_an_error_that_says_by_whom(path: Path) -> None:
    with locked_by_another(path) as pid, opened(path, busy_seconds=0.1) as ledger:
        with pytest.raises(LedgerError, match=r"kept locked for 0\.1 s by .*; nothing was recorded") as caught:
            ledger.append(submitted(GPT))
        if Path("/proc/locks").exists():
            assert f"process {pid}" in caught.value.message
    write(path, *submitted(GPT))


def test_where_the_system_does_not_tell_the_message_says_who_it_may_be(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.read_text

    def hidden(self: Path, encoding: str | None = None, errors: str | None = None) -> str:
        if str(self) == "/proc/locks":
            raise FileNotFoundError
        return real(self, encoding, errors)

    with locked_by_another(path), opened(path, busy_seconds=0.05) as ledger:
        monkeypatch.setattr(Path, "read_text", hidden)
        with pytest.raises(LedgerError, match="another process: a dfsubmit, a backup, an open sqlite3 shell"):
            ledger.append(submitted(GPT))


def test_readers_do_not_wait_for_a_writer(path: Path) -> None:
    with locked_by_another(path), opened(path, busy_seconds=0) as ledger:
        assert list(ledger.states(None)) == [item()]
        assert list(ledger.entries(None)) == submitted(item())


def test_states_stay_what_they_were_when_others_append(path: Path) -> None:
    with opened(path) as ledger, opened(path) as other:
        before = ledger.states(None)
        other.append([entry(Event.KILLED, 3), *submitted(GPT)])
        assert before == fold(submitted(item()))
        assert ledger.states(None) == fold([*submitted(item()), *submitted(GPT), entry(Event.KILLED, 3)])


def test_a_closed_ledger_is_not_used(path: Path) -> None:
    with opened(path) as ledger:
        states = ledger.states(None)
    for use in ASK.values():
        with pytest.raises(ValueError, match="was closed"):
            use(ledger)
    with pytest.raises(ValueError, match="was closed"):
        _ = states[item()].intent
    ledger.close()


# What is derived from the entries


LIES = {
    "state": "UPDATE heads SET state = 'free' WHERE key = 'nlp/bert'",
    "version": "UPDATE heads SET version = 1 WHERE key = 'nlp/bert'",
    "app": "UPDATE heads SET app_id = 'another' WHERE key = 'nlp/bert'",
    "missing": "DELETE FROM heads WHERE key = 'nlp/bert'",
    "unknown state": "UPDATE heads SET state = 'asleep' WHERE key = 'nlp/bert'",
    "dangling": "UPDATE heads SET submitted = 99 WHERE key = 'nlp/bert'",
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_heads_that_disagree_with_the_entries_are_found_and_made_anew(path: Path, lie: str) -> None:
    run_sql(path, lie)
    with opened(path) as ledger:
        assert [misfit.place for misfit in verify(ledger).misfits] == ["the states"]
        ledger.rebuild()
        assert verify(ledger).misfits == ()
        assert ledger.states(None) == fold(submitted(item()))


def test_the_entries_have_the_last_word_when_heads_would_let_an_item_start_again(path: Path) -> None:
    run_sql(path, "DELETE FROM heads")
    with opened(path) as ledger:
        with pytest.raises(LedgerCorruptError):
            ledger.append([entry(Event.INTENT, 1)])
        assert list(ledger.entries(None)) == submitted(item())


def stale(path: Path, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    match how:
        case "never made":
            run_sql(path, "DELETE FROM heads", "DELETE FROM heads_basis")
        case "behind":
            run_sql(path, "UPDATE heads_basis SET through = 1", "UPDATE heads SET state = 'in-flight', version = 1")
        case "other rules":
            monkeypatch.setattr(module, "_RULES", 7)


@pytest.mark.parametrize("how", ["never made", "behind", "other rules"])
def test_without_trustworthy_heads_states_are_folded_and_the_next_append_makes_them(
    path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(path, entry(Event.INTENT, 1, item("open"), hold="ws/x"))
    stale(path, how, monkeypatch)
    with opened(path) as ledger:
        expected = fold([*submitted(item()), entry(Event.INTENT, 1, item("open"), hold="ws/x")])
        assert type(ledger.states(None)) is dict
        assert ledger.states(None) == expected
        assert ledger.append([entry(Event.INTENT, 1, GPT, hold="ws/x"), entry(Event.INTENT, 1)]) == (
            Verdict.HELD,
            Verdict.LOST,
        )
        assert type(ledger.states(None)) is not dict
        assert ledger.states(None) == expected


def test_heads_are_not_made_from_entries_that_do_not_fit(path: Path) -> None:
    run_sql(path, TAMPER, "UPDATE entries SET entry = replace(entry, 'accepted', 'killed') WHERE seq = 2")
    before = content(path.parent)
    with opened(path) as ledger, pytest.raises(LedgerCorruptError, match="killed"):
        ledger.rebuild()
    assert content(path.parent) == before


def test_rebuilding_a_ledger_that_does_not_exist_creates_none(tmp_path: Path) -> None:
    with opened(tmp_path / "ledger.db") as ledger:
        ledger.rebuild()
    assert list(tmp_path.iterdir()) == []


def test_damage_below_the_entries_is_reported(path: Path) -> None:
    write(path, *crowd())
    run_sql(
        path,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = 'CREATE UNIQUE INDEX heads_hold ON heads (hold) WHERE version > 0'"
        " WHERE name = 'heads_hold'",
    )
    with opened(path) as ledger:
        assert "the store" in {misfit.place for misfit in verify(ledger).misfits}


def test_a_query_for_a_hold_or_a_head_does_not_walk_the_table(path: Path) -> None:
    """Each append asks both for every entry: a walk would make applying quadratic."""
    with closing(sqlite3.connect(path)) as connection:
        for query, values in ((module._HOLDER, ("ws/x", "k", "f")), (module._ONE_HEAD, ("k", "f"))):  # noqa: SLF001  # see above
            plan = connection.execute(f"EXPLAIN QUERY PLAN {query}", values).fetchall()
            assert ["SEARCH" in row[3] for row in plan] == [True], plan
