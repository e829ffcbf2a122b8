"""Tests of what may not be read or written need an ordinary user: root may do everything."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path


def as_plain_user() -> Iterator[Path]:
    """Yield a folder of an ordinary user, whom this process is until it comes back. Meant to be made a fixture of."""
    folder = Path(tempfile.mkdtemp())
    user = 65534 if os.geteuid() == 0 else None
    if user is not None:
        os.chown(folder, user, -1)
        os.seteuid(user)
    try:
        yield folder
    finally:
        folder.chmod(0o700)
        if user is not None:
            os.seteuid(0)
        shutil.rmtree(folder)
