"""A file that an option names, as text: bounded, and whatever is wrong with it as one sentence.

Manifests are read by `reading`, which takes no pipes. An option may well name one, as in `--schema <(make-schema)`, and a device;
what never ends is refused all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dfsubmit.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

# Bytes. Schemas and scenarios are small; this is what no person or program writes into one.
LARGEST = 16 * 1024 * 1024


def read_text(path: Path, *, tip: str) -> str:
    """Return the text of the file `path`, whose line ends stay as they are. Raises InputError, with `tip`."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}", tip=tip) from error
    if len(content) > LARGEST:
        raise InputError(f"{path} is larger than {LARGEST:,} bytes", tip=tip)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text", tip=tip) from error
