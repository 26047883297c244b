"""The model bucket, the job that keeps registered versions in it, and who may read them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from stackyard import iam
from stackyard._component import Component
from stackyard.aws_location import AwsLocation
from stackyard.bucket.component import PrivateBucket
from stackyard.bucket.layout import BucketRef
from stackyard.cluster.identity import WorkloadIdentity
from stackyard.container import SCRATCH, Program, Size
from stackyard.contracts import FoundationContract
from stackyard.models import documents
from stackyard.models.config import ModelRegistryConfig
from stackyard.naming import StackId, namespace_name, role_arn
from stackyard.references import ClusterRef
from stackyard.retention.config import RetentionConfig
from stackyard.retention.plan import ModelLifetimes
from stackyard.workload import Workload

FILES = "/etc/stackyard-models"


class ModelRegistry(Component):
    """Registered versions outlive the runs that made them, and nobody can change them.

    MLflow's registry says what is registered. A job copies each version that has its lineage to a
    bucket whose lifecycle touches only what has left the registry again.
    """

    TYPE: ClassVar[str] = "stackyard:index:ModelRegistry"

    bucket: str
    """The bucket that keeps the models."""

    def __init__(
        self,
        name: str,
        config: ModelRegistryConfig,
        *,
        stack: StackId,
        foundation: FoundationContract,
        retention: RetentionConfig,
        artifacts: str,
        tracking_uri: str,
        image: str,
        namespace: pulumi.Input[str],
        log_bucket: pulumi.Input[str],
        readers: dict[str, pulumi.Input[str]],
        bakers: Sequence[str] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the tracking server, its bucket and image, and the roles that bake models.

        `readers` gives a role ARN for each audience that may read, `bakers` names the roles of
        builds that the bucket lets in beside them.
        """
        super().__init__(name, config, opts=opts)
        self._config, self._stack, self._foundation = config, stack, foundation
        self.bucket = documents.model_bucket(stack, foundation.account)
        self._make_bucket(retention, log_bucket, [*readers, *bakers])
        for audience, arn in readers.items():
            self._let_read(audience, arn)
        identity = self._identify(artifacts)
        work = Workload(
            stack,
            documents.KEEPER,
            image,
            files={FILES: f"{documents.KEEPER}-keeper"},
            variables={
                "ARTIFACT_BUCKET": artifacts,
                "MODEL_BUCKET": self.bucket,
                "MLFLOW_TRACKING_URI": tracking_uri,
                "MLFLOW_DISABLE_TELEMETRY": "true",
                "AWS_DEFAULT_REGION": foundation.region,
                "HOME": SCRATCH,
            },
        )
        self._make_keeper(work, namespace, identity)
        self.publish()

    def _make_bucket(
        self, retention: RetentionConfig, log_bucket: pulumi.Input[str], readers: list[str]
    ) -> None:
        account, region = self._foundation.account, self._foundation.region
        location = AwsLocation(account, region)
        bucket = BucketRef(self.bucket, region)
        PrivateBucket(
            self.named("bucket"),
            ModelLifetimes(retention.candidate_models, retention.production_models),
            bucket=bucket,
            kind="models",
            key_arn=self._foundation.key_arns["data"],
            log_bucket=log_bucket,
            statements=documents.bucket_statements(
                bucket.arn,
                keeper=role_arn(self._stack, location, documents.KEEPER),
                readers=[role_arn(self._stack, location, reader) for reader in readers],
            ),
            opts=self.child(),
        )

    def _let_read(self, audience: str, arn: pulumi.Input[str]) -> None:
        aws.iam.RolePolicy(
            self.named(f"{audience}-reads"),
            name="read-models",
            role=pulumi.Output.from_input(arn).apply(lambda text: text.rpartition("/")[2]),
            policy=iam.text(
                documents.reader_policy(
                    BucketRef(self.bucket, self._foundation.region),
                    self._foundation.key_arns["data"],
                )
            ),
            opts=self.child(),
        )

    def _identify(self, artifacts: str) -> WorkloadIdentity:
        foundation = self._foundation
        return WorkloadIdentity(
            self.named("identity"),
            prefix=self._stack.slug,
            cluster=ClusterRef(foundation.cluster_name, foundation.account, foundation.region),
            namespace=namespace_name(self._stack),
            service_account=documents.KEEPER,
            policy=documents.keeper_policy(
                BucketRef(artifacts, foundation.region),
                BucketRef(self.bucket, foundation.region),
                foundation.key_arns["data"],
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
                    spec=k8s.batch.v1.JobSpecArgs(
                        backoff_limit=1,
                        active_deadline_seconds=3600,
                        ttl_seconds_after_finished=86_400,
                        template=work.template([keep], restart_policy="Never"),
                    )
                ),
            ),
            opts=self.child(depends_on=[account, program, identity]),
        )
