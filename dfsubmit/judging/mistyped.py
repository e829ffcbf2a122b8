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
from dfsubmit.judging.fields import fields_of, model_at, value_at
from dfsubmit.judging.quoting import flow, named, quoted, short
from dfsubmit.leaks import random_for
from dfsubmit.suggest import closest, fold

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dfsubmit.diagnostics import Diagnostic
    from dfsubmit.document import Document
    from dfsubmit.judging.fault import Fault
    from dfsubmit.judging.strays import Stray

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
_UNIT_IN_NAME = re.compile(r"([GTgt])i?[Bb]?\Z")
_SEPARATED = re.compile(r"[0-9]{1,3}(?:[,_ '][0-9]{3})+")
_BEHIND = re.compile(r"([0-9]{1,9})([,;.])")
_NOTE = re.compile(r"([0-9]{1,9})(#.*)")
# As others write ports: host and container, or with the protocol.
_PORT = re.compile(r"(?:[0-9]{1,5}:)?([0-9]{1,5})(?:/tcp)?", re.IGNORECASE)
_UNFILLED = re.compile(r"\$[{(]?\w|\{\{|<[A-Za-z]|%\(")
_NOTE_AS_VALUE = re.compile(r":[ \t]+(#[^\s#!][^\r\n]{0,58})(?=[\r\n]|\Z)")
_WHOLE = re.compile(r"[1-9][0-9]{0,8}|0")
_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")
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


def memory_meant(document: Document, stray: Stray) -> int | None:
    """Return the number of MB that an unknown key with a unit in its name or its value was meant to say; None for any other."""
    if stray.target is None or stray.target[-1] != "memoryMb" or fold(str(stray.path[-1])) == fold("memoryMb"):
        return None
    value = value_at(document.data, stray.path)
    by_name = _UNIT_IN_NAME.search(str(stray.path[-1]))
    if isinstance(value, int) and not isinstance(value, bool) and by_name is not None:
        return value * _UNITS[by_name[1].lower()]
    amount = _MEMORY.fullmatch(value) if isinstance(value, str) else None
    return None if amount is None else int(amount[1]) * _UNITS[amount[2].lower()]


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
    if scalar is not None and not scalar.raw and (note := _note_behind(fault)):
        help_text += f"; what follows is a comment; if it is the value: {quoted(note)}"
    if scalar is not None and scalar.raw not in {"", "~"} and fault.shape.kind in {fields.TEXT, fields.TEXT_OR_FIELDS}:
        help_text += f"; if the word is meant, quote it: {quoted(scalar.raw)}"
    return fault.finding("DF0208", f"{fault.name} has no value", help_text)


def _note_behind(fault: Fault) -> str:
    """Return the comment on the line of a key without a value, if its `#` touches a word as in `#ffffff`."""
    _, end = fault.document.offsets(fault.path, key=True)
    note = _NOTE_AS_VALUE.match(fault.document.text, end)
    return note[1] if note else ""


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
        return _text_to_number(fault, value)
    if isinstance(value, dict) and len(value) == 1 and isinstance(only := next(iter(value.values())), int):
        return f"write the number alone: {_written(fault, str(only))}", ()
    if isinstance(value, list) and len(value) == 1:
        return "write the number without brackets", ()
    return _any_number(fault), ()


def _text_to_number(fault: Fault, value: str) -> Repair:
    """Return how to write the number that a text was meant to be."""
    bare = value.strip()
    if _WHOLE.fullmatch(bare):
        safe = bare == value and not _is_tagged(fault) and _fits_number(fault.shape, int(bare))
        return f"remove the quotes: {_written(fault, bare)}", _replace(fault, bare, safe=safe)
    meant = _number_meant(fault, bare)
    if meant is not None:
        words, digits = meant
        return f"{words}: {_written(fault, digits)}", _replace(fault, digits)
    if note := _NOTE.fullmatch(bare):
        return f"put a blank in front of the #: {_written(fault, f'{note[1]} {short(note[2])}')}", ()
    if _UNFILLED.search(value):
        return "write the number itself: nothing fills in variables here", ()
    return _any_number(fault), ()


def _number_meant(fault: Fault, text: str) -> tuple[str, str] | None:
    """Return what is odd about a text that is a number all the same, and the number as it should be written."""
    memory = _MEMORY.fullmatch(text) if fault.target[-1] == "memoryMb" else None
    port = _PORT.fullmatch(text) if "exposeTcpPorts" in fault.target else None
    if memory:
        return "write the number of MB, without a unit", str(int(memory[1]) * _UNITS[memory[2].lower()])
    if text.isdecimal() and not text.isascii():
        return "write it in ASCII digits", str(int(text[:9]))
    if _SEPARATED.fullmatch(text):
        return "write it without separators", re.sub("[^0-9]", "", text)
    if behind := _BEHIND.fullmatch(text):
        return f"remove the {behind[2]} behind it", behind[1]
    return ("write the port of the container alone", port[1]) if port else None


def _any_number(fault: Fault) -> str:
    example = fault.example
    return f"write a number, such as {example}" if isinstance(example, int | float) else "write a number"


def _written(fault: Fault, text: str) -> str:
    """Return `text` with its key in front; an entry of a list has none."""
    return f"{fault.key}: {text}" if isinstance(fault.target[-1], str) else text


def _to_flag(fault: Fault) -> Repair:
    word = str(fault.value).casefold()
    if word in _TRUE | _FALSE:
        meant = "true" if word in _TRUE else "false"
        safe = fault.value in {"true", "false"} and not _is_tagged(fault)
        return f"write {fault.key}: {meant}", _replace(fault, meant, safe=safe)
    if isinstance(fault.value, str) and (near := closest(fault.value, ("true", "false"))):
        return f"did you mean {near}?", _replace(fault, near)
    return f"write {fault.key}: true or {fault.key}: false", ()


def _to_list(fault: Fault) -> Repair:
    scalar = fault.document.scalar(fault.path)
    if scalar is not None and scalar.style != "literal" and len(scalar.raw) <= _LONGEST_LINE:
        inner = scalar.raw[1:-1] if scalar.raw[:1] == "(" and scalar.raw[-1:] == ")" else scalar.raw
        text = f"[{inner}]"
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
    return _to_open_map(fault) if fault.shape.kind == fields.MAP else _to_fields(fault)


def _to_open_map(fault: Fault) -> Repair:
    is_text = isinstance(fault.value, str)
    pairs = _pairs([fault.value] if is_text else fault.value)
    if pairs:
        return f"write a map{'' if is_text else ' in place of the list'}: " + flow({fault.key: pairs})[1:-1], ()
    return f"write a map: {fault.key}: {flow(fault.example or {'name': 'value'})}", ()


def _to_fields(fault: Fault) -> Repair:
    value = fault.value
    known = fields_of(model_at(fault.shape, value))
    needed = {name: info for name, (info, _) in known.items() if info.is_required()}
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
        return "it is one map, not a list: remove the dash in front of its first key", ()
    if not isinstance(value, str) or not value or not needed or len(value) > _LONGEST_LINE:
        return f"its keys are: {', '.join(known)}", ()
    first = next(iter(needed))
    if len(needed) == 1:
        text = "{" + f"{first}: {flow(value)}" + "}"
        return f"write a map: {fault.key}: {short(text)}", _replace_on_line(fault, text)
    examples = {name: info.examples[0] if info.examples else "..." for name, info in needed.items()}
    return f"write a map, such as {flow(examples | {first: short(value)})}", ()


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
        elif isinstance(item, str) and _NAME.fullmatch(item) and len(value) > 1:
            pairs[short(item)] = {"fromEnv": short(item)}
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
