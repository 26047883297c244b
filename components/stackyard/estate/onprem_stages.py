"""An on-premises cluster belongs to one stage.

Names of priority classes and queues are unique in a cluster, so the apply of a second stage would
fail, or its destroy would delete those of the first. IAM has one identity provider per issuer and
account. Source:
https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html
(`EntityAlreadyExists`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stackyard.blueprints.services.config import ServicesConfig
from stackyard.estate.errors import StackFileError
from stackyard.estate.loaded import Loaded
from stackyard.estate.positions import located
from stackyard.problem import Problem

HINT = "give the stage a cluster of its own"


def shared_clusters(stacks: Iterable[Loaded]) -> Iterator[StackFileError]:
    """Yield each cluster or issuer that another stack has already registered."""
    seen: dict[tuple[str, ...], tuple[Loaded, str]] = {}
    for loaded in stacks:
        config = loaded.config
        if not isinstance(config, ServicesConfig):
            continue
        for name, cluster in config.onprem.clusters.items():
            keys = {
                "kubeconfig": ("cluster", cluster.kubeconfig, cluster.context or ""),
                "issuer": ("issuer", config.account, cluster.issuer),
            }
            for field, key in keys.items():
                other, its_name = seen.setdefault(key, (loaded, name))
                if other is not loaded:
                    path = ("onprem", "clusters", name, field)
                    where = other.origins.get(("onprem", "clusters", its_name, field))
                    message = f"is the cluster `{its_name}` of {other.id} already ({where})"
                    yield located(Problem(path, message, HINT), loaded.tree)
                    break
