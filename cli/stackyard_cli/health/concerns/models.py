"""Checks of what makes and serves models: tracking, images, tuning, registry, serving."""

from __future__ import annotations

from stackyard_cli.health.concerns.subject import NOT_DECLARED, Finding, Subject, judged


def tracking(subject: Subject) -> Finding:
    """Whether the tracking server answers."""
    if subject.config.tracking is None:
        return NOT_DECLARED
    problem = subject.deployment_problem("tracking")
    return judged([problem] if problem else [], f"ready at {subject.project.tracking_uri}")


def images(subject: Subject) -> Finding:
    """Whether the project's repositories exist, and no tag can be pushed twice."""
    named = subject.project.images
    if not named:
        return NOT_DECLARED
    wanted = {_repository(name) for name in named.values()}
    ecr = subject.clients.aws("ecr")
    found = ecr.describe_repositories(repositoryNames=sorted(wanted))["repositories"]
    problems = [
        f"tags of {repository['repositoryName']} can be moved"
        for repository in found
        if repository["imageTagMutability"] != "IMMUTABLE"
    ]
    return judged(problems, f"{len(found)} repositories with fixed tags")


def _repository(name: str) -> str:
    """Return the repository in an image name: without registry, tag and digest."""
    return name.partition("@")[0].partition("/")[2].partition(":")[0]


def tuning(subject: Subject) -> Finding:
    """Whether the dashboard of studies answers, which needs their database."""
    if subject.config.tuning is None:
        return NOT_DECLARED
    problem = subject.deployment_problem("tuning")
    return judged([problem] if problem else [], "the dashboard of studies is ready")


def registry(subject: Subject) -> Finding:
    """Whether the bucket that keeps registered models keeps every version of them."""
    bucket = subject.project.model_bucket
    if bucket is None:
        return NOT_DECLARED
    status = subject.clients.aws("s3").get_bucket_versioning(Bucket=bucket).get("Status")
    problems = [] if status == "Enabled" else [f"{bucket}: versioning is off"]
    return judged(problems, f"models are kept in {bucket}")


def serving(subject: Subject) -> Finding:
    """Whether every version that is to answer has ready pods; one may wait for its first."""
    if subject.config.serving is None:
        return NOT_DECLARED
    models = subject.config.serving.models
    names = [*models, *(f"{name}-canary" for name, one in models.items() if one.canary)]
    waiting = [
        name
        for name, one in models.items()
        if one.release is None and subject.deployment(name) is None
    ]
    names = sorted(set(names) - set(waiting))
    problems = [found for name in names if (found := subject.deployment_problem(name))]
    told = [f"ready: {', '.join(names)}"] if names else []
    told += [f"{name} waits for the pipeline's first release" for name in waiting]
    return judged(problems, "; ".join(told))
