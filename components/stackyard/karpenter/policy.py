"""IAM permissions of Karpenter's controller, as plain data: for nodes of its own cluster only.

Source: the policies of https://karpenter.sh/docs/reference/cloudformation/. Left out are the
rights to write instance profiles: the foundation makes the one that all nodes have. Added is the
service-linked role of spot instances, without which an account's first spot node fails:
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/service-linked-roles-spot-instance-requests.html.
"""

from __future__ import annotations

from typing import Any

from stackyard import iam
from stackyard.aws_location import AwsLocation, dns_suffix

MADE = ("fleet", "instance", "launch-template", "network-interface", "spot-instances-request")
"""Types of resources that Karpenter creates, besides volumes."""

USED = ("capacity-reservation", "placement-group", "security-group", "subnet")
"""Types of resources in which an instance starts."""

READ = (
    "ec2:DescribeCapacityReservations",
    "ec2:DescribeImages",
    "ec2:DescribeInstanceStatus",
    "ec2:DescribeInstanceTypeOfferings",
    "ec2:DescribeInstanceTypes",
    "ec2:DescribeInstances",
    "ec2:DescribeLaunchTemplates",
    "ec2:DescribePlacementGroups",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSpotPriceHistory",
    "ec2:DescribeSubnets",
)
"""Reads that AWS cannot bind to a resource."""

LAUNCH = ("ec2:CreateFleet", "ec2:RunInstances")
POOL_TAG = "karpenter.sh/nodepool"


def controller_policy(
    location: AwsLocation, *, cluster_name: str, queue: str, node_role: str
) -> dict[str, Any]:
    """Return the identity policy; `queue` and `node_role` are ARNs."""
    region, cluster = location.region, cluster_name
    return iam.document(
        *_launching(location, cluster),
        *_tagging(location, cluster),
        *_reading(location),
        iam.statement(
            "PassNodeRole",
            ("iam:PassRole",),
            (node_role,),
            conditions={"StringEquals": {"iam:PassedToService": f"ec2.{dns_suffix(region)}"}},
        ),
        iam.statement(
            "SpotRole",
            ("iam:CreateServiceLinkedRole",),
            (location.global_arn("iam", "role/aws-service-role/spot.amazonaws.com/*"),),
            conditions={"StringEquals": {"iam:AWSServiceName": "spot.amazonaws.com"}},
        ),
        iam.statement(
            "Cluster", ("eks:DescribeCluster",), (location.arn("eks", f"cluster/{cluster}"),)
        ),
        iam.statement(
            "Interruptions",
            ("sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"),
            (queue,),
        ),
    )


def _launching(location: AwsLocation, cluster: str) -> list[iam.Statement]:
    images = [_anyones(location, kind) for kind in ("image", "snapshot")]
    return [
        iam.statement("LaunchFrom", LAUNCH, (*images, *(_any(location, one) for one in USED))),
        iam.statement(
            "LaunchFromOwnTemplate",
            LAUNCH,
            (_any(location, "launch-template"),),
            conditions=_is_own(cluster),
        ),
        iam.statement(
            "LaunchTagged",
            (*LAUNCH, "ec2:CreateLaunchTemplate"),
            _made(location),
            conditions=_will_be_own(cluster),
        ),
        iam.statement(
            "DeleteOwn",
            ("ec2:DeleteLaunchTemplate", "ec2:TerminateInstances"),
            (_any(location, "instance"), _any(location, "launch-template")),
            conditions=_is_own(cluster),
        ),
    ]


def _tagging(location: AwsLocation, cluster: str) -> list[iam.Statement]:
    """Return who may tag what: what a launch makes, and a name and an owner later."""
    made_by = {"ec2:CreateAction": ["CreateFleet", "CreateLaunchTemplate", "RunInstances"]}
    own, new = _is_own(cluster), _will_be_own(cluster)
    keys = ["Name", "eks:eks-cluster-name", "karpenter.sh/nodeclaim"]
    return [
        iam.statement(
            "TagAtLaunch",
            ("ec2:CreateTags",),
            _made(location),
            conditions={**new, "StringEquals": {**new["StringEquals"], **made_by}},
        ),
        iam.statement(
            "TagOwnInstances",
            ("ec2:CreateTags",),
            (_any(location, "instance"),),
            conditions={
                **own,
                "StringEqualsIfExists": {"aws:RequestTag/eks:eks-cluster-name": cluster},
                "ForAllValues:StringEquals": {"aws:TagKeys": keys},
            },
        ),
    ]


def _reading(location: AwsLocation) -> list[iam.Statement]:
    here = {"StringEquals": {"aws:RequestedRegion": location.region}}
    parameters = AwsLocation("", location.region).arn("ssm", "parameter/aws/service/*")
    return [
        iam.statement("Read", READ, ("*",), conditions=here),
        iam.statement("ReadImages", ("ssm:GetParameter",), (parameters,)),
        iam.statement("ReadPrices", ("pricing:GetProducts",), ("*",)),
        iam.statement("ListProfiles", ("iam:ListInstanceProfiles",), ("*",)),
        # Of all names: before a node class goes, Karpenter asks for the profiles that a former
        # release would have made, and waits for the answer that there is none.
        iam.statement(
            "ReadProfiles",
            ("iam:GetInstanceProfile",),
            (location.global_arn("iam", "instance-profile/*"),),
        ),
    ]


def _any(location: AwsLocation, kind: str) -> str:
    return AwsLocation("*", location.region).arn("ec2", f"{kind}/*")


def _anyones(location: AwsLocation, kind: str) -> str:
    return AwsLocation("", location.region).arn("ec2", f"{kind}/*")


def _made(location: AwsLocation) -> list[str]:
    return [_any(location, kind) for kind in (*MADE, "volume")]


def _is_own(cluster: str) -> dict[str, dict[str, Any]]:
    return {
        "StringEquals": {f"aws:ResourceTag/kubernetes.io/cluster/{cluster}": "owned"},
        "StringLike": {f"aws:ResourceTag/{POOL_TAG}": "*"},
    }


def _will_be_own(cluster: str) -> dict[str, dict[str, Any]]:
    return {
        "StringEquals": {
            f"aws:RequestTag/kubernetes.io/cluster/{cluster}": "owned",
            "aws:RequestTag/eks:eks-cluster-name": cluster,
        },
        "StringLike": {f"aws:RequestTag/{POOL_TAG}": "*"},
    }
