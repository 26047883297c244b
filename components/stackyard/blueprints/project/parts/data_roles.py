"""Roles with permissions on a project's data, beside those of its audiences and workloads.

They are for a service (SageMaker), a server (lakeFS), or the trainer's pods on premises.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from stackyard import iam
from stackyard.access.grants import Compiled, GrantContext, granted
from stackyard.access.matrix import Holder
from stackyard.blueprints.project.config import ProjectConfig
from stackyard.datasets import lakefs
from stackyard.datasets.names import dataset_buckets
from stackyard.naming import StackId, role_arn
from stackyard.tracking.names import artifact_bucket
from stackyard.tuning import sagemaker
from stackyard.tuning.sagemaker import JobContext, ManagedJobs

if TYPE_CHECKING:
    import pulumi


def data_roles(
    config: ProjectConfig, documents: Compiled, context: GrantContext, clusters: Iterable[str]
) -> dict[str, Holder]:
    """Return the roles by name; `clusters` are those that are registered on premises."""
    stack, location = context.stack, context.location
    trainer = documents.roles["trainer"].policy
    holders = {
        role: Holder(role_arn(stack, location, role), trainer)
        for role in (f"trainer-{cluster}" for cluster in clusters)
    }
    if config.tuning is not None and config.tuning.managed is not None:
        jobs = managed_jobs(stack, config)
        job_context = JobContext(
            stack=stack,
            account=context.account,
            region=context.region,
            subnets=(),
            artifacts=jobs.artifacts,
            datasets=jobs.datasets,
            data_key_arn=context.key_arns["data"],
        )
        policy = sagemaker.job_policy(job_context)
        holders[sagemaker.ROLE] = Holder(role_arn(stack, location, sagemaker.ROLE), policy)
    if buckets := branched(stack, config):
        policy = iam.document(
            *lakefs.keep_branches(buckets, context.key_arns["data"], context.region)
        )
        holders[lakefs.NAME] = Holder(role_arn(stack, location, lakefs.NAME), policy)
    return holders


def managed_jobs(
    stack: StackId, config: ProjectConfig, subnets: Sequence[pulumi.Input[str]] = ()
) -> ManagedJobs:
    """Return the inputs of SageMaker's jobs: they read the trainer's data, but no personal data."""
    buckets = dataset_buckets(config.store, stack, config.account)
    readable = granted(config.access.workloads.trainer, list(config.datasets))
    return ManagedJobs(
        subnets=subnets,
        artifacts=artifact_bucket(stack, config.account),
        datasets=[buckets[name] for name in readable if config.datasets[name].kind != "personal"],
    )


def branched(stack: StackId, config: ProjectConfig) -> list[str]:
    """Return the buckets in which lakeFS stores branches."""
    buckets = dataset_buckets(config.store, stack, config.account)
    return [buckets[name] for name, dataset in config.datasets.items() if dataset.branching]
