"""A set whose files are written alike asks for what it asks for when every file is read in full."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import pytest
from test_overview import APP, write

from dfsubmit.alike import AlikeFiles
from dfsubmit.compose import load
from dfsubmit.examining import examine
from dfsubmit.gathering import DocumentNeededError
from dfsubmit.project import load_project
from dfsubmit.settings import Flags, resolve
from dfsubmit.sources import find

SAME = {"inside": "data_in", "overwrite": "false", "gpus": 1, "moved": "", "prefix": "bert"}


@pytest.mark.parametrize("seed", range(60, 120))
def test_reading_what_is_alike_once_gives_what_reading_in_full_gives(seed: int, tmp_path: Path) -> None:
    write(tmp_path, seed)

    state = load(resolve(Flags(file=(str(tmp_path),)), {}))

    assert state == load_project(find([str(tmp_path)]))


def test_files_that_are_alike_are_not_parsed_again(tmp_path: Path) -> None:
    fill(tmp_path, 40)

    with patch("dfsubmit.alike.examine", wraps=examine) as parsed:
        state = load_project(find([str(tmp_path)]), examined=AlikeFiles())

    assert parsed.call_count < 20
    assert state == load_project(find([str(tmp_path)]))
    assert len(state.apps) == 40


def test_two_of_one_name_are_read_in_full(tmp_path: Path) -> None:
    fill(tmp_path, 40)
    (tmp_path / "40.yaml").write_text((tmp_path / "39.yaml").read_text())
    (tmp_path / "41.yaml").write_text((tmp_path / "39.yaml").read_text())

    with pytest.raises(DocumentNeededError):
        load_project(find([str(tmp_path)]), examined=AlikeFiles())


def fill(folder: Path, number: int) -> None:
    """Write `number` manifests that differ in their values alone."""
    for each in range(number):
        text = APP.format(
            name=f"app-{each}",
            workspace=f"6ZKSGoSJMMwctK257nxg{each:02}",
            read=f"/in/{each}",
            write=f"/out/{each}",
            **SAME,
        )
        (folder / f"{each:02}.yaml").write_text(text)
