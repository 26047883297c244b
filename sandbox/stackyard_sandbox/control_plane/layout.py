"""The files of one control plane: ports, tokens, kubeconfigs, policies."""

import base64
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stackyard_sandbox.control_plane.certificates import Certificates
from stackyard_sandbox.processes import LOOPBACK, free_ports, write_private

ADMIN = "stackyard-admin"
# Each member has its own user name, so that the audit log shows the member of each request. All are
# in the group that passes every check: least privilege between these members would protect nothing.
USERS = (ADMIN, "system:kube-controller-manager", "system:kube-scheduler", "kwok")
_GROUP = "system:masters"


@dataclass(frozen=True)
class Ports:
    """Ports of the members that listen."""

    api: int
    etcd: int
    etcd_peer: int


@dataclass(frozen=True)
class Layout:
    """The files of one control plane."""

    folder: Path
    name: str

    @property
    def certificates(self) -> Certificates:
        """Its keys and certificates."""
        return Certificates(self.folder / "pki")

    @property
    def ports_file(self) -> Path:
        """Kept over stop and start: the endpoint is in kubeconfigs and in stacks' state."""
        return self.folder / "ports.json"

    @property
    def started_file(self) -> Path:
        """The command lines of the current run."""
        return self.folder / "started.json"

    @property
    def tokens_file(self) -> Path:
        """`token,user,uid,group` lines for the API server."""
        return self.folder / "tokens.csv"

    @property
    def webhook_file(self) -> Path:
        """Address at which the API server reviews tokens that it does not know."""
        return self.folder / "token-webhook.json"

    @property
    def audit_policy_file(self) -> Path:
        """The audit policy."""
        return self.folder / "audit-policy.json"

    @property
    def audit_log(self) -> Path:
        """The audit log: one request per line, as JSON."""
        return self.folder / "audit.log"

    @property
    def etcd_data(self) -> Path:
        """The cluster's objects in etcd."""
        return self.folder / "etcd"

    def kubeconfig(self, user: str) -> Path:
        """Return the path of one user's credentials."""
        return self.folder / f"{user.rpartition(':')[2]}.kubeconfig"

    def ports(self) -> Ports | None:
        """Return the ports of the last start."""
        if not self.ports_file.exists():
            return None
        return Ports(**json.loads(self.ports_file.read_text()))

    def take_ports(self) -> Ports:
        """Return the ports of the last start, and new ones for those that are no longer free."""
        last = self.ports()
        kept = (last.api, last.etcd, last.etcd_peer) if last else ()
        ports = Ports(*free_ports(3, kept))
        write_private(self.ports_file, json.dumps(vars(ports)))
        return ports

    def token(self, user: str) -> str:
        """Return the bearer token of a user."""
        lines = (line.split(",") for line in self.tokens_file.read_text().splitlines())
        return next(token for token, name, *_ in lines if name == user)

    def write(self, ports: Ports, token_webhook_url: str | None) -> None:
        """Write every file that the members read."""
        self.certificates.ensure()
        if not self.tokens_file.exists():
            rows = (f'{secrets.token_urlsafe(32)},{user},{user},"{_GROUP}"' for user in USERS)
            write_private(self.tokens_file, "".join(f"{row}\n" for row in rows))
        for user in USERS:
            write_private(self.kubeconfig(user), json.dumps(self._kubeconfig(ports, user)))
        write_private(self.audit_policy_file, json.dumps(_AUDIT_POLICY))
        if token_webhook_url is not None:
            write_private(self.webhook_file, json.dumps(_webhook(token_webhook_url)))

    def _kubeconfig(self, ports: Ports, user: str) -> dict[str, Any]:
        """Return a kubeconfig; JSON, which is valid YAML."""
        authority = base64.b64encode(self.certificates.ca.read_bytes()).decode()
        cluster = {
            "server": f"https://{LOOPBACK}:{ports.api}",
            "certificate-authority-data": authority,
        }
        return _config(self.name, cluster, user, {"token": self.token(user)})


def _webhook(url: str) -> dict[str, Any]:
    return _config("token-webhook", {"server": url}, "kube-apiserver", {})


def _config(
    name: str, cluster: dict[str, str], user: str, credentials: dict[str, str]
) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": user, "user": credentials}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": user}}],
        "current-context": name,
    }


_AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        # Without this, 99 of 100 lines would be the members' own watches and lease renewals.
        {"level": "None", "users": [user for user in USERS if user != ADMIN]},
        {"level": "None", "users": ["system:apiserver"]},
        {"level": "None", "nonResourceURLs": ["/readyz*", "/livez*"]},
        {"level": "Metadata"},
    ],
}
