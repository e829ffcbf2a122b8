"""Of DF01xx, how a YAML text is written: quotes and brackets, keys and values, anchors, tags, documents."""

from __future__ import annotations

from dfsubmit.code import Code
from dfsubmit.codes_model import GOOD_APP, added, app
from dfsubmit.diagnostics import Severity

_ENV = added("env: {EPOCHS: '3'}")
_ARGS = added('args: "--note: short"')
_SECOND = GOOD_APP + "---\n" + app(("bert-finetune", "bert-small"))


def _error(code: str, title: str, meaning: str, bad: str = "", good: str = "") -> Code:
    return Code(code=code, severity=Severity.ERROR, title=title, meaning=meaning, bad=bad, good=good)


def _warning(code: str, title: str, meaning: str, bad: str = "", good: str = "") -> Code:
    return Code(code=code, severity=Severity.WARNING, title=title, meaning=meaning, bad=bad, good=good)


YAML_CODES: tuple[Code, ...] = (
    _error(
        "DF0106",
        "quote never closed",
        """\
A text that begins with a quote ends with the same quote, and this one does not, or only on a later line where another text
begins. Close it where the text ends.""",
        app(("command: python train.py", 'command: "python train.py')),
        app(("command: python train.py", 'command: "python train.py"')),
    ),
    _error(
        "DF0107",
        "bracket never closed",
        """\
A list that begins with `[` ends with `]`, and a mapping that begins with `{` ends with `}`. Close the bracket that is shown.""",
        added("env: {EPOCHS: '3'"),
        _ENV,
    ),
    _error(
        "DF0108",
        "indentation",
        """\
The line begins in a column where no mapping or list around it begins, or it is indented below a line that is complete. All
keys of one mapping begin in the same column, and what belongs to a key is indented deeper than the key.""",
        app(("  namePrefix:", "   namePrefix:")),
        GOOD_APP,
    ),
    _error(
        "DF0109",
        "no blank after a colon or a dash",
        """\
A colon ends a key only when a blank or the end of the line follows; without one it is part of the text, as in `http://…`. In the
same way a dash begins a list entry only with a blank behind it. Put a blank after the colon, or after the dash.""",
        app(("namePrefix: bert", "namePrefix:bert")),
        GOOD_APP,
    ),
    _error(
        "DF0110",
        "no colon",
        """\
In a mapping every line has a key and a colon, or goes on with the value above and is then indented deeper than its key. This
line has no colon. Add it if the line is a key; indent the line, or quote the value, if it is part of the text above.""",
        app(("metadata:", "metadata")),
        GOOD_APP,
    ),
    _error(
        "DF0111",
        "colon in an unquoted text",
        """\
A colon followed by a blank ends a key, so it cannot stand in a text without quotes. Quote the whole text.""",
        added("args: --note: short"),
        _ARGS,
    ),
    _error(
        "DF0112",
        "text begins with a special character",
        """\
A text without quotes cannot begin with a character that means something else in YAML, or is reserved, such as `@`, `%` or a
backtick. Quote the whole text.""",
        added("args: @params.txt"),
        added('args: "@params.txt"'),
    ),
    _error(
        "DF0113",
        "unknown escape",
        """\
In double quotes a backslash begins an escape such as `\\n`, and this is none that YAML knows. Double the backslash to mean
one, as in `"C:\\\\data"`, or use single quotes, in which a backslash means itself.""",
        added('args: "--pattern \\d+"'),
        added("args: '--pattern \\d+'"),
    ),
    _error(
        "DF0114",
        "half of a surrogate pair",
        """\
JSON writes characters beyond U+FFFF as two escapes, for example `\\ud83d\\ude00`. YAML does not: each half is no character. Write
the character itself, or its whole number as `\\U0001F600`.""",
        added('args: "--mark \\ud83d\\ude00"'),
        added('args: "--mark \\U0001F600"'),
    ),
    _error(
        "DF0115",
        "bracket that closes nothing",
        """\
A closing bracket stands where none is open, or where one of the other kind is. Remove it or correct it; quote the text if the
bracket belongs to one.""",
        added("exposeTcpPorts: [6006}"),
        added("exposeTcpPorts: [6006]"),
    ),
    _error(
        "DF0116",
        "duplicate key",
        """\
A mapping has the same key twice. Many programs silently take the last one, which hides the other. Both places are shown: remove
one of them.""",
        app(("  namePrefix: bert\n", "  namePrefix: bert\n  namePrefix: gpt\n")),
        GOOD_APP,
    ),
    _error(
        "DF0117",
        "key that is not a text",
        """\
Keys are texts. Without quotes, `3` is a number, `true` a boolean and `null` nothing, and a list or a mapping can be no key at
all. Quote the key.""",
        app(("  name: bert-finetune\n", "  name: bert-finetune\n  labels: {2024: spring}\n")),
        app(("  name: bert-finetune\n", "  name: bert-finetune\n  labels: {'2024': spring}\n")),
    ),
    _error(
        "DF0118",
        "unknown alias",
        """\
An unquoted text that begins with `*` repeats the value that was marked with `&` and the same name further up in the same
document, and there is none. Mark the value, or quote the text if it is one, such as `"*.csv"`.""",
        added("args: *.csv"),
        added('args: "*.csv"'),
    ),
    _error(
        "DF0119",
        "alias inside its own anchor",
        """\
The alias repeats a value that it is part of, so the value would never end. Write out what was meant.""",
        added("env: &env {A: b, C: *env}"),
        added("env: {A: b, C: d}"),
    ),
    _error(
        "DF0120",
        "merge key",
        """\
The key `<<` merged another mapping into this one in YAML 1.1. YAML 1.2, which manifests are written in, has no such key, and
programs that read it differ. Write the keys out. Quote the key if it is really named so.""",
        added("env: {A: b}", "<<: {args: x}"),
        added("env: {A: b}", "args: x"),
    ),
    _error(
        "DF0121",
        "unknown tag",
        """\
An unquoted text that begins with `!` is a tag, which says of what type the value after it is. Only the tags of the core schema
mean something in a manifest, and no manifest needs them. Remove the tag, or quote the text if it is one.""",
        added("args: !important --fast"),
        added('args: "!important --fast"'),
    ),
    _error(
        "DF0122",
        "tag that does not fit",
        """\
The tag says that the value is of one type, and the value is written as another. Remove the tag.""",
        added("exposeTcpPorts: [!!int tensorboard]"),
        added("exposeTcpPorts: [6006]"),
    ),
    _error(
        "DF0127",
        "directive",
        """\
A line that begins with `%` in front of a document is a directive. Manifests are YAML 1.2, so `%YAML 1.2` says nothing new, and
any other version or directive cannot be followed. Remove the line.""",
        "%YAML 1.1\n---\n" + GOOD_APP,
        GOOD_APP,
    ),
    _error(
        "DF0128",
        "not YAML",
        """\
The text cannot go on here as it does, and no more is known about why. The place is where reading ended; the fault may be above
it. Look for a quote or bracket that is not closed, and for a colon or comma that is missing.""",
    ),
    _error(
        "DF0130",
        "head of a block text",
        """\
After `|` or `>` the line may have a digit from 1 to 9 (the indentation), `+` or `-` (what becomes of the last line breaks), and a
comment. The text itself begins on the next line, indented.""",
        added("args: |--fast", "  --loud"),
        added("args: |", "  --fast", "  --loud"),
    ),
    _error(
        "DF0131",
        "value goes on where it has ended",
        """\
A closing quote or bracket ends the value, and something else follows; or in a list or mapping in brackets a comma is missing
or stands without a value. Quote the whole text if it is one; separate two values with a comma.""",
        added('args: "--name" bert'),
        added("args: '\"--name\" bert'"),
    ),
    _error(
        "DF0132",
        "name of an anchor",
        """\
An unquoted text that begins with `&` marks the value after it with a name, so that an alias can repeat it. The name is made of
letters, digits, `-` and `_`. Rename the anchor, or quote the text if it is one.""",
        added("args: &fast.mode --fast", "env: {MODE: *fast}"),
        added("args: &fast-mode --fast", "env: {MODE: *fast-mode}"),
    ),
    _error(
        "DF0133",
        "list entries and keys mixed",
        """\
What stands in one column below a key is either a list, each entry with a dash, or a mapping, each line with a key. This line is
of the other kind than those above it.""",
        app(("    command: python train.py\n", "    - command: python train.py\n")),
        GOOD_APP,
    ),
    _error(
        "DF0134",
        "list entry on the line of its key",
        """\
A list with dashes begins on the line below its key, one entry on each line. On one line, a list is written in brackets. Quote
the text if it only begins with a dash and a blank.""",
        added("exposeTcpPorts: - 6006"),
        added("exposeTcpPorts: [6006]"),
    ),
    _error(
        "DF0136",
        "template that was not filled in",
        """\
Braces such as `{{ }}`, `{% %}` or `{# #}` are Jinja's, Helm's or another template engine's. A manifest is not a template, and
nothing fills it in: in YAML they are a mapping in a mapping, or nothing at all. Fill the template in before dfsubmit reads it, or
quote the text if the braces belong to it.""",
        added("args: {{ args }}"),
        added('args: "{{ args }}"'),
    ),
    _error(
        "DF0137",
        "unsettled merge conflict",
        """\
Git could not merge two changes, and left both of them in the file between lines of `<<<<<<<`, `=======` and `>>>>>>>`. Keep
what is right of the two, and remove the three lines.""",
        app(("  namePrefix: bert\n", "<<<<<<< HEAD\n  namePrefix: ber\n=======\n  namePrefix: gpt\n>>>>>>> x\n")),
        GOOD_APP,
    ),
    _error(
        "DF0139",
        "line between two documents",
        """\
Several manifests in one file are separated by lines of exactly three dashes at the left margin. The line is missing here, is
indented, or has more or fewer dashes.""",
        GOOD_APP + app(("bert-finetune", "bert-small")),
        _SECOND,
    ),
    _warning(
        "DF0140",
        "anchor that nothing repeats",
        """\
An unquoted text that begins with `&` marks the value after it with a name, so that an alias `*name` can repeat it. No alias
does. Often the `&` was meant as part of the text: then quote it, because the mark is not part of the value.""",
        app(("command: python train.py", "command: &run python train.py")),
        GOOD_APP,
    ),
)
