"""ProjectDatabase, one database of a project: its secret, and the jobs that create and rotate."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import ClassVar

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from stackyard import iam
from stackyard._component import Component
from stackyard.cluster.identity import WorkloadIdentity
from stackyard.config import Config
from stackyard.container import Program, Size
from stackyard.database import documents
from stackyard.database.documents import Purpose
from stackyard.database.rotation import PROGRAMS, PasswordRotation
from stackyard.references import ClusterRef, DatabaseAccess, StackContext
from stackyard.vault.secret_policies import secret_policy
from stackyard.workload import Workload


class ProjectDatabase(Component):
    """A database with its own users; only the readers of its secret can read their passwords.

    The jobs run in the stage's system namespace, where no project can start pods, because they have
    access to the whole instance. They generate the passwords, so that no person and no state has
    one.
    """

    TYPE: ClassVar[str] = "stackyard:index:ProjectDatabase"

    credentials: pulumi.Output[str]
    """ARN of the secret that holds the current user's name and password, as JSON."""

    ready: pulumi.Output[str]
    """The same ARN, known once the database exists."""

    def __init__(
        self,
        name: str,
        *,
        context: StackContext,
        cluster: ClusterRef,
        access: DatabaseAccess,
        purpose: Purpose,
        readers: Mapping[str, pulumi.Input[str]],
        server_namespace: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the stack, the cluster of the jobs, the instance, and role ARNs of its readers.

        `server_namespace` contains the Deployment `purpose`, which is restarted after a rotation.
        """
        super().__init__(name, Config(), opts=opts)
        self._context, self._access, self._purpose = context, access, purpose
        self._account = documents.account_name(context.stack, purpose)
        secret = self._make_secret()
        self.credentials = secret.arn
        identity = self._make_identity(cluster, secret.arn)
        policy = self._set_secret_policy(secret, identity.role_arn, readers)
        work = self._workload(secret.arn)
        needed = [*self._make_programs(work), identity, policy]
        job = self._make_job(work, needed)
        PasswordRotation(
            self.named("rotation"),
            stack=context.stack,
            work=work,
            purpose=purpose,
            days=access.instance.rotation_days,
            namespace=access.setup_namespace,
            server_namespace=server_namespace,
            opts=self.child(depends_on=needed),
        )
        self.ready = pulumi.Output.all(secret.arn, job.urn).apply(lambda parts: str(parts[0]))
        self.publish()

    def _make_secret(self) -> aws.secretsmanager.Secret:
        return aws.secretsmanager.Secret(
            self.named("secret"),
            name=documents.secret_name(self._context.stack, self._purpose),
            description=f"Name and password of the {self._purpose} database's user",
            kms_key_id=self._context.key_arns["secrets"],
            recovery_window_in_days=self._access.recovery_days,
            opts=self.child(),
        )

    def _make_identity(
        self, cluster: ClusterRef, secret_arn: pulumi.Output[str]
    ) -> WorkloadIdentity:
        region = self._context.region
        known = pulumi.Output.all(
            secret_arn, self._access.instance.admin_credentials, self._context.key_arns["secrets"]
        )
        return WorkloadIdentity(
            self.named("identity"),
            prefix=self._context.stack.slug,
            cluster=cluster,
            namespace=self._access.setup_namespace,
            service_account=self._account,
            policy=known.apply(
                lambda arns: documents.setup_policy(arns[0], arns[1], arns[2], region)
            ),
            opts=self.child(),
        )

    def _set_secret_policy(
        self,
        secret: aws.secretsmanager.Secret,
        setup_role: pulumi.Output[str],
        readers: Mapping[str, pulumi.Input[str]],
    ) -> aws.secretsmanager.SecretPolicy:
        custodians = self._access.custodians

        def policy(arns: Sequence[str]) -> str:
            setup, *others = arns
            return iam.text(
                secret_policy(
                    readers=others,
                    writers=[setup, *custodians.admins],
                    emergency=[setup, *custodians.emergency],
                )
            )

        return aws.secretsmanager.SecretPolicy(
            self.named("secret-policy"),
            secret_arn=secret.arn,
            policy=pulumi.Output.all(setup_role, *readers.values()).apply(policy),
            block_public_policy=True,
            opts=self.child(),
        )

    def _workload(self, secret_arn: pulumi.Output[str]) -> Workload:
        """Return the settings that both jobs share: the account, the database, and its secrets."""
        stack, instance = self._context.stack, self._access.instance
        return Workload(
            stack,
            self._account,
            self._access.setup_image,
            files={PROGRAMS: self._account},
            needs_role=True,
            variables={
                **documents.connection_variables(instance, stack, self._purpose),
                "AWS_DEFAULT_REGION": self._context.region,
                "DATABASE_USERS": " ".join(documents.user_names(stack, self._purpose)),
                "DATABASE_ADMIN_CREDENTIALS": instance.admin_credentials,
                "DATABASE_CREDENTIALS": secret_arn,
            },
        )

    def _make_programs(self, work: Workload) -> list[pulumi.Resource]:
        programs = {f"{name}.py": documents.pod_program(name) for name in ("setup", "rotate")}
        script = k8s.core.v1.ConfigMap(
            self.named("program"),
            metadata=work.metadata(self._access.setup_namespace),
            data=programs,
            opts=self.child(),
        )
        return [
            work.account(self.named("account"), self._access.setup_namespace, self.child()),
            script,
        ]

    def _make_job(self, work: Workload, needed: Sequence[pulumi.Resource]) -> k8s.batch.v1.Job:
        text = documents.pod_program("setup")
        # A changed program runs again: a Job is replaced when its pods differ.
        digest = {"PROGRAM_DIGEST": hashlib.sha256(text.encode()).hexdigest()[:16]}
        setup = work.container(
            "setup", Program(["python", f"{PROGRAMS}/setup.py"], digest), Size("500m", "256Mi")
        )
        return k8s.batch.v1.Job(
            self.named("setup"),
            metadata=work.metadata(self._access.setup_namespace),
            spec=work.job(setup, retries=6, seconds=900),
            # The pods of a Job cannot be changed, so the old Job is deleted before the new one.
            opts=self.child(
                depends_on=list(needed),
                replace_on_changes=["spec"],
                delete_before_replace=True,
            ),
        )
