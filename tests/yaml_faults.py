"""Texts with one fault each: the place to change stands between « and »; the finding's code, and words of message and help.

A case whose parsers cannot agree says so. Insertion points are empty: «».
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """A marked text, and what must be said about it. `only` is the one parser ("c", "pure") that sees it so."""

    marked: str
    code: str
    message: str = ""
    advice: str = ""
    only: str = ""


FAULTS = {
    # characters
    "control character": Fault("a: x«\x07»y\n", "DF0103", "U+0007"),
    "NUL": Fault("a: «\0»\n", "DF0103", "U+0000"),
    "DEL": Fault("a: «\x7f»\n", "DF0103", "U+007F"),
    "C1 control": Fault("a: é«\x9b»31m\n", "DF0103", "U+009B"),
    "noncharacter": Fault("a: «\ufffe»\n", "DF0103", "U+FFFE"),
    "second byte order mark": Fault("a: 1\n«\ufeff»b: 2\n", "DF0104", "start of the file only"),
    # tabs
    "tab in front of the first key": Fault("«\t»a: 1\n", "DF0105", "must be spaces", "two for each level"),
    "tab in front of a nested key": Fault("a:\n«\t»b: 1\n", "DF0105"),
    "two tabs": Fault("a:\n  b:\n«\t\t»c: 1\n", "DF0105"),
    "tab behind a dash": Fault("-«\t»- a\n", "DF0105", "must be a space", "by a space"),
    # quotes
    "unclosed single quote": Fault("a: «'»x\nb: 1\n", "DF0106", "never closed", "close it with '"),
    "unclosed double quote": Fault('a: «"»x\nb: 1\n', "DF0106", "never closed", 'close it with "'),
    "unclosed quote before a document": Fault("a: «'»x\n---\nb: 1\n", "DF0106"),
    "unclosed quote before a quoted value": Fault('a: «"»x\nb: "y"\nc: 1\n', "DF0106"),
    "unclosed quote before an empty text": Fault('a: «"»x\nb: ""\nc: 1\n', "DF0106", "never closed"),
    "unclosed quote before a comment with an apostrophe": Fault("a: «'»run  # it's fine\nb: 1\n", "DF0106"),
    "quotes that are too many": Fault('a: ""«"»x\n', "DF0106", "never closed"),
    "unclosed quote before a quote in brackets": Fault('a: {b: «"»x, c: "y"}\n', "DF0106", "never closed"),
    "apostrophe in single quotes in brackets": Fault("a: [b, 'it'«s'»]\n", "DF0131", "quoted text ends", "'' for a '"),
    "alias in brackets": Fault("a: {b: «*x», c: 1}\n", "DF0118", "no anchor &x", 'quote the text: "*x"'),
    "at sign in brackets": Fault("a: [«@»x y, z]\n", "DF0112", "", 'quote the text: "@x y"'),
    "template's braces in brackets": Fault("a: {b: «{{» x }}, c: 1}\n", "DF0136", "", 'quote the text: "{{ x }}"'),
    "text behind a quote": Fault('a: "x" «y»\nb: 1\n', "DF0131", "quoted text ends before", "text: '\"x\" y'"),
    "apostrophe in single quotes": Fault("a: 'it's»'\n".replace("s»'", "«s'»"), "DF0131", "", "'' for a '"),
    # escapes
    "unknown escape": Fault('a: "C:«\\d»ata"\n', "DF0113", "\\d is not an escape", "double the backslash"),
    "path of Windows": Fault('a: "C:«\\U»sers"\n', "DF0113", "\\U is not an escape", "double the backslash"),
    "short escape": Fault('a: "«\\x1»"\n', "DF0113"),
    "escape beyond Unicode": Fault('a: "«\\U00110000»"\n', "DF0113", "not the number of a character"),
    "half a surrogate pair": Fault('a: "«\\ud83d»x"\n', "DF0114", "half of a surrogate pair"),
    "surrogate pair as in JSON": Fault('a: "x«\\ud83d»\\ude00"\n', "DF0114", "", "write \\U0001F600 in place of"),
    # brackets
    "unclosed list": Fault("a: «[»1, 2\nb: 3\n", "DF0107", "[ is never closed", "close it with ]"),
    "unclosed list at the end": Fault("a: «[»1, 2\n", "DF0107"),
    "unclosed list before another": Fault("a: «[»1, 2\nb: [3]\nc: 4\n", "DF0107"),
    "unclosed mapping": Fault("a: «{»x: 1\nb: 3\n", "DF0107", "{ is never closed", "close it with }"),
    "unclosed outer bracket": Fault("a: «{»b: [1, 2]\n", "DF0107"),
    "wrong closing bracket": Fault("a: [1, 2«}»\n", "DF0115", "} cannot close the [", "close it with ]"),
    "closing bracket alone": Fault("a: «]»\n", "DF0115", "closes nothing"),
    "closing bracket at the margin": Fault("«}»\n", "DF0115", "closes nothing"),
    "two commas": Fault("a: [1,«,» 2]\n", "DF0131", "nothing in front of this comma"),
    "comma missing": Fault('a: ["x" «"»y"]\n', "DF0131", "a comma or ] must come before"),
    "text behind a bracket": Fault("a: [1] «b»\n", "DF0131", "value ends before"),
    # keys and colons
    "no colon": Fault("a: 1\n«foo»\nb: 2\n", "DF0110", "no colon on this line", "write foo: if it is a key"),
    "no colon on the last line": Fault("a: 1\n«foo»\n", "DF0110"),
    "no colon in front of deeper lines": Fault("«metadata»\n  name: x\n", "DF0110", "", "write metadata:"),
    "no colon on a note": Fault("a: 1\n«-- see above»\nb: 2\n", "DF0110", "", "begin it with #"),
    "text below a bar at the margin of its key": Fault(
        "a:\n  b: |\n  «run x»\n  c: 1\n", "DF0108", "text below | must be indented", "by 4 spaces"
    ),
    "one pair in a value": Fault("a: b«:» c\n", "DF0111", "", "if it is a map: {b: c}"),
    "no colon but a value": Fault("a: 1\n«name x»\nb: 2\n", "DF0110", "", "write name:"),
    "no blank behind the colon": Fault("a: 1\nb«:»2\nc: 3\n", "DF0109", "no blank after this colon"),
    "no blank behind the first colon": Fault("apiVersion«:»v1\nkind: x\n", "DF0109"),
    "no blank behind a colon in brackets": Fault("a: {b«:»1}\n", "DF0109"),
    "no blank in front of a bracket": Fault("x: {a«:»{b: 1}}\n", "DF0109"),
    "colon in a value": Fault("a: b«:» c\n", "DF0111", "cannot have a colon and a blank", 'quote the text: "b: c"'),
    "colon at the end of a value": Fault("a: see«:»\n", "DF0111", "", '"see:"'),
    "no key": Fault("a: 1\n«:» 2\n", "DF0117", "no key in front of this colon"),
    "no key in brackets": Fault("a: {«:» 1}\n", "DF0117"),
    "number as key": Fault("env:\n  «3»: x\n", "DF0117", "this key is a number", 'quote it: "3"'),
    "boolean as key": Fault("«true»: x\n", "DF0117", "this key is a boolean", 'quote it: "true"'),
    "null as key": Fault("«null»: x\n", "DF0117", "this key is null", 'quote it: "null"'),
    "list as key": Fault("? «[»a]\n: x\n", "DF0117", "not a list or a mapping"),
    "template's braces": Fault("a: «{{» x }}\n", "DF0136", "{{ is a template's", 'quote the text: "{{ x }}"'),
    "duplicate key": Fault("a: 1\nb: 2\n«a»: 3\n", "DF0116", '"a" is here a second time', "remove one"),
    "duplicate key in brackets": Fault("x: {a: 1, «a»: 2}\n", "DF0116"),
    "duplicate key in other quotes": Fault("a: 1\n«'a'»: 3\n", "DF0116"),
    "merge key": Fault("a: &a {x: 1}\nb:\n  «<<»: *a\n", "DF0120", "not part of YAML 1.2", 'quote it: "<<"'),
    # indentation
    "between two levels": Fault("a:\n   b: 1\n  «c: 2»\n", "DF0108", "fits no line above", "by 3 or 0 spaces"),
    "deeper than a complete line": Fault("a: 1\n  «b: 2»\n", "DF0108", "deeper than the line above", "left margin"),
    "deeper entry": Fault("- a: 1\n   «b: 2»\n", "DF0108", "", "by 2 or 0 spaces"),
    "less deep than the first line": Fault("  a: 1\n «b: 2»\n", "DF0108", "", "by 2 spaces"),
    "block text not deep enough": Fault("a: |\n  x\n «y: 1»\n", "DF0108"),
    "entry among keys": Fault("a: 1\n«- b»\n", "DF0133", "list entry cannot stand among keys"),
    "key among entries": Fault("- a\n«b: 1»\n", "DF0133", "key cannot stand among list entries"),
    "entry on its key's line": Fault("a: «-» b\n", "DF0134", "cannot start on the line of its key", '"- b"'),
    # first characters
    "at sign": Fault("a: «@»x y # c\n", "DF0112", "cannot begin with @", 'quote the text: "@x y"'),
    "backtick": Fault("a: «`»x`\n", "DF0112"),
    "percent": Fault("a: «%»x\n", "DF0112"),
    "comma": Fault("a: «,» x\n", "DF0112"),
    "question mark and blank": Fault("a: «?» x\n", "DF0112"),
    "question mark and blank beside brackets": Fault("a: «?» x\nb: [1]\n", "DF0112", "", '"? x"'),
    # block scalars
    "text on the line of a bar": Fault("a: |«x»\n  y\n", "DF0130", "after | only a digit"),
    "indentation of 0": Fault("a: >«0»\n  x\n", "DF0130", "after > only a digit"),
    # anchors, aliases, tags
    "unknown alias": Fault("a: «*x»\n", "DF0118", "no anchor &x above", '"*x"'),
    "pattern in place of a text": Fault("a: «*.csv»\n", "DF0118", "", 'quote the text: "*.csv"'),
    "anchor below its alias": Fault("a: «*x»\nb: &x 1\n", "DF0118"),
    "anchor of another document": Fault("a: &x 1\n---\nb: «*x»\n", "DF0118"),
    "alias inside its anchor": Fault("a: &x [«*x»]\n", "DF0119", "stands inside the value that it repeats"),
    "alias deep inside its anchor": Fault("a: &x {b: [{c: «*x»}]}\n", "DF0119"),
    "anchor without a name": Fault("a: «&»\n", "DF0132", "letters, digits"),
    "anchor with a dot": Fault("a: «&a.b» 1\n", "DF0132"),
    "anchor with a colon": Fault("a: «&a:b» 1\n", "DF0132"),
    "unknown tag": Fault("a: «!foo bar»\n", "DF0121", "the tag !foo means nothing"),
    "Python's tag": Fault("a: «!!python/object:os.system x»\n", "DF0121", "!!python/object:os.system"),
    "tag of YAML 1.1": Fault("a: «!!binary aGk=»\n", "DF0121", "!!binary"),
    "tag of a list": Fault("a: «!foo [»1]\n", "DF0121"),
    "undefined handle": Fault("a: «!x!y» z\n", "DF0121"),
    "tag that does not fit": Fault("a: «!!int x»\n", "DF0122", "!!int does not fit"),
    "tag of a text on a list": Fault("a: «!!str [»1]\n", "DF0122", "!!str does not fit"),
    "text like a tag": Fault("a: «!run me»\n", "DF0121", "", 'quote the text: "!run me"'),
    "anchor that nothing repeats": Fault("a: «&run» it\n", "DF0140", "&run is repeated nowhere", '"&run it"'),
    "merge key with an unknown alias": Fault("a:\n  «<<»: *base\n  b: 1\n", "DF0120"),
    "anchor's mark behind a bracket": Fault("a: [ -f x ] «&& run»\n", "DF0131", "", "one text: '[ -f x ] && run'"),
    # what was written for something else
    "template's line": Fault("a: 1\n«{{»- if .b }}\nb: 2\n", "DF0136", "{{ is a template's", "remove the line"),
    "template's statement": Fault("a: 1\n«{%» if b %}\nb: 2\n", "DF0136", "{%"),
    "template's comment": Fault("a: 1\n«{#» b #}\nb: 2\n", "DF0136", "{#"),
    "fence of Markdown": Fault("«```»yaml\na: 1\n", "DF0112", "a listing in Markdown", "the one like it"),
    "web page": Fault("«<!DOCTYPE html>»\n<html><body>no: page</body></html>\n", "DF0128", "HTML or XML"),
    "assignment": Fault("a: 1\n«b = 2»\nc: 3\n", "DF0110", "not with =", "write b: 2"),
    "assignment on the last line": Fault("a:\n  b: 1\n  «EPOCHS=3»\n", "DF0110", "not with =", "write EPOCHS: 3"),
    "comment of another language": Fault('{"a": 1, «// one»\n "b": 2}\n', "DF0131", "begins with #, not with //"),
    "comma missing at the end of a line": Fault('{"a": «1»\n "b": 2}\n', "DF0131", "no comma", "end of the line"),
    # documents and changes
    "conflict": Fault("a: 1\n«<<<<<<< HEAD»\nb: 2\n=======\nb: 3\n>>>>>>> x\nc: 4\n", "DF0137", "conflict of git"),
    "conflict with its base": Fault(
        "a: 1\n«<<<<<<< HEAD»\nb: 2\n||||||| base\nb: 1\n=======\nb: 3\n>>>>>>> x\n", "DF0137", "conflict of git"
    ),
    "beginning of a conflict": Fault("a: 1\n«<<<<<<< HEAD»\nb: 2\n", "DF0137", "", "remove the lines"),
    "two manifests in a row": Fault(
        "apiVersion: v\nkind: A\n«apiVersion»: v\nkind: A\n", "DF0139", "a second manifest begins here", "line with ---"
    ),
    "two documents in brackets": Fault("{a: 1}\n«{»b: 2}\n", "DF0139", "a second document begins here"),
    "separator with a dash too many": Fault("a: 1\n«----»\nb: 2\n", "DF0139", "three dashes", "write it as ---"),
    "separator with a dash too few": Fault("a: 1\n«--»\nb: 2\n", "DF0139", "three dashes"),
    "separator that is indented": Fault("a:\n  b: 1\n «---»\nc: 2\n", "DF0139", "at the left margin"),
    # characters that are not what they look like
    "no-break space for indentation": Fault("a:\n  b: 1\n«\u00a0»\u00a0c: 2\n", "DF0138", "U+00A0 (no-break space)"),
    "no-break space behind a colon": Fault("a:«\u00a0»1\n", "DF0138", "", "write a space"),
    "no-break space in front of a colon": Fault("a«\u00a0»: 1\n", "DF0138"),
    "no-break space at the end": Fault("a: 1«\u00a0»\nb: 2\n", "DF0138"),
    "no-break space in front of a comment": Fault("a: 1«\u00a0»# one\n", "DF0138"),
    "no-break space behind a dash": Fault("- a\n-«\u00a0»b\n", "DF0138"),
    "ideographic space for indentation": Fault("a:\n  b: 1\n«\u3000»c: 2\n", "DF0138", "U+3000 (ideographic space)"),
    "full-width colon": Fault("a: 1\nb«\uff1a»2\nc: 3\n", "DF0138", "U+FF1A (fullwidth colon)", "write : in"),
    "dash of print": Fault("a:\n  «\u2013» b: 1\n    c: 2\n", "DF0138", "U+2013 (en dash)", "write - in"),
    "no blank behind a dash": Fault("a:\n  «-»b: 1\n    c: 2\n", "DF0109", "no blank after this dash"),
    "no-break space in a text": Fault("a: run«\u00a0»fast\n", "DF0141", "looks like a space"),
    "no-break space in quotes": Fault("a: '«\u00a0»run'\n", "DF0141"),
    "character without a width": Fault("a: run«\u200b»fast\n", "DF0141", "cannot be seen", "remove it"),
    "line separator": Fault("a: run«\u2028»fast\n", "DF0141", "U+2028 (line separator)"),
    "typographic quotes": Fault("a: «\u201c3\u201d»\n", "DF0141", "quotes nothing", 'write "3"'),
    "dash of print for an option": Fault("a: run «\u2014»fast\n", "DF0141", "U+2014 (em dash)", "write --"),
    # limits
    "long number": Fault("a: «" + "9" * 101 + "»\n", "DF0125", "too long"),
    # directives and documents
    "YAML 1.1": Fault("«%YAML 1.1»\n---\na: 1\n", "DF0127", "YAML 1.2"),
    "YAML 3.0": Fault("«%YAML 3.0»\n---\na: 1\n", "DF0127"),
    "unknown directive": Fault("«%FOO bar»\n---\na: 1\n", "DF0127"),
    "directive without a document": Fault("%YAML 1.2\n«a: 1»\n", "DF0127", "a line with --- must come"),
    "empty file": Fault("«»", "DF0010", "no document"),
    "only comments": Fault("«»# nothing\n\n# here\n", "DF0010", "no document"),
    "only a marker": Fault("«---»\n", "DF0011", "empty"),
    "empty document at the end": Fault("a: 1\n«---»\n", "DF0011"),
    "empty document in between": Fault("a: 1\n«---»\n# nothing\n---\nb: 2\n", "DF0011"),
    # looks
    "bidirectional override": Fault("a: x«\u202e»y\n", "DF0129", "right-to-left override (U+202E)"),
    "bidirectional isolate in a comment": Fault("a: 1 # «\u2066»y\n", "DF0129", "U+2066"),
    # what only one of the parsers refuses
    "tab in a word": Fault("a: 1\nb«\t»c: 2\n", "DF0105", only="pure"),
    "tab in a block text": Fault("a: |\n«\t»x\n", "DF0105"),
}


def unmarked(marked: str) -> tuple[str, int, int]:
    """Return the text without its marks, and where they stood."""
    before, _, rest = marked.partition("«")
    inside, _, after = rest.partition("»")
    return before + inside + after, len(before), len(before) + len(inside)
