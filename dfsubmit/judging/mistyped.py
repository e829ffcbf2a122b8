"""Values of the wrong type: which type is needed, which one is there, and how to write the right one.

YAML makes types out of how a value is written, so most of these are a matter of quotes, brackets or dashes, and the help
shows the value as it should stand. An edit that only adds or removes quotes keeps the author's characters, and is safe.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

from dfsubmit.diagnostics import Edit
from dfsubmit.judging import fields
from dfsubmit.judging.fields import fields_of, model_at
from dfsubmit.judging.quoting import flow, named, quoted, short
from dfsubmit.leaks import random_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dfsubmit.diagnostics import Diagnostic
    from dfsubmit.judging.fault import Fault

Repair = tuple[str, tuple[Edit, ...]]

_CODES: Mapping[str, str] = {
    fields.TEXT: "DF0203",
    fields.TEXT_OR_FIELDS: "DF0203",
    fields.WHOLE: "DF0204",
    fields.NUMBER: "DF0204",
    fields.FLAG: "DF0205",
    fields.LIST: "DF0206",
    fields.MAP: "DF0207",
    fields.FIELDS: "DF0207",
}
_NEEDED: Mapping[str, str] = {
    fields.TEXT: "text",
    fields.TEXT_OR_FIELDS: "text or {fromEnv: NAME}",
    fields.WHOLE: "a whole number",
    fields.NUMBER: "a number",
    fields.FLAG: "true or false",
    fields.LIST: "a list",
    fields.MAP: "a map",
    fields.FIELDS: "a map",
}
_TRUE, _FALSE = frozenset({"true", "yes", "on", "y", "1"}), frozenset({"false", "no", "off", "n", "0"})
# In MB, as the API counts memory; a decimal unit is read as the binary one, as its own "15GB" is (facts sheet, 12).
_UNITS: Mapping[str, int] = {"m": 1, "g": 1024, "t": 1024 * 1024}
_MEMORY = re.compile(r"\s*(\d{1,6})\s*([mgt])i?b?\s*", re.IGNORECASE)
_WHOLE = re.compile(r"[1-9][0-9]{0,8}|0")
_LONGEST_LINE = 60


def mistyped(fault: Fault) -> Diagnostic:
    """Return the finding for a value of the wrong type."""
    if fault.value is None:
        return _no_value(fault)
    if _is_secret(fault):
        message = f"{fault.name} must be {_NEEDED[fault.shape.kind]}, but is not"
        return fault.finding("DF0203", message, f"use a reference: {fault.key}: {{fromEnv: {fault.key}}}", masked=True)
    help_text, edits = _REPAIRS[fault.shape.kind](fault)
    message = f"{fault.name} must be {_NEEDED[fault.shape.kind]}, but is {named(fault.value)}"
    return fault.finding(_CODES[fault.shape.kind], message, help_text, edits=edits)


def _is_secret(fault: Fault) -> bool:
    """Tell whether the value, unquoted and so not text, may be a secret all the same."""
    scalar = fault.document.scalar(fault.path)
    numeric = scalar is not None and len(scalar.raw) >= 12 and "env" in fault.path  # noqa: PLR2004  # longer than a setting
    return numeric and scalar is not None and random_for(fault.key, f"{scalar.raw}a")


def _no_value(fault: Fault) -> Diagnostic:
    example = "" if fault.example is None else f", such as {flow(fault.example)}"
    required = fault.info is not None and fault.info.is_required()
    help_text = f"give it a value{example}" + ("" if required else ", or leave the key out")
    scalar = fault.document.scalar(fault.path)
    if scalar is not None and scalar.raw not in {"", "~"} and fault.shape.kind in {fields.TEXT, fields.TEXT_OR_FIELDS}:
        help_text += f"; if the word is meant, quote it: {quoted(scalar.raw)}"
    return fault.finding("DF0208", f"{fault.name} has no value", help_text)


def _to_text(fault: Fault) -> Repair:
    scalar = fault.document.scalar(fault.path)
    if isinstance(fault.value, bool | int | float):
        if scalar is None or scalar.style != "plain":
            return "text needs quotes", ()
        text = f'"{scalar.raw}"'
        safe = not _is_tagged(fault) and _fits_text(fault.shape, scalar.raw)
        return f"quote it: {short(text)}", _replace(fault, text, safe=safe)
    if isinstance(fault.value, list) and all(isinstance(item, str | int | float) for item in fault.value):
        joined = flow(_join(fault.value))
        if len(joined) <= _LONGEST_LINE:
            return f"write it as one text: {fault.key}: {short(joined)}", _replace_on_line(fault, joined)
        return "write it as one text, the parts separated by spaces", ()
    if fault.shape.kind == fields.TEXT_OR_FIELDS:
        return f'write {fault.key}: "value", or {fault.key}: {{fromEnv: NAME}} for a secret', ()
    return "write one text in place of it", ()


def _join(parts: list[Any]) -> str:
    return " ".join(shlex.quote(part) if isinstance(part, str) else flow(part) for part in parts)


def _to_number(fault: Fault) -> Repair:
    value = fault.value
    if isinstance(value, str):
        if _WHOLE.fullmatch(value.strip()):
            bare = value.strip()
            safe = bare == value and not _is_tagged(fault) and _fits_number(fault.shape, int(bare))
            return f"remove the quotes: {fault.key}: {bare}", _replace(fault, bare, safe=safe)
        memory = _MEMORY.fullmatch(value)
        if memory and fault.target[-1] == "memoryMb":
            amount = str(int(memory[1]) * _UNITS[memory[2].lower()])
            return f"write the number of MB, without a unit: {fault.key}: {amount}", _replace(fault, amount)
    if isinstance(value, list) and len(value) == 1:
        return "write the number without brackets", ()
    example = fault.example
    return f"write a number, such as {example}" if isinstance(example, int | float) else "write a number", ()


def _to_flag(fault: Fault) -> Repair:
    word = str(fault.value).casefold()
    if word in _TRUE | _FALSE:
        meant = "true" if word in _TRUE else "false"
        safe = fault.value in {"true", "false"} and not _is_tagged(fault)
        return f"write {fault.key}: {meant}", _replace(fault, meant, safe=safe)
    return f"write {fault.key}: true or {fault.key}: false", ()


def _to_list(fault: Fault) -> Repair:
    scalar = fault.document.scalar(fault.path)
    if scalar is not None and scalar.style != "literal" and len(scalar.raw) <= _LONGEST_LINE:
        text = f"[{scalar.raw}]"
        return f"write a list: {fault.key}: {short(text)}", _replace_on_line(fault, text)
    if isinstance(fault.value, dict) and fault.value:
        start, end = fault.document.offsets(fault.path)
        source = fault.document.text[start:end]
        return (
            "make it an item of a list: put `- ` before its first key, and indent the others alike"
            if not source.startswith("{")
            else "make it an item of a list: put it in brackets",
            _replace_on_line(fault, f"[{source}]") if source.startswith("{") else (),
        )
    return "begin each item with `- ` on a line of its own", ()


def _to_map(fault: Fault) -> Repair:
    pairs = _pairs(fault.value)
    if pairs and fault.shape.kind == fields.MAP:
        return "write a map in place of the list: " + flow({fault.key: pairs})[1:-1], ()
    if fault.shape.kind == fields.MAP:
        return f"write a map: {fault.key}: {flow(fault.example or {'name': 'value'})}", ()
    known = fields_of(model_at(fault.shape, fault.value))
    needed = [name for name, (info, _) in known.items() if info.is_required()]
    if isinstance(fault.value, str) and len(needed) == 1 and len(fault.value) <= _LONGEST_LINE:
        text = "{" + f"{needed[0]}: {flow(fault.value)}" + "}"
        return f"write a map: {fault.key}: {short(text)}", _replace_on_line(fault, text)
    return f"its keys are: {', '.join(known)}", ()


def _pairs(value: Any) -> dict[str, Any]:
    """Return the start of the map that a list of `{name, value}` or of `NAME=value` was meant to be."""
    pairs: dict[str, Any] = {}
    for item in value[:2] if isinstance(value, list) else ():
        if isinstance(item, dict) and isinstance(item.get("name"), str):
            literal = "value" in item
            pairs[short(item["name"])] = short(str(item["value"])) if literal else {"fromEnv": short(item["name"])}
        elif isinstance(item, str) and "=" in item:
            name, _, text = item.partition("=")
            pairs[short(name)] = short(text)
    return {name: "..." if isinstance(text, str) and random_for(name, text) else text for name, text in pairs.items()}


_REPAIRS: Mapping[str, Callable[[Fault], Repair]] = {
    fields.TEXT: _to_text,
    fields.TEXT_OR_FIELDS: _to_text,
    fields.WHOLE: _to_number,
    fields.NUMBER: _to_number,
    fields.FLAG: _to_flag,
    fields.LIST: _to_list,
    fields.MAP: _to_map,
    fields.FIELDS: _to_map,
}


def _replace(fault: Fault, text: str, *, safe: bool = False) -> tuple[Edit, ...]:
    start, end = fault.document.offsets(fault.path)
    return (Edit(start=start, end=end, text=text, safe=safe),)


def _replace_on_line(fault: Fault, text: str) -> tuple[Edit, ...]:
    """Return an edit of a value that stands on one line and is no alias; of any other, none."""
    start, end = fault.document.offsets(fault.path)
    source = fault.document.text[start:end]
    return () if "\n" in source or "\r" in source or source.startswith("*") else _replace(fault, text)


def _fits_text(shape: fields.Shape, text: str) -> bool:
    """Tell whether nothing would be wrong with `text`; what would only be the next finding is no safe repair."""
    if shape.choices and text not in shape.choices:
        return False
    if shape.pattern is not None and re.search(shape.pattern, text) is None:
        return False
    return (shape.shortest or 0) <= len(text) and (shape.longest is None or len(text) <= shape.longest)


def _fits_number(shape: fields.Shape, number: int) -> bool:
    """Tell whether nothing would be wrong with `number`."""
    if shape.above is not None and number <= shape.above:
        return False
    return (shape.low is None or number >= shape.low) and (shape.high is None or number <= shape.high)


def _is_tagged(fault: Fault) -> bool:
    """Tell whether a tag stands before the value: quotes would not change its type then."""
    start, _ = fault.document.offsets(fault.path)
    return re.search(r"![^\s]*\s+(?:&\S+\s+)?$", fault.document.text[max(0, start - 200) : start]) is not None
