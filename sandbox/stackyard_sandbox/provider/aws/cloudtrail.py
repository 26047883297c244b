"""CloudTrail trails.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/cloudtrail/trail/.
"""

from __future__ import annotations

from typing import Any

from stackyard_sandbox.provider.aws.casing import Casing
from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.resource import (
    Autoname,
    Resource,
    Tagging,
    call_or_none,
    changed,
    ignoring_missing,
)
from stackyard_sandbox.provider.protocol import Properties

MISSING = "TrailNotFoundException"
TAGS = Tagging(
    "cloudtrail",
    resource="ResourceId",
    tag="add_tags",
    untag="remove_tags",
    tags="TagsList",
)
NAMES = Casing(
    names={
        "cloudWatchLogsGroupArn": "CloudWatchLogsLogGroupArn",
        "s3BucketName": "S3BucketName",
        "s3KeyPrefix": "S3KeyPrefix",
    }
)
EVENTS = Casing()
SETTINGS = (
    "s3BucketName",
    "s3KeyPrefix",
    "snsTopicName",
    "includeGlobalServiceEvents",
    "isMultiRegionTrail",
    "enableLogFileValidation",
    "cloudWatchLogsGroupArn",
    "cloudWatchLogsRoleArn",
    "kmsKeyId",
)


class Trail(Resource):
    """A trail; its id is its ARN."""

    token = "aws:cloudtrail/trail:Trail"
    takes = ("name", "enableLogging", "eventSelectors", *SETTINGS)
    replaces = frozenset({"name"})
    autoname = Autoname(limit=128)
    defaults = {
        "enableLogging": True,
        "includeGlobalServiceEvents": True,
        "isMultiRegionTrail": False,
        "enableLogFileValidation": False,
    }

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the trail."""
        answer = aws.client("cloudtrail").create_trail(
            Name=inputs["name"],
            TagsList=TAGS.api(inputs.get("tagsAll")),
            **NAMES.pick(inputs, *SETTINGS),
        )
        return str(answer["TrailARN"])

    def finish(self, aws: Cloud, identity: str, inputs: Properties) -> None:
        """Select its events and start it."""
        client = aws.client("cloudtrail")
        if inputs.get("eventSelectors"):
            client.put_event_selectors(
                TrailName=identity, EventSelectors=EVENTS.api(inputs["eventSelectors"])
            )
        if inputs["enableLogging"]:
            client.start_logging(Name=identity)

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the trail, its logging status, and its tags."""
        client = aws.client("cloudtrail")
        answer = call_or_none(client.get_trail, MISSING, Name=identity)
        if answer is None:
            return None
        trail = answer["Trail"]
        members = {"enableLogFileValidation": "LogFileValidationEnabled"}
        shown = {name: trail.get(members.get(name, NAMES.api_name(name))) for name in SETTINGS}
        tags = client.list_tags(ResourceIdList=[identity])["ResourceTagList"]
        actual: Properties = {
            **shown,
            "name": trail["Name"],
            "enableLogging": client.get_trail_status(Name=identity)["IsLogging"],
            "homeRegion": trail.get("HomeRegion"),
            "arn": identity,
            "tagsAll": TAGS.to_dict(tags[0]["TagsList"] if tags else []),
        }
        if state.get("eventSelectors"):
            actual["eventSelectors"] = _selectors(client, identity)
        return actual

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Change settings, start or stop, change tags."""
        client = aws.client("cloudtrail")
        if changed(old, new, *SETTINGS):
            client.update_trail(Name=identity, **NAMES.pick(new, *SETTINGS))
        if changed(old, new, "eventSelectors") and new.get("eventSelectors"):
            client.put_event_selectors(
                TrailName=identity, EventSelectors=EVENTS.api(new["eventSelectors"])
            )
        if changed(old, new, "enableLogging"):
            (client.start_logging if new["enableLogging"] else client.stop_logging)(Name=identity)
        before, after = old.get("tagsAll") or {}, new.get("tagsAll") or {}
        if gone := {key: before[key] for key in before if key not in after}:
            client.remove_tags(ResourceId=identity, TagsList=TAGS.api(gone))
        if after != before and after:
            client.add_tags(ResourceId=identity, TagsList=TAGS.api(after))

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the trail."""
        with ignoring_missing(MISSING):
            # By its name: the emulator accepts a deletion by ARN, but deletes nothing.
            aws.client("cloudtrail").delete_trail(Name=state["name"])


def _selectors(client: Any, trail: str) -> Any:
    return EVENTS.sdk(client.get_event_selectors(TrailName=trail).get("EventSelectors") or [])
