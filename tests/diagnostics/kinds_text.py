"""Kinds of faults in the text of a file: what is no YAML, no UTF-8, or not the YAML that manifests are written in."""

from __future__ import annotations

import bases
from manuscript import Manuscript, Place, Raw, Twice, line_and_column
from mutants import Draft, Fault, Mutant, at_key, at_value, cut, kind, put, scalar_lines

HALF = 0.5
ENV = ("spec", "docker", "env")
TEXTS = [
    ("spec", "docker", "command"),
    ("spec", "docker", "args"),
    ("metadata", "labels", "team"),
    ("spec", "queueName"),
]


def _raw(draft: Draft, raw: str, code: str, *, at: int = 0, help_text: str = "", block: bool = False) -> Fault | None:
    """Write `raw` in place of a text; the fault is at its character `at`. `block` says that it is one only outside brackets."""
    path = draft.rng.choice(TEXTS)
    if not put(draft, path, Raw(raw)):
        return None
    made = draft.write(tidy=block or draft.rng.random() < HALF)
    return Fault(text=made.text, offset=made.places[0, *path].value + at, code=code, help=help_text)


def _line(draft: Draft, *, deep: bool = False) -> tuple[str, Place, str] | None:
    """Return the text and a key that stands on a line of its own with its value, and that line."""
    made, lines = scalar_lines(draft)
    fitting = [place for place in lines if not deep or (place.indent and not place.first)]
    if not fitting:
        return None
    place = draft.rng.choice(fitting)
    end = made.text.find("\n", place.key)
    return made.text, place, made.text[place.key : end]


def _start(text: str, offset: int) -> int:
    return text.rfind("\n", 0, offset) + 1


@kind("tab for indentation")
def _tab(draft: Draft) -> Fault | None:
    found = _line(draft, deep=True)
    if found is None:
        return None
    text, place, _ = found
    start = _start(text, place.key)
    return Fault(text=cut(text, start, place.key, "\t"), offset=start, code="DF0105", help="replace it by spaces")


@kind("key indented deeper than the one above")
def _deeper(draft: Draft) -> Fault | None:
    made, lines = scalar_lines(draft)
    by_line = {line_and_column(made.text, place.key)[0]: place for place in lines}
    # The line above has a key of the same mapping, with its value.
    pairs = [
        place
        for line, place in by_line.items()
        if not place.first and line - 1 in by_line and by_line[line - 1].indent == place.indent
    ]
    if not pairs:
        return None
    place = draft.rng.choice(pairs)
    more = draft.rng.choice([1, 2, 4])
    text = cut(made.text, place.key, place.key, " " * more)
    return Fault(
        text=text, offset=place.key + more, code="DF0108", help="start it at" if not place.indent else "indent it by"
    )


@kind("key indented less than its neighbours")
def _shallower(draft: Draft) -> Fault | None:
    found = _line(draft, deep=True)
    if found is None:
        return None
    text, place, _ = found
    text = cut(text, place.key - 1, place.key, "")
    return Fault(text=text, offset=place.key - 1, code="DF0108", help="indent it by")


@kind("quote that is not closed")
def _open_quote(draft: Draft) -> Fault | None:
    mark = draft.rng.choice("'\"")
    return _raw(draft, f"{mark}run me", "DF0106", help_text=f"close it with {mark}")


@kind("bracket that is not closed")
def _open_bracket(draft: Draft) -> Fault | None:
    mark = draft.rng.choice("[{")
    path = ("spec", "docker", "exposeTcpPorts") if mark == "[" else ENV
    put(draft, path, Raw("[6006, 8080" if mark == "[" else "{MODE: fast"))
    made = draft.write(tidy=True)
    close = "]" if mark == "[" else "}"
    return Fault(text=made.text, offset=made.places[0, *path].value, code="DF0107", help=f"close it with {close}")


@kind("bracket that closes nothing")
def _stray_bracket(draft: Draft) -> Fault | None:
    mark = draft.rng.choice("]}")
    return _raw(draft, mark, "DF0115", help_text="remove it", block=True)


@kind("duplicate key")
def _duplicate(draft: Draft) -> Fault | None:
    paths = [path for path in draft.paths() if isinstance(path[-1], str)]
    path = draft.rng.choice(paths)
    parent = draft.at(*path[:-1])
    again = Twice(path[-1])
    parent[again] = draft.rng.choice([parent[path[-1]], "other"])
    return at_key(draft, (*path[:-1], again), "DF0116", "remove one")


@kind("no colon behind a key")
def _no_colon(draft: Draft) -> Fault | None:
    found = _line(draft, deep=True)
    if found is None:
        return None
    text, place, line = found
    if not line.split(":", 1)[1].strip().isalnum() or '"' in line:
        return None
    colon = place.key + line.index(":")
    return Fault(text=cut(text, colon, colon + 1, ""), offset=place.key, code="DF0110", help="write ")


@kind("no blank behind a colon")
def _no_blank(draft: Draft) -> Fault | None:
    found = _line(draft, deep=True)
    if found is None:
        return None
    text, place, line = found
    key, _, value = line.partition(": ")
    if not value.strip().isalnum() or '"' in line:
        return None
    colon = place.key + len(key)
    return Fault(text=cut(text, colon + 1, colon + 2, ""), offset=colon, code="DF0109", help="put a blank")


@kind("colon and blank in an unquoted text")
def _colon(draft: Draft) -> Fault | None:
    return _raw(draft, "run: fast", "DF0111", at=3, help_text='quote the text: "run: fast"', block=True)


@kind("unquoted text that begins with a reserved character")
def _indicator(draft: Draft) -> Fault | None:
    raw = draft.rng.choice(["@home", "`run`", "%done", ",x"])
    return _raw(draft, raw, "DF0112", help_text=f'quote the text: "{raw}"', block=raw[0] == ",")


@kind("alias without an anchor")
def _alias(draft: Draft) -> Fault | None:
    raw = draft.rng.choice(["*default", "*.csv", "*common-env"])
    return _raw(draft, raw, "DF0118", help_text=f'"{raw}"')


@kind("merge key")
def _merge(draft: Draft) -> Fault | None:
    shared = draft.at("metadata")
    if "labels" not in shared or not put(draft, ENV, {"MODE": "fast", Raw("<<"): Raw("*shared")}):
        return None
    draft.data = {key: draft.data[key] for key in ("apiVersion", "kind", "metadata", "spec")}
    shared["labels"] = Raw("&shared {team: nlp}")
    return at_key(draft, (*ENV, Raw("<<")), "DF0120")


@kind("tag that means nothing")
def _tag(draft: Draft) -> Fault | None:
    return _raw(
        draft, draft.rng.choice(["!secret x", "!Ref x", "!!binary aGk=", "!!python/name:os.system x"]), "DF0121"
    )


@kind("tag that does not fit")
def _wrong_tag(draft: Draft) -> Fault | None:
    return _raw(draft, draft.rng.choice(["!!int x", "!!float x", "!!bool maybe"]), "DF0122")


@kind("escape that does not exist")
def _escape(draft: Draft) -> Fault | None:
    raw, at = draft.rng.choice([(r'"C:\data"', 3), (r'"a\q"', 2), (r'"\x1"', 1)])
    return _raw(draft, raw, "DF0113", at=at, help_text="double the backslash")


@kind("half of a surrogate pair")
def _surrogate(draft: Draft) -> Fault | None:
    return _raw(draft, r'"go \ud83d"', "DF0114", at=4)


@kind("key that is no text")
def _key(draft: Draft) -> Fault | None:
    raw = draft.rng.choice(["3", "true", "null", "1.5"])
    if not put(draft, ENV, {"MODE": "fast", Raw(raw): "x"}):
        return None
    return at_key(draft, (*ENV, Raw(raw)), "DF0117", f'quote it: "{raw}"')


@kind("text behind a quoted text")
def _behind_quote(draft: Draft) -> Fault | None:
    return _raw(draft, '"run" fast', "DF0131", at=6, block=True)


@kind("quote inside a quoted text")
def _inner_quote(draft: Draft) -> Fault | None:
    return _raw(draft, "'it's'", "DF0131", at=4, help_text="''")


@kind("list on the line of its key")
def _inline_list(draft: Draft) -> Fault | None:
    return _raw(draft, "- run", "DF0134", block=True)


@kind("list's entry among keys")
def _entry(draft: Draft) -> Fault | None:
    found = _line(draft, deep=True)
    if found is None:
        return None
    text, place, _ = found
    start = _start(text, place.key)
    entry = text[start : place.key] + "- stray\n"
    if text[start : place.key].strip():
        return None
    return Fault(text=cut(text, start, start, entry), offset=place.key, code="DF0133", help="indent it")


@kind("text on the line of a bar")
def _block_header(draft: Draft) -> Fault | None:
    raw = draft.rng.choice(["|run", ">run", "| run"])
    return _raw(draft, raw, "DF0130", at=raw.index("r"), help_text="next line", block=True)


@kind("anchor with an odd name")
def _anchor(draft: Draft) -> Fault | None:
    return _raw(draft, draft.rng.choice(["&a.b x", "&a:b x"]), "DF0132")


@kind("control character")
def _control(draft: Draft) -> Fault | None:
    character = draft.rng.choice("\x00\x07\x1b\x7f")
    return _raw(draft, f"a{character}b", "DF0103", at=1)


@kind("character that turns the direction of text")
def _bidi(draft: Draft) -> Fault | None:
    character = draft.rng.choice("\u202e\u202d\u2066\u2067")
    return _raw(draft, f"a{character}b", "DF0129", at=1)


@kind("byte order mark inside the file")
def _mark(draft: Draft) -> Fault | None:
    made, lines = scalar_lines(draft)
    place = draft.rng.choice([place for place in lines if line_and_column(made.text, place.key)[0] > 1])
    start = _start(made.text, place.key)
    return Fault(text=cut(made.text, start, start, "\ufeff"), offset=start, code="DF0104")


@kind("byte that is not UTF-8")
def _bytes(draft: Draft) -> Fault | None:
    raw, at = draft.rng.choice([("caf\udce9", 3), ("\udcc7\udcd1", 0)])
    return _raw(draft, raw, "DF0101", at=at)


@kind("UTF-16")
def _utf16(draft: Draft) -> Mutant | None:
    text = draft.write().text
    return Mutant(
        kind="",
        files=(("demo.yaml", text.encode("utf-16")),),
        path="demo.yaml",
        code="DF0102",
        line=1,
        column=1,
        help="UTF-8",
        sound=(("demo.yaml", text.encode()),),
    )


@kind("empty document")
def _empty_document(draft: Draft) -> Fault | None:
    text = draft.write().text
    return Fault(text=f"{text}---\n", offset=len(text), code="DF0011")


@kind("empty file")
def _empty_file(draft: Draft) -> Mutant | None:
    text = draft.rng.choice(["", "\n", "# nothing here yet\n", "# a\n\n# b\n"])
    sound = draft.write().text
    return Mutant(
        kind="",
        files=(("demo.yaml", text.encode()),),
        path="demo.yaml",
        code="DF0010",
        line=1,
        column=1,
        sound=(("demo.yaml", sound.encode()),),
    )


@kind("directive of another YAML")
def _directive(draft: Draft) -> Fault | None:
    line = draft.rng.choice(["%YAML 1.1", "%FOO bar"])
    return Fault(text=f"{line}\n---\n{draft.write().text}", offset=0, code="DF0127", help="remove the line")


@kind("long integer")
def _long(draft: Draft) -> Fault | None:
    path = ("spec", "resource", "gpuCount")
    if not put(draft, path, Raw("9" * 101)):
        return None
    return at_value(draft, path, "DF0125")


@kind("no colon behind a section's key")
def _no_section_colon(draft: Draft) -> Fault | None:
    made = draft.write(tidy=True)
    path = draft.rng.choice([("metadata",), ("spec", "docker"), ("spec", "resource"), ("spec", "data")])
    if (0, *path) not in made.places:
        return None
    start = made.places[0, *path].key
    colon = start + len(path[-1])
    return Fault(text=cut(made.text, colon, colon + 1, ""), offset=start, code="DF0110", help=f"write {path[-1]}:")


@kind("comma left out between brackets")
def _no_comma(draft: Draft) -> Fault | None:
    path = ("spec", "docker", "exposeTcpPorts")
    put(draft, path, Raw('["6006" "8080"]'))
    made = draft.write()
    return Fault(text=made.text, offset=made.places[0, *path].value + len('["6006" '), code="DF0131", help="comma")


@kind("wrong closing bracket")
def _wrong_bracket(draft: Draft) -> Fault | None:
    path = ("spec", "docker", "exposeTcpPorts")
    put(draft, path, Raw("[6006, 8080}"))
    made = draft.write(tidy=True)
    return Fault(text=made.text, offset=made.places[0, *path].value + len("[6006, 8080"), code="DF0115", help="]")


@kind("template's braces")
def _template(draft: Draft) -> Fault | None:
    return _raw(draft, "{{ name }}", "DF0136", help_text='"{{ name }}"')


def _between(draft: Draft, *lines: str) -> Fault | None:
    """Put lines between two keys of one section; the fault is at the first of them."""
    found = _line(draft, deep=True)
    if found is None:
        return None
    text, place, _ = found
    start = _start(text, place.key)
    added = "".join(f"{line}\n" for line in lines)
    return Fault(text=cut(text, start, start, added), offset=start, code="")


@kind("conflict of git")
def _conflict(draft: Draft) -> Fault | None:
    found = _line(draft)
    if found is None:
        return None
    text, place, line = found
    start, end = _start(text, place.key), text.find("\n", place.key) + 1
    own = text[start:end]
    sides = f"<<<<<<< HEAD\n{own}=======\n{own.replace(line, line + 'x')}>>>>>>> topic\n"
    return Fault(text=cut(text, start, end, sides), offset=start, code="DF0137", help="keep what is right")


@kind("template's line")
def _template_line(draft: Draft) -> Fault | None:
    line = draft.rng.choice(["{{- if .Values.gpu }}", "{% if gpu %}", "{# old #}"])
    made = _between(draft, line)
    return made and Fault(text=made.text, offset=made.offset, code="DF0136", help="fill the template in")


@kind("no-break space in place of a space")
def _no_break(draft: Draft) -> Fault | None:
    found = _line(draft, deep=True)
    if found is None:
        return None
    text, place, line = found
    at = place.key + line.index(":") + 1
    places = [place.key - 1, at, place.key + len(line)]
    chosen = draft.rng.choice(places)
    odd = draft.rng.choice("\u00a0\u2003\u202f")
    end = chosen if chosen == places[-1] else chosen + 1
    return Fault(text=cut(text, chosen, end, odd), offset=chosen, code="DF0138", help="write a space")


@kind("no-break space in a text")
def _no_break_inside(draft: Draft) -> Fault | None:
    odd = draft.rng.choice("\u00a0\u3000")
    return _raw(draft, f"run{odd}fast", "DF0141", at=3, help_text="write a space")


@kind("typographic quotes")
def _typographic(draft: Draft) -> Fault | None:
    raw = draft.rng.choice(["\u201crun\u201d", "\u2018run\u2019", "\u201erun\u201c"])
    return _raw(draft, raw, "DF0141", help_text='write "run"')


@kind("full-width colon")
def _full_width(draft: Draft) -> Fault | None:
    found = _line(draft, deep=True)
    if found is None:
        return None
    text, place, line = found
    at = place.key + line.index(":")
    return Fault(text=cut(text, at, at + 1, "\uff1a"), offset=at, code="DF0138", help="write :")


@kind("equals sign in place of a colon")
def _equals(draft: Draft) -> Fault | None:
    found = _line(draft, deep=True)
    if found is None:
        return None
    text, place, line = found
    key, _, value = line.partition(": ")
    if not value.isalnum() or '"' in line:
        return None
    at = place.key + len(key)
    return Fault(text=cut(text, at, at + 2, " = "), offset=place.key, code="DF0110", help=f"write {key}: {value}")


@kind("no line between two manifests")
def _no_marker(draft: Draft) -> Mutant | None:
    first = Manuscript.of(draft.rng, draft.data).text
    second = Manuscript.of(draft.rng, bases.app(draft.rng, "other", full=True), tidy=True)
    line, _ = line_and_column(first + second.text, len(first))
    return Mutant(
        kind="",
        files=(("demo.yaml", (first + second.text).encode()),),
        path="demo.yaml",
        code="DF0139",
        line=line,
        column=1,
        help="line with ---",
        sound=(("demo.yaml", first.encode()), ("other.yaml", second.text.encode())),
    )


@kind("anchor in place of a text")
def _unused_anchor(draft: Draft) -> Fault | None:
    return _raw(draft, "&run fast", "DF0140", help_text='"&run fast"')


@kind("text below a bar that is not indented")
def _shallow_block(draft: Draft) -> Fault | None:
    path = ("spec", "docker", "command")
    put(draft, path, Raw("|"))
    made = draft.write(tidy=True)
    start = made.text.find("\n", made.places[0, *path].value) + 1
    indent = made.places[0, *path].indent or 0
    line = " " * indent + "python train.py\n"
    return Fault(text=cut(made.text, start, start, line), offset=start + indent, code="DF0108", help="indent all lines")


@kind("path of Windows in double quotes")
def _windows(draft: Draft) -> Fault | None:
    return _raw(draft, r'"C:\Users\me"', "DF0113", at=3, help_text="double the backslash")
