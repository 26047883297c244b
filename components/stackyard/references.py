"""References: the few facts by which a component uses what another stack or program made.

A component takes a reference, never the contract of another stack, so that a plain Pulumi program
can use it. Blueprints convert contracts to references (`blueprints/wiring.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stackyard.aws_location import AwsLocation
from stackyard.naming import StackId
from stackyard.retention.config import RetentionConfig

if TYPE_CHECKING:
    import pulumi


@dataclass(frozen=True)
class ClusterRef:
    """An EKS cluster, for what refers to it by name or ARN."""

    name: str
    account: str
    """The AWS account (12 digits)."""

    region: str

    @property
    def location(self) -> AwsLocation:
        """Account and region, from which ARNs are built."""
        return AwsLocation(self.account, self.region)


@dataclass(frozen=True)
class ClusterApiRef(ClusterRef):
    """An EKS cluster with its API and its network, for functions in the VPC that call the API."""

    endpoint: pulumi.Input[str]
    """Address of the Kubernetes API."""

    certificate_authority: pulumi.Input[str]
    """Certificate authority of the API: base64 of PEM, as EKS returns it."""

    subnets: Sequence[pulumi.Input[str]]
    """Private subnets of its nodes."""

    security_group: pulumi.Input[str]
    """Security group of its nodes."""


@dataclass(frozen=True)
class GpuPoolRef:
    """A pool of GPU nodes: what a pod must carry to be scheduled there, and how large it gets."""

    node_selector: Mapping[str, str]
    """Labels that only this pool's nodes carry."""

    taint_key: str
    taint_value: str
    """The pool's NoSchedule taint."""

    resource: str
    """The extended resource that pods request, for example `nvidia.com/gpu`."""

    gpus_per_node: int
    max_gpus: int
    """GPUs of the pool at its largest."""

    device_plugin: Mapping[str, Any] | None = None
    """Configuration of NVIDIA's device plugin; None where the node image runs its own."""


@dataclass(frozen=True)
class OnPremClusterRef:
    """A registered cluster on premises: its name, and the issuer of its service account tokens."""

    name: str
    issuer: str
    """URL of the issuer."""

    issuer_arn: str
    """ARN of the issuer's identity provider in IAM."""


@dataclass(frozen=True)
class StackContext:
    """What all components of a stack share: its identity, account, keys and retention."""

    stack: StackId
    account: str
    """The AWS account (12 digits)."""

    region: str
    key_arns: Mapping[str, pulumi.Input[str]]
    """KMS key ARN by purpose: `data`, `personal`, `secrets`, `logs`, `images`."""

    retention: RetentionConfig

    @property
    def location(self) -> AwsLocation:
        """Account and region, from which ARNs are built."""
        return AwsLocation(self.account, self.region)
