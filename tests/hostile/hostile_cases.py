"""Files that somebody could send to do harm, by name: made when asked for, because some are a megabyte.

Each stands for a way to cost a reader time, memory or trust. What fuzzing found lies beside this file, in `corpus/`.
"""

# a case is a line, however long
from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

CORPUS = Path(__file__).with_name("corpus")
MEGABYTE = 1_048_576

APP = """\
apiVersion: dfsubmit/v1
kind: AiApp
metadata: {name: bert}
spec:
  aiWorkspaceId: a1
  namePrefix: bert
  docker: {image: "i:1", command: c}
"""
PROJECT = """\
apiVersion: dfsubmit/v1
kind: Project
metadata: {name: nlp}
"""
_INVISIBLE = "\u202e\u2066\u2069\u200b\u00ad\ufeff\u061c\u2028\u2029\x85\x9b\x1b[2J\x07\x7f\ue000\ufffe"


def _app(old: str, new: str) -> str:
    assert old in APP
    return APP.replace(old, new)


def _env(*lines: str) -> str:
    return APP.replace("docker: {", "docker:\n    env:\n" + "".join(f"      {line}\n" for line in lines) + "    #{")


def _bomb(levels: int, width: int) -> str:
    lines = ["a0: &a0 [x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels)]
    return "\n".join(lines) + "\n"


def _names(count: int) -> str:
    return "".join(_app("bert}", f"bert, labels: {{n: '{number}'}}}}") + "---\n" for number in range(count))


def _to_the_limit(line: str) -> str:
    return line * ((MEGABYTE - 2) // len(line.encode()))


_TEXTS: Mapping[str, Callable[[], str]] = {
    # aliases
    "alias bomb": lambda: _bomb(30, 10),
    "alias bomb in a manifest": lambda: _app("command: c}", "command: c, env: {a: &a [b, b]}}") + _bomb(12, 9),
    "alias of itself": lambda: "a: &a [*a]\n",
    "aliases in a circle": lambda: "a: &a {b: &b {c: *a}}\nd: *b\n",
    "merge of itself": lambda: "a: &a\n  <<: *a\n",
    "merge of many": lambda: "a: &a {x: 1}\nb:\n  <<: [" + "*a, " * 20_000 + "*a]\n",
    "merges on merges": lambda: (
        "a0: &a0 {k: v}\n" + "".join(f"a{n}: &a{n} {{<<: *a{n - 1}, k{n}: v}}\n" for n in range(1, 3000))
    ),
    "many anchors": lambda: "".join(f"k{n}: &a{n} v\n" for n in range(15_000)),
    "many aliases": lambda: "a: &a v\nb: [" + "*a, " * 100_000 + "]\n",
    "one anchor again and again": lambda: "a: &a 1\n" * 50_000,
    "unknown aliases": lambda: "".join(f"k{n}: *nope{n}\n" for n in range(50_000)),
    # depth
    "deep flow list": lambda: "[" * 100_000,
    "deep flow list, closed": lambda: "[" * 50_000 + "]" * 50_000,
    "deep flow mapping": lambda: "{a: " * 100_000,
    "deep block list": lambda: "- " * 100_000,
    "deep block mapping": lambda: "".join(f"{' ' * n}a:\n" for n in range(1300)),
    "deep question marks": lambda: "? " * 100_000,
    "deep in a manifest": lambda: _app("{image", "{args: " + "[" * 500 + "]" * 500 + ", image"),
    # size
    "huge plain scalar": lambda: "a: " + "x" * 1_000_000,
    "huge quoted scalar": lambda: 'a: "' + "x" * 1_000_000 + '"\n',
    "huge unclosed scalar": lambda: 'a: "' + "x" * 1_000_000,
    "huge block scalar": lambda: "a: |\n" + "  x\n" * 200_000,
    "huge key": lambda: "x" * 1_000_000 + ": 1\n",
    "huge quoted key": lambda: '"' + "x" * 1_000_000 + '": 1\n',
    "huge number": lambda: "a: " + "9" * 1_000_000 + "\n",
    "huge number in a manifest": lambda: _app("spec:", "spec:\n  resource: {gpuCount: 1" + "0" * 5000 + "}"),
    "huge hexadecimal number": lambda: "a: 0x" + "f" * 60_000 + "\n",
    "huge exponent": lambda: _app("spec:", "spec:\n  resource: {gpuCount: 1e999999999}"),
    "huge comment": lambda: "#" * 1_000_000 + "\n" + APP,
    "huge name of an anchor": lambda: "a: &" + "x" * 900_000 + " 1\n",
    "huge tag": lambda: "a: !" + "x" * 900_000 + " 1\n",
    "huge directive": lambda: "%TAG ! " + "x" * 900_000 + "\n---\na\n",
    "long line of a manifest": lambda: _app("command: c", "command: " + "c " * 30_000 + ", comand: x"),
    "blank lines": lambda: "\n" * 1_000_000,
    "blanks": lambda: " " * 1_000_000,
    "blanks behind a quoted text": lambda: 'a: "x" ' + " " * 1_000_000 + "y",
    "blanks behind a bad start": lambda: "a: @x " + " " * 1_000_000 + "y",
    "blanks that are no spaces": lambda: "a: " + "\u00a0" * 500_000,
    "blanks of two sorts": lambda: "\u00a0 " * 300_000 + "#",
    "conflicts": lambda: "<<<<<<< a\n=======\n>>>>>>> b\n" * 30_000,
    "anchors that nothing repeats": lambda: "".join(f"- &a{n} x\n" for n in range(60_000)),
    "control characters before many documents": lambda: "\0" * 400_000 + "\n" + "a\n---\n" * 80_000,
    # many of something
    "tiny documents": lambda: "--- a\n" * 20_000,
    "empty documents": lambda: "---\n" * 100_000,
    "ended documents": lambda: "a\n...\n" * 100_000,
    "duplicate keys": lambda: "a: 1\n" * 100_000,
    "duplicate keys in a line": lambda: "{" + "a: 1, " * 100_000 + "}",
    "unknown keys": lambda: APP + "".join(f"k{n}: 1\n" for n in range(50_000)),
    "unknown keys that look right": lambda: APP + "".join(f"spec{n}: 1\n" for n in range(10_000)),
    "unknown keys below spec": lambda: APP + "".join(f"  namePrefi{n}: 1\n" for n in range(10_000)),
    "labels that are numbers": lambda: _app(
        "bert}", "bert, labels: {" + ", ".join(f"l{n}: {n}" for n in range(10_000)) + "}}"
    ),
    "secrets in one line": lambda: _app(
        "command: c}",
        "command: c, env: {" + ", ".join(f"A{n}_TOKEN: ncp_iam_MADEUP{n:08}" for n in range(10_000)) + "}}",
    ),
    "values of the wrong type": lambda: _app(
        "spec:", "spec:\n  data: {input: [" + "{hdfs: 1, path: 2}, " * 5_000 + "]}"
    ),
    "manifests of one name": lambda: _names(4000),
    "wrong manifests": lambda: (APP.replace("kind: AiApp", "kind: Other") + "---\n") * 1000,
    "projects": lambda: (PROJECT + "---\n") * 10_000,
    "silencers": lambda: APP + _to_the_limit("# dfsubmit: ignore[DF0401] x\n")[:-400],
    "wrong silencers": lambda: APP + "# dfsubmit: ignore[DF9999]\n" * 30_000,
    "ports": lambda: _app("command: c}", "command: c, exposeTcpPorts: [" + "70000, " * 60_000 + "]}"),
    "earlier names": lambda: _app("bert}", "bert, moved: [" + ", ".join(f"n{n}" for n in range(50_000)) + "]}"),
    "the same earlier name": lambda: _app("bert}", "bert, moved: [" + "old, " * 60_000 + "]}"),
    "tabs": lambda: "\ta: 1\n" * 50_000,
    "unclosed brackets": lambda: "a: [1\n" * 50_000,
    "unclosed quotes": lambda: 'a: "x\n' * 50_000,
    "closing brackets": lambda: "]\n" * 100_000,
    "colons": lambda: "a: b: c\n" * 50_000,
    "only colons": lambda: ":" * 100_000,
    "words with colons in brackets": lambda: "[" + "a:b, " * 100_000 + "]",
    "questions in brackets": lambda: "[" + "a?b, ?c, " * 60_000 + "]",
    "unknown escapes": lambda: 'a: "' + "\\q" * 100_000 + '"\n',
    "unknown directives": lambda: "%FOO bar\n" * 50_000 + "---\na\n",
    "directives without a document": lambda: "%YAML 1.2\n" * 10_000,
    "tags": lambda: "".join(f"k{n}: !!python/object/apply:os.system [ls]\n" for n in range(10_000)),
    # characters
    "NULs": lambda: "\0" * 500_000,
    "NUL in a manifest": lambda: _app("bert}", "be\0rt}"),
    "invisible characters": lambda: _app("bert}", f'"{_INVISIBLE}"}}') + f"# {_INVISIBLE}\n{_INVISIBLE}: 1\n",
    "invisible characters as escapes": lambda: (
        _app("bert}", '"\\u202e\\u2066\\x1b[2J\\0\\uFFFE\\u2028"}') + '"\\x1b]0;x\\a": 1\n'
    ),
    "bidirectional controls on every line": lambda: "a: \u202e\n" * 50_000,
    "controls on every line": lambda: "a: \x1b[2J\n" * 50_000,
    "combining marks": lambda: _app("bert}", "b" + "\u0301" * 5000 + "}"),
    "wide characters": lambda: _app("bert}", "\U0001f40d" * 5000 + "}"),
    "half a pair as an escape": lambda: _app("command: c", 'command: "\\ud800"') + '"\\udc00": 1\n',
    "a number beyond Unicode": lambda: 'a: "\\UFFFFFFFF"\n',
    "carriage returns": lambda: APP.replace("\n", "\r"),
    "both line ends": lambda: APP.replace("\n", "\r\n") + "x: 1\ry: 2\nz: 3\r\n",
    "other line ends": lambda: APP.replace("\n", "\u2028") + "\x85x: 1",
    "mark inside": lambda: "\ufeff" + APP + "---\n\ufeff" + APP,
    "commands of a runner": lambda: (
        "::error::a: 1\n##[add-mask]b: 2\n" + _app("bert}", '"::stop-commands::x"}') + "'::set-env name=A::b': 1\n"
    ),
    "markup": lambda: (
        APP + "'<script>alert(1)</script>': 1\n'](javascript:x)': 2\n']]></failure>': 3\n'| a `b` |': 4\n"
    ),
    "percent signs": lambda: APP + "'%0A::error::x': 1\n'%': 2\n",
    "terminal codes in comments": lambda: APP + "# dfsubmit: ignore[\x1b[2J] x\n# dfsubmit: ignore[\u202e] \x1b\n",
    # types
    "merge keys": lambda: "x: &x {kind: AiApp}\n<<: *x\n<<: [*x, 1]\n",
    "keys that are no text": lambda: "1: a\ntrue: b\nnull: c\n[a]: d\n{a: b}: e\n1.5: f\n? |\n  x\n: g\n",
    "every kind of null": lambda: _env("A: ", "B: ~", "C: null", "D: [null]", "E: {fromEnv: }"),
    "dates and others": lambda: _env(
        "A: 2001-12-14", "B: 1:20", "C: 0o17", "D: .nan", "E: -.inf", "F: 0x_f", "G: 1_000"
    ),
    "manifest in a list": lambda: "- " + APP.replace("\n", "\n  "),
    "class of Python": lambda: "!!python/object/apply:os.system ['exit 1']\n",
    "binary and set": lambda: "a: !!binary '%%%'\nb: !!set {a, b}\nc: !!omap [a: b]\nd: !!timestamp x\ne: !!int x\n",
}
_BYTES: Mapping[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "mark alone": lambda: b"\xef\xbb\xbf",
    "marks": lambda: b"\xef\xbb\xbf" * 1000,
    "UTF-16 little-endian": lambda: APP.encode("utf-16"),
    "UTF-16 big-endian": lambda: b"\xfe\xff" + APP.encode("utf-16-be"),
    "UTF-16 without a mark": lambda: APP.encode("utf-16-le"),
    "UTF-32 little-endian": lambda: APP.encode("utf-32"),
    "UTF-32 big-endian": lambda: b"\x00\x00\xfe\xff" + APP.encode("utf-32-be"),
    "half a mark": lambda: b"\xff\xfe\x00",
    "Latin-1": lambda: APP.replace("bert}", "bér}").encode("latin-1"),
    "no text at all": lambda: bytes(range(256)) * 4000,
    "surrogates as bytes": lambda: b"a: \xed\xa0\x80\n",
    "overlong": lambda: b"a: \xc0\xaf\n",
    "end inside a character": lambda: APP.encode() + b"\xf0\x9f\x90",
}


def names() -> list[str]:
    """Return the names of all cases."""
    return [*_TEXTS, *_BYTES, *sorted(path.name for path in CORPUS.iterdir())]


def content(name: str) -> bytes:
    """Return one case."""
    if name in _TEXTS:
        return _TEXTS[name]().encode("utf-8", "surrogatepass")
    return _BYTES[name]() if name in _BYTES else (CORPUS / name).read_bytes()
