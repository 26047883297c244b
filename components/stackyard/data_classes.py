"""The data class of every resource type: what is lost when such a resource goes.

One table by type token, so that protection (`_component.py`), the blast-radius gate and the
destroy report can never disagree about a resource.
"""

from __future__ import annotations

from typing import Literal

DataClass = Literal["ephemeral", "rebuildable", "stateful", "key"]
"""How much is lost: nothing, time, data, or the means to read data."""

STATEFUL: frozenset[str] = frozenset(
    {
        "aws:dynamodb/table:Table",
        "aws:ebs/volume:Volume",
        "aws:ecr/repository:Repository",
        "aws:efs/fileSystem:FileSystem",
        "aws:eks/cluster:Cluster",
        "aws:rds/cluster:Cluster",
        "aws:rds/instance:Instance",
        "aws:s3/bucket:Bucket",
        "kubernetes:core/v1:PersistentVolume",
        "kubernetes:core/v1:PersistentVolumeClaim",
    }
)
"""Types that hold data, or whose loss takes every workload down (an EKS cluster)."""

KEYS: frozenset[str] = frozenset(
    {
        "aws:kms/key:Key",
        "aws:secretsmanager/secret:Secret",
        "aws:signer/signingProfile:SigningProfile",
    }
)
"""Types without which data that still exists can no longer be read or trusted."""

EPHEMERAL: frozenset[str] = frozenset({"kubernetes:batch/v1:Job", "kubernetes:core/v1:Pod"})
"""Types that come and go in normal operation."""

PROTECTED: frozenset[DataClass] = frozenset({"stateful", "key"})
"""Classes whose resources are protected and retained where the stage says so."""


def data_class_of(type_token: str) -> DataClass:
    """Return the data class of a Pulumi type token; `rebuildable` for all that is not listed."""
    if type_token in KEYS:
        return "key"
    if type_token in STATEFUL:
        return "stateful"
    return "ephemeral" if type_token in EPHEMERAL else "rebuildable"
