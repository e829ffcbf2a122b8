"""A fuzz target with one invariant, for atheris, for seeded mutation, and for the corpus.

Whatever the bytes: `examine` returns, within bounds and without an exception; what it finds lies inside the text; and
rendered in every format the findings are bounded text in which every character is plainly visible.

    python tests/hostile/fuzz_load.py replay [NAME ...]            every case of the corpus, one line of JSON each
    python tests/hostile/fuzz_load.py mutate SEED ITERATIONS       mutants of the small cases; the first that breaks it, as a repr
    python tests/hostile/fuzz_load.py atheris [FOLDER] [-runs=N]   libFuzzer's own options, if atheris is installed
"""

from __future__ import annotations

import importlib
import json
import random
import re
import resource
import signal
import sys
import time
import unicodedata

import hostile_cases

from dfsubmit.diagnostics import Span
from dfsubmit.document import load
from dfsubmit.examining import Examined, examine
from dfsubmit.render.formats import FORMATS, render
from dfsubmit.render.inspection import Inspection
from dfsubmit.sources import SourceFile
from dfsubmit.yamlcore.limits import MAX_FINDINGS

# In seconds, for one case: no measure of speed, only a guard against one that never ends.
HANG = 120
# One more says that there are more.
MOST_FINDINGS = MAX_FINDINGS + 1
LONGEST_MESSAGE = 2000
# In characters of a rendered format: what it says of itself, and of one finding.
HEAD, EACH = 50_000, 20_000
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_BREAK = re.compile(r"\r\n|\n|\r")


def check(content: bytes) -> Examined:
    """Hold the invariant against `content`. Raises AssertionError, or whatever should not have been raised."""
    examined = examine(SourceFile(path="a.yaml", content=content))
    findings = examined.diagnostics
    assert len(findings) <= MOST_FINDINGS, f"{len(findings)} findings"
    # When a finding that hides a secret was cut, the file's text is kept back; it is read once more to measure it.
    text = examined.text or load(content, "a.yaml").text
    lengths = [len(line) for line in _BREAK.split(text.removeprefix("\ufeff"))]
    for finding in findings:
        assert len(finding.message) <= LONGEST_MESSAGE, f"a message of {len(finding.message)} characters"
        assert len(finding.help) <= LONGEST_MESSAGE, f"a help of {len(finding.help)} characters"
        for span in (finding.span, *(place.span for place in finding.related)):
            assert span is None or is_inside(span, lengths), f"{finding.code}: {span} is outside the text"
        for edit in finding.edits:
            assert 0 <= edit.start <= edit.end <= len(text), f"{finding.code}: {edit} is outside the text"
    run = Inspection(findings=findings, texts={"a.yaml": examined.text}, paths=("a.yaml",), files=1)
    for form in FORMATS:
        check_rendered(form, render(form, run), len(findings))
    return examined


def is_inside(span: Span, lengths: list[int]) -> bool:
    """Tell whether both ends of `span` are places of a text whose lines have these lengths, in their order."""
    ends = ((span.line, span.column), (span.end_line, span.end_column))
    places = all(1 <= line <= len(lengths) and 1 <= column <= lengths[line - 1] + 1 for line, column in ends)
    return places and ends[0] <= ends[1]


def check_rendered(form: str, text: str, findings: int) -> None:
    """Hold what is rendered against the second half of the invariant."""
    assert len(text) <= HEAD + EACH * findings, f"{len(text)} characters of {form} for {findings} findings"
    odd = {character for character in set(text) - {"\n"} if unicodedata.category(character) in _HIDDEN}
    assert not odd, f"{form} has {odd!r}"
    text.encode()


# --- mutation -------------------------------------------------------------------------------------------------------------

_TOKENS = [
    *("\t", ":", "-", "[", "]", "{", "}", "'", '"', "#", "&a", "*a", "!", "|", ">", "%", "@", "`", ",", "?", " ", "\n", "\r"),
    *("\\", "\ufeff", "\0", "\u2028", "\x85", "\x1b[2J", "\u202e", "<<: *a", "---\n", "...\n", "!!str ", "0x", "~", "1e9"),
    *(": ", "- ", "\n  ", "\n\n", '"\\u', '"\\ud800"', "null", "true", "kind: AiApp\n", "kind: Project\n", "spec:\n"),
    *("# dfsubmit: ", "# dfsubmit: ignore[DF0401] x", "ignore[", "ncp_iam_MADEUP0123", "API_TOKEN: a8f3kd02mxq9", "::error::"),
    *("##[x]", "\U0010ffff"),
]  # fmt: skip
_SMALL = 4000


def seeds() -> list[bytes]:
    """Return the small cases, which mutants are made of."""
    texts = [hostile_cases.APP.encode(), hostile_cases.PROJECT.encode()]
    cases = map(hostile_cases.content, hostile_cases.names())
    return [*texts * 8, *(case for case in cases if len(case) <= _SMALL)]


def mutant(rng: random.Random, corpus: list[bytes]) -> bytes:
    """Return one of `corpus` with some things inserted, removed, repeated or taken from another."""
    content = rng.choice(corpus)
    for _ in range(rng.randrange(1, 6)):
        start = rng.randrange(len(content) + 1)
        end = min(len(content), start + rng.choice((0, 0, 1, 1, 4, 40)))
        other = rng.choice(corpus)
        cut = rng.randrange(len(other) + 1)
        new = rng.choice(
            (
                rng.choice(_TOKENS).encode(),
                b"",
                content[start:end] * rng.choice((2, 3, 50)),
                rng.randbytes(rng.randrange(3)),
                other[cut : cut + rng.randrange(200)],
            )
        )
        content = content[:start] + new + content[end:]
    return content


def mutate(seed: int, iterations: int) -> None:
    """Hold the invariant against so many mutants; the one that breaks it stands in the exception's notes."""
    rng, corpus = random.Random(seed), seeds()
    for number in range(iterations):
        content = mutant(rng, corpus)
        signal.alarm(HANG)
        try:
            check(content)
        except Exception as error:
            error.add_note(f"seed {seed}, mutant {number}: {content!r}")
            raise
    signal.alarm(0)


def replay(names: list[str]) -> None:
    """Print what becomes of each case: its findings' codes, the most memory of this process so far, in MiB, and its seconds."""
    for name in names:
        signal.alarm(HANG)
        broken, started = "", time.monotonic()
        codes: list[str] = []
        try:
            codes = [finding.code for finding in check(hostile_cases.content(name)).diagnostics]
        except Exception as error:  # noqa: BLE001  # whatever it is, it is this case's result
            broken = f"{type(error).__name__}: {error}"[:500]
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        seconds = round(time.monotonic() - started, 1)
        told = {"name": name, "broken": broken, "codes": codes, "memory": memory, "seconds": seconds}
        print(json.dumps(told), flush=True)  # noqa: T201  # the result


def main(arguments: list[str]) -> None:
    """See the module's text."""
    match arguments:
        case ["replay", *names]:
            replay(names or hostile_cases.names())
        case ["mutate", seed, iterations]:
            mutate(int(seed), int(iterations))
        case ["atheris", *options]:
            atheris = importlib.import_module("atheris")  # no dependency: whoever fuzzes for hours installs it
            for name in [name for name in sys.modules if name.partition(".")[0] == "dfsubmit"]:
                del sys.modules[name]
            with atheris.instrument_imports(include=["dfsubmit"]):
                target = importlib.import_module("fuzz_load").check
            atheris.Setup([sys.argv[0], *options], lambda content: target(content) and None)
            atheris.Fuzz()
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
