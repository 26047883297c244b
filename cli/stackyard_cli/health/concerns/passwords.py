"""When the passwords of a project's databases were made, as Secrets Manager tells it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from stackyard.blueprints.project.config import ProjectConfig
from stackyard.database.documents import Purpose, secret_name
from stackyard_cli.health.concerns.subject import Subject

NIGHTS = 2
"""Days that a rotation may be late before it is a problem: it runs every night."""


def passwords(subject: Subject) -> tuple[list[str], str]:
    """Return the passwords that are overdue, and for all of them when they were made."""
    database = subject.foundation.database
    if database is None or subject.config.tracking is None:
        return [], ""
    secrets, problems, told = subject.clients.aws("secretsmanager"), [], []
    for purpose in purposes(subject.config):
        made = current_since(secrets, secret_name(subject.stack, purpose))
        if made is None:
            told.append(f"{purpose} none yet")
            continue
        told.append(f"{purpose} {made.date()}")
        due = made + timedelta(days=database.rotation_days)
        if due + timedelta(days=NIGHTS) <= datetime.now(UTC):
            problems.append(f"the password of {purpose} is overdue since {due.date()}")
    every = "a day" if database.rotation_days == 1 else f"{database.rotation_days} days"
    return problems, f"passwords made: {', '.join(told)}; the next after {every}"


def purposes(config: ProjectConfig) -> list[Purpose]:
    """Return what a project with tracking has databases for."""
    found: list[Purpose] = ["tracking"]
    if config.tuning is not None:
        found.append("tuning")
    if any(dataset.branching for dataset in config.datasets.values()):
        found.append("lakefs")
    return found


def current_since(secrets: Any, name: str) -> datetime | None:
    """Return when the current version of a secret was made, None if it has no value.

    Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecretVersionIds.html.
    """
    versions = secrets.list_secret_version_ids(SecretId=name)["Versions"]
    made = [one["CreatedDate"] for one in versions if "AWSCURRENT" in one.get("VersionStages", ())]
    return max(made) if made else None
