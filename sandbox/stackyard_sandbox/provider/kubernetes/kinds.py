"""Maps resource types to Kubernetes kinds and to the SDK's input types."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from functools import cache
from types import ModuleType

from stackyard_sandbox.provider.kubernetes.sdk_loading import LOADING
from stackyard_sandbox.provider.server import ProviderError
from stackyard_sandbox.provider.suggestion import did_you_mean

REFUSED_GROUPS = ("helm.sh", "kustomize", "yaml")
"""Types that render manifests on the client; of Helm's, `releases` serves the only one needed."""


@dataclass(frozen=True)
class Kind:
    """A kind of the Kubernetes API; `arguments` is None for a custom resource without types."""

    api_version: str
    name: str
    arguments: type | None = None

    @property
    def group(self) -> str:
        """The API group, empty for the core group."""
        return self.api_version.rpartition("/")[0]

    def __str__(self) -> str:
        return f"{self.api_version} {self.name}"


def kind_of(token: str) -> Kind:
    """Return the kind of `kubernetes:GROUP/VERSION:Kind`; raises ProviderError if it is refused."""
    with LOADING:
        return _kind_of(token)


@cache
def _kind_of(token: str) -> Kind:
    """Find a kind in the SDK.

    The SDK's `CustomResource` makes its token from the apiVersion and kind that it is given, so
    a token that is not in the SDK is a custom resource, unless its group is one of the SDK's.
    """
    _, group_version, name = token.split(":")
    group, _, version = group_version.rpartition("/")
    if group in REFUSED_GROUPS or group_version in REFUSED_GROUPS:
        raise ProviderError(
            f"{token} renders manifests with a tool that the sandbox does not have; "
            "declare the Kubernetes objects themselves"
        )
    module = _module(f"pulumi_kubernetes.{group.partition('.')[0]}.{version}")
    if module is None or not _is_builtin(group):
        return Kind(group_version, name)
    if name.endswith(("List", "Patch")) and hasattr(module, name):
        raise ProviderError(
            f"{token} is not part of the sandbox: declare each object by its own type "
            f"({name.removesuffix('List').removesuffix('Patch')})"
        )
    if not hasattr(module, name):
        hint = did_you_mean(name, (key for key in dir(module) if key[0].isupper()))
        raise ProviderError(f"{group_version} has no kind `{name}`{hint}")
    resource = importlib.import_module(f"{module.__name__}.{name}")
    api_version = version if group == "core" else group_version
    # A few kinds that are only created (Binding) have no class for a whole object.
    arguments = getattr(resource, f"{name}InitArgs", None) or getattr(resource, f"{name}Args")
    return Kind(api_version, name, arguments)


def _is_builtin(group: str) -> bool:
    """Return whether the group belongs to Kubernetes: others must have a dot (docs: CRD names)."""
    return "." not in group or group.endswith(".k8s.io")


def _module(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name) if importlib.util.find_spec(name) else None
    except ModuleNotFoundError:
        return None
