"""Karpenter's metrics reach the collectors of projects, and nobody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml

from stackyard.blueprints import catalogue
from stackyard.estate.estate import Estate
from tests.support.estates import ROOT


def test_collectors_reach_both_pods_and_nobody_else_does(run: Callable[..., Any]) -> None:
    estate, made = Estate(ROOT), Made()
    for name in ("platform/foundation/dev", "platform/services/dev", "vision/defects/dev"):
        stack = estate.one(name)
        loaded, upstreams = estate.load(stack), estate.upstreams(stack)
        program = catalogue.program(loaded.blueprint, stack, loaded.effective, upstreams)
        made.add(stack.reference, run(program, made.contracts))
    pod = made.one("apps/v1:Deployment", "karpenter")["spec"]["template"]
    container = pod["spec"]["containers"][0]
    service = made.one("core/v1:Service", "karpenter")
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
    policy = made.one("networking.k8s.io/v1:NetworkPolicy", "karpenter")["spec"]
    assert policy["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    ((rule,), (admitted,)) = policy["ingress"], policy["ingress"][0]["from"]
    port = int(rule["ports"][0]["port"])
    assert {"name": "METRICS_PORT", "value": str(port)} in container["env"]
    assert port in [one["containerPort"] for one in container["ports"]]
    collector = made.one("core/v1:ConfigMap", "vision-defects-dev-collector")
    where = {"kubernetes.io/metadata.name": collector["metadata"]["namespace"]}
    assert admitted == {"namespaceSelector": {"matchLabels": where}}
    jobs = yaml.safe_load(collector["data"]["prometheus.yaml"])["scrape_configs"]
    (found,) = (job["dns_sd_configs"][0] for job in jobs if job["job_name"] == "karpenter")
    namespace = service["metadata"]["namespace"]
    address = f"{service['metadata']['name']}.{namespace}.svc.cluster.local"
    assert found == {"names": [address], "type": "A", "port": port}


class Made:
    """What the programs of a stage make in the cluster."""

    def __init__(self) -> None:
        self.contracts: dict[str, Any] = {}
        self.inputs: list[tuple[str, Any]] = []

    def add(self, reference: str, done: Any) -> None:
        self.contracts[reference] = done.contract
        self.inputs += [(token, values) for (token, _), values in done.inputs.items()]

    def one(self, kind: str, name: str) -> Any:
        (found,) = (
            values
            for token, values in self.inputs
            if token == f"kubernetes:{kind}" and values["metadata"]["name"] == name
        )
        return found
