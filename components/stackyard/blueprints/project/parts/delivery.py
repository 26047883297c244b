"""The part of the project program about delivery: images, model servers and the pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import yaml

from stackyard import iam
from stackyard.blueprints.project.config import ProjectConfig
from stackyard.blueprints.wiring import (
    cluster_ref,
    pool_refs,
    stack_context,
    training_manifest,
)
from stackyard.bucket.layout import BucketRef
from stackyard.contracts import ContractError, FoundationContract, ServicesContract
from stackyard.datasets.component import DatasetStore
from stackyard.field_path import dotted
from stackyard.images.component import Ground, ProjectImages
from stackyard.images.names import registry
from stackyard.models import documents
from stackyard.naming import StackId
from stackyard.pipeline.attestation import report_bucket
from stackyard.pipeline.component import Pipeline
from stackyard.pipeline.inputs import PipelineInputs
from stackyard.serving import objects
from stackyard.serving.component import ModelServers


class Delivery:
    """Declares what the stack file has sections for."""

    def __init__(
        self,
        stack: StackId,
        config: ProjectConfig,
        upstreams: Mapping[str, StackId],
        foundation: FoundationContract,
        services: ServicesContract,
    ) -> None:
        """`upstreams` names the stacks that the two contracts are of."""
        self._stack, self._config, self._upstreams = stack, config, upstreams
        self._foundation, self._services = foundation, services
        self._pools = pool_refs(foundation.gpu_pools)
        self._images: ProjectImages | None = None
        self._servers: ModelServers | None = None
        self._pipeline: Pipeline | None = None

    @staticmethod
    def buckets(stack: StackId, config: ProjectConfig) -> list[str]:
        """Return the names of the buckets that will be declared."""
        return [report_bucket(stack, config.account)] if config.pipeline else []

    def declare(
        self,
        namespace: pulumi.Input[str],
        datasets: DatasetStore,
        role_arns: Mapping[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Declare the components; `namespace` is known once pods may start in it.

        `role_arns` has the project's audiences and workloads.
        """
        self._check_pools()
        self._make_images(role_arns, opts)
        self._make_servers(namespace, opts)
        self._make_pipeline(datasets, role_arns, opts)

    def promised(self) -> dict[str, Any]:
        """Return its part of the project's contract."""
        return {
            **({"images": self._images.images} if self._images else {}),
            **({"pipeline": self._pipeline.machine} if self._pipeline else {}),
            **({"served_models": self._servers.addresses} if self._servers else {}),
        }

    def _make_images(
        self, role_arns: Mapping[str, pulumi.Input[str]], opts: pulumi.ResourceOptions
    ) -> None:
        config = self._config.images
        if config is None:
            return
        for image, wanted in config.images.items():
            self._check_named(
                "base image",
                wanted.base,
                f"images.images.{image}.base",
                self._foundation.base_images,
            )
        self._images = ProjectImages(
            "images",
            config,
            ground=Ground(
                stack=self._stack,
                account=self._config.account,
                region=self._config.region,
                key_arns=self._foundation.key_arns,
                retention=self._config.retention,
            ),
            bases=self._foundation.base_images,
            role_arns=role_arns,
            models=self._config.baked_models,
            model_statements=self._read_models(),
            opts=opts,
        )

    def _make_servers(self, namespace: pulumi.Input[str], opts: pulumi.ResourceOptions) -> None:
        if self._config.serving is not None:
            self._servers = ModelServers(
                "serving",
                self._config.serving,
                stack=self._stack,
                namespace=namespace,
                registry=self._registry,
                region=self._config.region,
                pools=self._pools,
                opts=opts,
            )

    def _make_pipeline(
        self,
        datasets: DatasetStore,
        role_arns: Mapping[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions,
    ) -> None:
        config = self._config
        if config.pipeline is None or config.serving is None:
            return
        server = config.serving.models[config.pipeline.deploy]
        self._pipeline = Pipeline(
            "pipeline",
            config.pipeline,
            context=stack_context(self._stack, config, self._foundation),
            cluster=cluster_ref(self._foundation),
            inputs=PipelineInputs(
                train=self._manifest(config.pipeline.train),
                evaluate=self._manifest(config.pipeline.evaluate),
                deployment=objects.released_deployment(
                    objects.Server(
                        stack=self._stack,
                        model=config.pipeline.deploy,
                        config=server,
                        registry=self._registry,
                        region=config.region,
                        pool=self._pools[server.gpu_pool] if server.gpu_pool else None,
                    )
                ),
                datasets=datasets.bucket_ids,
                approvals=config.approvals,
            ),
            role_arns=role_arns,
            log_bucket=datasets.log_bucket_id,
            opts=opts,
        )

    @property
    def _registry(self) -> str:
        """The project's part of the account's own registry."""
        return f"{registry(self._config.account, self._config.region)}/{self._stack}"

    def _manifest(self, name: str) -> dict[str, Any]:
        job = self._config.training[name]
        pool = self._foundation.gpu_pools[job.gpu_pool] if job.gpu_pool else None
        text = training_manifest(self._stack, name, job, services=self._services, pool=pool)
        loaded: dict[str, Any] = yaml.safe_load(text)
        return loaded

    def _read_models(self) -> list[iam.Statement]:
        """Return what lets builds read registered models; the bucket's policy names them, too."""
        if self._config.models is None:
            return []
        config, key_arn = self._config, self._foundation.key_arns["data"]
        bucket = BucketRef(documents.model_bucket(self._stack, config.account), config.region)
        statements: list[iam.Statement] = documents.reader_policy(bucket, key_arn)["Statement"]
        return statements

    def _check_pools(self) -> None:
        """Refuse a GPU pool that the stage does not have: its pods would wait for ever."""
        for path, pool in self._config.named_gpu_pools():
            self._check_named("GPU pool", pool, dotted(path), self._foundation.gpu_pools)

    def _check_named(self, what: str, name: str, place: str, known: Mapping[str, Any]) -> None:
        if name in known:
            return
        below = self._upstreams["foundation"]
        raise ContractError(
            str(below),
            f"has no {what} `{name}`, which `{place}` of {self._stack} names",
            f"name one that it has ({', '.join(sorted(known)) or 'none'}), or add it and run "
            f"`stackyard up {below}`",
        )
