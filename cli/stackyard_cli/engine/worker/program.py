"""What every program gets before it runs: a quiet log, and the tag that names each resource."""

from __future__ import annotations

from typing import Any

from pulumi.runtime.proto import engine_pb2
from pulumi.runtime.settings import SETTINGS

from stackyard.resource_tag import name_resources


class QuietEngine:
    """The engine without debug lines: each is a blocking call, a fifth of a program's time.

    The run's settings take any object for the engine, as `pulumi.runtime.set_mocks` does.
    """

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def Log(self, request: Any, **options: Any) -> Any:  # noqa: N802 - the protocol's name
        """Pass on what is not a debug line."""
        if request.severity == engine_pb2.DEBUG:
            return None
        return self._engine.Log(request, **options)


def prepare() -> None:
    """Set up the run of this context; called first by the program."""
    if SETTINGS.engine is not None:
        SETTINGS.engine = QuietEngine(SETTINGS.engine)
    name_resources()
