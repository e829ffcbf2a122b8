"""The expressions of GitHub's workflows, as far as ours use them: what stands in `${{ }}`, and in `if:`.

Strict where GitHub is not: a context or a function that is not known here is an error. A property that is missing is null, as
there. https://docs.github.com/actions/reference/workflows-and-actions/expressions has the rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<word>[A-Za-z_][\w.-]*)|(?P<number>\d+)|(?P<sign>\|\||&&|==|!=|!|[()]))"
)
_WORDS: Mapping[str, Any] = {"true": True, "false": False, "null": None}
Functions = Mapping[str, Callable[[], bool]]


class ExpressionError(ValueError):
    """An expression that this module does not understand."""


def filled(text: str, contexts: Mapping[str, Any]) -> str:
    """Return `text` with every `${{ }}` replaced by its value."""
    return re.sub(r"\$\{\{(.*?)\}\}", lambda match: shown(evaluate(match[1], contexts)), text, flags=re.DOTALL)


def evaluate(text: str, contexts: Mapping[str, Any], functions: Functions | None = None) -> Any:
    """Return the value of one expression. Raises ExpressionError."""
    tokens = []
    place = 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if match is None:
            raise ExpressionError(f"cannot read {text[place:]!r}")
        tokens.append(match[0].strip())
        place = match.end()
    parser = _Parser(tokens=tokens, contexts=contexts, functions=functions or {})
    value = parser.either()
    if parser.tokens:
        raise ExpressionError(f"cannot read {' '.join(parser.tokens)!r}")
    return value


def shown(value: Any) -> str:
    """Return a value as it is put into a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


@dataclass(kw_only=True)
class _Parser:
    tokens: list[str]
    contexts: Mapping[str, Any]
    functions: Functions = field(default_factory=dict)

    def either(self) -> Any:
        value = self.both()
        while self._takes("||"):
            other = self.both()
            value = value or other
        return value

    def both(self) -> Any:
        value = self.same()
        while self._takes("&&"):
            other = self.same()
            value = value and other
        return value

    def same(self) -> Any:
        value = self.single()
        if self._takes("=="):
            return _equal(value, self.single())
        if self._takes("!="):
            return not _equal(value, self.single())
        return value

    def single(self) -> Any:
        if not self.tokens:
            raise ExpressionError("it ends too soon")
        if self._takes("!"):
            return not self.single()
        if self._takes("("):
            value = self.either()
            self._must(")")
            return value
        token = self.tokens.pop(0)
        if self._takes("("):
            self._must(")")
            return self._called(token)
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        return int(token) if token.isdecimal() else _WORDS[token] if token in _WORDS else self._context(token)

    def _called(self, name: str) -> bool:
        if name not in self.functions:
            raise ExpressionError(f"there is no function {name}()")
        return self.functions[name]()

    def _context(self, path: str) -> Any:
        root, *names = path.split(".")
        if root not in self.contexts:
            raise ExpressionError(f"there is no context {root}")
        value = self.contexts[root]
        for name in names:
            value = value.get(name) if isinstance(value, Mapping) else None
        return value

    def _takes(self, token: str) -> bool:
        found = bool(self.tokens) and self.tokens[0] == token
        if found:
            self.tokens.pop(0)
        return found

    def _must(self, token: str) -> None:
        if not self._takes(token):
            raise ExpressionError(f"{token} is missing")


def _equal(one: Any, other: Any) -> bool:
    """Compare as GitHub does: texts without regard to case, and nothing equals another kind of thing but null and ''."""
    if isinstance(one, str) and isinstance(other, str):
        return one.lower() == other.lower()
    return type(one) is type(other) and bool(one == other)
