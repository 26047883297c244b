"""Shared parts of the EC2 handlers: finding one resource, and tags."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.resource import call_or_none
from stackyard_sandbox.provider.protocol import Properties

HELD_SECONDS = 60
"""Time to wait for a resource that another one still uses; the official provider waits longer."""


def tagged(kind: str, inputs: Properties) -> dict[str, Any]:
    """Return the argument that tags a resource at its creation; none without tags."""
    tags = inputs.get("tagsAll") or {}
    if not tags:
        return {}
    pairs = [{"Key": key, "Value": text} for key, text in tags.items()]
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": pairs}]}


def tags_of(answer: Mapping[str, Any], member: str = "Tags") -> dict[str, str]:
    """Return the tags in a response of EC2."""
    return {tag["Key"]: tag["Value"] for tag in answer.get(member) or []}


def update_tags(aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
    """Add, change and remove tags."""
    before, after = old.get("tagsAll") or {}, new.get("tagsAll") or {}
    client = aws.client("ec2")
    if gone := sorted(before.keys() - after.keys()):
        client.delete_tags(Resources=[identity], Tags=[{"Key": key} for key in gone])
    if changed := {key: text for key, text in after.items() if before.get(key) != text}:
        pairs = [{"Key": key, "Value": text} for key, text in changed.items()]
        client.create_tags(Resources=[identity], Tags=pairs)


def one(call: Callable[..., Any], member: str, code: str, **where: Any) -> Any:
    """Return the only resource that a describe call finds, or None."""
    answer = (call_or_none(call, code, **where) or {}).get(member)
    return answer[0] if answer else None


def delete_released(delete: Callable[..., Any], **which: Any) -> None:
    """Delete a group or subnet once nothing uses it, such as a deleted function's interfaces.

    Retries as the official provider does; raises the last error after `HELD_SECONDS`.
    """
    end = time.monotonic() + HELD_SECONDS
    while True:
        try:
            delete(**which)
            return
        except ClientError as error:
            held = error.response["Error"]["Code"] == "DependencyViolation"
            if not held or time.monotonic() > end:
                raise
        time.sleep(0.5)
