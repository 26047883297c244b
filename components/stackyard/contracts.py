"""Contracts: the typed, versioned outputs that one blueprint provides to the next."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

C = TypeVar("C", bound="Contract")

OUTPUT = "contract"
"""The only stack output with a contract; all other exports of a stack are for people."""


class ContractError(Exception):
    """A stack's config and the contract of an upstream contradict each other."""

    def __init__(self, stack: str, problem: str, hint: str) -> None:
        super().__init__(f"{stack}: {problem}")
        self.stack, self.problem, self.hint = stack, problem, hint


class UpstreamError(ContractError):
    """An upstream stack is not applied, or its contract has a version that is not supported."""


class Contract(BaseModel):
    """Plain values only, never secrets: a contract is read by stacks of other teams."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    VERSION: ClassVar[int]

    version: int
    """Version of the contract's schema; increased when a field changes its meaning or is
    removed."""


class GpuPoolFacts(Contract):
    """A GPU pool: the scheduling settings of its pods, and its maximum size."""

    VERSION: ClassVar[int] = 1

    node_selector: dict[str, str]
    """Labels that only this pool's nodes have."""

    taint_key: str
    """Key of the pool's NoSchedule taint."""

    taint_value: str
    """Value of the pool's NoSchedule taint."""

    resource: str
    """The extended resource that pods request, for example `nvidia.com/gpu`."""

    gpus_per_node: int
    """Number of GPUs of the largest node."""

    max_gpus: int
    """Number of GPUs of the pool at its maximum size; a hard limit."""

    device_plugin: dict[str, Any] | None = None
    """Config file of NVIDIA's device plugin; None if the node image contains its own."""

    efa_per_node: int = 0
    """EFA interfaces of the node that has most of them; 0 in a pool that offers none."""


class DatabaseFacts(Contract):
    """Address and credentials of the stage's PostgreSQL instance, which requires TLS."""

    VERSION: ClassVar[int] = 1

    host: str
    """Address of the instance in the VPC."""

    port: int
    """Port of the instance."""

    admin_credentials: str
    """ARN of the master user's secret; only the jobs that set up databases may read it."""

    rotation_days: int = 30
    """Days between password rotations of the projects' databases."""


class FoundationContract(Contract):
    """The contract of a stage's `foundation` with `services` and every project."""

    VERSION: ClassVar[int] = 2

    stage: str
    """Name of the stage."""

    account: str
    """AWS account id (12 digits)."""

    region: str
    """AWS region."""

    vpc_id: str
    """Id of the VPC."""

    vpc_cidr: str
    """IPv4 range of the VPC."""

    private_subnets: dict[str, str]
    """Subnet id by availability zone, for nodes, databases and mount targets."""

    cluster_name: str
    """Name of the EKS cluster."""

    cluster_endpoint: str
    """The cluster's API address."""

    cluster_ca: str
    """The cluster's certificate authority, base64 of PEM, as EKS returns it."""

    cluster_security_group: str
    """Security group of the cluster's nodes."""

    key_arns: dict[str, str]
    """KMS key ARN by purpose: `data`, `personal`, `secrets`, `logs`, `images`."""

    admin_arns: list[str] = []
    """ARNs of the roles that set the values of secrets."""

    mounts_secrets: bool = False
    """Whether pods of the cluster can mount secrets."""

    break_glass_arn: str | None = None
    """ARN of the role that reads secrets in an emergency; if None, administrators may."""

    kubernetes_version: str
    """The cluster's version of Kubernetes, `major.minor`."""

    node_role_arn: str
    """Role of the nodes that Karpenter makes."""

    node_instance_profile: str
    """Instance profile of the nodes that Karpenter makes."""

    isolated: bool = False
    """Whether the VPC has no way to the internet."""

    database: DatabaseFacts | None = None
    """The database instance, if the stage has one."""

    base_images: dict[str, str] = {}
    """The base images of projects: `repository:tag` by name."""

    @property
    def emergency_arns(self) -> list[str]:
        """Roles that may read any secret in an emergency."""
        return [self.break_glass_arn] if self.break_glass_arn else self.admin_arns


class OnPremFacts(Contract):
    """A cluster on premises for projects of the stage."""

    VERSION: ClassVar[int] = 1

    kubeconfig: str
    """Path of its kubeconfig, on the machine that applies stacks."""

    context: str | None = None
    """Context of the kubeconfig; None uses the current one."""

    issuer: str
    """Issuer of its service account tokens."""

    issuer_arn: str
    """ARN of the issuer's identity provider in IAM."""

    gpu_pools: dict[str, GpuPoolFacts]
    """Its GPU pools by name."""

    registered_by: str | None = None
    """Stage whose services manage what the cluster has only once; None for this stage."""


class ServicesContract(Contract):
    """The contract of a stage's `services` with every project."""

    VERSION: ClassVar[int] = 2

    stage: str
    """Name of the stage."""

    cluster_name: str
    """Name of the services' cluster."""

    priority_classes: list[str]
    """Priority classes for workloads."""

    gpu_pools: dict[str, GpuPoolFacts]
    """The GPU pools by name."""

    system_namespace: str = "stackyard-system"
    """Namespace of the stage's own pods; no project can start pods there."""

    registry: str = ""
    """Registry host and path of the images of shared programs."""

    onprem: dict[str, OnPremFacts] = {}
    """Clusters on premises by name."""

    queueing: Literal["kueue"] | None = None
    """The job queue on all clusters of the stage; None without one."""


class ProjectContract(Contract):
    """The contract of a project with external tools: addresses and ARNs."""

    VERSION: ClassVar[int] = 1

    stage: str
    """Name of the stage."""

    namespace: str
    """The Kubernetes namespace, the same on every cluster."""

    datasets: dict[str, str]
    """Bucket name by dataset."""

    access_points: dict[str, str] = {}
    """S3 access point ARN by `AUDIENCE-DATASET`, for audiences that are granted directories."""

    roles: dict[str, str]
    """IAM role ARN by audience."""

    tracking_uri: str | None = None
    """Address of the tracking server in the cluster."""

    artifact_bucket: str | None = None
    """Bucket of the artifacts of runs."""

    model_bucket: str | None = None
    """Bucket with registered models, each in `registered/NAME/VERSION/`."""

    images: dict[str, str] = {}
    """`repository:tag` of each image that the project builds."""

    pipeline: str | None = None
    """ARN of the state machine of the pipeline."""

    served_models: dict[str, str] = {}
    """Address in the cluster of each served model."""


def publish(contract: Contract | dict[str, object]) -> None:
    """Export a contract as the stack's `contract` output; a dict may still hold Outputs."""
    import pulumi

    value = contract if isinstance(contract, dict) else contract.model_dump(mode="json")
    pulumi.export(OUTPUT, value)


def read(model: type[C], stack_reference: str, stack: str) -> C:
    """Read an upstream's contract through the engine: only real, plain values, never mocks.

    `pulumi:pulumi:readStackOutputs` is the function behind `StackReference`, which returns Outputs
    only; the program needs plain values to loop over zones and pools.

    Raises UpstreamError if the upstream is not applied or has another schema.
    """
    import pulumi

    hint = f"run `stackyard up {stack}`"
    try:
        answer = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {"name": stack_reference})
    except Exception as error:  # The engine's error for an unknown stack has no type of its own.
        raise UpstreamError(stack, "is not applied yet", hint) from error
    outputs = (answer.value or {}).get("outputs", {})
    return parse(model, outputs.get(OUTPUT), stack)


def parse(model: type[C], value: object, stack: str) -> C:
    """Check a contract's version and schema; raises UpstreamError with both versions."""
    hint = f"run `stackyard up {stack}`"
    if not isinstance(value, dict):
        raise UpstreamError(stack, "is not applied yet", hint)
    if value.get("version") != model.VERSION:
        problem = f"has version {value.get('version')}, this code reads {model.VERSION}"
        raise UpstreamError(stack, problem, hint)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UpstreamError(stack, f"its contract lacks `{where}`: {first['msg']}", hint) from error
