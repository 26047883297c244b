"""IAM roles for pods, by EKS Pod Identity."""

from __future__ import annotations

from typing import ClassVar

import pulumi
import pulumi_aws as aws

from stackyard import iam
from stackyard._component import Component
from stackyard.cluster import access
from stackyard.config import Config
from stackyard.naming import IAM_ROLE_LIMIT, fitted, namespace_name
from stackyard.references import ClusterRef, StackContext


class WorkloadIdentity(Component):
    """An IAM role that only the pods of one service account can assume."""

    TYPE: ClassVar[str] = "stackyard:index:WorkloadIdentity"

    role_arn: pulumi.Output[str]
    """The role."""

    def __init__(
        self,
        name: str,
        *,
        prefix: str,
        cluster: ClusterRef,
        namespace: str,
        service_account: str,
        policy: pulumi.Input[iam.Document],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the prefix of the role's name, the cluster, the service account, the policy."""
        super().__init__(name, Config(), opts=opts)
        arn = access.cluster_arn(
            region=cluster.region, account=cluster.account, cluster_name=cluster.name
        )
        trust = access.pod_trust(arn=arn, namespace=namespace, service_account=service_account)
        # A service account outside the stack's namespace contains the prefix in its own name.
        has_prefix = service_account.startswith(f"{prefix}-")
        full_name = service_account if has_prefix else f"{prefix}-{service_account}"
        role = aws.iam.Role(
            self.named("role"),
            name=fitted(full_name, IAM_ROLE_LIMIT),
            description=f"pods of {namespace}/{service_account}",
            assume_role_policy=iam.text(trust),
            opts=self.child(),
        )
        aws.iam.RolePolicy(
            self.named("policy"),
            name="work",
            role=role.name,
            policy=pulumi.Output.from_input(policy).apply(iam.text),
            opts=self.child(),
        )
        aws.eks.PodIdentityAssociation(
            self.named("association"),
            cluster_name=cluster.name,
            namespace=namespace,
            service_account=service_account,
            role_arn=role.arn,
            opts=self.child(),
        )
        self.role_arn = role.arn
        self.publish()


def project_identity(
    owner: Component,
    context: StackContext,
    cluster: ClusterRef,
    service_account: str,
    policy: pulumi.Input[iam.Document],
) -> WorkloadIdentity:
    """Make the role for the pods of one service account in the stack's namespace."""
    return WorkloadIdentity(
        owner.named("identity"),
        prefix=context.stack.slug,
        cluster=cluster,
        namespace=namespace_name(context.stack),
        service_account=service_account,
        policy=policy,
        opts=owner.child(),
    )
