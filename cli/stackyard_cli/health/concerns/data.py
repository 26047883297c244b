"""Checks of data: dataset versions, access, retention, keys."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from stackyard.blueprints.project import mounting
from stackyard.vault import mounts
from stackyard.vault.config import PURPOSES
from stackyard_cli.health.check import Check
from stackyard_cli.health.concerns.passwords import current_since, passwords
from stackyard_cli.health.concerns.subject import Subject


def dataset_versions(concern: str, subject: Subject) -> Check:
    """Check that every dataset's bucket keeps old versions."""
    buckets = subject.project.datasets
    if not buckets:
        return Check.not_declared(concern)
    s3 = subject.clients.aws("s3")
    problems = [
        f"{name}: versioning is off"
        for name, bucket in buckets.items()
        if s3.get_bucket_versioning(Bucket=bucket).get("Status") != "Enabled"
    ]
    names = ", ".join(sorted(buckets))
    return Check.of_problems(concern, problems, f"{len(buckets)} buckets keep versions: {names}")


def access(concern: str, subject: Subject) -> Check:
    """Check that the roles of all audiences exist."""
    roles = subject.project.roles
    if not subject.config.access.audiences:
        return Check.not_declared(concern)
    iam, problems = subject.clients.aws("iam"), []
    for who, arn in roles.items():
        try:
            iam.get_role(RoleName=arn.rpartition("/")[2])
        except iam.exceptions.NoSuchEntityException:
            problems.append(f"the role of {who} is missing")
    return Check.of_problems(
        concern, problems, f"{len(roles)} roles exist: {', '.join(sorted(roles))}"
    )


def retention(concern: str, subject: Subject) -> Check:
    """Check that every dataset's bucket expires its objects."""
    buckets = subject.project.datasets
    if not buckets:
        return Check.not_declared(concern)
    s3, problems, days = subject.clients.aws("s3"), [], {}
    for name, bucket in buckets.items():
        try:
            rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
        except s3.exceptions.ClientError:
            problems.append(f"{name}: no lifecycle rules")
            continue
        expirations = [r["Expiration"]["Days"] for r in rules if "Days" in r.get("Expiration", {})]
        if expirations:
            days[name] = min(expirations)
        else:
            problems.append(f"{name}: nothing ever expires")
    ends = ", ".join(f"{name} ends after {count} days" for name, count in days.items())
    return Check.of_problems(concern, problems, ends)


def vault(concern: str, subject: Subject) -> Check:
    """Check that every key rotates, every secret has a policy, and no rotation is overdue."""
    kms, problems = subject.clients.aws("kms"), []
    keys = subject.foundation.key_arns
    for purpose in PURPOSES:
        status = kms.get_key_rotation_status(KeyId=keys[purpose])
        if not status["KeyRotationEnabled"]:
            problems.append(f"the key for {purpose} does not rotate")
    secrets = subject.clients.aws("secretsmanager")
    names = [f"{subject.stack}/{name}" for name in subject.config.secrets.entries]
    problems += [
        f"the secret {name} is open to whoever IAM lets"
        for name in names
        if not secrets.get_resource_policy(SecretId=name).get("ResourcePolicy")
    ]
    for name, entry in subject.config.secrets.entries.items():
        if entry.rotation_days is None:
            continue
        since = overdue(secrets, f"{subject.stack}/{name}", entry.rotation_days)
        if since is not None:
            problems.append(f"the value of {name} is overdue since {since}")
    late, passwords_made = passwords(subject)
    problems += [*late, *unmountable(subject)]
    return Check.of_problems(
        concern,
        problems,
        f"{len(PURPOSES)} keys rotate, {len(names)} secrets name their readers, "
        f"pods mount {', '.join(mounting.mounted(subject.config)) or 'none'}"
        + (f"; {passwords_made}" if passwords_made else ""),
    )


def unmountable(subject: Subject) -> list[str]:
    """Return the problems of the SecretProviderClasses with which pods mount secrets."""
    own = f"/apis/{mounts.API_VERSION}/namespaces/{subject.project.namespace}/secretproviderclasses"
    problems = []
    for name in mounting.mounted(subject.config):
        secret = f"{subject.stack}/{name}"
        made = subject.clients.kube(f"{own}/{name}")
        if made is None:
            problems.append(f"pods cannot mount {name}: its SecretProviderClass is missing")
        elif f":secret:{secret}-" not in made["spec"]["parameters"]["objects"]:
            problems.append(f"pods that mount {name} get another secret")
    return problems


def overdue(secrets: Any, name: str, days: int) -> date | None:
    """Return the day on which the rotation of a value was due; None if it is not overdue."""
    made = current_since(secrets, name)
    ends = made + timedelta(days=days) if made else None
    return ends.date() if ends is not None and ends <= datetime.now(UTC) else None
