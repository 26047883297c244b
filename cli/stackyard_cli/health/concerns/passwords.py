"""Reads the age of the passwords of a project's databases from Secrets Manager."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from stackyard.blueprints.project.config import ProjectConfig
from stackyard.database.documents import Purpose, secret_name
from stackyard_cli.health.concerns.subject import Subject

NIGHTS = 2
"""Days that a rotation may be late: it runs every night, and one failed night is accepted."""


def passwords(subject: Subject) -> tuple[list[str], str]:
    """Return a problem for each overdue password, and a text with the age of all of them."""
    database = subject.foundation.database
    if database is None or subject.config.tracking is None:
        return [], ""
    secrets, problems, made_at = subject.clients.aws("secretsmanager"), [], []
    for purpose in purposes(subject.config):
        made = current_since(secrets, secret_name(subject.stack, purpose))
        if made is None:
            made_at.append(f"{purpose} none yet")
            continue
        made_at.append(f"{purpose} {made.date()}")
        due = made + timedelta(days=database.rotation_days)
        if due + timedelta(days=NIGHTS) <= datetime.now(UTC):
            problems.append(f"the password of {purpose} is overdue since {due.date()}")
    every = "a day" if database.rotation_days == 1 else f"{database.rotation_days} days"
    return problems, f"passwords made: {', '.join(made_at)}; the next after {every}"


def purposes(config: ProjectConfig) -> list[Purpose]:
    """Return the purposes of the databases of a project with tracking."""
    result: list[Purpose] = ["tracking"]
    if config.tuning is not None:
        result.append("tuning")
    if any(dataset.branching for dataset in config.datasets.values()):
        result.append("lakefs")
    return result


def current_since(secrets: Any, name: str) -> datetime | None:
    """Return the creation time of a secret's current version; None if it has no value.

    Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecretVersionIds.html.
    """
    versions = secrets.list_secret_version_ids(SecretId=name)["Versions"]
    made = [one["CreatedDate"] for one in versions if "AWSCURRENT" in one.get("VersionStages", ())]
    return max(made) if made else None
