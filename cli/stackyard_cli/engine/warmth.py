"""Loading SDK modules while the engine starts: they are most of a program's time.

`pulumi_aws` and `pulumi_kubernetes` load a service's module at its first use, up to half a second
each. Which ones a stack uses is known from its state.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib import import_module


def modules_of(types: Iterable[str]) -> list[str]:
    """Return the SDK modules of resource types, for example `pulumi_aws.s3`."""
    found: dict[str, None] = {}
    for kind in types:
        package, _, rest = kind.partition(":")
        path = rest.partition(":")[0]
        if package == "aws":
            found[f"pulumi_aws.{path.partition('/')[0]}"] = None
        elif package == "kubernetes":
            group, _, version = path.partition("/")
            found[f"pulumi_kubernetes.{group.partition('.')[0]}.{version}"] = None
    return list(found)


class Warmth:
    """Loads modules, and whatever else is given, on a thread of its own."""

    def __init__(self, types: Iterable[str], also: Callable[[], object]) -> None:
        self._modules, self._also = modules_of(types), also
        self._thread = threading.Thread(target=self._load, daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Wait for the end: the SDK's lazy modules break when two threads use them at first."""
        self._thread.join()

    def _load(self) -> None:
        # Whatever fails here fails again, and is told, when the program does it.
        with suppress(Exception):
            self._also()
        for name in self._modules:
            with suppress(ImportError):
                import_module(name)
