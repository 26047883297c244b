"""The datasets of a project: one bucket each, and one for their access logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import pulumi

from stackyard import iam
from stackyard._component import Component
from stackyard.bucket.component import PrivateBucket
from stackyard.bucket.layout import ACCESS_LOGS, BucketRef, bucket_arn
from stackyard.bucket.policies import log_delivery
from stackyard.datasets.config import DatasetConfig, DatasetStoreConfig
from stackyard.datasets.names import dataset_buckets, log_bucket_name
from stackyard.references import StackContext
from stackyard.retention.config import (
    LifetimeConfig,
    PersonalLifetimeConfig,
    RetentionConfig,
)


class DatasetStore(Component):
    """Versioned buckets for datasets; access grants decide who may use them."""

    TYPE: ClassVar[str] = "stackyard:index:DatasetStore"

    bucket_ids: dict[str, pulumi.Output[str]]
    """Bucket name by dataset, known once the bucket and its policy exist."""

    bucket_arns: dict[str, pulumi.Output[str]]
    """Bucket ARN by dataset."""

    log_bucket_id: pulumi.Output[str]
    """Name of the bucket that receives access logs, known once it accepts them."""

    def __init__(
        self,
        name: str,
        config: DatasetStoreConfig,
        *,
        context: StackContext,
        statements: Mapping[str, Sequence[iam.Statement]],
        also_logged: Sequence[str] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the stack, and policy statements by dataset, which may be empty.

        `also_logged` names further buckets that send their access logs to the same bucket.
        """
        super().__init__(name, config, opts=opts)
        names = dataset_buckets(config, context.stack, context.account)
        logs = self._make_log_bucket(context, sorted([*names.values(), *also_logged]))
        self.log_bucket_id = logs.bucket_id
        self.bucket_ids, self.bucket_arns = {}, {}
        for key, dataset in config.datasets.items():
            bucket = PrivateBucket(
                self.named(key),
                lifetime_of(dataset, context.retention),
                bucket=BucketRef(names[key], context.region),
                kind=dataset.kind,
                key_arn=context.key_arns[dataset.key],
                log_bucket=logs.bucket_id,
                statements=statements.get(key, ()),
                opts=self.child(),
            )
            self.bucket_ids[key] = bucket.bucket_id
            self.bucket_arns[key] = bucket.arn
        self.publish()

    def _make_log_bucket(self, context: StackContext, sources: Sequence[str]) -> PrivateBucket:
        account, region = context.account, context.region
        bucket = BucketRef(log_bucket_name(context.stack, account), region)
        arns = [bucket_arn(source, region) for source in sources]
        return PrivateBucket(
            self.named(ACCESS_LOGS),
            context.retention.logs,
            bucket=bucket,
            kind="logs",
            key_arn=None,
            log_bucket=None,
            statements=[log_delivery(bucket.arn, account=account, sources=arns)] if arns else [],
            opts=self.child(),
        )


def lifetime_of(
    dataset: DatasetConfig, retention: RetentionConfig
) -> LifetimeConfig | PersonalLifetimeConfig:
    """Return the retention of a dataset's objects.

    Raises KeyError for a jurisdiction without rules, which the blueprint's config has refused.
    """
    if dataset.kind == "personal":
        return retention.personal[str(dataset.jurisdiction)]
    return retention.raw if dataset.kind == "raw" else retention.curated
