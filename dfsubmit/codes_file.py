"""DF00xx: files and sets."""

from __future__ import annotations

from dfsubmit.code import Code
from dfsubmit.codes_model import GOOD_APP
from dfsubmit.diagnostics import Severity


def _error(code: str, title: str, meaning: str, bad: str = "", good: str = "") -> Code:
    return Code(code=code, severity=Severity.ERROR, title=title, meaning=meaning, bad=bad, good=good)


def _warning(code: str, title: str, meaning: str, bad: str = "", good: str = "") -> Code:
    return Code(code=code, severity=Severity.WARNING, title=title, meaning=meaning, bad=bad, good=good)


FILE_CODES: tuple[Code, ...] = (
    _error(
        "DF0001",
        "no file found",
        """\
An argument of `-f` leads to no manifest: there is no such file or folder, no file in the folder ends in `.yaml` or `.yml`, or
nothing matches the pattern. An empty set would mean that every app is gone, so it is an error and never silently nothing.""",
    ),
    _error(
        "DF0003",
        "file cannot be read",
        """\
The system does not let dfsubmit read the file or list the folder; the message has its reason. Check the permissions, and that
what a symbolic link leads to exists.""",
    ),
    _error(
        "DF0004",
        "not a file",
        """\
Something with the name of a manifest is a folder, a pipe, a socket or a device. Reading it could wait for ever, so it is not
opened. Rename or remove it; to read a pipe, use `-f -`.""",
    ),
    _error(
        "DF0005",
        "file too large",
        """\
Files of more than 1,048,576 bytes are not read: a thousand manifests are smaller. Split the file, or name only manifests so
that they end in `.yaml`.""",
    ),
    _error(
        "DF0006",
        "file changed while it was read",
        """\
The file's size or time of change was another after reading than before, twice in a row: something writes to it, and half of
a manifest must not be submitted. Run again when that is done.""",
    ),
    _error(
        "DF0007",
        "symbolic link out of the set",
        """\
A file in the set is a symbolic link to a file outside. Manifests can come from strangers in a pull request, and such a link
could bring any file of the machine into an output. Copy the file into the set, or name it as an argument of its own.""",
    ),
    _warning(
        "DF0008",
        "symbolic link to a folder outside",
        """\
A folder in the set is a symbolic link to a folder outside. Such folders are not entered, so manifests in it are not part of the
set. Name the folder as an argument of its own if they should be.""",
    ),
    _error(
        "DF0009",
        "project file of another user",
        """\
The project file that was found above the manifests belongs to neither you nor the owner of the manifests' folder. It would decide
where apps run and where the ledger lies, so it is not used. If you trust it, name its folder as the argument.""",
    ),
    _error(
        "DF0010",
        "empty file",
        """\
The file has no document: it is empty or has only comments. If it is there on purpose, remove it, or let its name end in
something else than `.yaml`; an empty manifest is most often a file that was not saved.""",
        "# nothing here yet\n",
        GOOD_APP,
    ),
    _error(
        "DF0011",
        "empty document",
        """\
Between a line `---` and the next one, or the end of the file, there is no document. Remove the `---`, or write the manifest that
was meant to be there.""",
        GOOD_APP + "---\n",
        GOOD_APP,
    ),
    _error(
        "DF0012",
        "too many problems",
        """\
A file shows 200 findings, what may be a secret first and errors before warnings, and a run shows 100,000: nobody reads on
after so many. This one stands for the others and is an error if one of them is. Often one fault near the top, such as a wrong
kind of file, is behind them all. Repair those that are shown and run again.""",
    ),
)
