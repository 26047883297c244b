"""PrivateBucket, the only kind of S3 bucket in Stackyard: private, versioned, encrypted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, cast

import pulumi
import pulumi_aws as aws

from stackyard import iam
from stackyard._component import Component
from stackyard.bucket.layout import BucketRef
from stackyard.bucket.policies import bucket_policy
from stackyard.retention.plan import Lifetime, ModelLifetimes, bucket_plan, lifecycle_rules

_Default = aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs


class PrivateBucket(Component):
    """A private bucket without ACLs, with versions and lifecycle rules for its objects."""

    TYPE: ClassVar[str] = "stackyard:index:PrivateBucket"

    bucket_name: str
    """The bucket's name, for policies that must contain it before the bucket exists."""

    bucket_id: pulumi.Output[str]
    """The same name, known once the bucket and its policy exist."""

    arn: pulumi.Output[str]
    """The bucket's ARN, known once the bucket exists."""

    def __init__(
        self,
        name: str,
        lifetime: Lifetime,
        *,
        bucket: BucketRef,
        kind: str,
        key_arn: pulumi.Input[str] | None,
        log_bucket: pulumi.Input[str] | None,
        statements: Sequence[iam.Statement] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the bucket's name and region; `kind` is the value of the tag `stackyard:class`.

        With `key_arn` None, S3's own key encrypts: access logs cannot be delivered to a bucket with
        a KMS key. `log_bucket` receives the access logs. `statements` are added to the policy.
        """
        recorded = lifetime.production if isinstance(lifetime, ModelLifetimes) else lifetime
        super().__init__(name, recorded, opts=opts)
        self.bucket_name = bucket.name
        self._bucket = aws.s3.Bucket(
            self.named("bucket"),
            bucket=bucket.name,
            force_destroy=self.settings.force_delete,
            tags={"stackyard:class": kind},
            opts=self.child(),
        )
        self.arn = self._bucket.arn
        self._block_public_access()
        self._set_encryption(key_arn)
        self._set_lifecycle(lifetime)
        self._set_logging(log_bucket)
        # S3 checks the policy of a bucket that is the target of access logs.
        self.bucket_id = self._set_policy(bucket.arn, key_arn, statements).bucket
        self.publish()

    def _block_public_access(self) -> None:
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
            rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=self.child(),
        )

    def _set_encryption(self, key_arn: pulumi.Input[str] | None) -> None:
        default = _Default(
            sse_algorithm="AES256" if key_arn is None else "aws:kms", kms_master_key_id=key_arn
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            self.named("encryption"),
            bucket=self._bucket.id,
            rules=[
                aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=default,
                    bucket_key_enabled=key_arn is not None,
                )
            ],
            opts=self.child(),
        )

    def _set_lifecycle(self, lifetime: Lifetime) -> None:
        versioning = aws.s3.BucketVersioning(
            self.named("versioning"),
            bucket=self._bucket.id,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(
                status="Enabled"
            ),
            opts=self.child(),
        )
        rules = lifecycle_rules(bucket_plan(lifetime))
        # S3 accepts rules for noncurrent versions only after versioning is enabled.
        aws.s3.BucketLifecycleConfiguration(
            self.named("lifecycle"),
            bucket=self._bucket.id,
            rules=cast("list[aws.s3.BucketLifecycleConfigurationRuleArgsDict]", rules),
            opts=self.child(depends_on=[versioning]),
        )

    def _set_logging(self, log_bucket: pulumi.Input[str] | None) -> None:
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

    def _set_policy(
        self,
        arn: str,
        key_arn: pulumi.Input[str] | None,
        statements: Sequence[iam.Statement],
    ) -> aws.s3.BucketPolicy:
        policy = pulumi.Output.from_input(key_arn).apply(
            lambda key: iam.text(bucket_policy(arn, key, statements))
        )
        return aws.s3.BucketPolicy(
            self.named("policy"), bucket=self._bucket.id, policy=policy, opts=self.child()
        )
