"""A sentence and a help for each type of error of the models.

`_WORDS` has a row for every type that the models can report; one that is not there yet gets pydantic's own words. Rules:
the message names the field, the rule, and what is there instead; the help is something to type, or where to look.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dfsubmit.diagnostics import Diagnostic, Edit, Related
from dfsubmit.judging.fields import TEXT_OR_FIELDS, fields_of, model_at, value_at
from dfsubmit.judging.mistyped import memory_meant, mistyped
from dfsubmit.judging.offence import offence, suggestion
from dfsubmit.judging.paths import dotted
from dfsubmit.judging.quoting import flow, named, quoted, short
from dfsubmit.judging.strays import How, Stray
from dfsubmit.kinds import API_VERSION
from dfsubmit.leaks import known
from dfsubmit.manifest import KINDS
from dfsubmit.modelbase import INTEGER_MAX, PATTERN_MEANING
from dfsubmit.suggest import closest, fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dfsubmit.document import Document
    from dfsubmit.judging.fault import Fault
    from dfsubmit.judging.fields import Shape
    from dfsubmit.judging.paths import Path

_TYPE_ERRORS = (
    "bool_type",
    "dict_type",
    "env_value",
    "finite_number",
    "float_type",
    "int_type",
    "model_type",
    "string_type",
    "tuple_type",
)
_RANGE_ERRORS = ("greater_than", "greater_than_equal", "less_than", "less_than_equal")


def alternatives(words: Iterable[str]) -> str:
    """Return `words` as a choice: `process, podman or docker`."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def worded(fault: Fault) -> Diagnostic:
    """Return the finding for one error of the models; unknown keys are `stray_finding`'s."""
    if fault.target == ("kind",):
        return kind_finding(fault.document, fault.value)
    if fault.target == ("apiVersion",):
        return version_finding(fault.document, fault.value)
    return _WORDS.get(fault.type, _any)(fault)


def patch_finding(document: Document) -> Diagnostic:
    """Return the finding for a document each line of which begins with the same mark."""
    mark = next(iter(document.data))[:1]
    return Diagnostic(
        code="DF0215",
        message=f"each line begins with {mark}: this is a patch or a quotation, not a manifest",
        path=document.path,
        span=document.span(()),
        help=f"remove the {mark} in front of every line",
    )


def kind_finding(document: Document, value: Any, by_spec: str | None = None) -> Diagnostic:
    """Return the finding for a kind that is missing or wrong; `by_spec` is the kind that the spec shows."""
    if by_spec is not None and "kind" in document.data:
        return Diagnostic(
            code="DF0214",
            message=f"kind is {_named(value)}, but the spec is that of kind {by_spec}",
            path=document.path,
            span=document.span(("kind",)),
            help=f"write kind: {by_spec}",
        )
    meant = closest(value, KINDS) if isinstance(value, str) else None
    return _head_finding(document, "DF0214", "kind", alternatives(KINDS), meant or next(iter(KINDS)), sure=bool(meant))


def version_finding(document: Document, value: Any) -> Diagnostic:
    """Return the finding for an apiVersion that is missing or wrong."""
    sure = isinstance(value, str) and closest(value, [API_VERSION]) is not None
    return _head_finding(document, "DF0213", "apiVersion", API_VERSION, API_VERSION, sure=sure)


def _head_finding(document: Document, code: str, key: str, rule: str, meant: str, *, sure: bool) -> Diagnostic:
    """Return the one finding for `apiVersion` or `kind`. `sure` says that `meant` is what the author meant."""
    path: Path = (key,)
    if key not in document.data:
        message, help_text = f"the document has no {key}", f"add the line: {key}: {meant}"
        if code == "DF0214":
            help_text += f" ({key} is {rule})"
    else:
        message = f"{key} must be {rule}, but is {_named(document.data[key])}"
        help_text = f'did you mean "{meant}"?' if sure else f"write {key}: {meant}, if this is a manifest of dfsubmit"
    scalar = document.scalar(path)
    edits: tuple[Edit, ...] = ()
    if sure and scalar is not None:
        start, end = document.offsets(path)
        edits = (Edit(start=start, end=end, text=meant),)
    span = document.span(path, key=scalar is not None and not scalar.raw)
    return Diagnostic(code=code, message=message, path=document.path, span=span, help=help_text, edits=edits)


def stray_finding(document: Document, stray: Stray, *, required: bool, doubtful: bool) -> Diagnostic:
    """Return the finding for an unknown key. `required` says that the key it stands for is needed and missing.

    `doubtful` says that its value would not do under the key that was guessed: then the edit is not safe.
    """
    *above, key = stray.path
    name, place = short(str(key)), dotted(above) or "the document"
    message, help_text = f"unknown key {quoted(str(key))} in {place}", ""
    edits: tuple[Edit, ...] = ()
    target = dotted(stray.target or ())
    last = str(stray.target[-1]) if stray.target else ""
    match stray.how:
        case How.SPELLING:
            help_text = f'did you mean "{last}"? Keys are spelt exactly so'
        case How.TYPO:
            help_text = f'did you mean "{last}"?'
        case How.HABIT:
            help_text = f'the key is called "{last}" here'
        case How.ELSEWHERE:
            belongs = dotted((stray.target or ())[:-1])
            help_text = f'"{name}" belongs under {belongs}' if last == key else f"write it as {target}"
        case How.SIBLING:
            written = stray.target is None
            help_text = f'"{name}" is a key for type: {stray.sibling}{"" if written else "; add that line"}'
        case How.UNKNOWN:
            twin = _twin(document, stray)
            help_text = (
                f'"{twin}" is there already: remove one of the two'
                if twin
                else f"the keys known here are: {', '.join(stray.known)}"
            )
    if required and stray.how is How.TYPO:
        help_text += " It is required"
    amount = memory_meant(document, stray)
    if amount is not None:
        help_text = f"write {last}: {amount}, the number of MB without a unit"
    elif stray.how in {How.SPELLING, How.TYPO, How.HABIT}:
        start, end = document.offsets(stray.path, key=True)
        # `cpuCount=4`: the value is part of the key, and would be lost with it.
        safe = not doubtful and stray.how is not How.HABIT and "=" not in str(key)
        edits = (Edit(start=start, end=end, text=last, safe=safe),)
    span = document.span(stray.path, key=True)
    return Diagnostic(code="DF0201", message=message, path=document.path, span=span, help=help_text, edits=edits)


def _twin(document: Document, stray: Stray) -> str:
    """Return the key beside an unknown one that only differs in its spelling; empty when there is none."""
    beside = value_at(document.data, stray.path[:-1])
    name = str(stray.path[-1])
    there = [key for key in stray.known if key in beside] if isinstance(beside, dict) else []
    return next((key for key in there if fold(key) == fold(name)), "")


def _missing(fault: Fault) -> Diagnostic:
    key = str(fault.target[-1])
    if fault.parent.kind == TEXT_OR_FIELDS:
        name = dotted(fault.target[:-1])
        text = f"{name} must be text or {{fromEnv: NAME}}, but has no fromEnv"
        return fault.finding("DF0216", text, f"write it as {fault.target[-2]}: {{fromEnv: {fault.target[-2]}}}")
    place = dotted(fault.target[:-1])
    lines = missing_lines(fault)
    help_text = f"add the line: {lines[0]}" if len(lines) == 1 else "\n".join(["add, with your own values:", *lines])
    return fault.finding("DF0202", f'missing key "{key}"' + (f" in {place}" if place else ""), help_text)


def missing_lines(fault: Fault) -> list[str]:
    """Return the lines that a missing key needs, with values that would do."""
    return _lines(str(fault.target[-1]), fault.shape, fault.example, "")


def _lines(key: str, shape: Shape, example: Any, indent: str) -> list[str]:
    """Return `key` with a value that would do, as lines of YAML: all that is required, nothing else."""
    if not shape.models:
        return [f"{indent}{key}: {flow(example if example is not None else 'value')}"]
    lines = [f"{indent}{key}:"]
    for name, (info, inner) in fields_of(model_at(shape, {})).items():
        if info.is_required():
            lines += _lines(name, inner, info.examples[0] if info.examples else None, f"{indent}  ")
    return lines


def _length(fault: Fault) -> Diagnostic:
    shape, value = fault.shape, str(fault.value)
    if shape.longest is None and shape.shortest == 1:
        text = "it may be left out" if fault.info and not fault.info.is_required() else ""
        help_text = text or (f"write a text, such as {flow(fault.example)}" if fault.example else "write a text")
        return fault.finding("DF0210", f"{fault.name} must not be empty", help_text)
    bounds = f"{shape.shortest} to {shape.longest}" if shape.shortest else f"at most {shape.longest}"
    message = f"{fault.name} must be {bounds} characters long, but {quoted(value)} has {len(value)}"
    cut = value[: shape.longest].rstrip("-_.")
    shorter = shape.longest is not None and len(value) > shape.longest and len(cut) >= (shape.shortest or 0)
    shorter = shorter and not known(value)
    return fault.finding(
        "DF0210", message, f"shorten it, for example to {quoted(cut)}" if shorter else "make it longer"
    )


def _range(fault: Fault) -> Diagnostic:
    shape, value = fault.shape, fault.value
    low = f"at least {shape.low:g}" if shape.low is not None else f"more than {shape.above or 0:g}"
    high = "" if shape.high is None or shape.high >= INTEGER_MAX else f"{shape.high:g}"
    too_high = fault.type.startswith("less")
    if shape.low is not None and high:
        rule = f"{shape.low:g} to {high}"
    elif high:
        rule = f"{low} and at most {high}"
    else:
        rule = f"at most {shape.high:.0f}" if too_high and shape.high is not None else low
    nearest = shape.high if too_high else shape.low
    help_text = f"the {'largest' if too_high else 'smallest'} value is {nearest:.0f}" if nearest is not None else ""
    return fault.finding("DF0209", f"{fault.name} must be {rule}, but is {short(str(value))}", help_text)


def _pattern(fault: Fault) -> Diagnostic:
    pattern, text = fault.shape.pattern or "", str(fault.value)
    rule = PATTERN_MEANING.get(pattern, f"a text like {pattern}")
    code = "DF0216" if fault.target[-1] == "fromEnv" else "DF0211"
    better = suggestion(pattern, text)
    # What is made of a credential is nearly one: it has no place in an output either.
    example = f", for example {quoted(better)}" if better and better != text and not known(text) else ""
    return fault.finding(code, f"{fault.name} {offence(pattern, text)}", f"it must be {rule}{example}")


def _choice(fault: Fault) -> Diagnostic:
    if fault.value is None:
        return mistyped(fault)
    choices = [one.strip("'") for one in fault.context["expected"].replace(" or ", ", ").split(", ")]
    meant = closest(fault.value, choices) if isinstance(fault.value, str) else None
    message = f"{fault.name} must be {alternatives(choices)}, but is {_named(fault.value)}"
    if meant is None:
        return fault.finding("DF0212", message, f"write {fault.key}: {choices[0]}" if len(choices) == 1 else "")
    start, end = fault.document.offsets(fault.path)
    edit = Edit(start=start, end=end, text=meant)
    return fault.finding("DF0212", message, f'did you mean "{meant}"?', edits=(edit,))


def _named(value: Any) -> str:
    return quoted(value) if isinstance(value, str) else named(value)


def _twice(fault: Fault) -> Diagnostic:
    value = fault.context["value"]
    first, second, *_ = [index for index, item in enumerate(fault.value) if item == value]
    document, path = fault.document, fault.path
    return Diagnostic(
        code="DF0217",
        message=f"{fault.name} has {quoted(value)} twice",
        path=document.path,
        span=document.span((*path, second)),
        help="remove one of them",
        related=(Related(message="first listed here", path=document.path, span=document.span((*path, first))),),
    )


def _any(fault: Fault) -> Diagnostic:
    return fault.finding("DF0211", f"{fault.name} is not allowed: {fault.message}")


_WORDS: Mapping[str, Callable[[Fault], Diagnostic]] = {
    **dict.fromkeys(_TYPE_ERRORS, mistyped),
    **dict.fromkeys(_RANGE_ERRORS, _range),
    "literal_error": _choice,
    "missing": _missing,
    "not_unique": _twice,
    "string_pattern_mismatch": _pattern,
    "string_too_long": _length,
    "string_too_short": _length,
}
