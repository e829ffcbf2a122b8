"""The registry of finding codes: every number with its severity, its unchanging summary, and its page.

DF00xx files and sets · DF01xx YAML text · DF02xx one document against the model · DF03xx across documents · DF04xx
advice (warnings) · DF05xx credentials · DF06xx outside schema and policies · DF07xx silencers. Each part keeps its own
table; this joins them. A number is never given twice, and never to something else. Standard library only.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from dfsubmit.code import Code
from dfsubmit.codes_advice import ADVICE_CODES
from dfsubmit.codes_file import FILE_CODES
from dfsubmit.codes_format import FORMAT_CODES
from dfsubmit.codes_model import MODEL_CODES
from dfsubmit.codes_outside import OUTSIDE_CODES
from dfsubmit.codes_set import SET_CODES
from dfsubmit.codes_silence import SILENCE_CODES
from dfsubmit.codes_text import TEXT_CODES
from dfsubmit.codes_yaml import YAML_CODES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["CODES", "Code"]


def join(*tables: Iterable[Code]) -> Mapping[str, Code]:
    """Return the rows of all tables by their number, in order. Raises ValueError when a number stands twice."""
    rows: dict[str, Code] = {}
    for table in tables:
        for row in table:
            if row.code in rows:
                raise ValueError(f"{row.code} is given twice")
            rows[row.code] = row
    return MappingProxyType(dict(sorted(rows.items())))


CODES: Mapping[str, Code] = join(
    FILE_CODES, TEXT_CODES, YAML_CODES, MODEL_CODES, SET_CODES, ADVICE_CODES, OUTSIDE_CODES, SILENCE_CODES, FORMAT_CODES
)
