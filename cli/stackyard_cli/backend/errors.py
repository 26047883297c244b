"""Errors of the engine's binary, of backends and of state."""

from __future__ import annotations

from stackyard_cli.errors import StackyardError


class BackendError(StackyardError):
    """The state backend is unknown, unreachable or denies access."""


class EngineMissingError(StackyardError):
    """No usable Pulumi CLI."""


class StateError(StackyardError):
    """The state of a stack does not allow the operation: locked, pending, missing, unreadable."""
