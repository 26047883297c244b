"""One database of a project: its secret, and the jobs that make it and rotate its passwords."""

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
from stackyard.contracts import DatabaseFacts, FoundationContract
from stackyard.database import documents
from stackyard.database.documents import Purpose
from stackyard.database.rotation import PROGRAMS, PasswordRotation
from stackyard.naming import StackId
from stackyard.references import ClusterRef
from stackyard.vault.secret_policies import secret_policy
from stackyard.workload import Workload


class ProjectDatabase(Component):
    """A database with users of its own, whose passwords only its readers can open.

    The jobs run in the stage's system namespace, where no project can start pods, because they open
    the whole instance. They make the passwords, so that no person and no state ever has one.
    """

    TYPE: ClassVar[str] = "stackyard:index:ProjectDatabase"

    credentials: pulumi.Output[str]
    """ARN of the secret that holds the current user's name and password, as JSON."""

    ready: pulumi.Output[str]
    """The same, once the database exists."""

    def __init__(
        self,
        name: str,
        *,
        stack: StackId,
        purpose: Purpose,
        foundation: FoundationContract,
        facts: DatabaseFacts,
        readers: Mapping[str, pulumi.Input[str]],
        namespace: str,
        server_namespace: pulumi.Input[str],
        image: str,
        recovery_days: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the instance, role ARNs of who may connect, where the jobs run in what image.

        `server_namespace` is that of the Deployment which starts new pods for a new password,
        `recovery_days` is how long the secret can be restored.
        """
        super().__init__(name, Config(), opts=opts)
        self._stack, self._purpose, self._foundation = stack, purpose, foundation
        self._facts, self._namespace, self._image = facts, namespace, image
        self._account = documents.account_name(stack, purpose)
        secret = self._make_secret(recovery_days)
        self.credentials = secret.arn
        identity = self._identify(secret.arn)
        guard = self._guard(secret, [identity.role_arn], readers)
        work = self._work(secret.arn)
        needed = [*self._make_programs(work), identity, guard]
        job = self._make_job(work, needed)
        PasswordRotation(
            self.named("rotation"),
            stack=stack,
            work=work,
            purpose=purpose,
            days=facts.rotation_days,
            namespace=namespace,
            server_namespace=server_namespace,
            opts=self.child(depends_on=needed),
        )
        self.ready = pulumi.Output.all(secret.arn, job.id).apply(lambda parts: str(parts[0]))
        self.publish()

    def _make_secret(self, recovery_days: int) -> aws.secretsmanager.Secret:
        return aws.secretsmanager.Secret(
            self.named("secret"),
            name=documents.secret_name(self._stack, self._purpose),
            description=f"Name and password of the {self._purpose} database's user",
            kms_key_id=self._foundation.key_arns["secrets"],
            recovery_window_in_days=recovery_days,
            opts=self.child(),
        )

    def _identify(self, secret_arn: pulumi.Output[str]) -> WorkloadIdentity:
        foundation = self._foundation
        return WorkloadIdentity(
            self.named("identity"),
            prefix=self._stack.slug,
            cluster=ClusterRef(foundation.cluster_name, foundation.account, foundation.region),
            namespace=self._namespace,
            service_account=self._account,
            policy=secret_arn.apply(
                lambda arn: documents.setup_policy(
                    arn,
                    self._facts.admin_credentials,
                    foundation.key_arns["secrets"],
                    foundation.region,
                )
            ),
            opts=self.child(),
        )

    def _guard(
        self,
        secret: aws.secretsmanager.Secret,
        keepers: Sequence[pulumi.Input[str]],
        readers: Mapping[str, pulumi.Input[str]],
    ) -> aws.secretsmanager.SecretPolicy:
        def policy(arns: list[list[str]]) -> str:
            writers = [*arns[0], *self._foundation.admin_arns]
            emergency = [*arns[0], *self._foundation.emergency_arns]
            return iam.text(secret_policy(readers=arns[1], writers=writers, emergency=emergency))

        known = pulumi.Output.all(pulumi.Output.all(*keepers), pulumi.Output.all(*readers.values()))
        return aws.secretsmanager.SecretPolicy(
            self.named("secret-policy"),
            secret_arn=secret.arn,
            policy=known.apply(policy),
            block_public_policy=True,
            opts=self.child(),
        )

    def _work(self, secret_arn: pulumi.Output[str]) -> Workload:
        """Return what the jobs share: who they are, and where the database and its secrets are."""
        return Workload(
            self._stack,
            self._account,
            self._image,
            files={PROGRAMS: self._account},
            variables={
                **documents.place_variables(self._facts, self._stack, self._purpose),
                "AWS_DEFAULT_REGION": self._foundation.region,
                "DATABASE_USERS": " ".join(documents.user_names(self._stack, self._purpose)),
                "DATABASE_ADMIN_CREDENTIALS": self._facts.admin_credentials,
                "DATABASE_CREDENTIALS": secret_arn,
            },
        )

    def _make_programs(self, work: Workload) -> list[pulumi.Resource]:
        programs = {f"{name}.py": documents.pod_program(name) for name in ("setup", "rotate")}
        script = k8s.core.v1.ConfigMap(
            self.named("program"),
            metadata=work.metadata(self._namespace),
            data=programs,
            opts=self.child(),
        )
        return [work.account(self.named("account"), self._namespace, self.child()), script]

    def _make_job(self, work: Workload, needed: Sequence[pulumi.Resource]) -> k8s.batch.v1.Job:
        text = documents.pod_program("setup")
        # A new program runs again: jobs are made anew when their pods differ.
        digest = {"PROGRAM_DIGEST": hashlib.sha256(text.encode()).hexdigest()[:16]}
        setup = work.container(
            "setup", Program(["python", f"{PROGRAMS}/setup.py"], digest), Size("500m", "256Mi")
        )
        return k8s.batch.v1.Job(
            self.named("setup"),
            metadata=work.metadata(self._namespace),
            spec=k8s.batch.v1.JobSpecArgs(
                backoff_limit=6,
                active_deadline_seconds=900,
                template=work.template([setup], restart_policy="OnFailure"),
            ),
            # The pods of a job cannot be changed, so the old one makes room for the new one.
            opts=self.child(
                depends_on=list(needed),
                replace_on_changes=["spec"],
                delete_before_replace=True,
            ),
        )
