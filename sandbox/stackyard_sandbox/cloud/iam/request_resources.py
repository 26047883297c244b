"""Determines the resource ARN of a request; moto uses `*` for most.

The ARN formats: docs.aws.amazon.com/service-authorization/latest/reference. For services that are
not here the resource is `*`, so that only policies for every resource allow an action.
"""

import base64
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from moto.iam.exceptions import NoSuchEntity, NotFoundException
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends

from stackyard_sandbox.cloud.iam.principals import PARTITION

Fields = Mapping[str, Any]


def resource_of(
    service: str, region: str, account: str, body: bytes | None, data: Fields
) -> str | None:
    """Return the ARN of the resource in a request; None if the request names no known resource."""
    fields = fields_of(body, data)
    find = _FINDERS.get(service)
    return find(fields, region, account) if find else None


def fields_of(body: bytes | None, data: Fields) -> dict[str, Any]:
    """Return the parameters at the top level: of a JSON body, else of a form."""
    with suppress(ValueError):
        document = json.loads(body or b"")
        if isinstance(document, dict):
            return document
    return {key: value[0] if isinstance(value, list) else value for key, value in data.items()}


def _key(fields: Fields, region: str, account: str) -> str | None:
    backend = kms_backends[account][region]
    named = str(fields.get("KeyId") or _sealed_with(fields.get("CiphertextBlob")) or "")
    if not named:
        return None
    identity = named.partition(":key/")[2] or named
    if "alias/" in named:
        identity = backend.get_key_id_from_alias("alias/" + named.partition("alias/")[2]) or named
    return f"arn:aws:kms:{region}:{account}:key/{identity}"


def _sealed_with(blob: Any) -> str | None:
    """Return the key's id, which the emulator writes before the ciphertext."""
    return base64.b64decode(blob)[:36].decode(errors="replace") if isinstance(blob, str) else None


def _build_project(fields: Fields, region: str, account: str) -> str | None:
    """Return a project by its name, or the project of a build by the build's id, `PROJECT:UUID`."""
    builds = fields.get("ids") or [fields.get("id") or ""]
    name = fields.get("projectName") or fields.get("name") or str(builds[0]).partition(":")[0]
    return f"arn:aws:codebuild:{region}:{account}:project/{name}" if name else None


def _repository(fields: Fields, region: str, account: str) -> str | None:
    name = fields.get("repositoryName")
    return f"arn:aws:ecr:{region}:{account}:repository/{name}" if name else None


def _log_group(fields: Fields, region: str, account: str) -> str | None:
    name = fields.get("logGroupName") or fields.get("logGroupIdentifier")
    if not name:
        return None
    group = f"arn:aws:logs:{region}:{account}:log-group:{str(name).rpartition('log-group:')[2]}"
    return f"{group}:log-stream:{fields.get('logStreamName', '')}"


def _watched(fields: Fields, region: str, account: str) -> str | None:
    """Return a dashboard, whose ARN has no region, or an alarm."""
    if name := fields.get("DashboardName"):
        return f"arn:aws:cloudwatch::{account}:dashboard/{name}"
    name = fields.get("AlarmName")
    return f"arn:aws:cloudwatch:{region}:{account}:alarm:{name}" if name else None


def _topic(fields: Fields, region: str, account: str) -> str | None:
    if name := fields.get("Name"):
        return f"arn:aws:sns:{region}:{account}:{name}"
    result = fields.get("TopicArn") or fields.get("ResourceArn")
    return str(result) if result else None


def _state_machine(fields: Fields, region: str, account: str) -> str | None:
    """Return a machine or one of its runs; a task token names none, so IAM checks `*`."""
    if name := fields.get("name") if "stateMachineArn" not in fields else None:
        return f"arn:aws:states:{region}:{account}:stateMachine:{name}"
    return next((str(fields[key]) for key in _STATES if fields.get(key)), None)


def role_arn(name: str, account: str) -> str:
    """The ARN of a role by its name, whether it is there or not."""
    with suppress(NotFoundException, NoSuchEntity):
        return str(iam_backends[account][PARTITION].get_role(name).arn)
    return f"arn:aws:iam::{account}:role/{name}"


def _entity(fields: Fields, region: str, account: str) -> str | None:
    """A profile, role, user or policy; one that is to be made is named with its path."""
    backend = iam_backends[account][PARTITION]
    path = str(fields.get("Path", "/"))
    if name := fields.get("InstanceProfileName"):
        with suppress(NotFoundException, NoSuchEntity):
            return str(backend.get_instance_profile(str(name)).arn)
        return f"arn:aws:iam::{account}:instance-profile{path}{name}"
    for kind, get in (("Role", backend.get_role), ("User", backend.get_user)):
        if name := fields.get(f"{kind}Name"):
            with suppress(NotFoundException, NoSuchEntity):
                return str(get(str(name)).arn)
            return f"arn:aws:iam::{account}:{kind.lower()}{path}{name}"
    if name := fields.get("PolicyName") if "PolicyArn" not in fields else None:
        return f"arn:aws:iam::{account}:policy{path}{name}"
    result = fields.get("PolicyArn")
    return str(result) if result else None


def _queue(fields: Fields, region: str, account: str) -> str | None:
    name = fields.get("QueueName") or str(fields.get("QueueUrl", "")).rpartition("/")[2]
    return f"arn:aws:sqs:{region}:{account}:{name}" if name else None


def _parameter(fields: Fields, region: str, account: str) -> str | None:
    """AWS's own parameters, `/aws/…`, belong to no account."""
    name = str(fields.get("Name", ""))
    owner = "" if name.startswith("/aws/") else account
    return f"arn:aws:ssm:{region}:{owner}:parameter/{name.lstrip('/')}" if name else None


_STATES = ("stateMachineArn", "executionArn", "activityArn", "resourceArn")

_FINDERS: Mapping[str, Callable[[Fields, str, str], str | None]] = {
    "codebuild": _build_project,
    "ecr": _repository,
    "iam": _entity,
    "kms": _key,
    "logs": _log_group,
    "monitoring": _watched,
    "sns": _topic,
    "sqs": _queue,
    "ssm": _parameter,
    "states": _state_machine,
}
