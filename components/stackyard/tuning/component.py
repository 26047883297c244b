"""Optuna's storage and dashboard in a project, and its way to SageMaker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from stackyard import iam, kubernetes
from stackyard._component import Component
from stackyard.cluster.identity import WorkloadIdentity
from stackyard.container import Size
from stackyard.contracts import DatabaseFacts, FoundationContract, ServicesContract
from stackyard.database import documents
from stackyard.database.project import ProjectDatabase
from stackyard.naming import StackId, namespace_name, role_name
from stackyard.references import ClusterRef
from stackyard.tuning import sagemaker, storage
from stackyard.tuning.config import TuningConfig
from stackyard.tuning.sagemaker import Site
from stackyard.workload import Workload


class Tuning(Component):
    """A storage that parallel trials share, with a user of its own, and a dashboard of it."""

    TYPE: ClassVar[str] = "stackyard:index:Tuning"

    credentials: pulumi.Output[str]
    """ARN of the secret that opens the storage."""

    def __init__(
        self,
        name: str,
        config: TuningConfig,
        *,
        stack: StackId,
        foundation: FoundationContract,
        services: ServicesContract,
        facts: DatabaseFacts,
        site: Site,
        role_arns: Mapping[str, pulumi.Input[str]],
        setup_image: str,
        namespace: pulumi.Input[str],
        client_program: pulumi.Input[str],
        recovery_days: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the ground it stands on, where SageMaker runs, and the project's roles.

        `role_arns` has `trainer`, and `scientist` if there is one. `setup_image` makes the
        database, `client_program` is the ConfigMap of `DatabaseClient`.
        """
        super().__init__(name, config, opts=opts)
        self._config, self._stack, self._foundation = config, stack, foundation
        self._namespace = namespace
        identity = self._identify()
        database = ProjectDatabase(
            self.named("database"),
            stack=stack,
            purpose="tuning",
            foundation=foundation,
            facts=facts,
            readers={"dashboard": identity.role_arn, "trainer": role_arns["trainer"]},
            namespace=services.system_namespace,
            server_namespace=namespace,
            image=setup_image,
            recovery_days=recovery_days,
            opts=self.child(),
        )
        self.credentials = database.credentials
        variables: dict[str, pulumi.Input[str]] = {
            **documents.place_variables(facts, stack, "tuning"),
            "DATABASE_CREDENTIALS": database.ready,
        }
        self._work = Workload(
            stack,
            storage.NAME,
            f"{services.registry}/{config.image}",
            files={documents.CLIENT_PATH: client_program},
            variables=variables,
        )
        self._make_dashboard(identity)
        self._tell_workers(variables, role_arns["trainer"])
        self._let_out(facts.port)
        if config.managed is not None:
            self._let_sagemaker(site, role_arns)
        self.publish()

    def _identify(self) -> WorkloadIdentity:
        return WorkloadIdentity(
            self.named("identity"),
            prefix=self._stack.slug,
            cluster=ClusterRef(
                self._foundation.cluster_name, self._foundation.account, self._foundation.region
            ),
            namespace=namespace_name(self._stack),
            service_account=storage.NAME,
            policy=self._read_credentials(),
            opts=self.child(),
        )

    def _read_credentials(self) -> dict[str, object]:
        return iam.document(*documents.read_credentials(self._stack, "tuning", self._foundation))

    def _make_dashboard(self, identity: WorkloadIdentity) -> None:
        account = self._work.account(self.named("account"), self._namespace, self.child())
        check = k8s.core.v1.HTTPGetActionArgs(path="/", port="http")
        probe = k8s.core.v1.ProbeArgs(http_get=check, period_seconds=20, failure_threshold=6)
        region, size = self._foundation.region, Size("500m", "512Mi")
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

    def _tell_workers(
        self, variables: dict[str, pulumi.Input[str]], trainer: pulumi.Input[str]
    ) -> None:
        """Let training pods find the storage, and read the password that opens it."""
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
            policy=iam.text(self._read_credentials()),
            opts=self.child(),
        )

    def _let_out(self, port: int) -> None:
        for who, match in {"dashboard": self._work.selector, "workers": storage.WORKERS}.items():
            k8s.networking.v1.NetworkPolicy(
                self.named(f"{who}-to-database"),
                metadata=self._work.metadata(self._namespace, f"{who}-to-database"),
                spec=kubernetes.egress(match, self._foundation.vpc_cidr, port),
                opts=self.child(),
            )

    def _let_sagemaker(self, site: Site, role_arns: Mapping[str, pulumi.Input[str]]) -> None:
        jobs = aws.iam.Role(
            self.named("jobs"),
            name=role_name(self._stack, sagemaker.ROLE),
            description=f"{self._stack}: tuning jobs of SageMaker",
            assume_role_policy=iam.text(sagemaker.trust(site)),
            opts=self.child(),
        )
        aws.iam.RolePolicy(
            self.named("jobs-work"),
            name="work",
            role=jobs.name,
            policy=iam.text(sagemaker.job_policy(site)),
            opts=self.child(),
        )
        if "scientist" in role_arns:
            start = jobs.arn.apply(
                lambda arn: iam.text(
                    sagemaker.start_policy(
                        site,
                        arn,
                        instance_types=self._config.instance_types,
                        max_hours=self._config.max_hours,
                    )
                )
            )
            aws.iam.RolePolicy(
                self.named("scientist-starts"),
                name="sagemaker",
                role=_name(role_arns["scientist"]),
                policy=start,
                opts=self.child(),
            )


def _name(role_arn: pulumi.Input[str]) -> pulumi.Output[str]:
    return pulumi.Output.from_input(role_arn).apply(lambda text: text.rpartition("/")[2])
