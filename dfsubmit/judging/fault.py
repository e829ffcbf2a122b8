"""One error of the models, with all that its words need: place, value, type, default. It says nothing yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic_core import PydanticUndefined

from dfsubmit.diagnostics import Diagnostic, Edit, Related
from dfsubmit.judging.fields import Shape, fields_of, model_at, shape_at, value_at
from dfsubmit.judging.paths import Path, dotted
from dfsubmit.leaks import secret_ranges

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

    from dfsubmit.document import Document
    from dfsubmit.judging.fields import Model
    from dfsubmit.judging.strays import Repair

# What pydantic ends the place of a wrong key of an open map with.
_KEY = "[key]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One error of `type`, as pydantic calls it.

    `path` is the place in the document; `target` is where the models look for the value. They differ only where the key
    was unknown and has been understood as another one. `info` is None for items of lists and values of open maps.
    """

    type: str
    document: Document
    path: Path
    target: Path
    at_key: bool
    value: Any
    shape: Shape
    parent: Shape
    info: FieldInfo | None
    context: Mapping[str, Any]
    message: str

    @property
    def name(self) -> str:
        """Return the path as people should write it; a key of an open map by its map."""
        return f"a key of {dotted(self.target[:-1])}" if self.at_key else dotted(self.target)

    @property
    def key(self) -> str:
        """Return the name of the last key on the path; items of a list go by their list."""
        return next(step for step in reversed(self.target) if isinstance(step, str))

    @property
    def example(self) -> Any:
        """Return a value that would do; None when the models give none."""
        if self.info is None:
            return None
        if self.info.examples:
            return self.info.examples[0]
        default = self.info.default
        return None if default is PydanticUndefined else default

    def finding(
        self,
        code: str,
        message: str,
        help_text: str = "",
        *,
        edits: tuple[Edit, ...] = (),
        related: tuple[Related, ...] = (),
        masked: bool = False,
    ) -> Diagnostic:
        """Return a finding at the value; at the key where the key is meant, or where there is no value to see."""
        scalar = self.document.scalar(self.path)
        key = self.at_key or (scalar is not None and not scalar.raw)
        return Diagnostic(
            code=code,
            message=message,
            path=self.document.path,
            span=self.document.span(self.path, key=key),
            help=help_text,
            # An edit repeats what the author wrote; a secret is not repeated anywhere.
            edits=() if any(secret_ranges(edit.text) for edit in edits) else edits,
            related=related,
            masked=masked,
        )


def make_fault(document: Document, model: Model, repair: Repair, error: ErrorDetails) -> Fault:
    """Return `error` of judging the repaired data of `document` as a fault at its place in the document."""
    loc = error["loc"]
    at_key = len(loc) > 1 and loc[-1] == _KEY
    target: Path = loc[:-1] if at_key else loc
    parent = shape_at(model, target[:-1], repair.data)
    shape = shape_at(model, target, repair.data)
    if parent is None or shape is None:
        raise LookupError(f"the models report an error at {dotted(target)}, which they do not have")
    last = target[-1]
    known = fields_of(model_at(parent, value_at(repair.data, target[:-1]))) if parent.models else {}
    return Fault(
        type=error["type"],
        document=document,
        path=repair.source(target),
        target=target,
        at_key=at_key,
        value=last if at_key else value_at(repair.data, target),
        shape=shape if not at_key or parent.key is None else parent.key,
        parent=parent,
        info=known[str(last)][0] if str(last) in known else None,
        context=error.get("ctx", {}),
        message=error["msg"],
    )
