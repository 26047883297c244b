"""Optuna's storage and dashboard in a project, and the roles for SageMaker's tuning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from stackyard import iam, kubernetes
from stackyard._component import Component
from stackyard.cluster.identity import WorkloadIdentity, project_identity
from stackyard.container import Size
from stackyard.database import documents
from stackyard.database.project import ProjectDatabase
from stackyard.naming import role_name
from stackyard.references import DatabaseAccess, DatabaseRef, PodPlacement, StackContext
from stackyard.tuning import sagemaker, storage
from stackyard.tuning.config import TuningConfig
from stackyard.tuning.sagemaker import JobContext, ManagedJobs
from stackyard.workload import Workload


class Tuning(Component):
    """A storage that parallel trials share, with its own database user, and a dashboard."""

    TYPE: ClassVar[str] = "stackyard:index:Tuning"

    credentials: pulumi.Output[str]
    """ARN of the secret with the credentials of the storage."""

    def __init__(
        self,
        name: str,
        config: TuningConfig,
        *,
        context: StackContext,
        pods: PodPlacement,
        database: DatabaseAccess,
        role_arns: Mapping[str, pulumi.Input[str]],
        jobs: ManagedJobs | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the stack, the placement of pods, the PostgreSQL instance, and role ARNs.

        `role_arns` has `trainer`, and `scientist` if there is one. `jobs` are the network and
        buckets of SageMaker's jobs; raises ValueError if `managed` is set without it.
        """
        super().__init__(name, config, opts=opts)
        if config.managed is not None and jobs is None:
            raise ValueError("`managed` needs `jobs`: where they run and what they may read")
        self._config, self._context, self._namespace = config, context, pods.namespace
        identity = project_identity(
            self, context, pods.cluster, storage.NAME, self._read_credentials()
        )
        own = ProjectDatabase(
            self.named("database"),
            context=context,
            cluster=pods.cluster,
            access=database,
            purpose="tuning",
            readers={"dashboard": identity.role_arn, "trainer": role_arns["trainer"]},
            server_namespace=pods.namespace,
            opts=self.child(),
        )
        self.credentials = own.credentials
        variables: dict[str, pulumi.Input[str]] = {
            **documents.connection_variables(database.instance, context.stack, "tuning"),
            "DATABASE_CREDENTIALS": own.ready,
        }
        self._work = Workload(
            context.stack,
            storage.NAME,
            f"{pods.registry}/{config.image}",
            files={documents.CLIENT_PATH: database.client},
            needs_role=True,
            variables=variables,
        )
        self._make_dashboard(identity)
        self._make_worker_settings(variables, role_arns["trainer"])
        self._allow_egress(database.instance)
        if config.managed is not None and jobs is not None:
            self._allow_managed_jobs(jobs, role_arns)
        self.publish()

    def _read_credentials(self) -> pulumi.Output[iam.Document]:
        stack, location = self._context.stack, self._context.location
        return pulumi.Output.from_input(self._context.key_arns["secrets"]).apply(
            lambda key: iam.document(*documents.read_credentials(stack, "tuning", location, key))
        )

    def _make_dashboard(self, identity: WorkloadIdentity) -> None:
        account = self._work.account(self.named("account"), self._namespace, self.child())
        check = k8s.core.v1.HTTPGetActionArgs(path="/", port="http")
        probe = k8s.core.v1.ProbeArgs(http_get=check, period_seconds=20, failure_threshold=6)
        region, size = self._context.region, Size("500m", "512Mi")
        prepare = self._work.container("prepare", storage.prepare_command(region), size)
        serve = self._work.container(
            "dashboard",
            storage.dashboard_command(region),
            size,
            ports=[k8s.core.v1.ContainerPortArgs(name="http", container_port=storage.PORT)],
            readiness_probe=probe,
            liveness_probe=probe,
        )
        metadata = self._work.metadata(self._namespace)
        k8s.apps.v1.Deployment(
            self.named("dashboard"),
            metadata=metadata,
            spec=k8s.apps.v1.DeploymentSpecArgs(
                replicas=1,
                selector=k8s.meta.v1.LabelSelectorArgs(match_labels=self._work.selector),
                template=self._work.template([serve], init=[prepare]),
            ),
            opts=self.child(depends_on=[account, identity]),
        )
        k8s.core.v1.Service(
            self.named("service"),
            metadata=metadata,
            spec=k8s.core.v1.ServiceSpecArgs(
                selector=self._work.selector,
                ports=[
                    k8s.core.v1.ServicePortArgs(name="http", port=storage.PORT, target_port="http")
                ],
            ),
            opts=self.child(),
        )

    def _make_worker_settings(
        self, variables: dict[str, pulumi.Input[str]], trainer: pulumi.Input[str]
    ) -> None:
        """Give training pods the settings of the storage, and access to its password."""
        k8s.core.v1.ConfigMap(
            self.named("workers"),
            metadata=self._work.metadata(self._namespace),
            data=variables,
            opts=self.child(),
        )
        aws.iam.RolePolicy(
            self.named("trainer-reads"),
            name="tuning",
            role=_name(trainer),
            policy=self._read_credentials().apply(iam.text),
            opts=self.child(),
        )

    def _allow_egress(self, instance: DatabaseRef) -> None:
        for who, match in {"dashboard": self._work.selector, "workers": storage.WORKERS}.items():
            k8s.networking.v1.NetworkPolicy(
                self.named(f"{who}-to-database"),
                metadata=self._work.metadata(self._namespace, f"{who}-to-database"),
                spec=kubernetes.egress(match, instance.cidr, instance.port),
                opts=self.child(),
            )

    def _allow_managed_jobs(
        self, managed: ManagedJobs, role_arns: Mapping[str, pulumi.Input[str]]
    ) -> None:
        stack, config = self._context.stack, self._config
        job_context = self._job_context(managed)
        jobs = aws.iam.Role(
            self.named("jobs"),
            name=role_name(stack, sagemaker.ROLE),
            description=f"{stack}: tuning jobs of SageMaker",
            assume_role_policy=iam.text(sagemaker.trust(self._context.account)),
            opts=self.child(),
        )
        aws.iam.RolePolicy(
            self.named("jobs-work"),
            name="work",
            role=jobs.name,
            policy=job_context.apply(lambda where: iam.text(sagemaker.job_policy(where))),
            opts=self.child(),
        )
        if "scientist" not in role_arns:
            return
        start = pulumi.Output.all(job_context, jobs.arn).apply(
            lambda known: sagemaker.start_policy(
                *known, instance_types=config.instance_types, max_hours=config.max_hours
            )
        )
        aws.iam.RolePolicy(
            self.named("scientist-starts"),
            name="sagemaker",
            role=_name(role_arns["scientist"]),
            policy=start.apply(iam.text),
            opts=self.child(),
        )

    def _job_context(self, jobs: ManagedJobs) -> pulumi.Output[JobContext]:
        context = self._context
        known = pulumi.Output.all(
            data_key=context.key_arns["data"], subnets=pulumi.Output.all(*jobs.subnets)
        )
        return known.apply(
            lambda values: JobContext(
                stack=context.stack,
                account=context.account,
                region=context.region,
                subnets=values["subnets"],
                artifacts=jobs.artifacts,
                datasets=jobs.datasets,
                data_key_arn=values["data_key"],
            )
        )


def _name(role_arn: pulumi.Input[str]) -> pulumi.Output[str]:
    return pulumi.Output.from_input(role_arn).apply(lambda text: text.rpartition("/")[2])
