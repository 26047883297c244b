"""Command, environment and permissions of the lakeFS server, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stackyard import iam
from stackyard.aws_location import AwsLocation
from stackyard.bucket import statements
from stackyard.bucket.layout import LAKEFS_DIRECTORY, bucket_arn, prefix
from stackyard.container import SCRATCH, Program
from stackyard.database import documents
from stackyard.naming import StackId, namespace_name

NAME = "lakefs"
"""Name of the server's Deployment, Service, service account and of its clients' ConfigMap."""

PORT = 8000

MEMORY = "/etc/lakefs"
"""Directory in memory that only the pod's containers can read."""

CONFIG = f"{MEMORY}/config.yaml"
"""Path of lakeFS's configuration with the database password."""

PREPARE_PATH = "/prepare"

OBJECTS = ("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject")


def prepare_text() -> str:
    """Return the program that writes the secret part of the configuration."""
    return (Path(__file__).with_name("pods") / "lakefs_config.py").read_text()


def prepare_program(region: str) -> Program:
    """Return the program that runs before the server, without variables for database and key."""
    return Program(
        ["python", f"{PREPARE_PATH}/lakefs_config.py"],
        {
            "AWS_DEFAULT_REGION": region,
            "HOME": SCRATCH,
            "LAKEFS_CONFIG": CONFIG,
        },
    )


def server_program(region: str) -> Program:
    """Return the server's command, and the part of its configuration that is not secret.

    Source: https://docs.lakefs.io/latest/reference/configuration/.
    """
    return Program(
        ["/app/lakefs", "run", "--config", CONFIG],
        {
            "AWS_REGION": region,
            "HOME": SCRATCH,
            "LAKEFS_BLOCKSTORE_TYPE": "s3",
            "LAKEFS_BLOCKSTORE_S3_REGION": region,
            "LAKEFS_COMMITTED_LOCAL_CACHE_DIR": f"{SCRATCH}/cache",
            "LAKEFS_COMMITTED_LOCAL_CACHE_SIZE_BYTES": str(2**30),
            "LAKEFS_LISTEN_ADDRESS": f"0.0.0.0:{PORT}",
            "LAKEFS_LOGGING_FORMAT": "json",
            # No telemetry is sent.
            "LAKEFS_SECURITY_CHECK_LATEST_VERSION": "false",
            "LAKEFS_STATS_ENABLED": "false",
        },
    )


def client_settings(stack: StackId) -> dict[str, str]:
    """Return the environment of lakeFS's clients, without their credentials."""
    host = f"{NAME}.{namespace_name(stack)}.svc.cluster.local"
    return {"LAKECTL_SERVER_ENDPOINT_URL": f"http://{host}:{PORT}"}


def key_name(stack: StackId) -> str:
    """Return the name of the secret with the encryption key."""
    return f"{stack}/{NAME}-key"


def server_policy(
    stack: StackId, buckets: Sequence[str], location: AwsLocation, key_arns: Mapping[str, str]
) -> dict[str, Any]:
    """Return the server's permissions: store objects in its directory of each bucket.

    `key_arns` has the KMS keys `data` and `secrets`.

    Source: https://docs.lakefs.io/latest/howto/deploy/aws/.
    """
    region = location.region
    key = f"secret:{key_name(stack)}-??????"
    return iam.document(
        *keep_branches(buckets, key_arns["data"], region),
        *documents.read_credentials(stack, "lakefs", location, key_arns["secrets"]),
        iam.statement(
            "KeepKey",
            ("secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"),
            (location.arn("secretsmanager", key),),
        ),
        documents.use_key("EncryptKey", ("kms:GenerateDataKey",), key_arns["secrets"], region),
    )


def keep_branches(buckets: Sequence[str], key_arn: str, region: str) -> list[iam.Statement]:
    """Return the server's permissions on the datasets' buckets."""
    arns = [bucket_arn(bucket, region) for bucket in sorted(buckets)]
    below = prefix(LAKEFS_DIRECTORY)
    return [
        iam.statement("FindBuckets", ("s3:GetBucketLocation",), arns),
        iam.statement(
            "ListBranches",
            ("s3:ListBucket",),
            arns,
            conditions={"StringLike": {"s3:prefix": [f"{below}*"]}},
        ),
        iam.statement("KeepBranches", OBJECTS, [f"{arn}/{below}*" for arn in arns]),
        *statements.keys({key_arn: set(arns)}, region),
    ]
