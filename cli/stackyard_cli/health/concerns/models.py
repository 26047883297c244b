"""Checks of tracking, training images, tuning, model registry and deployment."""

from __future__ import annotations

from stackyard_cli.health.check import Check
from stackyard_cli.health.concerns.subject import Subject


def tracking(concern: str, subject: Subject) -> Check:
    """Check that the tracking server has ready pods."""
    if subject.config.tracking is None:
        return Check.not_declared(concern)
    problems = subject.deployment_problems("tracking")
    return Check.of_problems(concern, problems, f"ready at {subject.project.tracking_uri}")


def images(concern: str, subject: Subject) -> Check:
    """Check that the project's repositories exist, with immutable tags."""
    named = subject.project.images
    if not named:
        return Check.not_declared(concern)
    expected = {_repository(name) for name in named.values()}
    ecr = subject.clients.aws("ecr")
    repositories = ecr.describe_repositories(repositoryNames=sorted(expected))["repositories"]
    problems = [
        f"tags of {repository['repositoryName']} can be moved"
        for repository in repositories
        if repository["imageTagMutability"] != "IMMUTABLE"
    ]
    return Check.of_problems(concern, problems, f"{len(repositories)} repositories with fixed tags")


def _repository(name: str) -> str:
    """Return the repository of an image name: without registry, tag and digest."""
    return name.partition("@")[0].partition("/")[2].partition(":")[0]


def tuning(concern: str, subject: Subject) -> Check:
    """Check that the dashboard of studies has ready pods; it needs their database."""
    if subject.config.tuning is None:
        return Check.not_declared(concern)
    problems = subject.deployment_problems("tuning")
    return Check.of_problems(concern, problems, "the dashboard of studies is ready")


def registry(concern: str, subject: Subject) -> Check:
    """Check that the bucket of registered models keeps every version."""
    bucket = subject.project.model_bucket
    if bucket is None:
        return Check.not_declared(concern)
    status = subject.clients.aws("s3").get_bucket_versioning(Bucket=bucket).get("Status")
    problems = [] if status == "Enabled" else [f"{bucket}: versioning is off"]
    return Check.of_problems(concern, problems, f"models are kept in {bucket}")


def serving(concern: str, subject: Subject) -> Check:
    """Check that every model has ready pods, or waits for its first release."""
    if subject.config.serving is None:
        return Check.not_declared(concern)
    models = subject.config.serving.models
    names = [*models, *(f"{name}-canary" for name, one in models.items() if one.canary)]
    waiting = [
        name
        for name, one in models.items()
        if one.release is None and subject.deployment(name) is None
    ]
    names = sorted(set(names) - set(waiting))
    problems = [problem for name in names for problem in subject.deployment_problems(name)]
    states = [f"ready: {', '.join(names)}"] if names else []
    states += [f"{name} waits for the pipeline's first release" for name in waiting]
    return Check.of_problems(concern, problems, "; ".join(states))
