"""Rules about workloads: images, quotas, limits of pods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from stackyard_policies.rule import Settings, Subject, resource_rule, stack_rule

WORKLOADS = (
    "kubernetes:apps/v1:DaemonSet",
    "kubernetes:apps/v1:Deployment",
    "kubernetes:apps/v1:StatefulSet",
    "kubernetes:batch/v1:Job",
    "kubernetes:batch/v1:CronJob",
)


def _containers(subject: Subject) -> list[Mapping[str, Any]]:
    path = (
        "spec.jobTemplate.spec.template.spec"
        if "CronJob" in subject.type
        else ("spec.template.spec")
    )
    spec = subject.value(path, {})
    return [*spec.get("initContainers", []), *spec.get("containers", [])]


@resource_rule(
    "workload-image-fixed",
    *WORKLOADS,
    fix="name the image with @sha256:…, or take it from a registry that `policy.registries` lists",
)
def image_fixed(subject: Subject, settings: Settings) -> Iterator[str]:
    """A push cannot change the image that a name refers to.

    Either the image is named by digest, or it comes from a registry of ours: there tags are
    immutable, which `registry-tags-immutable` keeps true.
    """
    for container in _containers(subject):
        image = str(container.get("image", ""))
        ours = bool(settings.registries) and image.startswith(settings.registries)
        floating = image.endswith(":latest") or ":" not in image.rsplit("/", 1)[-1]
        if "@sha256:" not in image and (floating or not ours):
            yield f"`{subject.name}` runs {image!r}, which a push can change"


@resource_rule(
    "registry-tags-immutable",
    "aws:ecr/repository:Repository",
    fix="set imageTagMutability to IMMUTABLE",
)
def registry_immutable(subject: Subject, settings: Settings) -> Iterator[str]:
    """A tag in the estate's registries refers to one image for ever.

    Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html.
    """
    if subject.value("imageTagMutability") != "IMMUTABLE":
        yield f"repository `{subject.name}` lets tags be moved"


@resource_rule("workload-limited", *WORKLOADS, fix="set requests and limits")
def workload_limited(subject: Subject, settings: Settings) -> Iterator[str]:
    """Every container has resource requests and limits."""
    for container in _containers(subject):
        resources = container.get("resources", {})
        missing = [part for part in ("requests", "limits") if not resources.get(part)]
        if missing:
            yield f"`{subject.name}`/{container.get('name')} has no {' or '.join(missing)}"


@stack_rule("namespace-quota", "kubernetes:core/v1:Namespace", fix="add a ResourceQuota")
def namespace_quota(subjects: list[Subject], settings: Settings) -> Iterator[tuple[str, str]]:
    """Every namespace has a quota, so that one team cannot use up the cluster."""
    bounded = {
        subject.value("metadata.namespace")
        for subject in subjects
        if subject.type == "kubernetes:core/v1:ResourceQuota"
    }
    for subject in subjects:
        name = subject.value("metadata.name")
        if subject.type == "kubernetes:core/v1:Namespace" and name not in bounded:
            yield subject.urn, f"namespace `{name}` has no quota"


@resource_rule("secret-not-plain", *WORKLOADS, fix="take it from a Secret or from the key vault")
def secret_not_plain(subject: Subject, settings: Settings) -> Iterator[str]:
    """No container gets a secret as a literal environment value."""
    suspicious = ("PASSWORD", "SECRET", "TOKEN", "PRIVATE_KEY", "ACCESS_KEY")
    for container in _containers(subject):
        for variable in container.get("env", []):
            name = str(variable.get("name", "")).upper()
            if any(word in name for word in suspicious) and variable.get("value"):
                yield f"`{subject.name}` has a literal value for `{name}`"


RULES = (
    image_fixed,
    registry_immutable,
    workload_limited,
    namespace_quota,
    secret_not_plain,
)
