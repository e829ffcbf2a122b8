"""Comments that silence findings: `# dfsubmit: ignore[DF0401, DF0403] reason`, at the end of a line or alone above it.

A silencer takes away the findings of exactly its codes whose span begins on its line; for one that is alone on its line that is
the next line that is more than a comment. A silencer that is not right (no reason, an unknown code, a code that cannot
be silenced) silences nothing and is an error itself; one that has nothing to silence is a warning, with the edit that
removes it. Rules: only warnings can be silenced and the errors that are a matter of judgement; a file without the word
`dfsubmit:` costs one search. Pure: `project` says which findings there are, and when all of them are known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dfsubmit.diagnostics import Diagnostic, Edit, Severity
from dfsubmit.suggest import closest
from dfsubmit.yamlcore.limits import MAX_FINDINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dfsubmit.document import Document

WORD = "dfsubmit:"
# Errors that a person may judge otherwise: what looks like a credential, and rules from outside.
_JUDGEMENT = ("DF05", "DF06")
# What keeps a file from being read or submitted, and findings about silencers, stay whatever their severity.
_NEVER = ("DF00", "DF01", "DF02", "DF07")
_ONLY_WITH_SCHEMA, _ONLY_IN_SETS, _ONLY_OF_MANIFESTS = "DF06", "DF03", "DF04"

_SILENCER = re.compile(r"#[ \t]*dfsubmit:[ \t]*(?P<rest>[^\r\n]*)")
_FORM = re.compile(r"ignore\[(?P<codes>[^\[\]]*)\](?P<reason>.*)")
_CODE = re.compile(r"[^\s,]+")
# A comment that only speaks of dfsubmit is none of ours: this is what it takes to look like a silencer.
_MEANT = re.compile(r"(?i)(?:ignore|silence|disable|suppress|allow|noqa|nolint)\b|.*\bDF\d{2,}")
_KEEPS_BLANKS = re.compile(r"[|>][0-9]?\+")
_FORM_HELP = "write it as: # dfsubmit: ignore[DF0401] the reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class Silencer:
    """One right silencer: the codes that it silences on `line` of `path`.

    `start:end` are the characters to remove with it, `codes_at` those of its codes. `sure` are the codes of which can be
    told, once all findings are known, that they silenced nothing.
    """

    document: Document
    path: str
    line: int
    codes: tuple[str, ...]
    at: tuple[int, int]
    codes_at: tuple[int, int]
    removal: Edit
    sure: frozenset[str]


@dataclass(kw_only=True)
class Silence:
    """The silencers of a set, and what they have silenced so far."""

    silenced: int = 0
    _by_place: dict[tuple[str, int, str], Silencer] = field(default_factory=dict)
    _all: list[Silencer] = field(default_factory=list)
    _used: set[tuple[str, int, str]] = field(default_factory=set)

    def add(self, silencers: Iterable[Silencer]) -> None:
        """Take in silencers."""
        for silencer in silencers:
            self._all.append(silencer)
            for code in silencer.codes:
                self._by_place.setdefault((silencer.path, silencer.line, code), silencer)

    def join(self, other: Silence) -> None:
        """Take in the silencers of one file, and what they have silenced in it."""
        self.add(other._all)
        self._used |= other._used
        self.silenced += other.silenced

    def kept(self, findings: list[Diagnostic]) -> list[Diagnostic]:
        """Return the findings that nothing silences."""
        return [one for one in findings if not self._silences(one)] if self._by_place else findings

    def _silences(self, finding: Diagnostic) -> bool:
        if finding.span is None:
            return False
        place = (finding.path, finding.span.line, finding.code)
        if place not in self._by_place:
            return False
        self._used.add(place)
        self.silenced += 1
        return True

    def asks_for_the_set(self) -> bool:
        """Tell whether a code is silenced that only the whole set brings up."""
        return any(code.startswith(_ONLY_IN_SETS) for _, _, code in self._by_place)

    def unused(self, *, whole: bool) -> list[Diagnostic]:
        """Return a warning for each silencer that silenced nothing; `whole` says that the set was all there, and right."""
        return [finding for one in self._all if (finding := self._unused(one, whole=whole)) is not None]

    def _unused(self, silencer: Silencer, *, whole: bool) -> Diagnostic | None:
        idle = []
        for code in dict.fromkeys(silencer.codes):
            place = (silencer.path, silencer.line, code)
            serves = self._by_place[place] is silencer and place in self._used
            if not serves and code in silencer.sure and (whole or not code.startswith(_ONLY_IN_SETS)):
                idle.append(code)
        if not idle:
            return None
        left = [code for code in dict.fromkeys(silencer.codes) if code not in idle]
        start, end = silencer.codes_at
        edit = Edit(start=start, end=end, text=", ".join(left), safe=True) if left else silencer.removal
        return Diagnostic(
            code="DF0705",
            message=f"nothing on line {silencer.line} is silenced by {' or '.join(idle)}",
            path=silencer.path,
            severity=Severity.WARNING,
            span=silencer.document.source.span(*(silencer.codes_at if left else silencer.at)),
            help=f"remove {'the comment' if not left else ' and '.join(idle)}; `validate --fix` does",
            edits=(edit,),
        )


def may_be_silenced(code: str) -> bool:
    """Tell whether findings with `code`, which exists, can be silenced."""
    if code.startswith(_NEVER):
        return False
    from dfsubmit.codes import CODES  # noqa: PLC0415  # a file without silencers needs no table

    return code.startswith(_JUDGEMENT) or CODES[code].severity is Severity.WARNING


def silencers(
    document: Document, *, valid: bool, outside: bool = False
) -> tuple[tuple[Silencer, ...], tuple[Diagnostic, ...]]:
    """Return the right silencers of `document`, and what is wrong with the others.

    `valid` says that the document is a manifest, `outside` that it was held against a schema from outside: without them
    nobody can tell whether a silencer for such findings is of use.
    """
    first, last = document.region
    if WORD not in document.text or document.text.find(WORD, first, last) < 0:
        return (), ()
    found: list[Silencer] = []
    findings: list[Diagnostic] = []
    comments = document.comments()
    starts = document.source.starts
    alone = {line for line, column, _ in comments if _is_blank(document.text, starts[line - 1], column - 1)}
    lines = _Lines(meant=_meant(alone), keeps_blanks=_KEEPS_BLANKS.search(document.text, first, last) is not None)
    for line, column, text in comments:
        if WORD not in text:
            continue
        match = _SILENCER.search(text)
        if match is None or not _MEANT.match(match["rest"]):
            continue
        # To look for what was meant takes a millisecond, and nobody sees so many.
        suggest = len(findings) < MAX_FINDINGS
        wrong = list(_wrong(document, starts[line - 1] + column - 1, match, suggest=suggest))
        findings += wrong
        if not wrong:
            found.append(_silencer(document, (line, column), match, lines, valid=valid, outside=outside))
    return tuple(found), tuple(findings)


@dataclass(frozen=True, slots=True)
class _Lines:
    """What is asked of every comment of a document, found once: a file may have a comment on each of its lines.

    `meant` says for the lines that hold a comment alone which line they speak of, `keeps_blanks` whether blank lines matter.
    """

    meant: Mapping[int, int]
    keeps_blanks: bool


def _meant(alone: Iterable[int]) -> Mapping[int, int]:
    """Return, for each line that holds a comment alone, the next one that does not."""
    meant: dict[int, int] = {}
    for line in sorted(alone, reverse=True):
        meant[line] = meant.get(line + 1, line + 1)
    return meant


def _is_blank(text: str, start: int, length: int) -> bool:
    return not text[start : start + length].strip(" \t")


def _wrong(document: Document, offset: int, match: re.Match[str], *, suggest: bool) -> Iterator[Diagnostic]:
    """Yield what keeps the comment from being a silencer."""
    at = (offset + match.start(), offset + len(match.string[: match.end()].rstrip()))
    form = _FORM.fullmatch(match["rest"])
    if form is None:
        yield _error(document, "DF0701", "this comment looks like a silencer, but cannot be read", at, _FORM_HELP)
        return
    base = offset + match.start("rest")
    codes = list(_CODE.finditer(form["codes"]))
    if not codes or not _is_list(form["codes"]):
        message = "this silencer names no code" if not codes else "the codes of this silencer cannot be told apart"
        yield _error(document, "DF0701", message, at, "name them with commas between: ignore[DF0401, DF0403]")
        return
    for code in codes:
        place = (base + form.start("codes") + code.start(), base + form.start("codes") + code.end())
        yield from _wrong_code(document, code[0], place, suggest=suggest)
    if not form["reason"].strip(" \t:-#"):
        help_text = f"say why behind the brackets: # dfsubmit: ignore[{codes[0][0][:20]}] the reason"
        yield _error(document, "DF0702", "this silencer gives no reason, so it silences nothing", at, help_text)


def _wrong_code(document: Document, code: str, at: tuple[int, int], *, suggest: bool) -> Iterator[Diagnostic]:
    from dfsubmit.codes import CODES  # noqa: PLC0415  # as above

    if code not in CODES:
        shown = code if len(code) <= len("DF000000") else f"{code[:8]}..."
        meant = code.upper() if code.upper() in CODES else closest(code, CODES) if suggest else None
        help_text = f'did you mean "{meant}"?' if meant else "`dfsubmit explain` lists all codes"
        yield _error(document, "DF0703", f'no finding has the code "{shown}"', at, help_text)
    elif not may_be_silenced(code):
        message = f"{code} ({CODES[code].title}) cannot be silenced"
        help_text = "only warnings, credentials (DF05xx) and rules from outside (DF06xx) can: correct what it says"
        yield _error(document, "DF0704", message, at, help_text)


def _is_list(codes: str) -> bool:
    return all(len(part.split()) == 1 for part in codes.split(","))


def _error(document: Document, code: str, message: str, at: tuple[int, int], help_text: str) -> Diagnostic:
    return Diagnostic(code=code, message=message, path=document.path, span=document.source.span(*at), help=help_text)


def _silencer(
    document: Document,
    place: tuple[int, int],
    match: re.Match[str],
    lines: _Lines,
    *,
    valid: bool,
    outside: bool,
) -> Silencer:
    """Return the silencer that the comment at `place`, line and column, is."""
    line, column = place
    offset = document.source.starts[line - 1] + column - 1
    form = _FORM.fullmatch(match["rest"])
    assert form is not None  # noqa: S101  # `_wrong` has found nothing, so the form is right
    base = offset + match.start("rest")
    codes = tuple(_CODE.findall(form["codes"]))
    unsure = (() if valid else (_ONLY_OF_MANIFESTS, _ONLY_IN_SETS)) + (() if outside else (_ONLY_WITH_SCHEMA,))
    at = (offset + match.start(), offset + len(match.string[: match.end()].rstrip()))
    return Silencer(
        document=document,
        path=document.path,
        line=lines.meant.get(line, line),
        codes=codes,
        at=at,
        codes_at=(base + form.start("codes"), base + form.end("codes")),
        removal=_removal(document, at[0], lines, whole_line=line in lines.meant and match.start() == 0),
        sure=frozenset(code for code in codes if not code.startswith(unsure)),
    )


def _removal(document: Document, start: int, lines: _Lines, *, whole_line: bool) -> Edit:
    """Return the edit that removes the comment at `start` with the blanks before it, or with its whole line."""
    text = document.text
    end = document.source.line_end(start)
    if not whole_line:
        while text[start - 1] in " \t":
            start -= 1
        return Edit(start=start, end=end, text="", safe=True)
    start = document.source.line_start(start)
    end += 2 if text.startswith("\r\n", end) else 1 if end < len(text) else 0
    # Blank lines behind it would become part of a text above that keeps them.
    return Edit(start=start, end=end, text="", safe=not lines.keeps_blanks)
