"""Fixture: a second control plane that stands for a cluster on premises."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ISSUER = "https://oidc.berlin.acme.example"


@pytest.fixture(scope="session")
def berlin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A control plane with one GPU node, labelled and tainted as a pool of the cloud."""
    from stackyard_sandbox.control_plane import ControlPlane

    plane = ControlPlane(tmp_path_factory.mktemp("berlin"), "berlin", issuer=ISSUER)
    plane.start()
    try:
        plane.add_node(
            "gpu-1",
            labels={"stackyard.dev/gpu-pool": "training"},
            taints=[{"key": "nvidia.com/gpu", "value": "training", "effect": "NoSchedule"}],
            capacity={"cpu": "32", "memory": "256Gi", "nvidia.com/gpu": "8"},
        )
        yield plane
    finally:
        plane.stop()


def register(estate: Path, plane: Any) -> None:
    """Write the cluster into the services of dev, as a platform engineer would."""
    cluster = {
        "kubeconfig": str(plane.kubeconfig_path),
        "issuer": ISSUER,
        "gpu_pools": {"training": {"gpus_per_node": 8, "nodes": 1}},
    }
    file = estate / "stacks/platform/services/dev.yaml"
    head = file.read_text().splitlines()[0]
    file.write_text(f"{head}\n{yaml.safe_dump({'onprem': {'clusters': {'berlin': cluster}}})}")
