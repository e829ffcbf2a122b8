"""Arguments name a set of files; each file's bytes come once, in order, bounded; nothing hangs and nothing leads out."""

from __future__ import annotations

import io
import os
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dfsubmit.diagnostics import Diagnostic, Severity
from dfsubmit.sources import SourceSet, find
from dfsubmit.yamlcore.limits import MAX_FILE

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def here(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def put(folder: Path, *names: str, content: str = "a: 1\n") -> None:
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)


def names(sources: SourceSet) -> list[str]:
    return [source.path for source in sources.files]


def found(sources: SourceSet) -> dict[str, str]:
    """Return the code of every finding by what it is about."""
    about_files = (source.diagnostic for source in sources.files)
    return {finding.path: finding.code for finding in (*sources.diagnostics, *about_files) if finding is not None}


def finding(sources: SourceSet) -> Diagnostic:
    (only,) = [*sources.diagnostics, *(source.diagnostic for source in sources.files if source.diagnostic)]
    assert only.help
    return only


class TestFolders:
    def test_a_folder_is_every_manifest_below_it_in_the_order_of_the_parts_of_its_path(self, here: Path) -> None:
        put(here, "s/b.yaml", "s/a/z.yml", "s/a/b/c.yaml", "s/a-b/x.yaml", "s/readme.md", "s/c.yaml.txt", "s/A.yaml")
        assert names(find(["s"], cwd=str(here))) == [
            "s/A.yaml",
            "s/a/b/c.yaml",
            "s/a/z.yml",
            "s/a-b/x.yaml",
            "s/b.yaml",
        ]

    def test_letter_case_of_the_ending_does_not_matter(self, here: Path) -> None:
        put(here, "s/a.YAML", "s/b.Yml", "s/c.YAML.txt")

        assert names(find(["s"], cwd=str(here))) == ["s/a.YAML", "s/b.Yml"]

    def test_what_is_hidden_is_skipped_unless_it_is_named(self, here: Path) -> None:
        put(here, "a.yaml", ".b.yaml", ".git/c.yaml", ".dfsubmit/d.yaml", "e/.github/workflows/f.yml")
        assert names(find(["."], cwd=str(here))) == ["a.yaml"]
        assert names(find([".dfsubmit", ".b.yaml"], cwd=str(here))) == [".dfsubmit/d.yaml", ".b.yaml"]

    def test_the_content_is_that_of_the_file(self, here: Path) -> None:
        (here / "a.yaml").write_bytes(b"\xff\x00\r\n")
        (source,) = find(["a.yaml"], cwd=str(here)).files
        assert (source.content, source.location) == (b"\xff\x00\r\n", str(here / "a.yaml"))

    def test_files_are_read_one_by_one(self, here: Path) -> None:
        put(here, "a.yaml", "b.yaml")
        files = find(["."], cwd=str(here)).iter_files()
        assert next(files).diagnostic is None
        (here / "b.yaml").unlink()
        late = next(files).diagnostic
        assert late is not None
        assert late.code == "DF0003"

    def test_folders_may_nest_deeper_than_python_calls(self, here: Path) -> None:
        folder = os.open(here, os.O_RDONLY)
        for _ in range(1200):
            os.mkdir("d", dir_fd=folder)
            inner = os.open("d", os.O_RDONLY, dir_fd=folder)
            os.close(folder)
            folder = inner
        os.close(os.open("x.yaml", os.O_CREAT | os.O_WRONLY, dir_fd=folder))
        os.close(folder)
        try:
            for pattern in (".", "**/*.yaml"):
                assert [len(name) for name in names(find([pattern], cwd=str(here)))] == [2 * 1200 + len("x.yaml")]
        finally:
            # Python's own removal is recursive.
            subprocess.run(["rm", "-rf", str(here / "d")], check=True)

    def test_a_name_that_is_not_utf8_is_shown_in_a_readable_way(self, here: Path) -> None:
        odd = os.fsdecode(b"caf\xe9.yaml")
        put(here, odd)
        (source,) = find(["."], cwd=str(here)).files
        assert source.path == "caf\\xe9.yaml"
        assert source.content == b"a: 1\n"
        assert Path(source.location).name == odd
        assert found(find([os.fsdecode(b"no\xe9")], cwd=str(here))) == {"no\\xe9": "DF0001"}


class TestArguments:
    def test_files_folders_and_patterns_can_be_mixed_and_each_file_counts_once(self, here: Path) -> None:
        put(here, "s/a.yaml", "s/b.yaml", "t/c.yaml")
        (here / "link").symlink_to("s")
        arguments = [
            "s/b.yaml",
            "./s//b.yaml",
            "s",
            str(here / "s"),
            "s/../s/a.yaml",
            "link",
            "link/a.yaml",
            "t/*.yaml",
        ]
        assert names(find(arguments, cwd=str(here))) == ["s/b.yaml", "s/a.yaml", "t/c.yaml"]

    def test_a_named_file_may_have_any_ending(self, here: Path) -> None:
        put(here, "a.txt")
        assert names(find(["a.txt"], cwd=str(here))) == ["a.txt"]

    def test_paths_outside_the_current_folder_are_shown_absolute(self, here: Path) -> None:
        put(here, "s/a.yaml", "t/keep")
        assert names(find(["../s"], cwd=str(here / "t"))) == [str(here / "s" / "a.yaml")]
        assert names(find([str(here / "s")], cwd=str(here))) == ["s/a.yaml"]

    @pytest.mark.parametrize(
        ("pattern", "expected"),
        [
            ("s/*.yaml", ["s/a.yaml", "s/b[1].yaml"]),
            ("s/**/*.yaml", ["s/a.yaml", "s/b[1].yaml", "s/c/d.yaml", "s/c/e/f.yaml"]),
            ("**", ["s/a.yaml", "s/b[1].yaml", "s/c/d.yaml", "s/c/e/f.yaml", "s/c/g.yml"]),
            ("**/**/f.yaml", ["s/c/e/f.yaml"]),
            ("s/?.yaml", ["s/a.yaml"]),
            ("s/[ab].yaml", ["s/a.yaml"]),
            ("s/b[1].yaml", ["s/b[1].yaml"]),
            ("*/c", ["s/c/d.yaml", "s/c/e/f.yaml", "s/c/g.yml"]),
            ("s/c*", ["s/c/d.yaml", "s/c/e/f.yaml", "s/c/g.yml"]),
            ("s/*.txt", ["s/notes.txt"]),
            ("s/*", ["s/a.yaml", "s/b[1].yaml", "s/c/d.yaml", "s/c/e/f.yaml", "s/c/g.yml"]),
            ("s/.*", ["s/.hidden.yaml"]),
            ("s/c/../*.yaml", ["s/a.yaml", "s/b[1].yaml"]),
            ("{here}/s/c/*.y*ml", ["s/c/d.yaml", "s/c/g.yml"]),
        ],
    )
    def test_a_pattern_is_expanded_when_the_shell_did_not(self, pattern: str, expected: list[str], here: Path) -> None:
        put(here, "s/a.yaml", "s/b[1].yaml", "s/c/d.yaml", "s/c/e/f.yaml", "s/c/g.yml", "s/notes.txt", "s/.hidden.yaml")
        assert names(find([pattern.replace("{here}", str(here))], cwd=str(here))) == expected

    @pytest.mark.parametrize(
        ("argument", "message"),
        [
            ("nowhere", "no such file or folder"),
            ("nowhere/a.yaml", "no such file or folder"),
            ("", "no such file or folder"),
            ("a\0b", "no such file or folder"),
            ("empty", "no file in this folder ends in .yaml or .yml"),
            ("empty/*.yaml", "no file matches this pattern"),
            ("[", "no file matches this pattern"),
        ],
    )
    def test_an_argument_that_leads_to_nothing_is_a_finding(self, argument: str, message: str, here: Path) -> None:
        put(here, "empty/readme.md", "s/a.yaml")
        sources = find([argument, "s"], cwd=str(here))
        (only,) = sources.diagnostics
        assert (only.code, only.path) == ("DF0001", argument or '""')
        assert message in only.message
        assert names(sources) == ["s/a.yaml"]

    def test_standard_input_is_read_once_and_bounded(self, here: Path) -> None:
        stream = io.BytesIO(b"a: 1\n")
        sources = find(["-", "-"], cwd=str(here), stdin=stream)
        assert [(source.path, source.content) for source in sources.files] == [("<stdin>", b"a: 1\n")]
        assert names(sources) == ["<stdin>"]
        assert (sources.root, sources.whole) == (here, False)
        just_enough = io.BytesIO(b"#" * MAX_FILE)
        assert found(find(["-"], cwd=str(here), stdin=just_enough)) == {}
        too_much = io.BytesIO(b"#" * (MAX_FILE + 1))
        assert finding(find(["-"], cwd=str(here), stdin=too_much)).code == "DF0005"
        closed = io.BytesIO()
        closed.close()
        assert finding(find(["-"], cwd=str(here), stdin=closed)).code == "DF0003"


class TestOddFiles:
    def make(self, here: Path, kind: str) -> None:
        target = here / "s" / "odd.yaml"
        if kind == "folder":
            target.mkdir()
        elif kind == "pipe":
            os.mkfifo(target)
        elif kind == "socket":
            with socket.socket(socket.AF_UNIX) as server:
                server.bind(str(target))

    @pytest.mark.parametrize("argument", ["s", "s/*.yaml", "s/odd.yaml"])
    @pytest.mark.parametrize("kind", ["folder", "pipe", "socket"])
    def test_what_is_no_file_is_a_finding_and_is_not_opened(self, kind: str, argument: str, here: Path) -> None:
        put(here, "s/a.yaml")
        self.make(here, kind)
        sources = find([argument], cwd=str(here))
        if (kind, argument) == ("folder", "s/odd.yaml"):
            assert found(sources) == {"s/odd.yaml": "DF0001"}
            return
        only = finding(sources)
        assert (only.code, only.path) == ("DF0004", "s/odd.yaml")
        assert kind in only.message
        assert ("-f -" in only.help) is (kind == "pipe")

    def test_a_device_is_a_finding(self, here: Path) -> None:
        only = finding(find(["/dev/zero"], cwd=str(here)))
        assert (only.code, "device" in only.message) == ("DF0004", True)

    def test_a_file_may_have_just_so_many_bytes(self, here: Path) -> None:
        put(here, "a.yaml", content="#" * MAX_FILE)
        put(here, "b.yaml", content="#" * (MAX_FILE + 1))
        sources = find(["."], cwd=str(here))
        assert found(sources) == {"b.yaml": "DF0005"}
        assert [len(source.content) for source in sources.files] == [MAX_FILE, 0]

    def test_a_file_that_cannot_be_opened_is_a_finding(self, here: Path) -> None:
        put(here, "s/a.yaml")
        (here / "s" / "broken.yaml").symlink_to("gone")
        (here / "s" / "loop.yaml").symlink_to("loop.yaml")
        assert found(find(["s"], cwd=str(here))) == {"s/broken.yaml": "DF0003", "s/loop.yaml": "DF0003"}
        assert finding(find(["s/broken.yaml"], cwd=str(here))).code == "DF0003"

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
    def test_a_file_or_folder_without_permission_is_a_finding(self, here: Path) -> None:
        put(here, "s/a.yaml", "s/closed/b.yaml")
        (here / "s" / "a.yaml").chmod(0)
        (here / "s" / "closed").chmod(0)
        try:
            assert found(find(["s"], cwd=str(here))) == {"s/a.yaml": "DF0003", "s/closed": "DF0003"}
        finally:
            (here / "s" / "closed").chmod(0o700)

    def test_a_folder_that_vanishes_while_it_is_walked_is_a_finding(self, here: Path) -> None:
        put(here, "s/a.yaml", "s/b/c.yaml")
        files = find(["s"], cwd=str(here)).iter_files()
        next(files)
        (here / "s" / "b" / "c.yaml").unlink()
        (here / "s" / "b").rmdir()
        assert [source.diagnostic.code for source in files if source.diagnostic] == ["DF0003"]

    @pytest.mark.parametrize(("times", "expected"), [(1, []), (2, ["DF0006"]), (9, ["DF0006"])])
    def test_a_file_that_changes_while_it_is_read_is_read_again_once(
        self, times: int, expected: list[str], here: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(here, "a.yaml")
        read: Callable[[int, int], bytes] = os.read
        changes = iter(range(times))

        def read_and_change(descriptor: int, size: int) -> bytes:
            at_start = os.lseek(descriptor, 0, os.SEEK_CUR) == 0
            content = read(descriptor, size)
            if at_start and next(changes, None) is not None:
                with (here / "a.yaml").open("a") as file:
                    file.write("b: 2\n")
            return content

        monkeypatch.setattr(os, "read", read_and_change)
        (source,) = find(["a.yaml"], cwd=str(here)).files
        assert ([source.diagnostic.code] if source.diagnostic else []) == expected
        assert source.content == (b"" if expected else b"a: 1\nb: 2\n")


class TestLinks:
    def test_a_link_out_of_the_set_is_refused_wherever_it_leads(self, here: Path) -> None:
        put(here, "s/a.yaml", "secret.yaml")
        (here / "s" / "b.yaml").symlink_to("../secret.yaml")
        (here / "s" / "c.yaml").symlink_to("/etc/passwd")
        (here / "s" / "d.yaml").symlink_to("/dev/zero")
        expected = {f"s/{name}.yaml": "DF0007" for name in "bcd"}
        assert found(find(["s"], cwd=str(here))) == expected
        assert found(find(["s/*.yaml"], cwd=str(here))) == expected

    def test_a_folder_whose_name_begins_like_the_sets_is_outside(self, here: Path) -> None:
        put(here, "s/a.yaml", "s-private/b.yaml")
        (here / "s" / "b.yaml").symlink_to("../s-private/b.yaml")
        assert found(find(["s"], cwd=str(here))) == {"s/b.yaml": "DF0007"}

    def test_a_link_inside_the_set_is_read_and_to_a_file_that_is_walked_counts_once(self, here: Path) -> None:
        put(here, "s/a.yaml", "s/.data/b.yaml", "s/notes.txt")
        (here / "s" / "same.yaml").symlink_to("a.yaml")
        (here / "s" / "hidden.yaml").symlink_to(".data/b.yaml")
        (here / "s" / "text.yaml").symlink_to("notes.txt")
        sources = find(["s"], cwd=str(here))
        assert names(sources) == ["s/a.yaml", "s/hidden.yaml", "s/text.yaml"]
        assert found(sources) == {}

    def test_a_link_that_is_named_is_the_users_choice(self, here: Path) -> None:
        put(here, "s/keep", "elsewhere.yaml")
        (here / "s" / "a.yaml").symlink_to("../elsewhere.yaml")
        assert names(find(["s/a.yaml"], cwd=str(here))) == ["s/a.yaml"]

    def test_a_linked_folder_is_not_entered_and_one_outside_is_a_warning(self, here: Path) -> None:
        put(here, "s/a.yaml", "s/in/b.yaml", "out/c.yaml")
        (here / "s" / "again").symlink_to("in")
        (here / "s" / "loop").symlink_to(".")
        (here / "s" / "out").symlink_to("../out")
        sources = find(["s"], cwd=str(here))
        only = finding(sources)
        assert (only.code, only.path, only.severity) == ("DF0008", "s/out", Severity.WARNING)
        assert [source.path for source in sources.files if not source.diagnostic] == ["s/a.yaml", "s/in/b.yaml"]
        assert found(find(["s/out"], cwd=str(here))) == {}

    def test_a_folder_of_nothing_but_a_linked_folder_is_empty(self, here: Path) -> None:
        put(here, "out/c.yaml", "s/keep")
        (here / "s" / "out").symlink_to("../out")
        assert found(find(["s"], cwd=str(here))) == {"s": "DF0001"}

    def test_a_project_file_that_links_out_is_refused(self, here: Path) -> None:
        put(here, "s/a.yaml", "other.yaml")
        (here / "s" / "project.yaml").symlink_to("../other.yaml")
        assert found(find(["s"], cwd=str(here))) == {"s/project.yaml": "DF0007"}
        assert found(find(["s/project.yaml"], cwd=str(here))) == {}


class TestProject:
    def test_the_projects_file_comes_first_and_its_folder_is_the_root(self, here: Path) -> None:
        put(here, "s/a.yaml", "s/project.yaml", "s/z.yaml")
        sources = find(["s"], cwd=str(here))
        assert names(sources) == ["s/project.yaml", "s/a.yaml", "s/z.yaml"]
        assert (sources.project_file, sources.root, sources.whole) == ("s/project.yaml", here / "s", True)

    def test_both_endings_are_looked_for(self, here: Path) -> None:
        put(here, "s/a.yaml", "project.yml")
        assert find(["s"], cwd=str(here)).project_file == "project.yml"

    @pytest.mark.parametrize("argument", ["s/t/a.yaml", "s/t", "s/t/*.yaml", "s/t/**"])
    def test_it_is_looked_for_up_to_the_repositorys_root(self, argument: str, here: Path) -> None:
        put(here, "project.yaml", "s/t/a.yaml")
        (here / ".git").mkdir()
        sources = find([str(here / argument)], cwd=str(here.parent))
        assert names(sources) == ["work/project.yaml", "work/s/t/a.yaml"]
        assert sources.root == here

    def test_the_nearest_one_counts(self, here: Path) -> None:
        put(here, "project.yaml", "s/project.yaml", "s/t/a.yaml", ".git/config")
        assert find(["s/t"], cwd=str(here)).project_file == "s/project.yaml"

    def test_it_is_not_looked_for_above_the_repository(self, here: Path) -> None:
        put(here, "project.yaml", "repo/.git", "repo/s/a.yaml")
        sources = find(["repo/s"], cwd=str(here))
        assert (sources.project_file, sources.root) == (None, here / "repo" / "s")

    def test_without_a_repository_it_is_looked_for_up_to_the_current_folder_and_no_further(self, here: Path) -> None:
        put(here.parent, "project.yaml")
        put(here, "s/t/a.yaml")
        assert find(["s/t"], cwd=str(here)).project_file is None
        put(here, "project.yaml")
        assert find(["s/t"], cwd=str(here)).project_file == "project.yaml"
        assert find([str(here / "s" / "t")], cwd="/").root == here
        put(here, "elsewhere/keep")
        assert find([str(here / "s" / "t")], cwd=str(here / "elsewhere")).project_file is None

    def test_one_that_is_named_counts_before_one_that_lies_above(self, here: Path) -> None:
        put(here, "project.yaml", "s/a.yaml", "other/project.yaml")
        sources = find(["s", "other/project.yaml"], cwd=str(here))
        assert names(sources) == ["other/project.yaml", "s/a.yaml"]
        assert sources.root == here / "other"
        assert find(["s*", "oth*"], cwd=str(here)).root == here / "other"

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
    def test_one_above_of_another_user_is_refused_and_said(self, here: Path) -> None:
        put(here, "project.yaml", "s/a.yaml", ".git/config")
        os.chown(here / "project.yaml", 12345, 12345)
        sources = find(["s"], cwd=str(here))
        assert found(sources) == {"project.yaml": "DF0009"}
        assert names(sources) == ["s/a.yaml"]
        os.chown(here / "s", 12345, 12345)
        assert find(["s"], cwd=str(here)).project_file == "project.yaml"

    @pytest.mark.parametrize("argument", ["s", "s/t/../../s", "s/**/a.yaml", "s/*/a.yaml", "s/b.yaml"])
    def test_without_one_the_root_is_the_folder_that_the_first_argument_is_about(
        self, argument: str, here: Path
    ) -> None:
        put(here, "s/t/a.yaml", "s/b.yaml", "x/c.yaml")
        assert find([argument, "x"], cwd=str(here)).root == here / "s"

    def test_one_below_is_not_the_sets(self, here: Path) -> None:
        put(here, "s/a.yaml", "s/t/project.yaml")
        sources = find(["s"], cwd=str(here))
        assert (sources.project_file, names(sources)) == (None, ["s/a.yaml", "s/t/project.yaml"])


class TestWhole:
    def test_only_folders_that_hold_every_manifest_of_the_root_make_a_set_whole(self, here: Path) -> None:
        put(here, "project.yaml", "s/a.yaml", "s/b.yaml", "t/c.yaml", ".github/w.yaml")

        def whole(*arguments: str) -> bool:
            return find(list(arguments), cwd=str(here)).whole

        assert whole(".")
        assert whole("s", "t")
        assert whole(".", "s/a.yaml")
        assert not whole("s")
        assert not whole("s/a.yaml", "s/b.yaml", "t/c.yaml")
        assert not whole("s", "t/c.yaml")
        assert not whole("**")
        assert not whole("nowhere")

    def test_a_set_of_one_folder_without_a_project_is_whole(self, here: Path) -> None:
        put(here, "s/a.yaml", "b.yaml")
        assert find(["s"], cwd=str(here)).whole
        assert not find(["s/a.yaml"], cwd=str(here)).whole

    def test_a_folder_above_the_project_is_whole_too(self, here: Path) -> None:
        put(here, "s/project.yaml", "s/a.yaml", "b.yaml")
        assert find(["s", "."], cwd=str(here)).whole
