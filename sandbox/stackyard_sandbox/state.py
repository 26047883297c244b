"""Reads and writes `sandbox.json`, with which clients find the sandbox."""

import base64
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from stackyard_sandbox.onprem import OnPremises
from stackyard_sandbox.processes import only_one, write_private
from stackyard_sandbox.toolchain.modules import KUBERNETES_PROVIDER

VERSION = 1
FILE = "sandbox.json"

ACCOUNT = "123456789012"
"""The account id in AWS's documentation; the emulator's default."""

REGION = "eu-central-1"
"""Region of a client that names none."""


OFFICIAL = "kubernetes-official"
"""Name of the official Kubernetes provider among the providers; `kubernetes` is ours."""

CHOICE = "STACKYARD_KUBERNETES_PROVIDER"
"""Variable that chooses a run's Kubernetes provider: `own` (the default) or `official`."""


class SandboxError(Exception):
    """The sandbox cannot perform an operation; `hint` is one action that solves it."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


@dataclass(frozen=True)
class Aws:
    """Address and credentials of the emulator, by default those of the account's administrator."""

    endpoint: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)
    """Token of a role's session; a user's keys have none."""

    region: str = REGION
    account: str = ACCOUNT


@dataclass(frozen=True)
class Cluster:
    """Address and credentials of an EKS cluster's administrator."""

    endpoint: str
    ca: str
    """Base64 of PEM, as EKS returns it."""
    kubeconfig: str
    """Path of the administrator's kubeconfig."""

    @property
    def ca_pem(self) -> str:
        """The certificate authority in PEM."""
        return base64.b64decode(self.ca).decode()


@dataclass(frozen=True)
class Sandbox:
    """A started sandbox, as in the `sandbox.json` of its folder."""

    directory: Path
    pid: int
    aws: Aws
    providers: Mapping[str, int]
    clusters: Mapping[str, Cluster] = field(default_factory=dict)

    @property
    def kubeconfig(self) -> Path:
        """Return the kubeconfig: a context for each EKS cluster, with the administrator's token."""
        return self.directory / "kubeconfig"

    def environment(self) -> dict[str, str]:
        """Return the variables with which any AWS or Kubernetes client uses this sandbox.

        On-premises clusters have contexts with their names, from their own files. Sources:
        docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html,
        kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig.
        """
        onprem = [plane.kubeconfig_path for plane in OnPremises(self.directory).planes()]
        unproxied = _unproxied(os.environ.get("no_proxy") or os.environ.get("NO_PROXY"))
        return {
            "AWS_ENDPOINT_URL": self.aws.endpoint,
            "AWS_ACCESS_KEY_ID": self.aws.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.aws.secret_access_key,
            # A token left in the shell belongs to other keys, and every call would be refused.
            "AWS_SESSION_TOKEN": self.aws.session_token,
            "AWS_REGION": self.aws.region,
            "AWS_DEFAULT_REGION": self.aws.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            # An IP address has no subdomains, so `ACCOUNT.127.0.0.1` (S3 Control) does not resolve.
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
            "KUBECONFIG": os.pathsep.join(map(str, [self.kubeconfig, *onprem])),
            "NO_PROXY": unproxied,
            "no_proxy": unproxied,
        }

    def engine_environment(self) -> dict[str, str]:
        """Return `environment()`, and the variable that attaches the engine to the providers.

        Raises SandboxError if the Kubernetes provider that the caller's environment chooses is not
        there.
        """
        ports = _chosen(self.providers)
        attached = ",".join(f"{package}:{port}" for package, port in ports.items())
        return {
            **self.environment(),
            "PULUMI_DEBUG_PROVIDERS": attached,
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }


def read(home: Path) -> Sandbox | None:
    """Return the content of `sandbox.json`, running or not; None if there is no file.

    Raises SandboxError for a file that another version wrote.
    """
    document = _document(home)
    # The cloud process may write its clusters before `start` has ended.
    if "version" not in document:
        return None
    if document["version"] != VERSION:
        raise SandboxError(
            f"{home / FILE} has version {document['version']}, this code reads {VERSION}",
            hint="run `stackyard sandbox reset`",
        )
    aws = Aws(**document["aws"])
    return Sandbox(home, document["pid"], aws, document["providers"], _clusters(document))


def write(sandbox: Sandbox) -> Sandbox:
    """Record a started sandbox and return it with the clusters that the cloud process wrote."""

    def change(document: dict[str, Any]) -> None:
        document.setdefault("clusters", {})
        document["version"] = VERSION
        document["pid"] = sandbox.pid
        document["aws"] = asdict(sandbox.aws)
        document["providers"] = dict(sandbox.providers)

    document = _change(sandbox.directory, change)
    return replace(sandbox, clusters=_clusters(document))


def write_clusters(home: Path, clusters: Mapping[str, Cluster]) -> None:
    """Record the existing EKS clusters; the rest stays as `start` has written it."""

    def change(document: dict[str, Any]) -> None:
        document["clusters"] = {name: asdict(cluster) for name, cluster in clusters.items()}

    _change(home, change)


def forget(home: Path) -> None:
    """Delete the record: the sandbox is stopped."""
    (home / FILE).unlink(missing_ok=True)


def _clusters(document: dict[str, Any]) -> dict[str, Cluster]:
    return {name: Cluster(**entry) for name, entry in document["clusters"].items()}


def _change(home: Path, change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Change the document under a lock: `start` and the cloud process both write it."""
    with only_one(home / f".{FILE}.lock"):
        document = _document(home)
        change(document)
        write_private(home / FILE, json.dumps(document, indent=2))
    return document


def _document(home: Path) -> dict[str, Any]:
    try:
        document = json.loads((home / FILE).read_text())
    except FileNotFoundError:
        return {}
    return document if isinstance(document, dict) else {}


def _chosen(providers: Mapping[str, int]) -> dict[str, int]:
    """Return the port of each package's provider."""
    choice = os.environ.get(CHOICE, "")
    ports = {name: port for name, port in providers.items() if name != OFFICIAL}
    if choice not in ("", "own", "official"):
        raise SandboxError(f"{CHOICE} is {choice!r}", hint="set it to `own` or `official`")
    if choice == "official" and OFFICIAL not in providers:
        raise SandboxError(
            "the sandbox has no official Kubernetes provider",
            hint=f"run `stackyard sandbox build {KUBERNETES_PROVIDER}`, then stop and start it",
        )
    if choice == "official":
        ports["kubernetes"] = providers[OFFICIAL]
    return ports


def _unproxied(present: str | None) -> str:
    return ",".join([*filter(None, [present]), "127.0.0.1", "localhost"])
