"""JSON Schemas: the one of manifests, and documents judged by a schema from outside (`--schema FILE`, policies).

The schema of manifests is made in `schemagen` and handed on here; documents are judged against it by the models, which are
faster and say more. A schema from outside is judged by `jsonschema`, which is imported only then and only here. Rules:
a schema's `$schema` is honoured, 2020-12 where it says nothing; nothing is ever fetched from a network; a pattern means what
ECMA-262 says, so its `$` is the very end; one fault gives one finding, at the key or value to change; a finding
names the rule that asked for it and never shows a value of the document, which may be a secret.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dfsubmit.diagnostics import Diagnostic, in_reading_order
from dfsubmit.errors import InputError
from dfsubmit.schemafaults import Fault, faults_of, one_for_each
from dfsubmit.schemagen import DIALECT, manifest_schema, schema_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    import jsonschema
    from jsonschema.protocols import Validator

    from dfsubmit.document import Document

__all__ = ["CODE", "OutsideSchema", "check_outside", "manifest_schema", "outside_schema", "schema_text"]

CODE = "DF0601"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideSchema:
    """A schema that was found to be one; `name` is what findings call it."""

    name: str
    validator: Validator

    def check(self, document: Document) -> tuple[Diagnostic, ...]:
        """Return what is wrong with `document`, in reading order. Raises InputError when the schema cannot be applied."""
        faults = one_for_each(self._faults(document.data))
        return tuple(in_reading_order([self._diagnostic(document, fault) for fault in faults]))

    def _faults(self, data: Any) -> list[Fault]:
        import jsonschema  # noqa: PLC0415  # 80 ms that only a schema from outside should cost
        import referencing.exceptions  # noqa: PLC0415  # the same

        try:
            best = [jsonschema.exceptions.best_match([error]) or error for error in self.validator.iter_errors(data)]
        except referencing.exceptions.Unresolvable as error:
            pointer = "#" if error.ref.startswith("/") else ""
            raise InputError(
                f"{self.name}: $ref '{pointer}{error.ref}' is not in the schema, and dfsubmit fetches nothing",
                tip="put what it refers to under $defs and refer to it as #/$defs/NAME",
            ) from error
        except RecursionError as error:
            raise InputError(f"{self.name}: its $refs lead round in a circle", tip="break the circle") from error
        return [fault for error in best for fault in faults_of(error, data)]

    def _diagnostic(self, document: Document, fault: Fault) -> Diagnostic:
        return Diagnostic(
            code=CODE,
            message=fault.message,
            path=document.path,
            span=document.span(fault.path, key=fault.key),
            help=fault.help(self.name),
        )


def outside_schema(schema: Mapping[str, Any], name: str = "the schema") -> OutsideSchema:
    """Return `schema` ready for use. Raises InputError when it is no JSON Schema, or of a dialect that is not known."""
    import jsonschema  # noqa: PLC0415  # 80 ms that only a schema from outside should cost
    from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]  # noqa: PLC0415  # ships no types; the same

    dialect = _dialect(schema, name)
    try:
        dialect.check_schema(dict(schema))
    except jsonschema.SchemaError as error:
        place = "/".join(str(step) for step in error.absolute_path)
        what = (
            "no regular expression that can be read"
            if error.validator == "format"
            else "not what its dialect allows there"
        )
        raise InputError(
            f"{name} is not a JSON Schema: what stands at {place or 'its root'} is {what}",
            tip="check it against the meta-schema of its dialect, for instance with check-jsonschema --check-metaschema",
        ) from error
    except RecursionError as error:
        raise InputError(f"{name} is nested too deeply", tip="take levels out of it") from error
    # This registry knows the published dialects and fetches nothing, unlike the one that jsonschema takes by itself.
    return OutsideSchema(name=name, validator=_repaired(dialect)(dict(schema), registry=REGISTRY))


def check_outside(document: Document, schema: Mapping[str, Any], name: str = "the schema") -> tuple[Diagnostic, ...]:
    """Return what `schema` finds wrong with `document`. Raises InputError when the schema cannot be used.

    The schema is made ready once for as long as the same object comes; do not change it in between.
    """
    global _ready  # noqa: PLW0603  # one schema a run; making it ready costs as much as judging a hundred documents
    if _ready is None or _ready[0] is not schema or _ready[1].name != name:
        _ready = (schema, outside_schema(schema, name))
    return _ready[1].check(document)


_ready: tuple[Mapping[str, Any], OutsideSchema] | None = None


def _dialect(schema: Mapping[str, Any], name: str) -> type[Validator]:
    import jsonschema  # noqa: PLC0415  # 80 ms that only a schema from outside should cost

    if not isinstance(schema, Mapping):
        raise InputError(f"{name} is not a JSON Schema: it is not a mapping", tip="a schema begins with {")
    dialects: dict[str, type[Validator]] = {
        str(dialect.META_SCHEMA.get("$id") or dialect.META_SCHEMA["id"]).rstrip("#"): dialect
        for dialect in (
            jsonschema.Draft4Validator,
            jsonschema.Draft6Validator,
            jsonschema.Draft7Validator,
            jsonschema.Draft201909Validator,
            jsonschema.Draft202012Validator,
        )
    }
    said = schema.get("$schema", DIALECT)
    if not isinstance(said, str) or said.rstrip("#") not in dialects:
        raise InputError(
            f"{name}: its $schema names no dialect that is known here (draft 4, 6, 7, 2019-09, 2020-12)",
            tip=f'write "$schema": "{DIALECT}"',
        )
    return dialects[said.rstrip("#")]


@functools.cache
def _repaired(dialect: type[Validator]) -> type[Validator]:
    """Return `dialect` with two keywords as its standard has them.

    `pattern`: Python's `$` would also match before a final line feed. `properties`: a key whose schema is false gets its place.
    """
    import jsonschema  # noqa: PLC0415  # 80 ms that only a schema from outside should cost

    def pattern(validator: Validator, wanted: str, instance: Any, _schema: Any) -> Iterator[jsonschema.ValidationError]:
        if validator.is_type(instance, "string") and not _ecma(wanted).search(instance):
            yield jsonschema.ValidationError(f"does not match {wanted}")

    def properties(validator: Any, parts: Any, instance: Any, _schema: Any) -> Iterator[jsonschema.ValidationError]:
        if not validator.is_type(instance, "object"):
            return
        for name, part in parts.items():
            if name in instance and part is False:
                yield jsonschema.ValidationError("is not allowed", path=[name], schema_path=[name], instance=None)
            elif name in instance:
                yield from validator.descend(instance[name], part, path=name, schema_path=name)

    keywords = {"pattern": pattern, "properties": properties}
    repaired: type[Validator] = jsonschema.validators.extend(dialect, keywords)  # type: ignore[no-untyped-call]  # stubs
    return repaired


@functools.cache
def _ecma(pattern: str) -> re.Pattern[str]:
    r"""Compile a pattern of ECMA-262: `$` is the very end, `\d` and `\w` are ASCII; `.` and `\s` are left as Python has them."""
    classes = {r"\d": "0-9", r"\w": "A-Za-z0-9_"}
    text, in_class = "", False
    for part in re.findall(r"\\.|.", pattern, re.DOTALL):
        if part in classes:
            text += classes[part] if in_class else f"[{classes[part]}]"
        else:
            text += r"\Z" if part == "$" and not in_class else part
        in_class = part == "[" or (in_class and part != "]")
    return re.compile(text)
