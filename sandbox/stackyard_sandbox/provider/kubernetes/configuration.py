"""The configuration of a provider instance: kubeconfig and options.

Kubeconfig fields: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/.
"""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from pulumi_kubernetes.provider import ProviderArgs

from stackyard_sandbox.provider.kubernetes.sdk_loading import input_types
from stackyard_sandbox.provider.protocol import Properties, has_unknown
from stackyard_sandbox.provider.server import ProviderError
from stackyard_sandbox.provider.suggestion import did_you_mean

REFUSED: Mapping[str, object] = {
    "alwaysRender": True,
    "deleteUnreachable": True,
    "enableServerSideApply": False,
    "renderYamlToDirectory": None,
    "skipUpdateUnreachable": True,
}
"""Settings that change a run, but that the sandbox does not implement; None: any value."""

HELM = "helmReleaseSettings"


@dataclass(frozen=True)
class EksUser:
    """A kubeconfig user with the exec command `aws eks get-token`."""

    cluster: str
    region: str | None = None
    role: str | None = None


@dataclass(frozen=True)
class Access:
    """Address and credentials of an API server; certificates and keys are PEM."""

    server: str
    authority: str | None = None
    insecure: bool = False
    token: str | None = field(default=None, repr=False)
    certificate: str | None = field(default=None, repr=False)
    key: str | None = field(default=None, repr=False)
    eks: EksUser | None = None


@dataclass(frozen=True)
class Settings:
    """The configuration of one provider instance."""

    access: Access | None
    """None while the kubeconfig is unknown: previews then return the inputs."""

    namespace: str | None
    force: bool
    upsert: bool
    mutable: frozenset[str]
    """Kinds (ConfigMap, Secret) whose data is changed in place instead of replaced."""

    helm_driver: str = "secret"
    """Where Helm keeps its records of releases."""


StandIn = Callable[[str, str | None], Path | None]
"""Function that returns the kubeconfig of a sandbox cluster for a kubeconfig's path and a
context."""


def none(kubeconfig: str, context: str | None) -> None:
    """Return None: no sandbox cluster replaces the cluster."""


def problems(variables: Properties, stand_in: StandIn = none) -> list[tuple[str, str]]:
    """Return (property, reason) for each invalid property of a provider instance."""
    known = input_types(ProviderArgs)
    result: list[tuple[str, str]] = []
    for key, value in variables.items():
        if key in ("version", "pluginDownloadURL") or key.startswith("__"):
            continue
        if key not in known:
            result.append((key, f"unknown property{did_you_mean(key, known)}"))
        elif key in REFUSED and REFUSED[key] in (None, value):
            result.append((key, "the sandbox's provider applies on the server and cannot do this"))
        elif key == HELM and (others := sorted(set(_map(value)) - {"driver"})):
            result.append(
                (key, f"the sandbox has no registry to use them for: {', '.join(others)}")
            )
    try:
        settings(variables, stand_in)
    except ProviderError as error:
        result.append(("kubeconfig", str(error)))
    return result


def settings(variables: Properties, stand_in: StandIn = none) -> Settings:
    """Parse the properties of a provider instance; raises ProviderError for an invalid kubeconfig.

    A kubeconfig given as a path is not read if a cluster of the sandbox replaces its cluster.
    """
    wanted = ("kubeconfig", "context", "cluster")
    access, namespace = None, None
    if not has_unknown([variables.get(key) for key in wanted]):
        text, *names = (variables.get(key) for key in wanted)
        if isinstance(text, str) and (instead := stand_in(text, names[0])):
            text, names = str(instead), [None, None]
        access, namespace = _access(text, *names)
    flags = {"ConfigMap": "enableConfigMapMutable", "Secret": "enableSecretMutable"}
    return Settings(
        access=access,
        namespace=variables.get("namespace") or namespace,
        force=variables.get("enablePatchForce") is True,
        upsert=variables.get("upsertExistingObjects") is True,
        mutable=frozenset(kind for kind, flag in flags.items() if variables.get(flag) is True),
        helm_driver=_map(variables.get(HELM)).get("driver") or "secret",
    )


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _access(text: Any, context: str | None, cluster: str | None) -> tuple[Access, str | None]:
    config = _document(text)
    chosen = _named(config, "context", context or config.get("current-context") or "")
    place = _named(config, "cluster", cluster or chosen.get("cluster") or "")
    user = _named(config, "user", chosen["user"]) if chosen.get("user") else {}
    server = str(place.get("server") or "")
    require_loopback(server)
    access = Access(
        server=server.rstrip("/"),
        authority=_material(place, "certificate-authority"),
        insecure=place.get("insecure-skip-tls-verify") is True,
        token=user.get("token"),
        certificate=_material(user, "client-certificate"),
        key=_material(user, "client-key"),
        eks=_eks_user(user["exec"]) if user.get("exec") else None,
    )
    return access, chosen.get("namespace")


def require_loopback(server: str) -> None:
    """Refuse any API server off this machine: a sandbox must never change a real cluster."""
    host = urlsplit(server).hostname or ""
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    if not loopback:
        raise ProviderError(
            f"the sandbox speaks to API servers on this machine only (got {server!r}); "
            "use the target `aws` for a real cluster"
        )


def _document(text: Any) -> dict[str, Any]:
    """Read a kubeconfig from a map, from YAML or JSON text, or from a path."""
    if not text:
        raise ProviderError("the provider needs an explicit `kubeconfig`; the sandbox has no other")
    document = text if isinstance(text, dict) else _parsed(str(text))
    if isinstance(document, str):
        path = Path(document).expanduser()
        if not path.is_file():
            raise ProviderError("`kubeconfig` is neither a kubeconfig nor the path of one")
        document = _parsed(path.read_text())
    if not isinstance(document, dict):
        raise ProviderError("`kubeconfig` must be a map with clusters, users and contexts")
    return document


def _parsed(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        # The parser's message quotes the text, which may contain a token.
        raise ProviderError("`kubeconfig` is not valid YAML") from None


def _named(config: Mapping[str, Any], what: str, name: str) -> dict[str, Any]:
    entries = config.get(f"{what}s") or []
    for entry in entries:
        if isinstance(entry, dict) and entry.get("name") == name:
            return dict(entry.get(what) or {})
    there = ", ".join(str(entry.get("name")) for entry in entries if isinstance(entry, dict))
    raise ProviderError(f"the kubeconfig has no {what} {name!r} (it has: {there or 'none'})")


def _material(entry: Mapping[str, Any], name: str) -> str | None:
    """Return a certificate or key, from base64 or from a file."""
    if data := entry.get(f"{name}-data"):
        return base64.b64decode(data).decode()
    path = entry.get(name)
    return Path(path).read_text() if path else None


def _eks_user(plugin: Mapping[str, Any]) -> EksUser:
    """Parse the exec plug-in that EKS documents; no other program is ever run.

    Source: https://docs.aws.amazon.com/eks/latest/userguide/create-kubeconfig.html.
    """
    words = [str(word) for word in plugin.get("args") or []]
    options = dict(pairwise(words))
    name = options.get("--cluster-name")
    command = Path(str(plugin.get("command"))).name
    if command != "aws" or "get-token" not in words or not name:
        raise ProviderError(
            "the sandbox understands `aws eks get-token --cluster-name NAME` as exec plug-in only "
            f"(got `{command}`)"
        )
    return EksUser(
        name, options.get("--region"), options.get("--role-arn") or options.get("--role")
    )
