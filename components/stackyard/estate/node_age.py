"""Jobs and the age of nodes: a job may not run for longer than a node of its pool lives.

Karpenter drains a node at that age, and waits for the jobs on it: a pool has no
`terminationGracePeriod` where a job must not be ended, so a longer job would keep a node that was
to go. Source: https://karpenter.sh/docs/concepts/disruption/#terminationgraceperiod.
"""

from __future__ import annotations

from collections.abc import Iterator

from stackyard.blueprints.project.sections import ProjectSections
from stackyard.blueprints.services.config import ServicesConfig
from stackyard.estate.loaded import Loaded
from stackyard.problem import Problem


def check(config: ProjectSections, upstream: ServicesConfig, shared: Loaded) -> Iterator[Problem]:
    """Yield jobs that may run for longer than a node of their pool; `shared` is the upstream."""
    for name, job in config.training.items():
        pool = upstream.gpu_pools.get(job.gpu_pool or "")
        if pool is None or job.hours <= (age := 24 * pool.expire_after_days):
            continue
        path = ("gpu_pools", str(job.gpu_pool), "expire_after_days")
        origin = shared.origins.get(path)
        where = f" ({origin})" if origin else ""
        message = (
            f"may run for {job.hours} hours, and nodes of `{job.gpu_pool}` of {shared.id} are "
            f"replaced after {pool.expire_after_days} days, {age} hours{where}"
        )
        hint = f"write at most {age}, or raise `expire_after_days` of the pool"
        yield Problem(("training", name, "hours"), message, hint)
