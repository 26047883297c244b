"""Rules about ownership: required tags, a budget, allowed regions."""

from __future__ import annotations

from collections.abc import Iterator

from stackyard_policies.rule import Settings, Subject, resource_rule, stack_rule
from stackyard_policies.storage import BUCKET

BUDGET = "aws:budgets/budget:Budget"

TAGGABLE = (
    BUCKET,
    "aws:ecr/repository:Repository",
    "aws:efs/fileSystem:FileSystem",
    "aws:eks/cluster:Cluster",
    "aws:eks/nodeGroup:NodeGroup",
    "aws:iam/role:Role",
    "aws:kms/key:Key",
    "aws:rds/instance:Instance",
    "aws:secretsmanager/secret:Secret",
    "aws:ec2/vpc:Vpc",
)


@resource_rule("tags-required", *TAGGABLE, fix="use the stack's explicit provider")
def tags_required(subject: Subject, settings: Settings) -> Iterator[str]:
    """Every resource that costs money or holds data has the tags of its owner.

    The provider merges its default tags into `tagsAll`, so policies read that property.
    """
    tags = subject.value("tagsAll") or subject.value("tags", {})
    missing = [key for key in settings.required_tags if not tags.get(key)]
    if missing:
        yield f"`{subject.name}` lacks the tags {', '.join(missing)}"


@stack_rule("personal-data-region", BUCKET, fix="choose an allowed region")
def personal_region(subjects: list[Subject], settings: Settings) -> Iterator[tuple[str, str]]:
    """Personal data stays in the regions that the estate allows."""
    region = next((s.value("region") for s in subjects if s.type == "pulumi:providers:aws"), None)
    for subject in subjects:
        if subject.type != BUCKET:
            continue
        personal = subject.value("tags", {}).get("stackyard:class") == "personal"
        if personal and settings.regions and region and region not in settings.regions:
            yield subject.urn, f"personal data in `{subject.name}` would be in {region}"


@stack_rule(
    "budget-present",
    BUCKET,
    fix="add `budget: {monthly_limit: …}` to the stack's files; the budget of a project notifies "
    "topics of `monitoring`, so it needs that section, too",
)
def budget_present(subjects: list[Subject], settings: Settings) -> Iterator[tuple[str, str]]:
    """Every stack that holds data has a budget with notifications."""
    buckets = [subject for subject in subjects if subject.type == BUCKET]
    if buckets and not any(subject.type == BUDGET for subject in subjects):
        yield buckets[0].urn, "no AWS budget notifies anybody of the stack's costs"


RULES = (tags_required, personal_region, budget_present)
