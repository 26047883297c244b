"""A worker whose programs make things in the fake cloud, as its config says."""

from __future__ import annotations

from typing import Any

import pulumi

from stackyard import contracts
from stackyard_cli.engine.messages import Request
from stackyard_cli.engine.worker.main import serve
from stackyard_cli.engine.worker.operate import Program


class Thing(pulumi.CustomResource):
    label: pulumi.Output[str]

    def __init__(
        self, name: str, props: dict[str, Any], opts: pulumi.ResourceOptions | None = None
    ):
        super().__init__("fake:index:Thing", name, props, opts)


class Box(pulumi.ComponentResource):
    def __init__(self, name: str):
        super().__init__("test:index:Box", name)


def program(request: Request) -> Program:
    config = request.config

    def run() -> None:
        from stackyard.naming import StackId

        for path in request.upstreams.values():
            stack = StackId.parse(path)
            contracts.read(contracts.ServicesContract, stack.reference, path)
        box = Box("box")
        before: Thing | None = None
        for index in range(config["things"]):
            props = {"label": f"thing-{index}", "seconds": config.get("seconds", 0)}
            props["size"] = config.get("size", 1)
            if index in config.get("failing", []):
                props["fails"] = True
            chained = [before] if before and index % 3 else []
            retain = index in config.get("retained", [])
            opts = pulumi.ResourceOptions(
                parent=box,
                depends_on=chained,
                retain_on_delete=retain,
                protect=index in config.get("protected", []),
            )
            before = Thing(f"thing-{index}", props, opts)
        if config.get("raises"):
            raise ValueError("no zone has this instance type")
        if config.get("secret"):
            pulumi.export("password", pulumi.Output.secret(config["secret"]))
        contracts.publish(
            contracts.ServicesContract(
                version=contracts.ServicesContract.VERSION,
                stage=StackId.parse(request.stack).stage,
                cluster_name=config.get("cluster", "one"),
                priority_classes=[],
                gpu_pools={},
            )
        )

    return run


if __name__ == "__main__":
    serve(program)
