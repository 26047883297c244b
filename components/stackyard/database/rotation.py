"""New passwords for a project's database, and new pods for the server that works with it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import ClassVar

import pulumi
import pulumi_kubernetes as k8s

from stackyard._component import Component
from stackyard.config import Config
from stackyard.container import Program, Size
from stackyard.database import documents
from stackyard.database.documents import Purpose
from stackyard.naming import StackId
from stackyard.workload import Workload

PROGRAMS = "/setup"
"""Where the pods find their programs."""

ACCOUNT_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"
"""Where a pod finds the token of its account, and the authority of the cluster's API:
https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/."""


class PasswordRotation(Component):
    """A job that looks every night whether the password is old enough to be followed by another.

    Of the project's namespace it may change one Deployment, which serves no model.
    """

    TYPE: ClassVar[str] = "stackyard:index:PasswordRotation"

    def __init__(
        self,
        name: str,
        *,
        stack: StackId,
        work: Workload,
        purpose: Purpose,
        days: int,
        namespace: str,
        server_namespace: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: pods like those of the set-up, `days` between passwords, and where both are."""
        super().__init__(name, Config(), opts=opts)
        self._let_restart(work, purpose, namespace, server_namespace)
        told: dict[str, pulumi.Input[str]] = {
            "ACCOUNT_FOLDER": ACCOUNT_FOLDER,
            "KUBERNETES_API": "https://kubernetes.default.svc",
            "ROTATION_DAYS": str(days),
            "SERVER": purpose,
            "SERVER_NAMESPACE": server_namespace,
        }
        work = replace(work, variables={**work.variables, **told})
        container = work.container(
            "rotate", Program(["python", f"{PROGRAMS}/rotate.py"], {}), Size("500m", "256Mi")
        )
        k8s.batch.v1.CronJob(
            self.named("nightly"),
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=documents.cron_job_name(stack, purpose),
                namespace=namespace,
                labels=work.labels,
            ),
            spec=k8s.batch.v1.CronJobSpecArgs(
                schedule=nightly(work.name),
                concurrency_policy="Forbid",
                job_template=k8s.batch.v1.JobTemplateSpecArgs(
                    spec=k8s.batch.v1.JobSpecArgs(
                        backoff_limit=3,
                        active_deadline_seconds=900,
                        ttl_seconds_after_finished=604_800,
                        template=work.template([container], asks_api=True, restart_policy="Never"),
                    )
                ),
            ),
            opts=self.child(),
        )
        self.publish()

    def _let_restart(
        self,
        work: Workload,
        purpose: Purpose,
        namespace: str,
        server_namespace: pulumi.Input[str],
    ) -> None:
        metadata = k8s.meta.v1.ObjectMetaArgs(
            name=f"{purpose}-password-rotation", namespace=server_namespace, labels=work.labels
        )
        role = k8s.rbac.v1.Role(
            self.named("restart"),
            metadata=metadata,
            rules=[
                k8s.rbac.v1.PolicyRuleArgs(
                    api_groups=["apps"],
                    resources=["deployments"],
                    resource_names=[purpose],
                    verbs=["get", "patch"],
                )
            ],
            opts=self.child(),
        )
        k8s.rbac.v1.RoleBinding(
            self.named("restarts"),
            metadata=metadata,
            role_ref=k8s.rbac.v1.RoleRefArgs(
                api_group="rbac.authorization.k8s.io",
                kind="Role",
                name=f"{purpose}-password-rotation",
            ),
            subjects=[
                k8s.rbac.v1.SubjectArgs(kind="ServiceAccount", name=work.name, namespace=namespace)
            ],
            opts=self.child(depends_on=[role]),
        )


def nightly(account: str) -> str:
    """Return a schedule in the night; jobs of different databases start at different minutes."""
    minute = int(hashlib.sha256(account.encode()).hexdigest(), 16) % 60
    return f"{minute} 2 * * *"
