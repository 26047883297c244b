"""The order in which a function of the pipeline and its rights come and go."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks

from stackyard.naming import StackId
from stackyard.pipeline.actor import ClusterActor
from stackyard.references import ClusterApiRef, StackContext
from stackyard.retention.config import RetentionConfig

function: dict[str, Any] = {}


class Made(mocks.Mocks):
    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        if args.typ == "aws:lambda/function:Function":
            function.update(args.inputs)
        return f"{args.name}-id", {"arn": f"arn:{args.name}", "name": args.name, **args.inputs}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]]]:
        return {}, []


def test_a_destroy_deletes_the_function_before_its_rights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else Lambda may not remove its network interfaces, which block subnets and groups.

    They also leave the cluster's group first, which EKS could not delete while they are in it.
    """
    asked: dict[str, set[str]] = {}
    register: Any = mocks.MockMonitor.RegisterResource

    def recorded(self: Any, request: Any) -> Any:
        asked[request.name] = {urn.rpartition("::")[2] for urn in request.dependencies}
        return register(self, request)

    monkeypatch.setattr(mocks.MockMonitor, "RegisterResource", recorded)
    mocks.set_mocks(Made(), preview=False)
    context = StackContext(
        StackId("vision", "defects", "dev"),
        "123456789012",
        "eu-central-1",
        {"logs": "arn:key"},
        RetentionConfig(),
    )
    cluster = ClusterApiRef(
        "platform",
        "123456789012",
        "eu-central-1",
        endpoint="https://api",
        certificate_authority="Y2E=",
        subnets=["subnet-a"],
        security_group="sg-1",
        vpc_id="vpc-1",
    )

    @pulumi.runtime.test  # type: ignore[untyped-decorator]  # the SDK gives it no types
    def go() -> Any:
        made = ClusterActor(
            "a", context=context, cluster=cluster, audience="pipeline", deployment="m"
        )
        return made.arn

    go()
    assert {"a-network", "a-log", "a-last-group"} <= asked["a-function"]
    assert function["replaceSecurityGroupsOnDestroy"] is True
    assert function["replacementSecurityGroupIds"] == ["a-last-group-id"]
