"""A worker whose program makes the resources that its config lists, of any type, on a fake cloud.

`@NAME` as a value is the id of an earlier resource: not known before that one exists.
"""

from __future__ import annotations

from typing import Any

import pulumi

from stackyard_cli.engine.messages import Request
from stackyard_cli.engine.worker.main import serve
from stackyard_cli.engine.worker.operate import Program


def program(request: Request) -> Program:
    def run() -> None:
        made: dict[str, pulumi.CustomResource] = {}

        def value(given: Any) -> Any:
            known = isinstance(given, str) and given.startswith("@")
            return made[given[1:]].id if known else given

        for item in request.config["resources"]:
            props = {name: value(given) for name, given in item["props"].items()}
            opts = pulumi.ResourceOptions(
                protect=item.get("protect", False), retain_on_delete=item.get("retain", False)
            )
            made[item["name"]] = pulumi.CustomResource(item["type"], item["name"], props, opts)

    return run


if __name__ == "__main__":
    serve(program)
