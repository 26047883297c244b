"""Tags of Auto Scaling groups, for the groups that EKS creates for its node groups.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/autoscaling/tag/.
"""

from __future__ import annotations

from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.resource import Resource, ignoring_missing
from stackyard_sandbox.provider.protocol import Properties


class Tag(Resource):
    """One tag of one group; its id is `group,key`."""

    token = "aws:autoscaling/tag:Tag"
    takes = ("autoscalingGroupName", "tag")
    replaces = frozenset({"autoscalingGroupName", "tag.key"})

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Write the tag."""
        tag = inputs["tag"]
        entry = {
            "ResourceId": inputs["autoscalingGroupName"],
            "ResourceType": "auto-scaling-group",
            "Key": tag["key"],
            "Value": tag["value"],
            "PropagateAtLaunch": tag["propagateAtLaunch"],
        }
        aws.client("autoscaling").create_or_update_tags(Tags=[entry])
        return f"{inputs['autoscalingGroupName']},{tag['key']}"

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Find the tag."""
        group, _, key = identity.partition(",")
        filters = [{"Name": "auto-scaling-group", "Values": [group]}]
        for tag in aws.client("autoscaling").describe_tags(Filters=filters)["Tags"]:
            if tag["Key"] == key and tag["ResourceId"] == group:
                return {
                    "autoscalingGroupName": group,
                    "tag": {
                        "key": key,
                        "value": tag.get("Value", ""),
                        "propagateAtLaunch": tag["PropagateAtLaunch"],
                    },
                }
        return None

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Write the tag again."""
        self.create(aws, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Remove the tag; deleting a group also removes its tags."""
        group, _, key = identity.partition(",")
        entry = {"ResourceId": group, "ResourceType": "auto-scaling-group", "Key": key}
        with ignoring_missing("ValidationError", "ResourceNotFound"):
            aws.client("autoscaling").delete_tags(Tags=[entry])
