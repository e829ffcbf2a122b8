"""Files that an option names: whatever they turn out to be, the answer is a sentence and comes at once."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from cli_program import Run, in_folder
from folder import Folder

NAMING = (
    ("validate", "--schema"),
    ("schema", "--check"),
    ("emulator", "--port", "0", "--scenario"),
)


@pytest.fixture
def dfsubmit(tmp_path: Path) -> Run:
    return in_folder(Folder.make(tmp_path).path)


@pytest.mark.parametrize("words", NAMING, ids=lambda words: words[0])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("/dev/zero", "is larger than"),
        (".", "Is a directory"),
        ("missing", "No such file"),
        ("bytes", "is not UTF-8 text"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_sentence(
    dfsubmit: Run, tmp_path: Path, words: tuple[str, ...], name: str, said: str
) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\xfe{}")
    done = dfsubmit(*words, name, timeout=20)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {name}")
    assert said in done.stderr
    assert "\ntip: " in done.stderr


def test_a_schema_may_come_through_a_pipe(dfsubmit: Run, tmp_path: Path) -> None:
    schema = dfsubmit("schema").stdout
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=(schema,))
    writer.start()
    done = dfsubmit("schema", "--check", "pipe")
    writer.join()
    assert (done.returncode, done.stderr) == (0, "pipe is current\n")
