"""Names and IAM statements of a project's databases, as plain data."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from stackyard import iam
from stackyard.aws_location import AwsLocation, endpoint
from stackyard.naming import NAMESPACE_LIMIT, StackId, fitted
from stackyard.references import DatabaseRef
from stackyard.vault.secret_policies import WRITE_VALUE

if TYPE_CHECKING:
    import pulumi

Purpose = Literal["tracking", "tuning", "lakefs"]
"""Use of a database; each has its own database and users. The Deployment that connects to it has
the same name."""

PURPOSES: tuple[Purpose, ...] = ("tracking", "tuning", "lakefs")

IDENTIFIER_LIMIT = 63
"""Maximum length of a name in PostgreSQL, https://www.postgresql.org/docs/current/limits.html."""

INSTANCE_LIMIT = 63
"""Longest identifier of an instance, which never has two hyphens in a row:
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html."""

CRON_JOB_LIMIT = 52
"""Longest name of a CronJob, https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/."""

CLIENT = "database-client"
"""ConfigMap of a project's namespace that holds `connect.py`."""

CLIENT_PATH = "/etc/stackyard"
"""Folder in which pods mount it."""


def pod_program(name: str) -> str:
    """Return the text of a program of `database/pods`."""
    return (Path(__file__).with_name("pods") / f"{name}.py").read_text()


def instance_identifier(stack: StackId) -> str:
    """Return the identifier of a stage's instance, in which runs of hyphens are one."""
    single = re.sub(r"-{2,}", "-", stack.slug)
    if single != stack.slug:
        single += f"-{hashlib.sha256(stack.slug.encode()).hexdigest()[:8]}"
    return fitted(single, INSTANCE_LIMIT)


def database_name(stack: StackId, purpose: Purpose) -> str:
    """Return the name of a database, which is also its owner's."""
    return fitted(f"{stack.slug}-{purpose}", IDENTIFIER_LIMIT).replace("-", "_")


def user_names(stack: StackId, purpose: Purpose) -> list[str]:
    """Return the names of the two users, of which one is current; both act as the owner."""
    full = [f"{stack.slug}-{purpose}-{letter}" for letter in "ab"]
    return [fitted(name, IDENTIFIER_LIMIT).replace("-", "_") for name in full]


def account_name(stack: StackId, purpose: Purpose) -> str:
    """Return the name of the jobs' service account, and of the job that creates the database."""
    return fitted(f"database-{stack.slug}-{purpose}", NAMESPACE_LIMIT)


def cron_job_name(stack: StackId, purpose: Purpose) -> str:
    """Return the name of the job that rotates the passwords."""
    return fitted(account_name(stack, purpose), CRON_JOB_LIMIT)


def jobs_pattern(stack: StackId) -> str:
    """Return a regular expression for all of a project's jobs in the system namespace.

    A CronJob appends a number to the names of its jobs.
    """
    names = {name(stack, purpose) for purpose in PURPOSES for name in (account_name, cron_job_name)}
    return f"({'|'.join(sorted(names))})(-[0-9]+)?"


def connection_variables(
    instance: DatabaseRef, stack: StackId, purpose: Purpose
) -> dict[str, pulumi.Input[str]]:
    """Return the environment variables that name a database to pods; none of them is secret."""
    return {
        "DATABASE_HOST": instance.host,
        "DATABASE_PORT": str(instance.port),
        "DATABASE_NAME": database_name(stack, purpose),
    }


def secret_name(stack: StackId, purpose: Purpose) -> str:
    """Return the name of the secret that holds the current user's name and password."""
    return f"{stack}/{purpose}-database"


def read_credentials(
    stack: StackId, purpose: Purpose, location: AwsLocation, key_arn: str
) -> list[iam.Statement]:
    """Return the statements for reading the secret; AWS appends six characters to a secret's ARN.

    Source:
    https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_iam-permissions.html.
    """
    secret_arn = location.arn("secretsmanager", f"secret:{secret_name(stack, purpose)}-??????")
    return [
        iam.statement("ReadCredentials", ("secretsmanager:GetSecretValue",), (secret_arn,)),
        use_key("ReadCredentialsKey", ("kms:Decrypt",), key_arn, location.region),
    ]


def setup_policy(
    secret_arn: str, admin_secret_arn: str, key_arn: str, region: str
) -> dict[str, Any]:
    """Return the set-up job's policy: read the master password, and write the users' passwords."""
    return iam.document(
        iam.statement("ReadMaster", ("secretsmanager:GetSecretValue",), (admin_secret_arn,)),
        iam.statement(
            "KeepPassword",
            ("secretsmanager:GetSecretValue", *WRITE_VALUE),
            (secret_arn,),
        ),
        use_key("UseKey", ("kms:Decrypt", "kms:GenerateDataKey"), key_arn, region),
    )


def use_key(sid: str, actions: tuple[str, ...], key_arn: str, region: str) -> iam.Statement:
    """Return the statement that allows the use of a key through Secrets Manager only.

    Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html.
    """
    through = {"StringEquals": {"kms:ViaService": endpoint("secretsmanager", region)}}
    return iam.statement(sid, actions, (key_arn,), conditions=through)
