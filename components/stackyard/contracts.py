"""Contracts: the typed, versioned outputs that one blueprint gives to the next."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

C = TypeVar("C", bound="Contract")

OUTPUT = "contract"
"""The one stack output that holds a contract; everything else a stack exports is for people."""


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
    """Version of the contract's shape; raised when a field changes its meaning or goes."""


class GpuPoolFacts(Contract):
    """A GPU pool: what a pod must carry to be scheduled there."""

    VERSION: ClassVar[int] = 1

    node_selector: dict[str, str]
    """Labels that only this pool's nodes carry."""

    taint_key: str
    """Key of the pool's NoSchedule taint."""

    taint_value: str
    """Value of the pool's NoSchedule taint."""

    resource: str
    """The extended resource that pods ask for, for example `nvidia.com/gpu`."""

    gpus_per_node: int
    """GPUs of one node."""

    max_gpus: int
    """The hard cap: GPUs of the pool at its largest."""

    device_plugin: dict[str, Any] | None = None
    """Config file of NVIDIA's device plugin; None where the node image runs its own."""


class DatabaseFacts(Contract):
    """How to reach the stage's PostgreSQL instance; connections without TLS are refused."""

    VERSION: ClassVar[int] = 1

    host: str
    """Its address in the VPC."""

    port: int
    """Its port."""

    admin_credentials: str
    """ARN of the secret that opens the whole instance; only the set-up of databases may read it."""

    rotation_days: int = 30
    """Days between new passwords of the projects' databases."""


class FoundationContract(Contract):
    """The contract of a stage's `foundation` with `services` and every project."""

    VERSION: ClassVar[int] = 1

    stage: str
    """The stage."""

    account: str
    """The AWS account."""

    region: str
    """The AWS region."""

    vpc_id: str
    """The VPC."""

    vpc_cidr: str
    """The VPC's IPv4 range."""

    private_subnets: dict[str, str]
    """Subnet id by availability zone; nodes, databases and mount targets live there."""

    cluster_name: str
    """The EKS cluster."""

    cluster_endpoint: str
    """The cluster's API address."""

    cluster_ca: str
    """The cluster's certificate authority, base64 of PEM, as EKS gives it."""

    cluster_security_group: str
    """Security group of the cluster's nodes."""

    key_arns: dict[str, str]
    """KMS key ARN by purpose: `data`, `personal`, `secrets`, `logs`, `images`."""

    admin_arns: list[str] = []
    """Roles of the people who put secrets in."""

    mounts_secrets: bool = False
    """Whether pods of the cluster can mount secrets."""

    break_glass_arn: str | None = None
    """The role that reads secrets in an emergency; without one, administrators may."""

    gpu_pools: dict[str, GpuPoolFacts]
    """The GPU pools by name."""

    database: DatabaseFacts | None = None
    """The database instance, if the stage has one."""

    base_images: dict[str, str] = {}
    """The base images that projects build on: `repository:tag` by name."""

    @property
    def emergency_arns(self) -> list[str]:
        """Roles that may read any secret in an emergency."""
        return [self.break_glass_arn] if self.break_glass_arn else self.admin_arns


class OnPremFacts(Contract):
    """A cluster on premises that projects of the stage also run on."""

    VERSION: ClassVar[int] = 1

    kubeconfig: str
    """Path of its kubeconfig, on the machine that applies stacks."""

    context: str | None = None
    """Context of the kubeconfig; None takes the current one."""

    issuer: str
    """Issuer of its service account tokens."""

    issuer_arn: str
    """The issuer as AWS knows it."""

    gpu_pools: dict[str, GpuPoolFacts]
    """Its GPU pools by name."""


class ServicesContract(Contract):
    """The contract of a stage's `services` with every project."""

    VERSION: ClassVar[int] = 1

    stage: str
    """The stage."""

    cluster_name: str
    """The cluster the services run in."""

    priority_classes: list[str]
    """Priority classes that workloads may name."""

    system_namespace: str = "stackyard-system"
    """Namespace of the stage's own work, in which no project can start pods."""

    registry: str = ""
    """Host and path that images of shared programs are pulled from."""

    onprem: dict[str, OnPremFacts] = {}
    """Clusters on premises by name."""

    queueing: Literal["kueue"] | None = None
    """The job queue on all clusters of the stage; None without one."""


class ProjectContract(Contract):
    """The contract of a project with tools outside: addresses and ARNs."""

    VERSION: ClassVar[int] = 1

    stage: str
    """The stage."""

    namespace: str
    """The Kubernetes namespace, the same on every cluster."""

    datasets: dict[str, str]
    """Bucket name by dataset."""

    access_points: dict[str, str] = {}
    """S3 access point ARN by `AUDIENCE-DATASET`, for those who are granted directories."""

    roles: dict[str, str]
    """IAM role ARN by audience."""

    tracking_uri: str | None = None
    """Address of the tracking server in the cluster."""

    artifact_bucket: str | None = None
    """Bucket of the artifacts of runs."""

    model_bucket: str | None = None
    """Bucket that keeps registered models, each in `registered/NAME/VERSION/`."""

    images: dict[str, str] = {}
    """`repository:tag` of each image that the project builds."""

    pipeline: str | None = None
    """ARN of the state machine from data to a served model."""

    served_models: dict[str, str] = {}
    """Address in the cluster of each model that is served."""


def publish(contract: Contract | dict[str, object]) -> None:
    """Export a contract as the stack's `contract` output; a dict may still hold Outputs."""
    import pulumi

    value = contract if isinstance(contract, dict) else contract.model_dump(mode="json")
    pulumi.export(OUTPUT, value)


def read(model: type[C], stack_reference: str, stack: str) -> C:
    """Read an upstream's contract through the engine: plain values, so no mock leaks into a plan.

    `pulumi:pulumi:readStackOutputs` is the function behind `StackReference`, which gives Outputs
    only; the program needs plain values to loop over zones and pools.

    Raises UpstreamError when the upstream is not applied or has another shape.
    """
    import pulumi

    hint = f"run `stackyard up {stack}`"
    try:
        answer = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {"name": stack_reference})
    except Exception as error:  # the engine's answer for an unknown stack has no type of its own
        raise UpstreamError(stack, "is not applied yet", hint) from error
    outputs = (answer.value or {}).get("outputs", {})
    return parse(model, outputs.get(OUTPUT), stack)


def parse(model: type[C], value: object, stack: str) -> C:
    """Check a contract's version and shape; raises UpstreamError naming both versions."""
    hint = f"run `stackyard up {stack}`"
    if not isinstance(value, dict):
        raise UpstreamError(stack, "is not applied yet", hint)
    if value.get("version") != model.VERSION:
        problem = f"promises version {value.get('version')}, this code reads {model.VERSION}"
        raise UpstreamError(stack, problem, hint)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UpstreamError(stack, f"its contract lacks `{where}`: {first['msg']}", hint) from error
