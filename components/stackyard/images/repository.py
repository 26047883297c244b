"""The only kind of image repository: tags are immutable, pushes are scanned, images expire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pulumi
import pulumi_aws as aws

from stackyard import iam
from stackyard._component import Component
from stackyard.images.policies import only_pushed_by
from stackyard.retention.config import ImageLifetimeConfig
from stackyard.retention.plan import image_lifecycle


class ImageRepository(Component):
    """A repository with immutable tags."""

    TYPE: ClassVar[str] = "stackyard:index:ImageRepository"

    url: pulumi.Output[str]
    """URL of the repository: its registry and name."""

    def __init__(
        self,
        name: str,
        lifetime: ImageLifetimeConfig,
        *,
        repository: str,
        key_arn: pulumi.Input[str],
        pushed_by: Sequence[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the repository's name, its KMS key, and ARNs of the only roles that may push."""
        super().__init__(name, lifetime, opts=opts)
        made = aws.ecr.Repository(
            self.named("repository"),
            name=repository,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "KMS", "kms_key": key_arn}],
            force_delete=self.settings.force_delete,
            opts=self.child(),
        )
        aws.ecr.LifecyclePolicy(
            self.named("lifecycle"),
            repository=made.name,
            policy=image_lifecycle(lifetime),
            opts=self.child(),
        )
        aws.ecr.RepositoryPolicy(
            self.named("policy"),
            repository=made.name,
            policy=iam.text(only_pushed_by(pushed_by)),
            opts=self.child(),
        )
        self.url = made.repository_url
        self.publish()
