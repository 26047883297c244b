"""The model bucket, the job that copies registered versions to it, and its readers' access."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from stackyard import iam
from stackyard._component import Component
from stackyard.bucket.component import PrivateBucket
from stackyard.bucket.layout import BucketRef
from stackyard.cluster.identity import WorkloadIdentity, project_identity
from stackyard.container import SCRATCH, Program, Size
from stackyard.models import documents
from stackyard.models.config import ModelRegistryConfig
from stackyard.naming import role_arn
from stackyard.references import PodPlacement, StackContext
from stackyard.retention.plan import ModelLifetimes
from stackyard.tracking.component import TrackingServer
from stackyard.tracking.names import artifact_bucket
from stackyard.workload import Workload

FILES = "/etc/stackyard-models"


@dataclass(frozen=True)
class ModelReaders:
    """The roles that may read registered models."""

    role_arns: Mapping[str, pulumi.Input[str]]
    """ARN of the IAM role by audience; each role gets a policy for reading."""

    builders: Sequence[str] = ()
    """Names of the roles of image builds; their own policies already allow reading."""


class ModelRegistry(Component):
    """Registered versions are kept after their runs are deleted, and nobody can change them.

    MLflow's registry decides which versions are registered. A job copies each version with complete
    lineage to a bucket; the bucket's lifecycle deletes only versions that have left the registry.
    """

    TYPE: ClassVar[str] = "stackyard:index:ModelRegistry"

    bucket: pulumi.Output[str]
    """Name of the bucket of registered models, known once the bucket and its policy exist."""

    def __init__(
        self,
        name: str,
        config: ModelRegistryConfig,
        *,
        context: StackContext,
        pods: PodPlacement,
        tracking: TrackingServer,
        readers: ModelReaders,
        log_bucket: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the stack, the placement of pods, the tracking server, and the readers of models.

        `log_bucket` receives the access logs of the model bucket.
        """
        super().__init__(name, config, opts=opts)
        self._config, self._context = config, context
        stack, account = context.stack, context.account
        self._bucket = BucketRef(documents.model_bucket(stack, account), context.region)
        self._artifacts = BucketRef(artifact_bucket(stack, account), context.region)
        self.bucket = self._make_bucket(readers, log_bucket)
        for audience, arn in readers.role_arns.items():
            self._allow_reading(audience, arn)
        identity = project_identity(
            self,
            context,
            pods.cluster,
            documents.KEEPER,
            self._data_key.apply(
                lambda key: documents.keeper_policy(self._artifacts, self._bucket, key)
            ),
        )
        work = Workload(
            stack,
            documents.KEEPER,
            tracking.image,
            files={FILES: f"{documents.KEEPER}-keeper"},
            needs_role=True,
            variables={
                "ARTIFACT_BUCKET": tracking.bucket,
                "MODEL_BUCKET": self.bucket,
                "MLFLOW_TRACKING_URI": tracking.uri,
                "MLFLOW_DISABLE_TELEMETRY": "true",
                "AWS_DEFAULT_REGION": context.region,
                "HOME": SCRATCH,
            },
        )
        self._make_keeper(work, pods.namespace, identity)
        self.publish()

    @property
    def _data_key(self) -> pulumi.Output[str]:
        return pulumi.Output.from_input(self._context.key_arns["data"])

    def _make_bucket(
        self, readers: ModelReaders, log_bucket: pulumi.Input[str]
    ) -> pulumi.Output[str]:
        stack, location = self._context.stack, self._context.location
        retention = self._context.retention
        names = [*readers.role_arns, *readers.builders]
        made = PrivateBucket(
            self.named("bucket"),
            ModelLifetimes(retention.candidate_models, retention.production_models),
            bucket=self._bucket,
            kind="models",
            key_arn=self._context.key_arns["data"],
            log_bucket=log_bucket,
            statements=documents.bucket_statements(
                self._bucket.arn,
                keeper=role_arn(stack, location, documents.KEEPER),
                readers=[role_arn(stack, location, reader) for reader in names],
            ),
            opts=self.child(),
        )
        return made.bucket_id

    def _allow_reading(self, audience: str, arn: pulumi.Input[str]) -> None:
        aws.iam.RolePolicy(
            self.named(f"{audience}-reads"),
            name="read-models",
            role=pulumi.Output.from_input(arn).apply(lambda text: text.rpartition("/")[2]),
            policy=self._data_key.apply(
                lambda key: iam.text(documents.reader_policy(self._bucket, key))
            ),
            opts=self.child(),
        )

    def _make_keeper(
        self, work: Workload, namespace: pulumi.Input[str], identity: WorkloadIdentity
    ) -> None:
        here = Path(__file__).parent
        account = work.account(self.named("account"), namespace, self.child())
        program = k8s.core.v1.ConfigMap(
            self.named("program"),
            metadata=work.metadata(namespace, "keeper"),
            data={
                "keep.py": (here / "pods" / "keep.py").read_text(),
                "lineage.py": (here / "lineage.py").read_text(),
            },
            opts=self.child(),
        )
        keep = work.container(
            "keep", Program(["python", f"{FILES}/keep.py"], {}), Size("500m", "1Gi")
        )
        k8s.batch.v1.CronJob(
            self.named("keeper"),
            metadata=work.metadata(namespace, "keeper"),
            spec=k8s.batch.v1.CronJobSpecArgs(
                schedule=f"*/{self._config.copy_every_minutes} * * * *",
                concurrency_policy="Forbid",
                job_template=k8s.batch.v1.JobTemplateSpecArgs(
                    spec=work.job(keep, retries=1, seconds=3600, kept_seconds=86_400)
                ),
            ),
            opts=self.child(depends_on=[account, program, identity]),
        )
