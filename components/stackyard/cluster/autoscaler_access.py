"""Permissions of the cluster autoscaler, in AWS and in the cluster, as plain data.

Source: https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/README.md
and the project's example manifests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stackyard import iam
from stackyard.aws_location import AwsLocation

NAME = "cluster-autoscaler"
"""Name of its Deployment, service account, lease and roles."""

DESCRIBE = (
    "autoscaling:DescribeAutoScalingGroups",
    "autoscaling:DescribeAutoScalingInstances",
    "autoscaling:DescribeLaunchConfigurations",
    "autoscaling:DescribeScalingActivities",
    "autoscaling:DescribeTags",
    "ec2:DescribeImages",
    "ec2:DescribeInstanceTypes",
    "ec2:DescribeLaunchTemplateVersions",
    "ec2:GetInstanceTypesFromInstanceRequirements",
)
"""Reads that AWS cannot bind to a resource."""

SCALE = ("autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup")
"""What changes a node group's size."""

READ = ("get", "list", "watch")


@dataclass(frozen=True)
class Rule:
    """One rule of a Kubernetes role."""

    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    names: tuple[str, ...] = ()


CLUSTER_RULES: tuple[Rule, ...] = (
    Rule("", ("events",), ("create", "patch")),
    Rule("", ("pods/eviction",), ("create",)),
    Rule("", ("pods/status",), ("update",)),
    Rule("", ("nodes",), (*READ, "update")),
    Rule(
        "",
        (
            "namespaces",
            "persistentvolumeclaims",
            "persistentvolumes",
            "pods",
            "replicationcontrollers",
            "services",
        ),
        READ,
    ),
    Rule("apps", ("daemonsets", "replicasets", "statefulsets"), READ),
    Rule("batch", ("cronjobs", "jobs"), READ),
    Rule("policy", ("poddisruptionbudgets",), READ),
    Rule(
        "storage.k8s.io",
        ("csidrivers", "csinodes", "csistoragecapacities", "storageclasses", "volumeattachments"),
        READ,
    ),
)
"""What it sees and does in the whole cluster: look at everything that occupies nodes, drain."""

NAMESPACE_RULES: tuple[Rule, ...] = (
    Rule("", ("configmaps",), ("create", "list", "watch")),
    Rule("", ("configmaps",), ("delete", "get", "update"), (f"{NAME}-status",)),
    Rule("coordination.k8s.io", ("leases",), ("create",)),
    Rule("coordination.k8s.io", ("leases",), ("get", "update"), (NAME,)),
)
"""What it writes in its own namespace: a status and the lease of the leader."""


def aws_policy(*, region: str, account: str, cluster_name: str) -> dict[str, Any]:
    """Return its identity policy: it changes the size of this cluster's node groups only.

    EKS tags each group it makes with `eks:cluster-name`, which nobody else can set.
    """
    location = AwsLocation(account, region)
    groups = location.arn("autoscaling", "autoScalingGroup:*:autoScalingGroupName/*")
    node_groups = location.arn("eks", f"nodegroup/{cluster_name}/*")
    own = {"StringEquals": {"aws:ResourceTag/eks:cluster-name": cluster_name}}
    return iam.document(
        iam.statement("Describe", DESCRIBE, ("*",)),
        iam.statement("DescribeNodeGroups", ("eks:DescribeNodegroup",), (node_groups,)),
        iam.statement("Scale", SCALE, (groups,), conditions=own),
    )
