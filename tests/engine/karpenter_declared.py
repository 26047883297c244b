"""What Karpenter's chart and documentation declare, without our components.

Rules of the ClusterRoles: the chart's own templates. Policy of the controller's role:
https://karpenter.sh/docs/reference/cloudformation.
"""

from __future__ import annotations

from typing import Any

import yaml

from stackyard_sandbox import toolchain
from tests.support.clients import ACCOUNT, REGION

CLUSTER = "dev"
NAMESPACE = "stackyard-system"
QUEUE = "dev-interruption"
OWNED = f"kubernetes.io/cluster/{CLUSTER}"


def statements() -> list[dict[str, Any]]:
    """The statements of the documented policy, for nodes whose profile exists already."""
    ec2 = f"arn:aws:ec2:{REGION}"
    own = {f"aws:ResourceTag/{OWNED}": "owned"}
    asked = {f"aws:RequestTag/{OWNED}": "owned", "aws:RequestTag/eks:eks-cluster-name": CLUSTER}
    pooled = {"aws:RequestTag/karpenter.sh/nodepool": "*"}
    made = [
        f"{ec2}:*:{kind}/*"
        for kind in (
            *("fleet", "instance", "volume", "network-interface", "launch-template"),
            "spot-instances-request",
        )
    ]
    used = [f"{ec2}::image/*", f"{ec2}::snapshot/*"]
    used += [f"{ec2}:*:{kind}/*" for kind in ("security-group", "subnet", "capacity-reservation")]
    launch = ["ec2:RunInstances", "ec2:CreateFleet"]
    create = {
        "ec2:CreateAction": [*[each.partition(":")[2] for each in launch], "CreateLaunchTemplate"]
    }
    pool = {"aws:ResourceTag/karpenter.sh/nodepool": "*"}
    keys = {"aws:TagKeys": ["eks:eks-cluster-name", "karpenter.sh/nodeclaim", "Name"]}
    return [
        _allow("Use", launch, used),
        _allow(
            "Templates",
            launch,
            f"{ec2}:*:launch-template/*",
            StringEquals=own,
            StringLike=pool,
        ),
        _allow(
            "Make",
            [*launch, "ec2:CreateLaunchTemplate"],
            made,
            StringEquals=asked,
            StringLike=pooled,
        ),
        _allow(
            "TagNew", "ec2:CreateTags", made, StringEquals={**asked, **create}, StringLike=pooled
        ),
        _allow(
            "Tag",
            "ec2:CreateTags",
            f"{ec2}:*:instance/*",
            **{
                "StringEquals": own,
                "StringLike": pool,
                "StringEqualsIfExists": {"aws:RequestTag/eks:eks-cluster-name": CLUSTER},
                "ForAllValues:StringEquals": keys,
            },
        ),
        _allow(
            "End",
            ["ec2:TerminateInstances", "ec2:DeleteLaunchTemplate"],
            [f"{ec2}:*:instance/*", f"{ec2}:*:launch-template/*"],
            StringEquals=own,
            StringLike=pool,
        ),
        _allow(
            "Read",
            [f"ec2:Describe{kind}" for kind in _READ],
            "*",
            StringEquals={"aws:RequestedRegion": REGION},
        ),
        _allow("Images", "ssm:GetParameter", f"arn:aws:ssm:{REGION}::parameter/aws/service/*"),
        _allow("Prices", "pricing:GetProducts", "*"),
        _allow(
            "Queue",
            ["sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"],
            f"arn:aws:sqs:{REGION}:{ACCOUNT}:{QUEUE}",
        ),
        _allow(
            "Pass",
            "iam:PassRole",
            f"arn:aws:iam::{ACCOUNT}:role/karpenter-node",
            StringEquals={"iam:PassedToService": "ec2.amazonaws.com"},
        ),
        _allow("Profile", ["iam:GetInstanceProfile", "iam:ListInstanceProfiles"], "*"),
        _allow(
            "Cluster", "eks:DescribeCluster", f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{CLUSTER}"
        ),
    ]


_READ = (
    *("CapacityReservations", "Images", "Instances", "InstanceStatus", "InstanceTypeOfferings"),
    *("InstanceTypes", "LaunchTemplates", "PlacementGroups", "SecurityGroups"),
    *("SpotPriceHistory", "Subnets"),
)


def roles() -> list[dict[str, Any]]:
    """The roles of the chart, bound to the service account."""
    found = []
    for template, name in (("clusterrole.yaml", "karpenter"), ("clusterrole-core.yaml", "core")):
        rules = _rules(template)
        found += _bound("ClusterRole", f"karpenter-{name}", rules, NAMESPACE)
    lease, dns = (toolchain.karpenter_chart() / "templates/role.yaml").read_text().split("---")
    found += _bound("Role", "karpenter", _rules_of(lease), NAMESPACE)
    return found + _bound("Role", "karpenter-dns", _rules_of(dns), "kube-system")


def _rules(template: str) -> list[Any]:
    text = (toolchain.karpenter_chart() / "templates" / template).read_text()
    return _rules_of(text)


def _rules_of(text: str) -> list[Any]:
    """What a template says below `rules:`; what values would add is left out."""
    lines = [line for line in text.partition("rules:")[2].splitlines() if "{{" not in line]
    return list(yaml.safe_load("\n".join(lines)))


def _bound(kind: str, name: str, rules: list[Any], namespace: str) -> list[dict[str, Any]]:
    group = "rbac.authorization.k8s.io"
    where = {"name": name} if kind == "ClusterRole" else {"name": name, "namespace": namespace}
    subject = {"kind": "ServiceAccount", "name": "karpenter", "namespace": NAMESPACE}
    return [
        {"apiVersion": f"{group}/v1", "kind": kind, "metadata": where, "rules": rules},
        {
            "apiVersion": f"{group}/v1",
            "kind": f"{kind}Binding",
            "metadata": where,
            "roleRef": {"apiGroup": group, "kind": kind, "name": name},
            "subjects": [subject],
        },
    ]


def account() -> list[dict[str, Any]]:
    """The namespace and the service account."""
    where = {"name": "karpenter", "namespace": NAMESPACE}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": where},
    ]


def deployment(endpoint: str) -> dict[str, Any]:
    """Karpenter's Deployment with the settings that the chart would give it."""
    settings = {
        "CLUSTER_NAME": CLUSTER,
        "CLUSTER_ENDPOINT": endpoint,
        "INTERRUPTION_QUEUE": QUEUE,
        "KARPENTER_SERVICE": "karpenter",
    }
    memory = {"containerName": "controller", "divisor": "0", "resource": "limits.memory"}
    environment = [
        *({"name": name, "value": value} for name, value in settings.items()),
        {
            "name": "SYSTEM_NAMESPACE",
            "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}},
        },
        {"name": "MEMORY_LIMIT", "valueFrom": {"resourceFieldRef": memory}},
    ]
    labels = {"app.kubernetes.io/name": "karpenter"}
    container = {
        "name": "controller",
        "image": "public.ecr.aws/karpenter/controller:1.13.1",
        "env": environment,
        "resources": {"limits": {"memory": "1Gi"}, "requests": {"cpu": "100m"}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "karpenter", "namespace": NAMESPACE},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"serviceAccountName": "karpenter", "containers": [container]},
            },
        },
    }


def plugin() -> dict[str, Any]:
    """The DaemonSet without which no node has GPUs, as NVIDIA's own manifest declares it.

    https://github.com/NVIDIA/k8s-device-plugin
    """
    labels = {"name": "nvidia-device-plugin"}
    spec = {
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
        "nodeSelector": {"karpenter.k8s.aws/instance-gpu-manufacturer": "nvidia"},
        "containers": [{"name": "plugin", "image": "nvcr.io/nvidia/k8s-device-plugin:v0.17.1"}],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "nvidia-device-plugin", "namespace": "kube-system"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


def efa_plugin() -> dict[str, Any]:
    """AWS's DaemonSet without which no node offers EFA interfaces, as its chart declares it.

    https://github.com/aws/eks-charts/tree/master/stable/aws-efa-k8s-device-plugin
    """
    found = plugin()
    image = "602401143452.dkr.ecr.eu-central-1.amazonaws.com/eks/aws-efa-k8s-device-plugin:v0.5.8"
    labels = {"name": "aws-efa-k8s-device-plugin"}
    found["metadata"]["name"] = "aws-efa-k8s-device-plugin"
    found["spec"]["selector"]["matchLabels"] = labels
    found["spec"]["template"]["metadata"]["labels"] = labels
    pod = found["spec"]["template"]["spec"]
    pod["nodeSelector"] = {"node.kubernetes.io/instance-type": "p4d.24xlarge"}
    pod["containers"] = [{"name": "plugin", "image": image}]
    return found


def _allow(sid: str, action: Any, resource: Any, **conditions: Any) -> dict[str, Any]:
    found = {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource}
    return {**found, "Condition": conditions} if conditions else found
