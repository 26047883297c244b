"""Rotates the passwords of a project's database, and restarts the pods of its server."""

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
"""Folder of the programs in the pods."""

ACCOUNT_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"
"""Folder of a pod's service account token and of the cluster's certificate authority:
https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/."""


class PasswordRotation(Component):
    """A CronJob that checks every night whether the password must be rotated.

    In the project's namespace it may change one Deployment, which serves no model.
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
        """Wiring: the pods of the set-up job, `days` between rotations, and both namespaces."""
        super().__init__(name, Config(), opts=opts)
        self._let_restart(work, purpose, namespace, server_namespace)
        variables: dict[str, pulumi.Input[str]] = {
            "ACCOUNT_FOLDER": ACCOUNT_FOLDER,
            "KUBERNETES_API": "https://kubernetes.default.svc",
            "ROTATION_DAYS": str(days),
            "SERVER": purpose,
            "SERVER_NAMESPACE": server_namespace,
        }
        work = replace(work, variables={**work.variables, **variables})
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
                    spec=work.job(
                        container, retries=3, seconds=900, kept_seconds=604_800, asks_api=True
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
    """Return a schedule at night; the jobs of different databases start at different minutes."""
    minute = int(hashlib.sha256(account.encode()).hexdigest(), 16) % 60
    return f"{minute} 2 * * *"
