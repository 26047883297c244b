"""The one kind of bucket that there is: private, versioned, encrypted, and with an end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import pulumi
import pulumi_aws as aws

from stackyard import iam
from stackyard._component import Component
from stackyard.bucket import policies
from stackyard.config import Config
from stackyard.retention.plan import ModelPlan, ObjectPlan, lifecycle_rules


class PrivateBucket(Component):
    """A bucket without public access or ACLs, whose objects have versions and a lifetime."""

    TYPE: ClassVar[str] = "stackyard:index:PrivateBucket"

    bucket_name: str
    """The bucket's name."""

    bucket_id: pulumi.Output[str]
    """The same name, known once the bucket and its policy exist."""

    def __init__(
        self,
        name: str,
        lifetime: Config,
        *,
        bucket: str,
        kind: str,
        plan: ObjectPlan | ModelPlan,
        key_arn: pulumi.Input[str] | None,
        log_bucket: pulumi.Input[str] | None,
        statements: Sequence[iam.Statement] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the bucket's name, the `kind` it is tagged with, and the plan of its lifecycle.

        `key_arn` None encrypts by S3's own key: access logs cannot be delivered to a bucket with
        a KMS key. `log_bucket` gets the access logs. `statements` join the bucket's policy.
        """
        super().__init__(name, lifetime, opts=opts)
        self.bucket_name = bucket
        self._bucket = aws.s3.Bucket(
            self.named("bucket"),
            bucket=bucket,
            force_destroy=self.settings.force_delete,
            tags={"stackyard:class": kind},
            opts=self.child(),
        )
        self._close()
        self._encrypt(key_arn)
        self._keep(plan)
        self._tell(log_bucket)
        # S3 checks the policy of a bucket that is named as the target of access logs.
        self.bucket_id = self._guard(key_arn, statements).bucket
        self.publish()

    def _close(self) -> None:
        aws.s3.BucketPublicAccessBlock(
            self.named("public-access"),
            bucket=self._bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self.child(),
        )
        aws.s3.BucketOwnershipControls(
            self.named("ownership"),
            bucket=self._bucket.id,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=self.child(),
        )

    def _encrypt(self, key_arn: pulumi.Input[str] | None) -> None:
        default: Any = {"sse_algorithm": "AES256"}
        if key_arn is not None:
            default = {"sse_algorithm": "aws:kms", "kms_master_key_id": key_arn}
        aws.s3.BucketServerSideEncryptionConfiguration(
            self.named("encryption"),
            bucket=self._bucket.id,
            rules=[
                {
                    "apply_server_side_encryption_by_default": default,
                    "bucket_key_enabled": key_arn is not None,
                }
            ],
            opts=self.child(),
        )

    def _keep(self, plan: ObjectPlan | ModelPlan) -> None:
        versioning = aws.s3.BucketVersioning(
            self.named("versioning"),
            bucket=self._bucket.id,
            versioning_configuration={"status": "Enabled"},
            opts=self.child(),
        )
        rules: Any = lifecycle_rules(plan)
        # Rules about noncurrent versions are only accepted once the bucket has versions.
        aws.s3.BucketLifecycleConfiguration(
            self.named("lifecycle"),
            bucket=self._bucket.id,
            rules=rules,
            opts=self.child(depends_on=[versioning]),
        )

    def _tell(self, log_bucket: pulumi.Input[str] | None) -> None:
        if log_bucket is None:
            return
        aws.s3.BucketLogging(
            self.named("logging"),
            bucket=self._bucket.id,
            target_bucket=log_bucket,
            target_prefix=f"{self.bucket_name}/",
            opts=self.child(),
        )
        aws.s3.BucketNotification(
            self.named("events"),
            bucket=self._bucket.id,
            eventbridge=True,
            opts=self.child(),
        )

    def _guard(
        self, key_arn: pulumi.Input[str] | None, statements: Sequence[iam.Statement]
    ) -> aws.s3.BucketPolicy:
        policy = pulumi.Output.from_input(key_arn).apply(
            lambda arn: iam.text(policies.bucket_policy(self.bucket_name, arn, statements))
        )
        return aws.s3.BucketPolicy(
            self.named("policy"), bucket=self._bucket.id, policy=policy, opts=self.child()
        )
