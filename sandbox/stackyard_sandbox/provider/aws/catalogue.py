"""Finds the handler of a resource type; imports a service on its first use."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from functools import cache

from stackyard_sandbox.provider.aws.resource import Resource

MODULES: dict[str, tuple[str, ...]] = {
    "amp": ("amp",),
    "backup": ("backup",),
    "budgets": ("budgets",),
    "cloudtrail": ("cloudtrail",),
    "cloudwatch": ("logs", "cloudwatch", "events"),
    "codebuild": ("codebuild",),
    "ec2": (
        "ec2_network",
        "ec2_gateways",
        "ec2_routes",
        "ec2_groups",
        "ec2_endpoints",
        "ec2_templates",
    ),
    "ecr": ("ecr",),
    "efs": ("efs",),
    "eks": ("eks_cluster", "eks_nodes", "eks_access"),
    "iam": ("iam_roles", "iam_policies"),
    "kms": ("kms",),
    "lambda": ("lambda_",),
    "rds": ("rds_instance", "rds_groups"),
    "s3": ("s3_bucket", "s3_rules", "s3_access", "s3_objects"),
    "scheduler": ("scheduler",),
    "secretsmanager": ("secretsmanager",),
    "sfn": ("sfn",),
    "signer": ("signer",),
    "sns": ("sns",),
    "sqs": ("sqs",),
    "vpc": ("ec2_group_rules",),
}
"""Module of a token (the part before its slash) -> the files here with its handlers."""


@cache
def handler(token: str) -> Resource | None:
    """Return the handler of a resource type, or None if the sandbox does not have it."""
    return _handlers(token.split(":")[1].split("/")[0]).get(token)


def tokens() -> frozenset[str]:
    """Return every resource token that the sandbox serves."""
    return frozenset(token for module in MODULES for token in _handlers(module))


@cache
def _handlers(module: str) -> dict[str, Resource]:
    result: dict[str, Resource] = {}
    for name in MODULES.get(module, ()):
        file = importlib.import_module(f"stackyard_sandbox.provider.aws.{name}")
        for cls in _leaves(file.__name__):
            if cls.token.split(":")[1].split("/")[0] == module:
                result[cls.token] = cls()
    return result


def _leaves(module: str) -> Iterator[type[Resource]]:
    """Yield the handler classes that a module defines."""
    pending = list(Resource.__subclasses__())
    while pending:
        cls = pending.pop()
        pending += cls.__subclasses__()
        if cls.__module__ == module and "token" in cls.__dict__:
            yield cls
