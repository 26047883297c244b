"""A worker whose program lets a secret slip wherever a program can: output, log, exception."""

from __future__ import annotations

import os

import pulumi

from stackyard_cli.engine.messages import Request
from stackyard_cli.engine.worker.main import serve
from stackyard_cli.engine.worker.operate import Program


def program(request: Request) -> Program:
    secret = os.environ["PULUMI_CONFIG_PASSPHRASE"]

    def run() -> None:
        pulumi.export("password", pulumi.Output.secret(secret))
        props = {
            "label": pulumi.Output.secret(secret),
            "fails": request.config.get("refused", False),
        }
        pulumi.CustomResource("fake:index:Thing", "thing", props)
        pulumi.log.info(f"connecting with {secret}")
        pulumi.log.debug(f"connecting with {secret}")
        print(f"printed {secret}")
        if request.config.get("raises"):
            raise ValueError(f"cannot connect with {secret}")

    return run


if __name__ == "__main__":
    serve(program)
