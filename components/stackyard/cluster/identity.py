"""AWS identities for pods, by EKS Pod Identity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pulumi
import pulumi_aws as aws

from stackyard import iam
from stackyard._component import Component
from stackyard.cluster import access
from stackyard.config import Config
from stackyard.contracts import FoundationContract
from stackyard.naming import IAM_ROLE_LIMIT, fitted


class WorkloadIdentity(Component):
    """A role that the pods of one service account take, and no other pods can."""

    TYPE: ClassVar[str] = "stackyard:index:WorkloadIdentity"

    role_arn: pulumi.Output[str]
    """The role."""

    def __init__(
        self,
        name: str,
        *,
        prefix: str,
        foundation: FoundationContract,
        namespace: str,
        service_account: str,
        policy: pulumi.Input[Mapping[str, Any]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: how the role's name begins, which pods take it, where, and what they may do."""
        super().__init__(name, Config(), opts=opts)
        arn = access.cluster_arn(
            region=foundation.region,
            account=foundation.account,
            cluster_name=foundation.cluster_name,
        )
        trust = access.pod_trust(arn=arn, namespace=namespace, service_account=service_account)
        role = aws.iam.Role(
            self.named("role"),
            name=fitted(f"{prefix}-{service_account}", IAM_ROLE_LIMIT),
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
            cluster_name=foundation.cluster_name,
            namespace=namespace,
            service_account=service_account,
            role_arn=role.arn,
            opts=self.child(),
        )
        self.role_arn = role.arn
        self.publish()
