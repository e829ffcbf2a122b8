"""Arguments → the files that make a set, read one by one, and the folder that is the project's.

An argument is a FILE, a DIR (every manifest below it), a GLOB, or `-` for standard input. A file counts once,
however often it is named. Where an argument leads is the user's choice; inside a folder nothing leads out of the set.

The Project's file is `project.yaml` (or .yml): one that the arguments name, or that lies in a folder they name, else one that
lies above them, within bounds (`project_file`). It comes first, the others in the order of the arguments and, for each,
of their paths.
"""

from __future__ import annotations

# ruff: noqa: PTH109, PTH110, PTH112, PTH114, PTH118, PTH119, PTH120  # names of 100,000 files are handled as plain strings; pathlib costs several times the walk
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dfsubmit.diagnostics import Diagnostic, Severity
from dfsubmit.folders import Found, expand, is_pattern, is_walked, pattern_base, show, walk
from dfsubmit.project_file import PROJECT_FILES, find_project
from dfsubmit.reading import read_file, read_stream, unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import BinaryIO

STDIN = "-"


def always() -> bool:
    """Want every file."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One file: `path` as it is shown (`/` between folders), its bytes, or the finding that says why there are none.

    `location` is where it lies, for whoever writes it; empty for standard input.
    """

    path: str
    location: str = ""
    content: bytes = b""
    diagnostic: Diagnostic | None = None


@dataclass(frozen=True, slots=True)
class _Target:
    """An argument that means something: the names it stands for are found when they are asked for."""

    argument: str
    location: str
    kind: str

    def found(self) -> Iterator[Found]:
        if self.kind == "folder":
            return walk(self.location)
        if self.kind == "pattern":
            return expand(self.location)
        return iter((Found(self.location),))

    @property
    def base(self) -> str:
        """Return the folder that the argument is about."""
        if self.kind == "folder":
            return self.location
        if self.kind == "pattern":
            return pattern_base(self.location)
        return os.path.dirname(self.location)


class _Seen:
    """The files that several arguments have named so far, whatever the names."""

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._folders: dict[str, str] = {}

    def is_new(self, location: str) -> bool:
        """Note a file and tell whether it was not there yet."""
        folder, name = os.path.split(location)
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        real = os.path.realpath(location) if os.path.islink(location) else os.path.join(self._folders[folder], name)
        if real in self._files:
            return False
        self._files.add(real)
        return True


@dataclass(frozen=True, kw_only=True)
class SourceSet:
    """The files of one run. `diagnostics` are about the set; those about a file come with the file.

    `root` is the Project's folder, or that of the first argument. `project_file` is the Project's file as it is shown,
    wherever it was found; None when there is none.
    """

    root: Path
    project_file: str | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    _targets: tuple[_Target, ...] = field(default=(), repr=False)
    _project: str | None = field(default=None, repr=False)
    _cwd: str = field(default="", repr=False)
    _stdin: bytes | Diagnostic | None = field(default=None, repr=False)

    @property
    def starts(self) -> tuple[str, ...]:
        """Return the files and the folders that the arguments begin at: of a pattern, what stands before the wildcards."""
        return tuple(
            pattern_base(target.location) if target.kind == "pattern" else target.location for target in self._targets
        )

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """Read and return all files. For large sets use `iter_files`."""
        return tuple(self.iter_files())

    def iter_files(self, wanted: Callable[[], bool] = always) -> Iterator[SourceFile]:
        """Read and yield the files one by one; nothing is kept but, for several arguments, their names.

        `wanted` is asked before each file that a folder, a pattern or an argument leads to; one that is not is not read.
        """
        seen = _Seen() if len(self._targets) > 1 else None
        project = self._project_entry()
        if project is not None:
            yield project
        if self._stdin is not None:
            yield _outcome("<stdin>", "", self._stdin)
        for target in self._targets:
            for found in target.found():
                if found.location == self._project or (seen is not None and not seen.is_new(found.location)):
                    continue
                if wanted():
                    source = self._judge(found, target.kind, target.base)
                    if source is not None:
                        yield source

    def _project_entry(self) -> SourceFile | None:
        if self._project is None:
            return None
        named = any(target.location == self._project for target in self._targets)
        found = Found(self._project, is_link=os.path.islink(self._project))
        return self._judge(found, "file" if named else "project", str(self.root))

    @property
    def whole(self) -> bool:
        """Tell whether the set has every manifest below `root`, so that what is not in it is gone.

        Only folders can make a set whole: who names files means those files.
        """
        folders = [target.location for target in self._targets if target.kind == "folder"]
        root = str(self.root)
        if any(_is_below(root, folder) for folder in folders):
            return True
        return bool(folders) and all(
            found.location == self._project or any(_is_below(found.location, folder) for folder in folders)
            for found in walk(root)
        )

    def _judge(self, found: Found, kind: str, base: str) -> SourceFile | None:
        """Read what an argument of `kind` found below `base`, unless it leads out; None when it is nothing to speak of."""
        location = found.location
        shown = show(location, self._cwd)
        if found.error is not None:
            return _outcome(shown, location, unreadable(shown, found.error))
        if kind == "file" or not found.is_link:
            content = read_file(location, shown, follow=kind == "file", regular=found.is_file)
            return _outcome(shown, location, content)
        target = os.path.realpath(location)
        base = os.path.realpath(base)
        inside = _is_below(target, base) or _is_below(target, os.path.realpath(self.root))
        if found.linked_folder:
            return None if inside else _outcome(shown, location, _skipped_folder(shown))
        if not inside:
            return _outcome(shown, location, _leads_out(shown))
        if kind == "folder" and target != location and os.path.exists(target) and is_walked(target, base):
            return None  # the walk comes to the file itself, and it counts once
        return _outcome(shown, location, read_file(location, shown, follow=True))


def find(arguments: Sequence[str], *, cwd: str | None = None, stdin: BinaryIO | None = None) -> SourceSet:
    """Return the set that `arguments` name; relative ones start at `cwd`. Never raises for what they lead to."""
    here = os.getcwd() if cwd is None else cwd
    targets: list[_Target] = []
    findings: list[Diagnostic] = []
    piped: bytes | Diagnostic | None = None
    for argument in arguments:
        if argument == STDIN:
            if piped is None:
                piped = read_stream(sys.stdin.buffer if stdin is None else stdin, "<stdin>")
            continue
        target = _target(argument, here)
        if target is not None and any(not found.linked_folder for found in target.found()):
            targets.append(target)
        else:
            findings.append(_nothing(argument, target.kind if target else ""))
    base = targets[0].base if targets else here
    project = _named_project(targets) or find_project(base, here)
    if isinstance(project, Diagnostic):
        findings.append(project)
        project = None
    return SourceSet(
        root=Path(os.path.dirname(project) if project else base),
        project_file=show(project, here) if project else None,
        diagnostics=tuple(findings),
        _targets=tuple(targets),
        _project=project,
        _cwd=here,
        _stdin=piped,
    )


def _named_project(targets: list[_Target]) -> str | None:
    """Return the Project's file that an argument names or whose folder it names."""
    for target in targets:
        if target.kind == "folder":
            names = (os.path.join(target.location, name) for name in PROJECT_FILES)
            candidate = next((name for name in names if os.path.lexists(name)), None)
        else:
            locations = (found.location for found in target.found())
            candidate = next((name for name in locations if os.path.basename(name) in PROJECT_FILES), None)
        if candidate is not None:
            return candidate
    return None


def _target(argument: str, here: str) -> _Target | None:
    location = os.path.normpath(os.path.join(here, argument))
    if not argument:
        return None
    try:
        if os.path.isdir(location):
            return _Target(argument, location, "folder")
        if os.path.lexists(location):
            return _Target(argument, location, "file")
    except ValueError:  # a NUL in the argument
        return None
    return _Target(argument, location, "pattern") if is_pattern(argument) else None


def _is_below(path: str, folder: str) -> bool:
    """Tell whether `path` is `folder` or lies in it."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _outcome(shown: str, location: str, content: bytes | Diagnostic) -> SourceFile:
    if isinstance(content, Diagnostic):
        return SourceFile(path=shown, location=location, diagnostic=content)
    return SourceFile(path=shown, location=location, content=content)


def _nothing(argument: str, kind: str) -> Diagnostic:
    message = {
        "folder": "no file in this folder ends in .yaml or .yml",
        "pattern": "no file matches this pattern",
    }.get(kind, "there is no such file or folder")
    return Diagnostic(
        code="DF0001",
        message=message,
        path=show(argument, "") or '""',
        help="name a file, a folder with manifests in it, a pattern, or - for standard input",
    )


def _leads_out(shown: str) -> Diagnostic:
    return Diagnostic(
        code="DF0007",
        message="this symbolic link leads out of the set",
        path=shown,
        help="copy the file into the set, or name the file itself as an argument",
    )


def _skipped_folder(shown: str) -> Diagnostic:
    return Diagnostic(
        code="DF0008",
        message="this folder is a symbolic link that leads out of the set, and is not entered",
        path=shown,
        severity=Severity.WARNING,
        help="name the folder itself as an argument if its manifests belong to the set",
    )
