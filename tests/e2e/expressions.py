"""The expressions of GitHub workflows, as far as the rendered files use them.

https://docs.github.com/actions/reference/evaluate-expressions-in-workflows-and-actions
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

TOKEN = re.compile(r"\s*('(?:[^']|'')*'|&&|\|\||==|!=|[!(),]|[A-Za-z_][\w.-]*|$)")
STATUS = re.compile(r"\b(success|failure|always|cancelled)\(")
HOLE = re.compile(r"\$\{\{(.*?)\}\}")


class Expression:
    """A parser that evaluates on the way; what is not known is the empty string, as there."""

    def __init__(self, text: str, known: Mapping[str, Any]) -> None:
        self._known = known
        self._tokens = [found for found in TOKEN.findall(text) if found]
        assert "".join(self._tokens) == re.sub(r"\s+(?=(?:[^']*'[^']*')*[^']*$)", "", text), text

    def value(self) -> Any:
        """Evaluate it to its end."""
        found = self._either()
        assert not self._tokens, self._tokens
        return found

    def _either(self) -> Any:
        found = self._both()
        while self._next("||"):
            other = self._both()
            found = found or other
        return found

    def _both(self) -> Any:
        found = self._equal()
        while self._next("&&"):
            other = self._equal()
            found = found and other
        return found

    def _equal(self) -> Any:
        found = self._unary()
        if self._next("=="):
            return found == self._unary()
        if self._next("!="):
            return found != self._unary()
        return found

    def _unary(self) -> Any:
        if self._next("!"):
            return not self._unary()
        if self._next("("):
            found = self._either()
            assert self._next(")")
            return found
        token = self._tokens.pop(0)
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if not self._next("("):
            return self._named(token)
        arguments = []
        while not self._next(")"):
            arguments.append(self._either())
            self._next(",")
        return json.loads(*arguments) if token == "fromJSON" else self._known[f"{token}()"]

    def _named(self, path: str) -> Any:
        found: Any = self._known
        for part in path.split("."):
            found = found.get(part, "") if isinstance(found, Mapping) else ""
        return found

    def _next(self, token: str) -> bool:
        if self._tokens[:1] == [token]:
            del self._tokens[0]
            return True
        return False


def holds(condition: str | None, known: Mapping[str, Any]) -> bool:
    """Whether an `if` holds: without a function of the status it asks for success as well."""
    text = (condition or "success()").removeprefix("${{").removesuffix("}}")
    asked = bool(STATUS.search(text))
    return bool(Expression(text, known).value()) and (asked or known["success()"])


def filled(value: Any, known: Mapping[str, Any]) -> Any:
    """Return a value of a workflow with its expressions evaluated."""
    if isinstance(value, dict):
        return {key: filled(item, known) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, known) for item in value]
    if not isinstance(value, str):
        return value
    if whole := HOLE.fullmatch(value.strip()):
        return Expression(whole[1], known).value()
    return HOLE.sub(lambda hole: str(Expression(hole[1], known).value()), value)
