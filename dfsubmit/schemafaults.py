"""What jsonschema found wrong with a document → faults in plain words, each at the key or value to change. Pure.

Its errors are taken as they come (this module does not import it), and neither its messages nor the document's values are passed
on: a value may be a secret. Rules: a keyword that speaks of several keys makes a fault for each; a value of the wrong
type has no other fault; a key that is unknown and one that is missing are one fault when the one is the other misspelt.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from dfsubmit.suggest import closest

Path = tuple[str | int, ...]

_ABOUT_KEYS = frozenset({"required", "dependentRequired", "additionalProperties", "unevaluatedProperties"})
_SHOWN_CHOICES = 8
_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault. `rule` leads to the keyword in the schema, `why` is what its author says about it.

    `missing` and `unknown` name a key that the mapping at `owner` lacks or should not have; `known` are those it may have.
    """

    path: Path
    message: str
    key: bool = False
    rule: Path = ()
    why: str = ""
    owner: Path = ()
    missing: str | None = None
    unknown: str | None = None
    known: tuple[str, ...] = ()
    meant: str | None = None

    def help(self, name: str) -> str:
        """Return what to do, or which rule of the schema called `name` asks for it."""
        if self.meant is not None:
            return f"did you mean '{self.meant}'?"
        pointer = "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in self.rule)
        return f"{name} says: {self.why}" if self.why else f"asked for by {name}, at #{pointer}"


def faults_of(error: Any, data: Any) -> Iterator[Fault]:
    """Yield the faults that `error`, a jsonschema ValidationError about `data`, stands for."""
    fault = Fault(
        path=tuple(error.absolute_path),
        message=_requirement(error),
        rule=tuple(error.absolute_schema_path),
        why=_why(error),
        meant=_meant(error),
    )
    if error.validator in _ABOUT_KEYS:
        yield from _missing(error, fault) if str(error.validator).endswith("equired") else _unknown(error, fault)
    elif "propertyNames" in fault.rule and _is_key(data, fault.path, error.instance):
        yield replace(fault, path=(*fault.path, error.instance), key=True, message=f"this key {fault.message}")
    elif error.validator in {None, "properties"}:
        # A schema that is false.
        name = fault.path[-1] if fault.path else None
        yield replace(
            fault,
            key=True,
            message=f"'{name}' is not allowed here" if isinstance(name, str) else "nothing is allowed here",
        )
    else:
        yield fault


def one_for_each(faults: list[Fault]) -> list[Fault]:
    """Return `faults` without those that speak of the same fault as another."""
    unique = list({(fault.path, fault.key, fault.message): fault for fault in reversed(faults)}.values())[::-1]
    mistyped = {fault.path for fault in unique if _is_about_type(fault)}
    kept = [fault for fault in unique if fault.path not in mistyped or fault.key or _is_about_type(fault)]
    return _with_meant(kept)


def _is_about_type(fault: Fault) -> bool:
    return fault.rule[-1:] == ("type",) and not fault.key


def _with_meant(faults: list[Fault]) -> list[Fault]:
    """Say for each unknown key which one was meant, and drop the missing keys that were only misspelt."""
    missing = {(fault.owner, fault.missing) for fault in faults if fault.missing is not None}
    found: set[tuple[Path, str | None]] = set()
    named = []
    for fault in faults:
        if fault.unknown is None:
            named.append(fault)
            continue
        lacking = [name for owner, name in missing if owner == fault.owner and name is not None]
        meant = closest(fault.unknown, [*lacking, *fault.known])
        found.add((fault.owner, meant))
        named.append(replace(fault, meant=meant))
    return [fault for fault in named if fault.missing is None or (fault.owner, fault.missing) not in found]


def _missing(error: Any, fault: Fault) -> Iterator[Fault]:
    wanted = error.validator_value
    if isinstance(wanted, Mapping):
        wanted = [name for given, names in wanted.items() if given in error.instance for name in names]
    for name in wanted if isinstance(wanted, list) else ():
        if name not in error.instance:
            yield replace(fault, key=True, message=f"'{name}' is missing here", owner=fault.path, missing=name)


def _unknown(error: Any, fault: Fault) -> Iterator[Fault]:
    schema = error.schema if isinstance(error.schema, dict) else {}
    known = schema.get("properties", {})
    for name in _extra(error, known, schema.get("patternProperties", {})):
        yield replace(
            fault,
            path=(*fault.path, name),
            key=True,
            message=f"'{name}' is not allowed here",
            owner=fault.path,
            unknown=name,
            known=tuple(other for other in known if other not in error.instance),
        )


def _extra(error: Any, known: Mapping[str, Any], patterns: Mapping[str, Any]) -> list[str]:
    """Return the keys of the mapping that the schema does not allow."""
    if error.validator == "unevaluatedProperties":
        # Which keys were judged elsewhere only jsonschema knows; its message quotes the others.
        return [name for name in error.instance if repr(name) in error.message]
    return [
        name
        for name in error.instance
        if name not in known and not any(re.search(pattern, name) for pattern in patterns)
    ]


def _is_key(data: Any, path: Path, instance: Any) -> bool:
    for step in path:
        data = data[step]
    return isinstance(data, dict) and isinstance(instance, str) and instance in data


def _why(error: Any) -> str:
    """Return what the schema's author says about the rule; a description of a mapping says nothing about its keys."""
    schema = error.schema if isinstance(error.schema, dict) else {}
    words = schema.get("errorMessage")
    if isinstance(words, dict):
        words = words.get(error.validator)
    if words is None and error.validator not in _ABOUT_KEYS:
        words = schema.get("description")
    return words if isinstance(words, str) else ""


def _meant(error: Any) -> str | None:
    if error.validator != "enum" or not isinstance(error.instance, str):
        return None
    return closest(error.instance, [choice for choice in error.validator_value if isinstance(choice, str)])


_TYPES: Mapping[str, str] = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "a mapping",
    "string": "text",
}
_SENTENCES: Mapping[str, str] = {
    "anyOf": "fits none of the forms that are allowed here",
    "const": "must be {}",
    "contains": "lacks an item of a form that must be among them",
    "exclusiveMaximum": "must be less than {}",
    "exclusiveMinimum": "must be more than {}",
    "maxItems": "must have at most {} item(s)",
    "maxLength": "must have at most {} character(s)",
    "maxProperties": "must have at most {} key(s)",
    "maximum": "must be at most {}",
    "minItems": "must have at least {} item(s)",
    "minLength": "must have at least {} character(s)",
    "minProperties": "must have at least {} key(s)",
    "minimum": "must be at least {}",
    "multipleOf": "must be a multiple of {}",
    "not": "has a form that is not allowed here",
    "pattern": "must match the pattern {}",
    "uniqueItems": "must not hold the same item twice",
}


def _requirement(error: Any) -> str:
    """Return what the value must be, without the value itself."""
    wanted = error.validator_value
    if error.validator == "type":
        types = wanted if isinstance(wanted, list) else [wanted]
        return (
            f"must be {' or '.join(_TYPES.get(str(name), str(name)) for name in types)}, not {_type_of(error.instance)}"
        )
    if error.validator == "enum" and isinstance(wanted, list):
        more = ", ..." if len(wanted) > _SHOWN_CHOICES else ""
        return f"must be one of {', '.join(_shown(choice) for choice in wanted[:_SHOWN_CHOICES])}{more}"
    if error.validator == "oneOf":
        return _SENTENCES["anyOf"] if error.context else "fits more than one form where it must fit exactly one"
    if error.validator == "pattern" and isinstance(error.schema.get("patternErrorMessage"), str):
        return str(error.schema["patternErrorMessage"])
    sentence = _SENTENCES.get(str(error.validator), f"breaks the rule '{error.validator}'")
    return sentence.replace("(s)", "" if wanted == 1 else "s").format(_shown(wanted))


def _shown(value: Any) -> str:
    text = f"'{value}'" if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."


def _type_of(value: Any) -> str:
    kinds = ((bool, "boolean"), (str, "string"), (int, "integer"), (float, "number"), (dict, "object"), (list, "array"))
    return _TYPES[next((name for kind, name in kinds if isinstance(value, kind)), "null")]
