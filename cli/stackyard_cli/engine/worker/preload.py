"""Loads SDK modules on a thread while the engine starts (worker side).

Loading is most of a program's time: `pulumi_aws` and `pulumi_kubernetes` import a service's module
on first use, up to half a second each. A stack's state names the types, and so the modules.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib import import_module


def modules_of(types: Iterable[str]) -> list[str]:
    """Return the SDK modules of resource types, for example `pulumi_aws.s3`."""
    modules: dict[str, None] = {}
    for kind in types:
        package, _, rest = kind.partition(":")
        path = rest.partition(":")[0]
        if package == "aws":
            modules[f"pulumi_aws.{path.partition('/')[0]}"] = None
        elif package == "kubernetes":
            group, _, version = path.partition("/")
            modules[f"pulumi_kubernetes.{group.partition('.')[0]}.{version}"] = None
    return list(modules)


FIRST = {
    "foundation": ("pulumi_aws.ec2", "pulumi_aws.s3", "pulumi_aws.kms"),
    "services": ("pulumi_aws.iam", "pulumi_kubernetes.core.v1", "pulumi_kubernetes.apps.v1"),
    "project": ("pulumi_aws.s3", "pulumi_aws.kms", "pulumi_kubernetes.core.v1"),
}
"""The slowest modules of each blueprint, for a stack whose state is still empty."""


class Preload:
    """Imports modules, and calls a function, in a separate thread."""

    def __init__(
        self,
        modules: Iterable[str],
        also: Callable[[], object],
        after: Preload | None = None,
    ) -> None:
        self._modules, self._also, self._after = tuple(modules), also, after
        self._thread = threading.Thread(target=self._load, daemon=True)
        self._thread.start()

    @classmethod
    def of(cls, blueprint: str) -> Preload:
        """Load the modules of every stack of a blueprint, before the first request has arrived."""
        program = f"stackyard.blueprints.{blueprint}.program"
        return cls(FIRST.get(blueprint, ()), lambda: import_module(program))

    def wait(self) -> None:
        """Wait for the end: two threads must not import the same lazy module of the SDK at once."""
        self._thread.join()

    def _load(self) -> None:
        if self._after:
            self._after.wait()
        # An error here occurs again in the program, which reports it.
        with suppress(Exception):
            self._also()
        load(self._modules)


def load(modules: Iterable[str]) -> None:
    """Import SDK modules; those that are not there fail in the program, which reports it."""
    for name in modules:
        with suppress(ImportError):
            # The import returns a proxy, which loads the module on its first attribute access.
            getattr(import_module(name), "__all__", None)
