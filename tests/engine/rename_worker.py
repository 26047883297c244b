"""A worker whose program makes a ClusterActor: by its former token, its own, or its own alone."""

from __future__ import annotations

from typing import ClassVar

import pulumi

from stackyard import ClusterActor, ClusterApiRef, RetentionConfig, StackContext
from stackyard.naming import StackId
from stackyard_cli.engine.messages import Request
from stackyard_cli.engine.worker.main import serve
from stackyard_cli.engine.worker.operate import Program


class Former(ClusterActor):
    """The component as it was before it was renamed."""

    TYPE: ClassVar[str] = "stackyard:index:ClusterHands"
    FORMER_TYPES: ClassVar[tuple[str, ...]] = ()


class WithoutAlias(ClusterActor):
    """The component as it would be, had nobody thought of its former token."""

    TYPE: ClassVar[str] = ClusterActor.TYPE
    FORMER_TYPES: ClassVar[tuple[str, ...]] = ()


CLASSES: dict[str, type[ClusterActor]] = {
    "former": Former,
    "renamed": ClusterActor,
    "without alias": WithoutAlias,
}


def program(request: Request) -> Program:
    stack = StackId.parse(request.stack)
    account, region = "123456789012", "eu-central-1"

    def run() -> None:
        CLASSES[request.config["component"]](
            "actor",
            context=StackContext(stack, account, region, {"logs": "key"}, RetentionConfig()),
            cluster=ClusterApiRef(
                "c", account, region, "https://c", "Y2E=", ["subnet-1"], "sg-1", "vpc-1"
            ),
            audience="pipeline",
            deployment="model",
        )
        pulumi.export("contract", {})

    return run


if __name__ == "__main__":
    serve(program)
