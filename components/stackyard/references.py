"""References: the facts that a component needs about a resource of another stack or program.

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
    """An EKS cluster, for components that refer to it by name or ARN."""

    name: str
    account: str
    """AWS account id (12 digits)."""

    region: str

    @property
    def location(self) -> AwsLocation:
        """Account and region, from which ARNs are built."""
        return AwsLocation(self.account, self.region)


@dataclass(frozen=True)
class EksProject:
    """The features of a project's namespace that exist on EKS, and not on premises."""

    cluster_name: str
    role_arns: Mapping[str, pulumi.Input[str]]
    """IAM roles by audience, and those of the workloads `trainer` and `server`."""

    log_audiences: Sequence[str] = ()
    """Audiences that have a log group; output of pods without one is not shipped."""


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

    vpc_id: pulumi.Input[str]
    """The VPC of its subnets."""


@dataclass(frozen=True)
class GpuPoolRef:
    """A pool of GPU nodes: the scheduling settings of its pods, and its maximum size."""

    node_selector: Mapping[str, str]
    """Labels that only this pool's nodes have."""

    taint_key: str
    taint_value: str
    """Value of the pool's NoSchedule taint."""

    resource: str
    """The extended resource that pods request, for example `nvidia.com/gpu`."""

    gpus_per_node: int
    """GPUs of the largest node."""

    max_gpus: int
    """Number of GPUs of the pool at its maximum size."""

    device_plugin: Mapping[str, Any] | None = None
    """Configuration of NVIDIA's device plugin; None if the node image contains its own."""

    efa_per_node: int = 0
    """EFA interfaces of the node that has most of them; 0 in a pool that offers none."""


@dataclass(frozen=True)
class OnPremClusterRef:
    """A registered cluster on premises: its name, and the issuer of its service account tokens."""

    name: str
    issuer: str
    """URL of the issuer."""

    issuer_arn: str
    """ARN of the issuer's identity provider in IAM."""


@dataclass(frozen=True)
class VpcRef:
    """A VPC and the private subnets for databases and mount targets."""

    vpc_id: pulumi.Input[str]
    subnets: Mapping[str, pulumi.Input[str]]
    """Subnet id by availability zone."""


@dataclass(frozen=True)
class DatabaseRef:
    """A PostgreSQL instance; it refuses connections without TLS."""

    host: pulumi.Input[str]
    """Address of the instance in the VPC."""

    port: int
    cidr: str
    """IPv4 range that contains the address; network policies allow pods to connect to it."""

    admin_credentials: pulumi.Input[str]
    """ARN of the secret with the master user's name and password."""

    rotation_days: int = 30
    """Days between password rotations of its databases."""


@dataclass(frozen=True)
class SecretCustodians:
    """ARNs of the identities that manage the values of secrets."""

    admins: Sequence[str]
    """Identities that may set values."""

    emergency: Sequence[str]
    """Identities that may read values in an emergency, beside the readers of each secret."""


@dataclass(frozen=True)
class DatabaseAccess:
    """Settings with which a component creates its own database in a PostgreSQL instance."""

    instance: DatabaseRef
    setup_namespace: str
    """Namespace of the jobs that create databases and rotate passwords. They have access to the
    whole instance, so nobody else may start pods there."""

    setup_image: str
    """Image of these jobs: Python with boto3 and psycopg2."""

    client: pulumi.Input[str]
    """ConfigMap of `DatabaseClient`, in the namespace of the pods that connect."""

    custodians: SecretCustodians
    recovery_days: int
    """Recovery window of a deleted secret in days."""


@dataclass(frozen=True)
class PodPlacement:
    """Placement of a component's pods: their namespace, and the registry of their images."""

    cluster: ClusterRef
    namespace: pulumi.Input[str]
    """The stack's namespace; known once pods may start in it."""

    registry: str
    """Host and path of the registry from which images are pulled."""


@dataclass(frozen=True)
class StackContext:
    """Values that all components of a stack share: its identity, account, keys and retention."""

    stack: StackId
    account: str
    """AWS account id (12 digits)."""

    region: str
    key_arns: Mapping[str, pulumi.Input[str]]
    """KMS key ARN by purpose: `data`, `personal`, `secrets`, `logs`, `images`."""

    retention: RetentionConfig

    @property
    def location(self) -> AwsLocation:
        """Account and region, from which ARNs are built."""
        return AwsLocation(self.account, self.region)
