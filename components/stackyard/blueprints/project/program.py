"""The `project` program: data and its permissions, then the namespace on the cluster."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from stackyard import contracts
from stackyard.access.component import ProjectAccess
from stackyard.access.grants import Compiled, compiled
from stackyard.access.shared import SharedDirectories
from stackyard.access.volumes import SharedVolumes
from stackyard.blueprints.project import mounting
from stackyard.blueprints.project.config import ProjectConfig
from stackyard.blueprints.project.parts.delivery import Delivery, delivery_buckets, make_delivery
from stackyard.blueprints.project.parts.environment import ProjectEnvironment, ProjectWiring
from stackyard.blueprints.project.parts.experiments import (
    Experiments,
    experiment_buckets,
    make_experiments,
)
from stackyard.blueprints.project.parts.hybrid import make_hybrid
from stackyard.blueprints.project.parts.monitoring import make_monitoring
from stackyard.blueprints.project.parts.permissions import grant_context, namespace_rules
from stackyard.blueprints.providers import aws_provider, cluster_provider, run_settings
from stackyard.blueprints.wiring import custodians, stack_context
from stackyard.cluster.access import efs_driver_role
from stackyard.contracts import FoundationContract, ProjectContract, ServicesContract
from stackyard.datasets.component import DatasetStore
from stackyard.field_path import dotted
from stackyard.namespace.component import ProjectNamespace
from stackyard.naming import StackId
from stackyard.references import EksProject, VpcRef
from stackyard.run_settings import ComponentOptions
from stackyard.vault.mounted import MountedSecrets
from stackyard.vault.mounts import ADDON
from stackyard.vault.secrets import SecretStore


class Project:
    """Datasets, roles and secrets in the cloud; a namespace in the cluster."""

    def __init__(
        self, stack: StackId, config: ProjectConfig, upstreams: Mapping[str, StackId]
    ) -> None:
        """`upstreams` names the stage's `foundation` and `services`."""
        self.stack, self.config, self.upstreams = stack, config, upstreams

    def __call__(self) -> None:
        """Declare the stack's resources and publish its contract."""
        foundation = self._read(FoundationContract, "foundation")
        services = self._read(ServicesContract, "services")
        environment = ProjectEnvironment(
            self.stack, self.config, self.upstreams, foundation, services
        )
        environment.check_gpu_quota()
        opts = ComponentOptions(
            run_settings(self.config),
            providers=[aws_provider(self.stack, self.config), cluster_provider(foundation)],
        )
        documents = self.documents(foundation)
        datasets = self._make_datasets(foundation, documents, opts)
        access = ProjectAccess(
            "access",
            self.config.access,
            documents=documents,
            buckets=datasets.bucket_ids,
            opts=opts,
        )
        shared = self._make_shared(foundation, access, opts)
        secrets = self._make_secrets(foundation, access, opts)
        namespace = self._make_namespace(environment, access, opts)
        if shared:
            SharedVolumes(
                "shared-volumes",
                stack=self.stack,
                directories=self.config.access.shared,
                file_system=shared.file_system_id,
                access_points=shared.access_point_ids,
                namespace=namespace.namespace,
                opts=opts,
            )
        self._make_mounts(environment, secrets, namespace, opts)
        make_hybrid(environment, documents=documents, namespace=namespace.namespace, opts=opts)
        wiring = ProjectWiring(
            namespace=namespace.namespace,
            datasets=datasets.bucket_ids,
            log_bucket=datasets.log_bucket_id,
            role_arns=access.role_arns,
            opts=opts,
        )
        experiments = make_experiments(environment, wiring)
        make_monitoring(environment, wiring)
        delivery = make_delivery(environment, wiring)
        self._publish(datasets, access, namespace, experiments, delivery)

    def documents(self, foundation: FoundationContract) -> Compiled:
        """Return the compiled grants; `stackyard access` computes the same."""
        keys, cluster = foundation.key_arns, foundation.cluster_name
        where = grant_context(self.stack, self.config, cluster=cluster, key_arns=keys)
        return compiled(self.config.access, self.config.datasets, where)

    def _make_datasets(
        self,
        foundation: FoundationContract,
        documents: Compiled,
        opts: pulumi.ResourceOptions,
    ) -> DatasetStore:
        return DatasetStore(
            "datasets",
            self.config.store,
            context=stack_context(self.stack, self.config, foundation.key_arns),
            statements=documents.bucket_statements,
            also_logged=[
                *experiment_buckets(self.stack, self.config),
                *delivery_buckets(self.stack, self.config),
            ],
            opts=opts,
        )

    def _make_shared(
        self, foundation: FoundationContract, access: ProjectAccess, opts: pulumi.ResourceOptions
    ) -> SharedDirectories | None:
        if not self.config.access.shared:
            return None
        kinds = {dataset.kind for dataset in self.config.datasets.values()}
        purpose = "personal" if "personal" in kinds else "data"
        driver = efs_driver_role(foundation.cluster_name)
        return SharedDirectories(
            "shared",
            self.config.access,
            key_arn=foundation.key_arns[purpose],
            network=VpcRef(foundation.vpc_id, foundation.private_subnets),
            clients=foundation.cluster_security_group,
            role_arns=access.role_arns,
            driver_role=self.config.location.global_arn("iam", f"role/{driver}"),
            opts=opts,
        )

    def _make_secrets(
        self, foundation: FoundationContract, access: ProjectAccess, opts: pulumi.ResourceOptions
    ) -> SecretStore | None:
        if not self.config.secrets.entries:
            return None
        return SecretStore(
            "secrets",
            self.config.secrets,
            prefix=str(self.stack),
            key_arn=foundation.key_arns["secrets"],
            region=self.config.region,
            readers=access.role_arns,
            custodians=custodians(foundation),
            opts=opts,
        )

    def _make_mounts(
        self,
        environment: ProjectEnvironment,
        secrets: SecretStore | None,
        namespace: ProjectNamespace,
        opts: pulumi.ResourceOptions,
    ) -> None:
        mounted = mounting.mounted(self.config)
        if secrets is None or not mounted:
            return
        if not environment.foundation.mounts_secrets:
            first = next(mounting.mounts(self.config))
            raise environment.mismatch(
                "its cluster cannot mount secrets, which "
                f"`{dotted(first.path)}` of {self.stack} needs",
                f"add {ADDON} to `cluster.addons` and run `stackyard up {{}}`",
            )
        MountedSecrets(
            "mounted-secrets",
            stack=self.stack,
            region=self.config.region,
            namespace=namespace.namespace,
            secret_arns={name: secrets.secret_arns[name] for name in mounted},
            opts=opts,
        )

    def _make_namespace(
        self,
        environment: ProjectEnvironment,
        access: ProjectAccess,
        opts: pulumi.ResourceOptions,
    ) -> ProjectNamespace:
        monitoring = self.config.monitoring
        return ProjectNamespace(
            "namespace",
            self.config.namespace,
            stack=self.stack,
            eks=EksProject(
                environment.cluster.name,
                access.role_arns,
                log_audiences=sorted(monitoring.subscribers) if monitoring else (),
            ),
            gpu_resources=environment.gpu_resources,
            rules=namespace_rules(self.config, queued=environment.queued),
            opts=opts,
        )

    def _publish(
        self,
        datasets: DatasetStore,
        access: ProjectAccess,
        namespace: ProjectNamespace,
        experiments: Experiments,
        delivery: Delivery,
    ) -> None:
        contracts.publish(
            {
                "version": ProjectContract.VERSION,
                "stage": self.stack.stage,
                "namespace": namespace.namespace,
                "datasets": datasets.bucket_ids,
                "access_points": access.access_point_arns,
                "roles": access.role_arns,
                **experiments.contract(),
                **delivery.contract(),
            }
        )

    def _read(self, model: type[contracts.C], blueprint: str) -> contracts.C:
        upstream = self.upstreams[blueprint]
        return contracts.read(model, upstream.reference, str(upstream))
