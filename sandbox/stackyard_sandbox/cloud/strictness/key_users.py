"""CloudWatch Logs and CloudTrail refuse a key or a bucket whose policy does not let them use it.

Each tries it when it is named. Sources:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html,
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html
and
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto.cloudtrail.models import CloudTrailBackend
from moto.core.exceptions import JsonRESTError
from moto.kms.models import kms_backends
from moto.logs.models import LogsBackend
from moto.s3.models import s3_backends

from stackyard_sandbox.cloud.iam.policy_evaluation import Asked, Document, denied, granted
from stackyard_sandbox.cloud.iam.principals import PARTITION
from stackyard_sandbox.cloud.strictness import checked

Call = Mapping[str, Any]

TRAIL = "cloudtrail.amazonaws.com"
SEAL = ("Encrypt", "Decrypt", "ReEncryptFrom", "GenerateDataKey", "DescribeKey")


def install() -> None:
    """Try keys of log groups, and keys and buckets of trails."""
    checked.before(LogsBackend, "create_log_group", _check_log_group)
    checked.before(CloudTrailBackend, "create_trail", _check_trail)


def _check_log_group(logs: LogsBackend, call: Call) -> None:
    key = call["kwargs"].get("kmsKeyId")
    if not key:
        return
    group = _arn("logs", logs, f"log-group:{call['log_group_name']}")
    service = f"logs.{logs.region_name}.amazonaws.com"
    facts = {"kms:encryptioncontext:aws:logs:arn": group, "aws:sourcearn": group}
    if not all(_may_use(logs, key, service, action, facts) for action in SEAL):
        raise JsonRESTError(
            "InvalidParameterException",
            f"The specified KMS key does not exist or is not allowed to be used with Arn '{group}'",
        )


def _check_trail(trails: CloudTrailBackend, call: Call) -> None:
    trail = _arn("cloudtrail", trails, f"trail/{call['name']}")
    key = call["kms_key_id"]
    facts = {"aws:sourcearn": trail, "kms:encryptioncontext:aws:cloudtrail:arn": trail}
    if key and not _may_use(trails, key, TRAIL, "GenerateDataKey", facts):
        raise JsonRESTError(
            "InsufficientEncryptionPolicyException",
            f"Insufficient permissions to access S3 bucket {call['bucket_name']} or KMS key {key}.",
        )
    bucket = s3_backends[trails.account_id][PARTITION].buckets.get(call["bucket_name"])
    if bucket is None:
        # The emulator's own error names it.
        return
    policy = json.loads(bucket.policy) if bucket.policy else {}
    at = f"arn:aws:s3:::{bucket.name}"
    prefix = f"/{call['s3_key_prefix']}" if call["s3_key_prefix"] else ""
    objects = f"{at}{prefix}/AWSLogs/{trails.account_id}/CloudTrail/x"
    owned = {"aws:sourcearn": trail, "s3:x-amz-acl": "bucket-owner-full-control"}
    secure = {"aws:securetransport": "true"}
    for action, resource in (("GetBucketAcl", at), ("PutObject", objects)):
        if not _permitted(trails, policy, TRAIL, f"s3:{action}", resource, owned | secure):
            raise JsonRESTError(
                "InsufficientS3BucketPolicyException",
                f"Incorrect S3 bucket policy is detected for bucket: {bucket.name}",
            )


def _may_use(backend: Any, key: str, service: str, action: str, facts: Mapping[str, str]) -> bool:
    keys = kms_backends[backend.account_id][backend.region_name]
    made = keys.keys.get(keys.get_key_id(key)) if key.startswith("arn:") else None
    if made is None or made.key_state != "Enabled":
        return False
    policy = json.loads(made.policy)
    return _permitted(backend, policy, service, f"kms:{action}", made.arn, facts)


def _permitted(
    backend: Any,
    policy: Document,
    service: str,
    action: str,
    resource: str,
    facts: Mapping[str, str],
) -> bool:
    known = {"aws:sourceaccount": backend.account_id, **facts}
    asked = Asked(action, resource, frozenset({service}), backend.account_id, known)
    return "named" in granted(asked, policy) and not denied(asked, [policy])


def _arn(service: str, backend: Any, resource: str) -> str:
    return f"arn:aws:{service}:{backend.region_name}:{backend.account_id}:{resource}"
