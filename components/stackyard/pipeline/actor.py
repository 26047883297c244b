"""A Lambda function that changes the cluster with the permissions of one audience."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

import pulumi
import pulumi_aws as aws

from stackyard import iam
from stackyard._component import Component
from stackyard.aws_location import managed_policy_arn
from stackyard.config import Config
from stackyard.namespace.rbac import group
from stackyard.naming import IAM_ROLE_LIMIT, StackId, fitted, namespace_name, role_name
from stackyard.pipeline.documents import function_trust
from stackyard.references import ClusterApiRef, StackContext
from stackyard.retention.plan import log_days

NETWORK_POLICY = "service-role/AWSLambdaVPCAccessExecutionRole"
"""Permissions for logs and network interfaces,
https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html."""

RUNTIME = "python3.13"
TIMEOUT_SECONDS = 60


def function_name(stack: StackId, audience: str) -> str:
    """Return the name of the function that has an audience's permissions."""
    return fitted(f"{stack.slug}-acts-as-{audience}", IAM_ROLE_LIMIT)


class ClusterActor(Component):
    """A Lambda function in the VPC, in the Kubernetes group of one audience and no other."""

    TYPE: ClassVar[str] = "stackyard:index:ClusterActor"

    FORMER_TYPES: ClassVar[tuple[str, ...]] = ("stackyard:index:ClusterHands",)

    arn: pulumi.Output[str]
    """The function's ARN; known once its access entry in the cluster exists."""

    def __init__(
        self,
        name: str,
        *,
        context: StackContext,
        cluster: ClusterApiRef,
        audience: Literal["pipeline", "delivery"],
        deployment: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the stack, its cluster, the audience, and the Deployment that steps change."""
        super().__init__(name, Config(), opts=opts)
        self._stack, self._cluster = context.stack, cluster
        called = function_name(context.stack, audience)
        role = self._make_role(audience)
        network = self._let_join_network(role)
        entry = aws.eks.AccessEntry(
            self.named("entry"),
            cluster_name=cluster.name,
            principal_arn=role.arn,
            kubernetes_groups=[group(namespace_name(context.stack), audience)],
            type="STANDARD",
            opts=self.child(),
        )
        log = aws.cloudwatch.LogGroup(
            self.named("log"),
            name=f"/aws/lambda/{called}",
            retention_in_days=log_days(context.retention.logs),
            kms_key_id=context.key_arns["logs"],
            opts=self.child(),
        )
        last = self._make_last_group()
        made = self._make_function(called, role.arn, deployment, last, needed=[log, network])
        self.arn = pulumi.Output.all(made.arn, entry.urn).apply(lambda known: str(known[0]))
        self.publish()

    def _make_role(self, audience: str) -> aws.iam.Role:
        return aws.iam.Role(
            self.named("role"),
            name=role_name(self._stack, f"acts-as-{audience}"),
            description=f"{self._stack}: acts in the cluster as {audience}, for the pipeline",
            assume_role_policy=iam.text(function_trust()),
            opts=self.child(),
        )

    def _let_join_network(self, role: aws.iam.Role) -> aws.iam.RolePolicyAttachment:
        return aws.iam.RolePolicyAttachment(
            self.named("network"),
            role=role.name,
            policy_arn=managed_policy_arn(NETWORK_POLICY, self._cluster.region),
            opts=self.child(),
        )

    def _make_last_group(self) -> aws.ec2.SecurityGroup:
        """Make the group that the function's network interfaces are in while they are deleted.

        Lambda deletes them up to 40 minutes after the function, and a group that holds one cannot
        go. The cluster's is free at once this way, and a destroy waits for this one instead:
        https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/lambda_function.
        """
        return aws.ec2.SecurityGroup(
            self.named("last-group"),
            description="Network interfaces of a deleted function, without any rule",
            vpc_id=self._cluster.vpc_id,
            opts=self.child(custom_timeouts=pulumi.CustomTimeouts(delete="45m")),
        )

    def _make_function(
        self,
        called: str,
        role_arn: pulumi.Output[str],
        deployment: str,
        last_group: aws.ec2.SecurityGroup,
        *,
        needed: Sequence[pulumi.Resource],
    ) -> aws.lambda_.Function:
        """Make the function after what is `needed`, so that a destroy deletes the function first.

        Without the role's rights its network interfaces stay, and hold subnets and groups:
        https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html.
        """
        cluster = self._cluster
        code = (Path(__file__).parent / "function" / "cluster.py").read_text(encoding="utf-8")
        return aws.lambda_.Function(
            self.named("function"),
            name=called,
            role=role_arn,
            runtime=RUNTIME,
            handler="cluster.handler",
            code=pulumi.AssetArchive({"cluster.py": pulumi.StringAsset(code)}),
            timeout=TIMEOUT_SECONDS,
            memory_size=256,
            environment={
                "variables": {
                    "CLUSTER_NAME": cluster.name,
                    "CLUSTER_ENDPOINT": cluster.endpoint,
                    "CLUSTER_CA": cluster.certificate_authority,
                    "NAMESPACE": namespace_name(self._stack),
                    "DEPLOYMENT": deployment,
                }
            },
            vpc_config={
                "subnet_ids": list(cluster.subnets),
                "security_group_ids": [cluster.security_group],
            },
            replace_security_groups_on_destroy=True,
            replacement_security_group_ids=[last_group.id],
            opts=self.child(depends_on=list(needed)),
        )
