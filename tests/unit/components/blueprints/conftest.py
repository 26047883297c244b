"""Run a blueprint's program against Pulumi's mocks and look at what it registered.

Only names, parents and inputs are looked at: what providers do with them is the engine tests' part.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks, settings

COMPUTED = ("address", "prometheusEndpoint", "repositoryUrl", "url")
"""Outputs of some types that a provider computes and that components build texts of."""


class Run(mocks.Mocks):
    """One run of a program: its resources by URN-like key, and its resolved contract."""

    def __init__(
        self,
        program: Callable[[], None],
        upstream: Mapping[str, Any],
        partition: str = "aws",
        missing: Collection[str] = (),
    ) -> None:
        """`missing` are types that a preview would create, and everything else is there."""
        self.upstream, self.partition, self.missing = upstream, partition, missing
        self.inputs: dict[tuple[str, str], dict[str, Any]] = {}
        self.contract: dict[str, Any] = {}
        mocks.set_mocks(self, project="project", stack="dev", preview=bool(missing))

        @pulumi.runtime.test  # type: ignore[untyped-decorator]  # the SDK gives it no types
        def go() -> Any:
            program()
            contract = pulumi.Output.from_input(
                vars(settings.get_root_resource())["outputs"]["contract"]
            )
            return contract.apply(self.contract.update)

        go()
        monitor: Any = settings.get_monitor()
        registered = monitor.get_registered_resources()
        self.qualified_types = [urn.split("::")[2] for urn in registered]

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        key = (args.typ, args.name)
        assert key not in self.inputs, f"two resources are {key}"
        self.inputs[key] = args.inputs
        computed = {name: f"{args.name}-{name}" for name in COMPUTED}
        made = {"arn": f"arn:{self.partition}:mock:::{args.name}", **computed, **args.inputs}
        made |= _added_by_aws(args, self.partition)
        # The provider's id of a bucket is its name.
        if args.typ in self.missing:
            return None, args.inputs
        is_bucket = args.typ == "aws:s3/bucket:Bucket"
        return args.inputs["bucket"] if is_bucket else f"{args.name}-id", made

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]]]:
        if args.token == "pulumi:pulumi:readStackOutputs":
            return {"outputs": {"contract": self.upstream[args.args["name"]]}}, []
        return {}, []

    def of_type(self, token: str) -> dict[str, dict[str, Any]]:
        """Return the inputs of all resources of a type, by logical name."""
        return {name: inputs for (kind, name), inputs in self.inputs.items() if kind == token}

    def at_the_root(self) -> list[str]:
        """Return the types of resources, other than components and providers, without a parent."""
        free = ("stackyard:index:", "pulumi:providers:", "pulumi:pulumi:")
        return [
            qualified
            for qualified in self.qualified_types
            if not qualified.split("$")[-1].startswith(free)
            and not qualified.split("$")[0].startswith("stackyard:index:")
        ]


def _added_by_aws(args: mocks.MockResourceArgs, partition: str) -> dict[str, Any]:
    if args.typ == "aws:eks/cluster:Cluster":
        return {
            "endpoint": "https://127.0.0.1:6443",
            "certificateAuthority": {"data": "Y2E="},
            "vpcConfig": {**args.inputs["vpcConfig"], "clusterSecurityGroupId": "sg-1"},
        }
    if args.typ == "aws:rds/instance:Instance":
        secret = f"arn:{partition}:secretsmanager:::{args.name}"
        return {"masterUserSecrets": [{"secretArn": secret}]}
    if args.typ == "aws:ec2/launchTemplate:LaunchTemplate":
        return {"latestVersion": 1}
    return {}


@pytest.fixture(scope="session")
def run() -> Callable[..., Run]:
    """Run a program; `upstream` holds the contracts it may read, by stack reference."""

    def go(
        program: Callable[[], None],
        upstream: Mapping[str, Any] | None = None,
        partition: str = "aws",
        missing: Collection[str] = (),
    ) -> Run:
        return Run(program, upstream or {}, partition, missing)

    return go
