"""The roles that AWS services assume for a project's pipeline."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from stackyard import iam
from stackyard._component import Component
from stackyard.naming import StackId, role_name
from stackyard.pipeline import documents


@dataclass(frozen=True)
class ServiceRoles:
    """Makes roles as children of a component."""

    owner: Component
    stack: StackId
    account: str

    def make(
        self, role: str, service: str, policy: pulumi.Output[iam.Document]
    ) -> pulumi.Output[str]:
        """Create a role that an AWS service assumes; its ARN is known once its policy exists."""
        made = aws.iam.Role(
            self.owner.named(f"{role}-role"),
            name=role_name(self.stack, f"pipeline-{role}"),
            description=f"{self.stack}: the pipeline's {role}",
            assume_role_policy=iam.text(documents.service_trust(service, self.account)),
            opts=self.owner.child(),
        )
        granted = aws.iam.RolePolicy(
            self.owner.named(f"{role}-policy"),
            name="work",
            role=made.name,
            policy=policy.apply(iam.text),
            opts=self.owner.child(),
        )
        return pulumi.Output.all(made.arn, granted.urn).apply(lambda known: str(known[0]))
