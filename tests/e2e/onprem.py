"""A cluster on premises beside the reference estate, declared as a platform engineer would."""

from __future__ import annotations

from pathlib import Path

import yaml

NAME = "berlin"
KUBECONFIG = "~/.kube/berlin"
"""Where it would be on a real machine; here the sandbox stands in, and the file is not there."""

ISSUER = "https://oidc.berlin.acme.example"


CLUSTER = {
    "kubeconfig": KUBECONFIG,
    "issuer": ISSUER,
    "gpu_pools": {"training": {"gpus_per_node": 8, "nodes": 1}},
}


def register(estate: Path) -> None:
    """Write the cluster into the services of dev."""
    file = estate / "stacks/platform/services/dev.yaml"
    head = file.read_text().splitlines()[0]
    file.write_text(f"{head}\n{yaml.safe_dump({'onprem': {'clusters': {NAME: CLUSTER}}})}")
