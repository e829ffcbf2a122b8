"""A project's id made of its folder's name. Frozen: another id would make every app of such a project a new one."""

from __future__ import annotations

import re
import unicodedata

NAME_WITHOUT_LETTERS = "my-project"
_LONGEST_NAME = 63


def project_name(folder: str) -> str:
    """Return the name of a folder as a project's id, a DNS label: `My Über_Project` → `my-uber-project`.

    Letters lose their accents; what still does not fit becomes a hyphen. A name of which nothing is left becomes `my-project`.
    """
    plain = unicodedata.normalize("NFKD", folder).encode("ascii", "ignore").decode("ascii").lower()
    label = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST_NAME].rstrip("-")
    return label or NAME_WITHOUT_LETTERS
