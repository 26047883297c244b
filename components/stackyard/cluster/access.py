"""Access to a cluster: ARNs, access policies and trust policies, as plain data."""

from __future__ import annotations

from typing import Any

from stackyard import iam
from stackyard.aws_location import AwsLocation, dns_suffix, partition_of
from stackyard.naming import IAM_ROLE_LIMIT, fitted

CLUSTER_ADMIN = "AmazonEKSClusterAdminPolicy"
"""The access policy for full control of a cluster, https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html."""

PREVIEW_GROUP = "stackyard:preview"
"""The Kubernetes group of roles that preview stacks; groups of access entries may not begin with
`system:`, https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html."""

LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
"""All logs of a control plane, https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html."""

NODE_POLICIES: dict[str, str] = {
    "worker": "AmazonEKSWorkerNodePolicy",
    "pull": "AmazonEC2ContainerRegistryPullOnly",
}
"""Names of the AWS managed policies of nodes. Pods get their rights by Pod Identity, not from their
node."""


def efs_driver_role(cluster_name: str) -> str:
    """Return the name of the role with which the EFS driver mounts file systems on nodes."""
    return fitted(f"{cluster_name}-efs-mounts", IAM_ROLE_LIMIT)


def principal_key(arn: str) -> str:
    """Return a short name of an IAM principal that does not depend on its place in a list.

    Role names are unique in an account whatever their path, so kind and name are enough.
    """
    kind, _, path = arn.split(":")[5].partition("/")
    return f"{kind}-{path.rpartition('/')[2]}"


def cluster_arn(*, region: str, account: str, cluster_name: str) -> str:
    """Return the ARN of a cluster, which is known before the cluster exists."""
    return AwsLocation(account, region).arn("eks", f"cluster/{cluster_name}")


def control_plane_trust(arn: str) -> dict[str, Any]:
    """Return the trust policy of the control plane's role, for this one cluster.

    Source: https://docs.aws.amazon.com/eks/latest/userguide/cross-service-confused-deputy-prevention.html.
    """
    return iam.assumable_by(
        {"Service": "eks.amazonaws.com"}, conditions={"ArnLike": {"aws:SourceArn": arn}}
    )


def access_policy_arn(policy: str, region: str) -> str:
    """Return the ARN of an EKS access policy."""
    return f"arn:{partition_of(region)}:eks::aws:cluster-access-policy/{policy}"


def node_trust(region: str) -> dict[str, Any]:
    """Return the trust policy of the nodes' role."""
    return iam.assumable_by({"Service": f"ec2.{dns_suffix(region)}"})


def pod_trust(*, arn: str, namespace: str, service_account: str) -> dict[str, Any]:
    """Return the trust policy of a role for the pods of one service account in one cluster.

    EKS sets these session tags when it assumes a role for a pod, so no other association can assume
    the role: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html.
    """
    session = {
        "aws:RequestTag/eks-cluster-arn": arn,
        "aws:RequestTag/kubernetes-namespace": namespace,
        "aws:RequestTag/kubernetes-service-account": service_account,
    }
    return iam.assumable_by(
        {"Service": "pods.eks.amazonaws.com"},
        actions=("sts:AssumeRole", "sts:TagSession"),
        conditions={"StringEquals": session},
    )
