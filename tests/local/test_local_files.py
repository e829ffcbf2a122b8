"""Copying in and out: paths stay inside, inputs arrive, outputs are stored all or none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dfsubmit.local.files import copy_input, copy_workspace, hdfs_path, store_outputs, work_path
from dfsubmit.local.world import CannotRunError, Transfer

APP = "A" * 22


@pytest.fixture
def hdfs(tmp_path: Path) -> Path:
    """Return the folder that stands for HDFS."""
    (tmp_path / "hdfs").mkdir()
    return tmp_path / "hdfs"


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Return an app's working folder."""
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def _write(path: Path, text: str = "text") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def _tree(folder: Path) -> dict[str, str]:
    """Return the content of every file below `folder`."""
    return {str(file.relative_to(folder)): file.read_text() for file in sorted(folder.rglob("*")) if file.is_file()}


def _put(hdfs: Path, work: Path, *items: Transfer) -> None:
    store_outputs(hdfs, work, items, app_id=APP, lock=hdfs.parent / "lock")


@pytest.mark.parametrize(
    ("text", "below"),
    [
        ("/a/b", "a/b"),
        ("/a//./b/", "a/b"),
        ("hdfs://koya/a/b", "a/b"),
        ("hdfs:///a/b", "a/b"),
        ("a/b", "user/local/a/b"),
        ("/", "."),
        ("hdfs://koya", "."),
    ],
)
def test_an_hdfs_path_stands_for_a_place_below_the_folder(hdfs: Path, text: str, below: str) -> None:
    assert hdfs_path(hdfs, text) == hdfs / below


@pytest.mark.parametrize("text", ["/../x", "/a/../../x", "hdfs://ns/../x", "..", "s3://bucket/x", "file:///etc/passwd"])
def test_an_hdfs_path_that_leads_elsewhere_is_refused(hdfs: Path, text: str) -> None:
    with pytest.raises(CannotRunError, match="'"):
        hdfs_path(hdfs, text)


@pytest.mark.parametrize("text", ["/data", "../x", "a/../../x"])
def test_a_container_path_stays_in_the_working_folder(work: Path, text: str) -> None:
    with pytest.raises(CannotRunError, match="'"):
        work_path(work, text)


@given(st.text(alphabet="ab./:hdfs\\ \n", max_size=20))
@settings(max_examples=200, deadline=None)
def test_no_text_leads_out(text: str) -> None:
    root = Path("/nowhere/root")
    for resolve in (hdfs_path, work_path):
        try:
            path = resolve(root, text)
        except CannotRunError:
            continue
        assert Path(os.path.normpath(path)).is_relative_to(root)


def test_a_link_does_not_lead_out_of_hdfs(hdfs: Path, work: Path, tmp_path: Path) -> None:
    _write(tmp_path / "secret" / "file")
    (hdfs / "link").symlink_to(tmp_path / "secret")
    for path in ("/link", "/link/file"):
        with pytest.raises(CannotRunError, match="symbolic link"):
            copy_input(hdfs, work, Transfer(hdfs=path, path="data"))
    _write(hdfs / "folder" / "good")
    (hdfs / "folder" / "bad").symlink_to(tmp_path / "secret" / "file")
    with pytest.raises(CannotRunError, match="bad' leads out of"):
        copy_input(hdfs, work, Transfer(hdfs="/folder", path="data"))


def test_links_inside_are_copied_as_what_they_point_to(hdfs: Path, work: Path) -> None:
    _write(hdfs / "real" / "file", "content")
    (hdfs / "in").mkdir()
    (hdfs / "in" / "file").symlink_to("../real/file")
    (hdfs / "in" / "folder").symlink_to(hdfs / "real")
    copy_input(hdfs, work, Transfer(hdfs="/in", path="data"))
    assert _tree(work) == {"data/file": "content", "data/folder/file": "content"}
    assert not (work / "data" / "folder").is_symlink()


@pytest.mark.parametrize("target", ["..", ".", "nowhere", "itself"])
def test_links_that_lead_round_or_nowhere_are_named(hdfs: Path, work: Path, target: str) -> None:
    (hdfs / "in" / "deep").mkdir(parents=True)
    (hdfs / "in" / "deep" / "itself").symlink_to(target)
    with pytest.raises(CannotRunError, match="deep/itself' leads"):
        copy_input(hdfs, work, Transfer(hdfs="/in", path="data"))


def test_inputs_are_files_or_trees_and_keep_their_mode(hdfs: Path, work: Path) -> None:
    _write(hdfs / "user" / "one.csv", "1")
    _write(hdfs / "user" / "tree" / "deep" / "two", "2").chmod(0o755)
    for hdfs_text, path in (("/user/one.csv", "data.csv"), ("/user/one.csv", "folder/"), ("/user/tree", "in/tree")):
        copy_input(hdfs, work, Transfer(hdfs=hdfs_text, path=path))
    assert _tree(work) == {"data.csv": "1", "folder/one.csv": "1", "in/tree/deep/two": "2"}
    assert (work / "in" / "tree" / "deep" / "two").stat().st_mode & 0o777 == 0o755


def test_an_input_goes_over_what_the_workspace_has_and_never_through_its_links(
    hdfs: Path, work: Path, tmp_path: Path
) -> None:
    _write(hdfs / "in" / "a", "new")
    _write(hdfs / "in" / "sub" / "b", "new")
    outside = _write(tmp_path / "outside" / "a", "old")
    _write(work / "data" / "kept")
    (work / "data" / "a").symlink_to(outside)
    (work / "data" / "sub").symlink_to(outside.parent)
    copy_input(hdfs, work, Transfer(hdfs="/in", path="data"))
    assert _tree(work) == {"data/a": "new", "data/kept": "text", "data/sub/b": "new"}
    assert _tree(outside.parent) == {"a": "old"}


def test_a_missing_input_is_named_with_the_place_that_was_looked_at(hdfs: Path, work: Path) -> None:
    with pytest.raises(CannotRunError) as caught:
        copy_input(hdfs, work, Transfer(hdfs="/user/in", path="data"))
    assert str(caught.value) == f"input '/user/in' does not exist: there is no {hdfs}/user/in"


def test_what_is_neither_file_nor_folder_is_refused(hdfs: Path, work: Path) -> None:
    os.mkfifo(hdfs / "pipe")
    with pytest.raises(CannotRunError, match="neither a file nor a folder"):
        copy_input(hdfs, work, Transfer(hdfs="/pipe", path="data"))


def test_a_workspace_is_copied_without_what_is_no_input_of_a_job(tmp_path: Path, work: Path) -> None:
    source = tmp_path / "workspace"
    for name in ("train.py", "lib/a.py", ".git/x", "lib/.git/x", ".dfsubmit/x", "__pycache__/x", "hdfs/big"):
        _write(source / name)
    _write(source / "env" / "pyvenv.cfg")
    _write(source / "env" / "lib" / "x")
    (source / "link").symlink_to("/nowhere/at/all")
    os.mkfifo(source / "pipe")
    copy_workspace(source, work, without=[source / "hdfs", tmp_path])
    assert sorted(_tree(work)) == ["lib/a.py", "train.py"]
    assert (work / "link").readlink() == Path("/nowhere/at/all")


def test_a_workspace_that_is_gone_is_named(tmp_path: Path, work: Path) -> None:
    with pytest.raises(CannotRunError, match=r"folder .*/gone does not exist"):
        copy_workspace(tmp_path / "gone", work, without=[])


def test_a_very_deep_tree_is_copied(hdfs: Path, work: Path) -> None:
    here = hdfs / "in"
    for _ in range(150):
        here /= "d"
    here.mkdir(parents=True)
    (here / "f").write_text("deep")
    copy_input(hdfs, work, Transfer(hdfs="/in", path="x"))
    assert (work / "x" / here.relative_to(hdfs / "in") / "f").read_text() == "deep"


def test_outputs_are_stored_as_files_or_trees(hdfs: Path, work: Path) -> None:
    _write(work / "model.bin", "m")
    _write(work / "out" / "deep" / "a", "a")
    _put(hdfs, work, Transfer(hdfs="/user/x/model", path="model.bin"), Transfer(hdfs="/user/x/out", path="out"))
    assert _tree(hdfs) == {"user/x/model": "m", "user/x/out/deep/a": "a"}


def test_an_output_that_exists_is_left_alone_and_so_are_the_others(hdfs: Path, work: Path) -> None:
    _write(work / "a", "new")
    _write(work / "b", "new")
    _write(hdfs / "b", "old")
    with pytest.raises(CannotRunError, match="output '/b' exists and overwrite is false"):
        _put(hdfs, work, Transfer(hdfs="/a", path="a"), Transfer(hdfs="/b", path="b"))
    assert _tree(hdfs) == {"b": "old"}


@pytest.mark.parametrize("old", ["file", "folder", "link"])
@pytest.mark.parametrize("new", ["file", "folder"])
def test_overwrite_replaces_all_of_what_was_there(hdfs: Path, work: Path, tmp_path: Path, old: str, new: str) -> None:
    if old == "folder":
        _write(hdfs / "user" / "out" / "stale", "old")
    elif old == "file":
        _write(hdfs / "user" / "out", "old")
    else:
        (hdfs / "user").mkdir()
        _write(hdfs / "elsewhere", "kept")
        (hdfs / "user" / "out").symlink_to(hdfs / "elsewhere")
    _write(work / "out" / "f" if new == "folder" else work / "out", "new")
    _put(hdfs, work, Transfer(hdfs="/user/out", path="out", overwrite=True))
    assert _tree(hdfs / "user") == ({"out/f": "new"} if new == "folder" else {"out": "new"})
    assert not (hdfs / "user" / "out").is_symlink()
    assert (hdfs / "elsewhere").exists() == (old == "link")
    assert tmp_path.exists()


def test_every_problem_of_the_outputs_is_named_at_once(hdfs: Path, work: Path) -> None:
    _write(work / "a")
    _write(hdfs / "taken")
    with pytest.raises(CannotRunError) as caught:
        _put(
            hdfs,
            work,
            Transfer(hdfs="/x", path="missing"),
            Transfer(hdfs="/taken", path="a"),
            Transfer(hdfs="/", path="a", overwrite=True),
        )
    assert str(caught.value).splitlines() == [
        "output 'missing' was not written: there is no such file or folder in the working folder",
        "output 'missing' goes to '/x', where another output goes too",
        "output 'a' goes to '/taken', where another output goes too",
        "output '/taken' exists and overwrite is false",
        "output 'a' cannot replace the whole of HDFS ('/')",
    ]


@pytest.mark.parametrize("second", ["/out", "/out/deeper"])
def test_two_outputs_for_one_place_are_refused(hdfs: Path, work: Path, second: str) -> None:
    _write(work / "a")
    _write(work / "b")
    with pytest.raises(CannotRunError, match="where another output goes too"):
        _put(
            hdfs,
            work,
            Transfer(hdfs="/out", path="a", overwrite=True),
            Transfer(hdfs=second, path="b", overwrite=True),
        )
    assert _tree(hdfs) == {}


def test_an_output_s_link_does_not_carry_files_of_the_machine_away(hdfs: Path, work: Path, tmp_path: Path) -> None:
    _write(tmp_path / "private")
    _write(work / "out" / "a")
    (work / "out" / "b").symlink_to(tmp_path / "private")
    with pytest.raises(CannotRunError, match="leads out of"):
        _put(hdfs, work, Transfer(hdfs="/out", path="out"))
    assert _tree(hdfs) == {}
    assert list(hdfs.iterdir()) == []


def test_what_a_crash_left_half_made_is_no_input(hdfs: Path, work: Path) -> None:
    _write(hdfs / "in" / "a")
    _write(hdfs / "in" / f".b.dfsubmit-{APP}")
    _write(hdfs / "in" / f".c.dfsubmit-{APP}" / "x")
    copy_input(hdfs, work, Transfer(hdfs="/in", path="in"))
    assert sorted(_tree(work)) == ["in/a"]
