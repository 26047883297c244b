"""The part of the project program about delivery: images, model servers and the pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from stackyard.blueprints.contracts import ContractError, FoundationContract
from stackyard.blueprints.project.config import ProjectConfig
from stackyard.naming import StackId
from stackyard.serving.component import ModelServers


class Delivery:
    """Declares what the stack file has sections for."""

    def __init__(
        self,
        stack: StackId,
        config: ProjectConfig,
        upstreams: Mapping[str, StackId],
        foundation: FoundationContract,
    ) -> None:
        """`upstreams` names the stacks that contracts are of."""
        self._stack, self._config, self._upstreams = stack, config, upstreams
        self._foundation = foundation
        self._servers: ModelServers | None = None

    def declare(self, namespace: pulumi.Input[str], opts: pulumi.ResourceOptions) -> None:
        """Declare the components; `namespace` is known once pods may start in it."""
        self._check_pools()
        if self._config.serving is not None:
            self._servers = ModelServers(
                "serving",
                self._config.serving,
                stack=self._stack,
                namespace=namespace,
                registry=self._registry,
                region=self._config.region,
                pools=self._foundation.gpu_pools,
                opts=opts,
            )

    def promised(self) -> dict[str, Any]:
        """Return its part of the project's contract."""
        return {"served_models": self._servers.addresses} if self._servers else {}

    @property
    def _registry(self) -> str:
        """The registry of the account's own images."""
        return f"{self._config.account}.dkr.ecr.{self._config.region}.amazonaws.com"

    def _check_pools(self) -> None:
        """Refuse a GPU pool that the stage does not have: its pods would wait for ever."""
        for place, pool in self._config.gpu_pools_named():
            if pool not in self._foundation.gpu_pools:
                below = self._upstreams["foundation"]
                known = ", ".join(sorted(self._foundation.gpu_pools)) or "none"
                raise ContractError(
                    str(below),
                    f"has no GPU pool `{pool}`, which `{place}` of {self._stack} names",
                    f"name one of its pools ({known}), or add it and run `stackyard up {below}`",
                )
