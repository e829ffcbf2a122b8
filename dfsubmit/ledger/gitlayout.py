"""How a ledger lies in a git ref: paths, lines, commit messages, and what a commit is made from. Pure.

    README.md                    for the person who finds the ref in a browser
    FORMAT                       which layout this is; a higher one is refused as that of a newer dfsubmit
    entries/00/00/01/2f.jsonl    segment 303: the entries of one append, one line of `codec` each

Every append adds one segment and changes nothing else, so that what it writes is its own entries and four small trees,
however long the ledger is; the trees hold at most 256 names each. One segment for many entries instead of a file each:
git pays for objects, not for lines. Segments are numbered without gaps, which gives all entries their order; the place of
an entry is one number made of segment and line. A commit changes when anything before it changes: that is the hash chain.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dfsubmit.errors import LedgerCorruptError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dfsubmit.journal import Entry

DEFAULT_REF = "refs/dfsubmit/ledger"
LAYOUT = 1
FORMAT_NAME, README_NAME = "FORMAT", "README.md"
FORMAT = f"dfsubmit ledger in git, layout {LAYOUT}\n"
README = """\
# The ledger of dfsubmit

This ref is not a branch to work on. It records what dfsubmit submitted: each commit adds one file below `entries/`
and changes nothing else. `dfsubmit ledger` shows it, and `dfsubmit ledger verify` checks it.

Do not edit, rebase, force-push or delete it: dfsubmit would refuse to go on, because apps could start twice.
"""

# A place is segment * PLACES + line; the lines of a segment count from 0.
PLACES = 1 << 20
# An append of this many bytes would be a bug; a blob larger than it was not written by dfsubmit.
MAX_SEGMENT_BYTES = 256 << 20
MAX_SEGMENTS = 1 << 32

_SEGMENT = re.compile(r"entries/([0-9a-f]{2})/([0-9a-f]{2})/([0-9a-f]{2})/([0-9a-f]{2})\.jsonl")
_FORMAT = re.compile(r"dfsubmit ledger in git, layout ([1-9][0-9]{0,8})\n")
_MESSAGE_NAMES = 3
_MESSAGE_LINES = 200


def full_ref(ref: str) -> str:
    """Return `ref` in full: what does not begin with `refs/` is a branch."""
    return ref if ref.startswith("refs/") else f"refs/heads/{ref}"


def without_user(url: str) -> str:
    """Return `url` without the name and password that may stand in it."""
    return re.sub(r"(?<=://)[^/@]*@", "", url)


def segment_path(number: int) -> str:
    """Return the path of segment `number`."""
    first, second, third, fourth = number.to_bytes(4)
    return f"entries/{first:02x}/{second:02x}/{third:02x}/{fourth:02x}.jsonl"


def segment_number(path: str) -> int | None:
    """Return the number of the segment at `path`; None when no segment lies there."""
    found = _SEGMENT.fullmatch(path)
    return int("".join(found.groups()), 16) if found else None


def layout_number(content: bytes) -> int | None:
    """Return the layout that the content of `FORMAT` names; None when it is not dfsubmit's."""
    found = _FORMAT.fullmatch(content.decode("utf-8", "replace"))
    return int(found[1]) if found else None


def place_in_words(place: int) -> str:
    """Return where an entry lies, for messages."""
    segment, line = divmod(place, PLACES)
    return f"{segment_path(segment)} line {line + 1}"


def lines_of(number: int, content: bytes) -> list[str]:
    """Return the lines of a segment. Raises LedgerCorruptError for bytes that dfsubmit does not write."""
    if not content.endswith(b"\n"):
        raise LedgerCorruptError(f"{segment_path(number)} does not end with a whole line")
    try:
        # Not splitlines: it also parts at characters that may stand inside a line.
        return content[:-1].decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise LedgerCorruptError(f"{segment_path(number)} line {line}: byte {error.start} is not ASCII") from error


def segment_of(texts: Iterable[str]) -> bytes:
    """Return the segment with the entries `texts`, as `codec.dumps` writes them."""
    return "".join(f"{text}\n" for text in texts).encode("ascii")


def new_segments(changes: Iterable[tuple[str, str]], known: int) -> int:
    """Return how many segments there are after `changes` (git's status letter, path) to a ledger that had `known`.

    Raises LedgerCorruptError unless they add segments at the end, and nothing else.
    """
    added = []
    for status, path in changes:
        number = segment_number(path)
        if status == "A" and number is not None:
            added.append(number)
        elif not (path in {FORMAT_NAME, README_NAME} and status == "A" and not known):
            what = {"A": "added", "D": "removed"}.get(status, "changed")
            raise LedgerCorruptError(f"{printable(path)} was {what} by something other than dfsubmit")
    if sorted(added) != list(range(known, known + len(added))):
        gap = next(number for number, found in enumerate(sorted(added), known) if number != found)
        raise LedgerCorruptError(f"{segment_path(gap)} is missing, though later segments are there")
    return known + len(added)


def commit_message(entries: Sequence[Entry], *, push: str) -> str:
    """Return what the commit that adds `entries` says: what happened to what, from which commit, by which run.

    `push` is a word that nobody else uses. Without it two processes that append the same in the same second would make
    the same commit, and the slower one would take the other's success for its own.
    """
    first = entries[0]
    events = {entry.event for entry in entries}
    names = list(dict.fromkeys(entry.item.name for entry in entries))
    more = f" and {len(names) - _MESSAGE_NAMES} more" if len(names) > _MESSAGE_NAMES else ""
    what = first.event.value if len(events) == 1 else f"{len(entries)} entries"
    lines = [f"{what}: {', '.join(names[:_MESSAGE_NAMES])}{more}", ""]
    lines += [_message_line(entry) for entry in entries[:_MESSAGE_LINES]]
    if len(entries) > _MESSAGE_LINES:
        lines.append(f"… and {len(entries) - _MESSAGE_LINES} more entries")
    by = first.by
    origin = {"Commit": by.commit, "Run": by.url or by.run, "User": by.user, "Host": f"{by.host} process {by.pid}"}
    origin["Push"] = push
    lines += ["", *(f"{name}: {value}" for name, value in origin.items() if value)]
    return "".join(f"{printable(line)}\n" for line in lines)


def _message_line(entry: Entry) -> str:
    app = f" app {entry.app.id}" if entry.app else ""
    return f"{entry.event.value} {entry.item.key} {entry.item.fingerprint} version {entry.version}{app}"


def printable(text: str) -> str:
    """Return `text` with what could start a line, move a cursor or be no UTF-8 written as an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def commit_stream(*, ref: str, parent: str, number: int, segment: bytes, message: str, seconds: int) -> bytes:
    """Return what `git fast-import` needs to make the commit that adds segment `number`, and to tell its id.

    `parent` is empty for the first commit, `seconds` is its time since 1970.
    """
    files = {segment_path(number): segment}
    if not parent:
        files |= {FORMAT_NAME: FORMAT.encode(), README_NAME: README.encode()}
    parts = [
        f"commit {ref}\nmark :1\ncommitter dfsubmit <dfsubmit@dfsubmit.invalid> {seconds} +0000\n".encode(),
        _data(message.encode("utf-8", "replace")),
        f"from {parent}\n".encode() if parent else b"",
    ]
    for path, content in files.items():
        parts += [f"M 100644 inline {path}\n".encode(), _data(content)]
    return b"".join([*parts, b"\nget-mark :1\ndone\n"])


def _data(content: bytes) -> bytes:
    return b"data %d\n%b\n" % (len(content), content)
