from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data
from pydantic import ValidationError

from stackyard.cluster import access, versions
from stackyard.cluster.addons import ADDONS
from stackyard.cluster.config import ClusterConfig, SystemNodesConfig
from stackyard.instances import is_graviton


def test_support_phases_follow_the_dates() -> None:
    assert versions.phase("1.34", date(2026, 12, 2)) == "standard"
    assert versions.phase("1.34", date(2026, 12, 3)) == "extended"
    assert versions.phase("1.34", date(2027, 12, 3)) == "ended"


def test_support_dates_are_in_order() -> None:
    table = list(versions.VERSIONS.values())
    assert all(support.standard < support.extended for support in table)
    assert table == sorted(table, key=lambda support: support.standard)


def test_the_default_version_has_standard_support() -> None:
    assert versions.phase(ClusterConfig().version, versions.REVIEWED) == "standard"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": "1.20"}, "EKS does not offer 1.20"),
        ({"version": "1.33"}, "standard support of 1.33 ended on 2026-07-29"),
        ({"public_cidrs": ["0.0.0.0/0"]}, "a large part of the internet"),
        ({"public_cidrs": ["128.0.0.0/1"]}, "a large part of the internet"),
        ({"addons": ["istio"]}, "addons"),
        ({"audit_log_days": 2}, "audit_log_days"),
        ({"system_nodes": {"nodes": 1}}, "greater than or equal to 2"),
        ({"system_nodes": {"instance_types": ["g5.xlarge"]}}, "under `gpu_pools`"),
        ({"system_nodes": {"instance_types": ["m7i.large", "m7g.large"]}}, "architecture"),
    ],
)
def test_impossible_clusters_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ClusterConfig.model_validate(changes)


def test_extended_support_can_be_asked_for() -> None:
    assert ClusterConfig(version="1.33", extended_support=True).version == "1.33"


def test_every_cluster_enforces_network_policies_and_gives_pods_identities() -> None:
    names = ClusterConfig(addons=[]).all_addons()
    assert names == [
        "vpc-cni",
        "kube-proxy",
        "eks-pod-identity-agent",
        "coredns",
        "eks-node-monitoring-agent",
    ]
    assert json.loads(ADDONS["vpc-cni"].configuration or "") == {"enableNetworkPolicy": "true"}


EVERYWHERE = [{"operator": "Exists"}]

CHART_DEFAULTS: dict[str, dict[str, list[dict[str, str]]]] = {
    # https://github.com/aws/eks-charts/blob/master/stable/aws-vpc-cni/values.yaml
    "vpc-cni": {"tolerations": EVERYWHERE},
    # https://docs.aws.amazon.com/eks/latest/userguide/managing-kube-proxy.html: the manifest
    "kube-proxy": {"tolerations": EVERYWHERE},
    # https://github.com/aws/eks-pod-identity-agent/blob/main/charts/eks-pod-identity-agent/values.yaml
    "eks-pod-identity-agent": {"tolerations": EVERYWHERE},
    # https://github.com/aws/eks-node-monitoring-agent/blob/main/charts/eks-node-monitoring-agent/values.yaml
    "eks-node-monitoring-agent": {"nodeAgent.tolerations": EVERYWHERE, "dcgmAgent.tolerations": []},
    # https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/charts/aws-ebs-csi-driver/values.yaml:
    # `node.tolerateAllTaints: true`
    "aws-ebs-csi-driver": {"node.tolerations": EVERYWHERE},
    # https://github.com/kubernetes-sigs/aws-efs-csi-driver/blob/master/charts/aws-efs-csi-driver/values.yaml
    "aws-efs-csi-driver": {"node.tolerations": EVERYWHERE},
    # https://github.com/aws/secrets-store-csi-driver-provider-aws/blob/main/charts/secrets-store-csi-driver-provider-aws/values.yaml
    "aws-secrets-store-csi-driver-provider": {"tolerations": []},
}
"""The tolerations of the DaemonSets of each add-on where nobody sets them, by their path."""

NO_DAEMON_SETS = {"coredns", "metrics-server"}


def test_every_part_of_an_addon_that_runs_on_each_node_tolerates_the_taints_of_gpu_pools() -> None:
    assert set(CHART_DEFAULTS) | NO_DAEMON_SETS == set(ADDONS)
    for name, parts in CHART_DEFAULTS.items():
        for path, default in parts.items():
            found: Any = json.loads(ADDONS[name].configuration or "{}")  # type: ignore[index]  # a name
            for key in path.split("."):
                found = found.get(key, {}) if isinstance(found, dict) else {}
            assert (found or default) == EVERYWHERE, f"{name}: {path}"


def test_managed_policies_exist() -> None:
    known = json.loads(aws_managed_policies_data)
    arns = [*access.NODE_POLICIES.values()]
    arns += [facts.managed_policy for facts in ADDONS.values() if facts.managed_policy]
    assert {arn.rpartition("/")[2] for arn in arns} - set(known) == set()


@pytest.mark.parametrize(
    ("kind", "arm"),
    [
        ("m7g.large", True),
        ("c6gn.xlarge", True),
        ("r7gd.large", True),
        ("t4g.medium", True),
        ("m7i.large", False),
        ("m7i-flex.large", False),
        ("c5n.large", False),
    ],
)
def test_graviton_is_read_from_the_name(kind: str, arm: bool) -> None:
    assert is_graviton(kind) is arm
    assert SystemNodesConfig(instance_types=[kind]).instance_types == [kind]


def test_a_principal_keeps_its_name_wherever_it_stands_in_the_list() -> None:
    keys = [
        access.principal_key(f"arn:aws:iam::123456789012:{name}")
        for name in ("role/admin", "user/admin", "role/path/to/admin2")
    ]
    assert keys == ["role-admin", "user-admin", "role-admin2"]


def test_a_pod_role_is_for_one_service_account_of_one_cluster() -> None:
    (statement,) = access.pod_trust(arn="arn:c", namespace="n", service_account="s")["Statement"]
    assert statement["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {
            "aws:RequestTag/eks-cluster-arn": "arn:c",
            "aws:RequestTag/kubernetes-namespace": "n",
            "aws:RequestTag/kubernetes-service-account": "s",
        }
    }
