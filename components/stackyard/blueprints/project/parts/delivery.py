"""The part of the project program about delivery: images, model servers and the pipeline."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import yaml

from stackyard import iam
from stackyard.blueprints.project.config import ProjectConfig
from stackyard.blueprints.project.parts.environment import ProjectEnvironment, ProjectWiring
from stackyard.blueprints.wiring import training_manifest
from stackyard.bucket.layout import BucketRef
from stackyard.field_path import dotted
from stackyard.images.component import ProjectImages
from stackyard.images.names import registry
from stackyard.models import documents
from stackyard.naming import StackId
from stackyard.pipeline.attestation import report_bucket
from stackyard.pipeline.component import Pipeline
from stackyard.pipeline.inputs import PipelineInputs
from stackyard.serving import objects
from stackyard.serving.component import ModelServers
from stackyard.serving.config import ServingConfig


@dataclass(frozen=True)
class Delivery:
    """The components of delivery; None for a section that the stack file does not have."""

    images: ProjectImages | None
    servers: ModelServers | None
    pipeline: Pipeline | None

    def contract(self) -> dict[str, Any]:
        """Return the fields of the project's contract about delivery."""
        return {
            **({"images": self.images.images} if self.images else {}),
            **({"pipeline": self.pipeline.machine} if self.pipeline else {}),
            **({"served_models": self.servers.addresses} if self.servers else {}),
        }


def delivery_buckets(stack: StackId, config: ProjectConfig) -> list[str]:
    """Return the names of the buckets that `make_delivery` creates."""
    return [report_bucket(stack, config.account)] if config.pipeline else []


def make_delivery(environment: ProjectEnvironment, wiring: ProjectWiring) -> Delivery:
    """Create the components; raises ContractError for a GPU pool or base image that is missing."""
    for path, pool in environment.config.named_gpu_pools():
        where = dotted(path)
        _check_named(environment, "GPU pool", pool, where, environment.pools, upstream="services")
    images = _make_images(environment, wiring)
    return Delivery(
        images=images,
        servers=_make_servers(environment, wiring),
        pipeline=_make_pipeline(environment, wiring, images),
    )


def _make_images(environment: ProjectEnvironment, wiring: ProjectWiring) -> ProjectImages | None:
    config, bases = environment.config, environment.foundation.base_images
    if config.images is None:
        return None
    for image, one in config.images.images.items():
        _check_named(environment, "base image", one.base, f"images.images.{image}.base", bases)
    return ProjectImages(
        "images",
        config.images,
        context=environment.context,
        bases=bases,
        role_arns=wiring.role_arns,
        models=config.baked_models,
        model_statements=_model_statements(environment),
        opts=wiring.opts,
    )


def _model_statements(environment: ProjectEnvironment) -> list[iam.Statement]:
    """Return the statements that allow builds to read registered models."""
    if environment.config.models is None:
        return []
    context = environment.context
    bucket = BucketRef(documents.model_bucket(context.stack, context.account), context.region)
    policy = documents.reader_policy(bucket, environment.foundation.key_arns["data"])
    statements: list[iam.Statement] = policy["Statement"]
    return statements


def _make_servers(environment: ProjectEnvironment, wiring: ProjectWiring) -> ModelServers | None:
    config = environment.config
    if config.serving is None:
        return None
    return ModelServers(
        "serving",
        config.serving,
        stack=environment.stack,
        namespace=wiring.namespace,
        registry=_registry(environment),
        region=config.region,
        pools=environment.pools,
        opts=wiring.opts,
    )


def _make_pipeline(
    environment: ProjectEnvironment, wiring: ProjectWiring, images: ProjectImages | None
) -> Pipeline | None:
    config = environment.config
    # A pipeline's model is served and has a base image: `agreements/pipeline.py`.
    if config.pipeline is None or config.serving is None or images is None:
        return None
    return Pipeline(
        "pipeline",
        config.pipeline,
        context=environment.context,
        cluster=environment.cluster,
        inputs=PipelineInputs(
            train=_manifest(environment, config.pipeline.train),
            evaluate=_manifest(environment, config.pipeline.evaluate),
            deployment=objects.released_deployment(
                _server(environment, config.pipeline.deploy, config.serving)
            ),
            build=images.builds[config.pipeline.deploy],
            datasets=wiring.datasets,
            approvals=config.approvals,
        ),
        role_arns=wiring.role_arns,
        log_bucket=wiring.log_bucket,
        opts=wiring.opts,
    )


def _server(environment: ProjectEnvironment, model: str, serving: ServingConfig) -> objects.Server:
    config = serving.models[model]
    return objects.Server(
        stack=environment.stack,
        model=model,
        config=config,
        registry=_registry(environment),
        region=environment.config.region,
        pool=environment.pools[config.gpu_pool] if config.gpu_pool else None,
    )


def _manifest(environment: ProjectEnvironment, name: str) -> dict[str, Any]:
    job = environment.config.training[name]
    pool = environment.services.gpu_pools[job.gpu_pool] if job.gpu_pool else None
    text = training_manifest(environment.stack, name, job, services=environment.services, pool=pool)
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def _registry(environment: ProjectEnvironment) -> str:
    """Return the project's path in the account's registry."""
    config = environment.config
    return f"{registry(config.account, config.region)}/{environment.stack}"


def _check_named(
    environment: ProjectEnvironment,
    kind: str,
    name: str,
    field: str,
    known: Collection[str],
    *,
    upstream: str = "foundation",
) -> None:
    """Refuse a name that an upstream does not have: its users would wait without end."""
    if name not in known:
        raise environment.mismatch(
            f"has no {kind} `{name}`, which `{field}` of {environment.stack} names",
            f"name one that it has ({', '.join(sorted(known)) or 'none'}), or add it and run "
            "`stackyard up {}`",
            upstream=upstream,
        )
