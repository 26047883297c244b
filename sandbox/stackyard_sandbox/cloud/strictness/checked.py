"""Makes a method of the emulator ask a rule first."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

Rule = Callable[[Any, Mapping[str, Any]], None]
"""Takes the backend and the call's arguments by name; raises the service's error."""

put_in_place = setattr
"""Tests put their own here, so that each of them ends with the emulator as it was."""


def before(backend: type, method: str, rule: Rule) -> None:
    """Ask a rule before each call of a backend's method."""
    original = getattr(backend, method)
    parameters = inspect.signature(original)

    @wraps(original)
    def checked(*given: Any, **named: Any) -> Any:
        bound = parameters.bind(*given, **named)
        bound.apply_defaults()
        rule(bound.arguments["self"], bound.arguments)
        return original(*given, **named)

    put_in_place(backend, method, checked)


def after(backend: type, method: str, rule: Rule) -> None:
    """Let a rule act after each successful call of a backend's method."""
    original = getattr(backend, method)
    parameters = inspect.signature(original)

    @wraps(original)
    def followed(*given: Any, **named: Any) -> Any:
        result = original(*given, **named)
        bound = parameters.bind(*given, **named)
        bound.apply_defaults()
        rule(bound.arguments["self"], bound.arguments)
        return result

    put_in_place(backend, method, followed)
