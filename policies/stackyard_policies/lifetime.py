"""Rules about retention: lifecycle, limits for personal data, key rotation, deletion protection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stackyard_policies.rule import Settings, Subject, companions, resource_rule, stack_rule
from stackyard_policies.storage import BUCKET

LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"


def _active(subject: Subject) -> list[Any]:
    rules = subject.value("rules", [])
    return [rule for rule in rules if rule.get("status") == "Enabled"]


@stack_rule("retention-bucket-lifecycle", BUCKET, fix="give the bucket a lifecycle")
def bucket_lifecycle(subjects: list[Subject], settings: Settings) -> Iterator[tuple[str, str]]:
    """Every bucket has a lifecycle for objects, old versions and incomplete uploads."""
    owned = companions(subjects, LIFECYCLE, "bucket")
    for subject in subjects:
        if subject.type == BUCKET and subject.urn not in owned:
            yield subject.urn, f"bucket `{subject.name}` has no lifecycle"
        if subject.type != LIFECYCLE:
            continue
        rules = _active(subject)
        if not any(rule.get("noncurrentVersionExpiration") for rule in rules):
            yield subject.urn, f"`{subject.name}` never expires noncurrent versions"
        if not any(rule.get("abortIncompleteMultipartUpload") for rule in rules):
            yield subject.urn, f"`{subject.name}` never aborts incomplete uploads"


@resource_rule(
    "retention-logs-bounded", "aws:cloudwatch/logGroup:LogGroup", fix="set retentionInDays"
)
def logs_bounded(subject: Subject, settings: Settings) -> Iterator[str]:
    """Every log group has a retention; 0 days means for ever."""
    if not subject.value("retentionInDays"):
        yield f"log group `{subject.name}` is kept for ever"


@resource_rule("keys-rotate", "aws:kms/key:Key", fix="set enableKeyRotation")
def keys_rotate(subject: Subject, settings: Settings) -> Iterator[str]:
    """Symmetric KMS keys rotate.

    Source: https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html.
    """
    symmetric = subject.value("customerMasterKeySpec", "SYMMETRIC_DEFAULT") == "SYMMETRIC_DEFAULT"
    if symmetric and subject.value("enableKeyRotation") is not True:
        yield f"key `{subject.name}` does not rotate"


@stack_rule("personal-data-bounded", BUCKET, fix="shorten erase_within_days")
def personal_bounded(subjects: list[Subject], settings: Settings) -> Iterator[tuple[str, str]]:
    """Personal data is deleted in time: its buckets, tagged so, have a bounded expiration."""
    personal = {
        subject.urn: subject.name
        for subject in subjects
        if subject.type == BUCKET and subject.value("tags", {}).get("stackyard:class") == "personal"
    }
    for subject in subjects:
        owners = [personal[urn] for urn in subject.links.get("bucket", ()) if urn in personal]
        if subject.type != LIFECYCLE or not owners:
            continue
        days = [
            rule["expiration"]["days"]
            for rule in _active(subject)
            if rule.get("expiration", {}).get("days")
        ]
        if not days:
            yield subject.urn, f"personal data in `{owners[0]}` is never deleted"
        elif max(days) > settings.personal_days:
            yield (
                subject.urn,
                (
                    f"personal data in `{owners[0]}` is kept {max(days):g} days, "
                    f"more than {settings.personal_days}"
                ),
            )


@stack_rule("protection-stateful", fix="set protection.protect in the stage file")
def stateful_protected(subjects: list[Subject], settings: Settings) -> Iterator[tuple[str, str]]:
    """Every stateful or key resource is protected in stages with protection."""
    from stackyard.resource_risk import PROTECTED, data_class_of

    for subject in subjects:
        kind = data_class_of(subject.type)
        if settings.protected and kind in PROTECTED and not subject.protect:
            yield subject.urn, f"`{subject.name}` is {kind} and not protected"


RULES = (bucket_lifecycle, logs_bounded, keys_rotate, personal_bounded, stateful_protected)
