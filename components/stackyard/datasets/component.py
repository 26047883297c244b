"""The datasets of a project: one bucket each, and one for their access logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import pulumi

from stackyard import iam
from stackyard._component import Component
from stackyard.bucket.component import PrivateBucket
from stackyard.bucket.layout import ACCESS_LOGS
from stackyard.bucket.policies import log_delivery
from stackyard.datasets.config import DatasetConfig, DatasetStoreConfig
from stackyard.datasets.names import dataset_buckets, log_bucket_name
from stackyard.naming import StackId
from stackyard.retention.config import (
    LifetimeConfig,
    PersonalLifetimeConfig,
    RetentionConfig,
)
from stackyard.retention.plan import log_plan, object_plan


class DatasetStore(Component):
    """Versioned buckets for datasets; who may use them comes from the access grants."""

    TYPE: ClassVar[str] = "stackyard:index:DatasetStore"

    bucket_names: dict[str, str]
    """Bucket by dataset."""

    bucket_ids: dict[str, pulumi.Output[str]]
    """The same, known once the buckets exist."""

    log_bucket: str
    """The bucket of the access logs."""

    log_bucket_id: pulumi.Output[str]
    """The same, known once the bucket exists."""

    def __init__(
        self,
        name: str,
        config: DatasetStoreConfig,
        *,
        stack: StackId,
        account: str,
        key_arns: Mapping[str, pulumi.Input[str]],
        retention: RetentionConfig,
        statements: Mapping[str, Sequence[iam.Statement]],
        also_logged: Sequence[str] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: KMS keys `data` and `personal`, lifetimes, and policy statements by dataset.

        `also_logged` names further buckets whose access logs go to the same place.
        """
        super().__init__(name, config, opts=opts)
        self.bucket_names = dataset_buckets(config, stack, account)
        sources = sorted([*self.bucket_names.values(), *also_logged])
        logs = self._make_log_bucket(stack, account, retention, sources)
        self.log_bucket, self.log_bucket_id = logs.bucket_name, logs.bucket_id
        self.bucket_ids = {}
        for key, dataset in config.datasets.items():
            lifetime = lifetime_of(dataset, retention)
            bucket = PrivateBucket(
                self.named(key),
                lifetime,
                bucket=self.bucket_names[key],
                kind=dataset.kind,
                plan=object_plan(lifetime),
                key_arn=key_arns[dataset.key],
                log_bucket=logs.bucket_id,
                statements=statements.get(key, ()),
                opts=self.child(),
            )
            self.bucket_ids[key] = bucket.bucket_id
        self.publish()

    def _make_log_bucket(
        self, stack: StackId, account: str, retention: RetentionConfig, sources: Sequence[str]
    ) -> PrivateBucket:
        bucket = log_bucket_name(stack, account)
        return PrivateBucket(
            self.named(ACCESS_LOGS),
            retention.logs,
            bucket=bucket,
            kind="logs",
            plan=log_plan(retention.logs),
            key_arn=None,
            log_bucket=None,
            statements=[log_delivery(bucket, account=account, sources=sources)] if sources else [],
            opts=self.child(),
        )


def lifetime_of(
    dataset: DatasetConfig, retention: RetentionConfig
) -> LifetimeConfig | PersonalLifetimeConfig:
    """Return how long a dataset's objects live.

    Raises KeyError for a jurisdiction without rules; the blueprint's config refuses it before.
    """
    if dataset.kind == "personal":
        return retention.personal[str(dataset.jurisdiction)]
    return retention.raw if dataset.kind == "raw" else retention.curated
