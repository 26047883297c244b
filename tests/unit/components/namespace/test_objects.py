from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from stackyard.kubernetes import manifest
from stackyard.namespace.config import NamespaceConfig, QuotaConfig
from stackyard.namespace.objects import network_policies, pod_security_labels, quota


def test_the_quota_bounds_every_gpu_resource_and_refuses_load_balancers() -> None:
    hard = quota(QuotaConfig(gpus=2), ["nvidia.com/gpu", "nvidia.com/mig-1g.5gb"])
    assert hard["requests.nvidia.com/gpu"] == hard["requests.nvidia.com/mig-1g.5gb"] == "2"
    assert hard["services.loadbalancers"] == hard["services.nodeports"] == "0"


def test_without_gpus_the_quota_is_zero_and_not_absent() -> None:
    assert quota(QuotaConfig(), ["nvidia.com/gpu"])["requests.nvidia.com/gpu"] == "0"


def test_pod_security_is_restricted_in_all_modes_and_pinned() -> None:
    labels = pod_security_labels("v1.33")
    assert len(labels) == 6
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert labels["pod-security.kubernetes.io/enforce-version"] == "v1.33"


def test_everything_is_denied_that_no_policy_names() -> None:
    policies = {name: manifest(spec) for name, spec in network_policies().items()}
    assert policies["default-deny"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    ingress = [name for name, spec in policies.items() if "ingress" in spec]
    assert ingress == ["allow-namespace"]


def test_the_way_out_leaves_the_metadata_of_the_node_out() -> None:
    (rule,) = manifest(network_policies()["allow-https"])["egress"]
    assert rule["to"][0]["ipBlock"]["except"] == ["169.254.0.0/16"]
    assert [port["port"] for port in rule["ports"]] == [443]


@pytest.mark.parametrize(
    "section",
    [
        {"quota": {"gpus": -1}},
        {"quota": {"memory": "64G"}},
        {"quota": {"memory": "0Gi"}},
        {"quota": {"cpu": 0}},
        {"pod_security_version": "latest"},
        {"quota": {"tpus": 1}},
    ],
)
def test_impossible_quotas_are_refused(section: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        NamespaceConfig.model_validate(section)
