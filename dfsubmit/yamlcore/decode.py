"""Bytes → text, or the finding that says why they are not UTF-8 text."""

from __future__ import annotations

from dfsubmit.diagnostics import Diagnostic, Span
from dfsubmit.yamlcore.source import Source

# The longer marks first: UTF-32-LE begins with UTF-16-LE's.
_MARKS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)


def decode(content: bytes, path: str) -> tuple[str, Diagnostic | None]:
    """Return the text; when the bytes are not UTF-8, a readable likeness of it and the finding."""
    try:
        return content.decode(), None
    except UnicodeDecodeError as error:
        for mark, name in _MARKS:
            if content.startswith(mark):
                return "", Diagnostic(
                    code="DF0102",
                    message=f"the file is {name} text, but a manifest must be UTF-8",
                    path=path,
                    span=Span(line=1, column=1, end_line=1, end_column=1),
                    help="save it as UTF-8 in the editor",
                )
        at = len(content[: error.start].decode())
        text = content.decode(errors="replace")
        return text, Diagnostic(
            code="DF0101",
            message=f"the byte 0x{content[error.start]:02X} here is not UTF-8",
            path=path,
            span=Source(path=path, text=text).span(at, at + 1),
            help="save the file as UTF-8",
        )
