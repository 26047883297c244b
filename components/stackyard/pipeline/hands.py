"""A function that acts in the cluster, with one audience's rights there."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

import pulumi
import pulumi_aws as aws

from stackyard import iam
from stackyard._component import Component
from stackyard.config import Config
from stackyard.contracts import FoundationContract
from stackyard.namespace.rbac import group
from stackyard.naming import IAM_ROLE_LIMIT, StackId, fitted, namespace_name, role_name
from stackyard.pipeline.documents import function_trust

NETWORK_POLICY = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
"""Logs and network interfaces, https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html."""

PYTHON = "python3.13"
SECONDS = 60


def function_name(stack: StackId, audience: str) -> str:
    """Return the name of the function that acts as an audience."""
    return fitted(f"{stack.slug}-acts-as-{audience}", IAM_ROLE_LIMIT)


class ClusterHands(Component):
    """A Lambda function in the VPC, in the cluster's group of an audience and no other."""

    TYPE: ClassVar[str] = "stackyard:index:ClusterHands"

    arn: str
    """Its ARN, known before it exists."""

    ready: pulumi.Output[str]
    """The same, known once it can act."""

    def __init__(
        self,
        name: str,
        *,
        stack: StackId,
        foundation: FoundationContract,
        audience: Literal["pipeline", "delivery"],
        deployment: str,
        logs_days: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the cluster, whose rights it has there, and the Deployment that it may change."""
        super().__init__(name, Config(), opts=opts)
        self._stack, self._foundation = stack, foundation
        called = function_name(stack, audience)
        self.arn = f"arn:aws:lambda:{foundation.region}:{foundation.account}:function:{called}"
        role = self._make_role(audience)
        entry = aws.eks.AccessEntry(
            self.named("entry"),
            cluster_name=foundation.cluster_name,
            principal_arn=role.arn,
            kubernetes_groups=[group(namespace_name(stack), audience)],
            type="STANDARD",
            opts=self.child(),
        )
        log = aws.cloudwatch.LogGroup(
            self.named("log"),
            name=f"/aws/lambda/{called}",
            retention_in_days=logs_days,
            kms_key_id=foundation.key_arns["logs"],
            opts=self.child(),
        )
        made = self._make_function(called, role, deployment, log)
        self.ready = pulumi.Output.all(made.arn, entry.id).apply(lambda known: str(known[0]))
        self.publish()

    def _make_role(self, audience: str) -> aws.iam.Role:
        role = aws.iam.Role(
            self.named("role"),
            name=role_name(self._stack, f"acts-as-{audience}"),
            description=f"{self._stack}: acts in the cluster as {audience}, for the pipeline",
            assume_role_policy=iam.text(function_trust()),
            opts=self.child(),
        )
        aws.iam.RolePolicyAttachment(
            self.named("network"),
            role=role.name,
            policy_arn=NETWORK_POLICY,
            opts=self.child(),
        )
        return role

    def _make_function(
        self, called: str, role: aws.iam.Role, deployment: str, log: aws.cloudwatch.LogGroup
    ) -> aws.lambda_.Function:
        foundation = self._foundation
        code = (Path(__file__).parent / "function" / "cluster.py").read_text(encoding="utf-8")
        return aws.lambda_.Function(
            self.named("function"),
            name=called,
            role=role.arn,
            runtime=PYTHON,
            handler="cluster.handler",
            code=pulumi.AssetArchive({"cluster.py": pulumi.StringAsset(code)}),
            timeout=SECONDS,
            memory_size=256,
            environment={
                "variables": {
                    "CLUSTER_NAME": foundation.cluster_name,
                    "CLUSTER_ENDPOINT": foundation.cluster_endpoint,
                    "CLUSTER_CA": foundation.cluster_ca,
                    "NAMESPACE": namespace_name(self._stack),
                    "DEPLOYMENT": deployment,
                }
            },
            vpc_config={
                "subnet_ids": sorted(foundation.private_subnets.values()),
                "security_group_ids": [foundation.cluster_security_group],
            },
            opts=self.child(depends_on=[log]),
        )
