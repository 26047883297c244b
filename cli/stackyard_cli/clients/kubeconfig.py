"""Calls the API of a cluster with the address and the user of a kubeconfig.

Fields: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/.
"""

from __future__ import annotations

import base64
import json
import os
import ssl
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stackyard_cli.clients.trust import trusting

SIGN_IN_SECONDS = 10
"""Timeout of the program of an `exec` user in seconds."""


@dataclass(frozen=True)
class KubeconfigCluster:
    """The cluster of one context; the current one if `context` is None."""

    kubeconfig: str
    context: str | None

    def get(self, path: str, timeout: float) -> Any:
        """Return an object of the cluster's API, None if there is none; `timeout` in seconds."""
        import yaml

        config = yaml.safe_load(Path(self.kubeconfig).expanduser().read_text())
        chosen = _named(config, "context", self.context or config["current-context"])
        cluster = _named(config, "cluster", chosen["cluster"])
        user = _named(config, "user", chosen["user"])
        if "exec" in user:
            user = _signed_in(user["exec"])
        request = urllib.request.Request(cluster["server"].rstrip("/") + path)
        if token := user.get("token"):
            request.add_header("Authorization", f"Bearer {token}")
        trust = _trust(cluster, user)
        try:
            with urllib.request.urlopen(request, timeout=timeout, context=trust) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise


def _named(config: Mapping[str, Any], what: str, name: str) -> dict[str, Any]:
    entries = [entry[what] for entry in config[f"{what}s"] if entry["name"] == name]
    if not entries:
        raise LookupError(f"the kubeconfig has no {what} {name}")
    return dict(entries[0])


def _signed_in(plugin: Mapping[str, Any]) -> dict[str, Any]:
    """Run the user's program and return its credentials with the field names of a kubeconfig.

    Source:
    https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins.
    """
    request = {
        "apiVersion": plugin["apiVersion"],
        "kind": "ExecCredential",
        "spec": {"interactive": False},
    }
    given = {entry["name"]: entry["value"] for entry in plugin.get("env") or []}
    done = subprocess.run(
        [plugin["command"], *(plugin.get("args") or [])],
        env={**os.environ, **given, "KUBERNETES_EXEC_INFO": json.dumps(request)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=SIGN_IN_SECONDS,
        check=True,
    )
    status = json.loads(done.stdout)["status"]
    pair = ("clientCertificateData", "clientKeyData")
    certificate, key = (base64.b64encode(status.get(one, "").encode()).decode() for one in pair)
    return {
        "token": status.get("token"),
        "client-certificate-data": certificate,
        "client-key-data": key,
    }


def _trust(cluster: Mapping[str, Any], user: Mapping[str, Any]) -> ssl.SSLContext:
    authority = _material(cluster, "certificate-authority")
    trust = trusting(authority)
    certificate, key = (_material(user, f"client-{part}") for part in ("certificate", "key"))
    if certificate and key:
        with tempfile.NamedTemporaryFile("w") as pair:  # readable by its owner only
            pair.write(f"{certificate}\n{key}\n")
            pair.flush()
            trust.load_cert_chain(pair.name)
    return trust


def _material(entry: Mapping[str, Any], name: str) -> str | None:
    """Return a certificate or key, from base64 or from a file."""
    if data := entry.get(f"{name}-data"):
        return base64.b64decode(data).decode()
    return Path(entry[name]).expanduser().read_text() if name in entry else None
