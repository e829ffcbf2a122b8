"""Of DF01xx, what a YAML text is made of and how much of it there may be: encoding, characters, depth, lengths."""

from __future__ import annotations

from dfsubmit.code import Code
from dfsubmit.codes_model import GOOD_APP, added, app
from dfsubmit.diagnostics import Severity


def _error(code: str, title: str, meaning: str, bad: str = "", good: str = "") -> Code:
    return Code(code=code, severity=Severity.ERROR, title=title, meaning=meaning, bad=bad, good=good)


def _warning(code: str, title: str, meaning: str, bad: str = "", good: str = "") -> Code:
    return Code(code=code, severity=Severity.WARNING, title=title, meaning=meaning, bad=bad, good=good)


TEXT_CODES: tuple[Code, ...] = (
    _error(
        "DF0101",
        "not UTF-8",
        """\
A manifest is UTF-8 text, and the byte shown is not part of any. The file was probably saved in an older encoding, such as
EUC-KR or Latin-1. Save it as UTF-8; editors show the encoding in their status line.""",
    ),
    _error(
        "DF0102",
        "UTF-16 or UTF-32",
        """\
The file begins with the mark of another Unicode encoding. Some editors and shells on Windows write it by default. Save the file
as UTF-8.""",
    ),
    _error(
        "DF0103",
        "character that YAML forbids",
        """\
Control characters, NUL and a few others may not stand in YAML. They are invisible, and often come with text that was copied from
a terminal. Remove the character; inside double quotes it can be written as an escape such as `\\x07`.""",
    ),
    _error(
        "DF0104",
        "byte order mark inside the file",
        """\
A byte order mark (U+FEFF) is allowed as the first character of a file and nowhere else. Files that were joined have one in
the middle. It is invisible: delete the start of the line and type it again.""",
        app(("kind:", "\ufeffkind:")),
        GOOD_APP,
    ),
    _error(
        "DF0105",
        "tab",
        """\
YAML is indented with spaces only: a tab has no width of its own, so nobody can tell how deep the line lies. Replace it by
spaces, two for each level, and let the editor insert spaces in YAML files.""",
        app(("  name: bert-finetune", "\tname: bert-finetune")),
        GOOD_APP,
    ),
    _error(
        "DF0123",
        "nested too deeply",
        """\
Lists and mappings may be nested 64 levels deep. The deepest manifest needs 6; a text that goes deeper is meant to exhaust the
program that reads it.""",
        added("args: " + "[" * 70 + "]" * 70),
        GOOD_APP,
    ),
    _error(
        "DF0124",
        "text or key too long",
        """\
A single text may have 65,536 characters, and a key 1,024. Keep long scripts in a file of their own, and let the command run
that.""",
    ),
    _error(
        "DF0125",
        "number too long",
        """\
A number may be written with 100 characters. Quote it if it is a text made of digits.""",
        added("env: {ID: " + "7" * 120 + "}"),
        added("env: {ID: '" + "7" * 120 + "'}"),
    ),
    _error(
        "DF0126",
        "aliases that write out to too much",
        """\
Each alias stands for a copy of what it repeats, and aliases in what is repeated multiply. Written out, this document would have
more than four million characters, so it is not read on. Use fewer aliases of large values.""",
    ),
    _warning(
        "DF0129",
        "bidirectional control character",
        """\
An invisible character changes the direction in which the rest of the line is shown, so that what people read differs from what
is there ("Trojan Source"). Remove it. If a text needs it, write it as an escape inside double quotes, such as `\\u202e`.""",
    ),
    _error(
        "DF0135",
        "too many values",
        """\
A file may have 100,000 values, twice as many as a thousand manifests have. Split the file.""",
    ),
    _error(
        "DF0138",
        "character that only looks like YAML's",
        """\
Blanks other than the space (U+00A0 and its like), the colons of East Asian keyboards and the dashes of print look like the
characters that YAML knows, and mean nothing to it. They come with text from web pages, chats and word processors. Type the
character again. `validate --fix` does it.""",
        app(("namePrefix: bert", "namePrefix:\u00a0bert")),
        GOOD_APP,
    ),
    _warning(
        "DF0141",
        "character that is not what it looks like",
        """\
The text has a blank that is no space, a character that cannot be seen, a dash of print where a word begins, or stands in
typographic quotes, which quote nothing in YAML and are part of the text. The program that gets it reads another text than
people do. Type the character again; if the text needs it, write it as an escape inside double quotes.""",
        app(("command: python train.py", "command: python\u00a0train.py")),
        GOOD_APP,
    ),
)
