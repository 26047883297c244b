"""The roles and S3 access points of a project, created from the compiled grants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pulumi
import pulumi_aws as aws

from stackyard import iam
from stackyard._component import Component
from stackyard.access.config import AccessConfig
from stackyard.access.grants import AccessPoint, Compiled, Role


class ProjectAccess(Component):
    """An IAM role for each audience and workload, and an access point for granted directories."""

    TYPE: ClassVar[str] = "stackyard:index:ProjectAccess"

    role_arns: dict[str, pulumi.Output[str]]
    """Role ARN by audience and workload; known once the role exists."""

    access_point_arns: dict[str, pulumi.Output[str]]
    """Access point ARN by `WHO-DATASET`."""

    def __init__(
        self,
        name: str,
        config: AccessConfig,
        *,
        documents: Compiled,
        buckets: Mapping[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the documents that `grants.compiled` returns for this config, and the buckets."""
        super().__init__(name, config, opts=opts)
        roles = {who: self._make_role(who, role) for who, role in documents.roles.items()}
        self.role_arns = {who: role.arn for who, role in roles.items()}
        self.access_point_arns = {
            key: self._make_access_point(key, point, buckets[point.dataset])
            for key, point in documents.access_points.items()
        }
        self.publish()

    def _make_role(self, who: str, role: Role) -> aws.iam.Role:
        made = aws.iam.Role(
            self.named(who),
            name=role.name,
            description=role.description,
            assume_role_policy=iam.text(role.trust),
            max_session_duration=role.session_seconds,
            tags={"stackyard:audience": who},
            opts=self.child(),
        )
        # IAM refuses a policy without statements, and a role without grants needs no policy.
        if role.policy["Statement"]:
            aws.iam.RolePolicy(
                self.named(f"{who}-grants"),
                name="grants",
                role=made.name,
                policy=iam.text(role.policy),
                opts=self.child(),
            )
        return made

    def _make_access_point(
        self, key: str, point: AccessPoint, bucket: pulumi.Input[str]
    ) -> pulumi.Output[str]:
        made = aws.s3.AccessPoint(
            # The logical name is part of the URN, so it stays.
            self.named(f"{key}-door"),
            name=point.name,
            bucket=bucket,
            policy=iam.text(point.policy),
            public_access_block_configuration={
                "block_public_acls": True,
                "block_public_policy": True,
                "ignore_public_acls": True,
                "restrict_public_buckets": True,
            },
            opts=self.child(),
        )
        return made.arn
