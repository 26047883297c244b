"""A program that lets a secret slip wherever one can; in place of the blueprints' in a worker."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from stackyard.blueprints import catalogue
from stackyard.naming import StackId

TAGS = {f"stackyard:{name}": "canary" for name in ("team", "project", "stage", "owner")}


def program(blueprint: str, stack: StackId, config: Mapping[str, Any], upstreams: Any) -> Any:
    """Return the program; the tag `canary` says how it ends."""

    def run() -> None:
        secret, way = os.environ["REGISTRY_PASSWORD"], config["tags"]["canary"]
        opts = pulumi.ResourceOptions(provider=aws.Provider("aws", region=config["region"]))
        held = aws.secretsmanager.Secret(
            "held", name="canary-held", tags=TAGS, recovery_window_in_days=0, opts=opts
        )
        aws.secretsmanager.SecretVersion(
            "version", secret_id=held.id, secret_string=pulumi.Output.secret(secret), opts=opts
        )
        pulumi.export("password", pulumi.Output.secret(secret))
        pulumi.log.warn(f"connecting with {secret}")
        print(f"printed {secret}")
        if way == "refused":
            aws.iam.Role("role", name=secret, assume_role_policy="{" + secret, opts=opts)
        if way == "raises":
            raise ValueError(f"cannot connect with {secret}")
        if way == "sleeps":
            time.sleep(60)

    return run


catalogue.program = program
