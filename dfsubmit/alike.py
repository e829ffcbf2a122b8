"""Stands in for `project.examine` where files are written alike: each shape is read in full once, and known from then on.

What a shape (`shapes`) accepts has no finding, and becomes an app without being parsed. Where something is to be said between
such apps, the set is read again in full, as with files that are known from an earlier run (`project.DocumentNeededError`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dfsubmit.examining import Examined, examine
from dfsubmit.projectmodel import Project

if TYPE_CHECKING:
    from dfsubmit.shapes import Shapes
    from dfsubmit.sources import SourceFile

# Below so many files, learning a shape costs more than it saves.
_FEW = 16


class AlikeFiles:
    """Examines the files of one run."""

    def __init__(self) -> None:
        self._shapes: Shapes | None = None
        self._examined = 0
        # What was examined last is learnt from when there is another file to use it for.
        self._last: tuple[SourceFile, Examined] | None = None

    def __call__(self, source: SourceFile) -> Examined:
        """Return what `source` holds, as `examine` does."""
        self._learn()
        app = None
        if self._shapes is not None and source.diagnostic is None:
            app = self._shapes.app(source.content, source.path)
        if app is not None:
            return Examined(path=source.path, known=(app,))
        examined = examine(source)
        self._examined += 1
        self._last = source, examined
        return examined

    def _learn(self) -> None:
        if self._last is None or self._examined < _FEW:
            return
        if self._shapes is None:
            from dfsubmit.shapes import Shapes  # noqa: PLC0415  # small sets have no use for it

            self._shapes = Shapes()
        source, examined = self._last
        self._last = None
        if examined.diagnostics or examined.silence is not None or len(examined.manifests) != 1:
            return
        document, model = examined.manifests[0].document, examined.manifests[0].model
        if not isinstance(model, Project):
            self._shapes.learn(source.content, document, model)
