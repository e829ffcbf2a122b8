"""The rules that types alone cannot say, as functions of pydantic's core; `modelbase` and `prepared` use the same ones.

Models are classes that have `model_validate`: those of pydantic, or the plain ones of `prepared`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dfsubmit.submodule import import_submodule

if TYPE_CHECKING:
    from collections.abc import Mapping


core: Any = import_submodule("pydantic_core", "_pydantic_core")


def integral(value: Any) -> Any:
    """Return `4.0` as `4`: JSON Schema calls both an integer. Anything else is left to the strict int behind."""
    return int(value) if type(value) is float and value.is_integer() else value


def unique(values: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a value that stands twice. Raises PydanticCustomError."""
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise core.PydanticCustomError("not_unique", "'{value}' stands here twice", {"value": value})
        seen.add(value)
    return values


def text_or_model(value: Any, model: type[Any]) -> Any:
    """Return a text as it is and a map as a `model`, with one error for anything else. Raises ValidationError."""
    if isinstance(value, dict):
        return model.model_validate(value)
    if isinstance(value, str) or type(value) is model:
        return value
    raise core.PydanticCustomError("env_value", "Input should be a string or a mapping with fromEnv")


def chosen(value: Any, name: str, models: Mapping[str, type[Any]]) -> Any:
    """Return a map as the one of `models` that its `type` names, with one error when it names none.

    The first of `models` need not be named. Raises ValidationError, PydanticKnownError.
    """
    if type(value) in models.values():
        return value
    if not isinstance(value, dict):
        raise core.PydanticKnownError("model_type", {"class_name": name})
    word = value.get("type", next(iter(models)))
    model = models.get(word) if isinstance(word, str) else None
    if model is None:
        expected = " or ".join(f"'{known}'" for known in models)
        wrong = {"type": "literal_error", "loc": ("type",), "input": word, "ctx": {"expected": expected}}
        raise core.ValidationError.from_exception_data(name, [wrong], hide_input=True)
    return model.model_validate(value)
