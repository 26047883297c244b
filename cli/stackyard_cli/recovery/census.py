"""What really exists in the account with the stack's tags, and under which ids it would stand."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stackyard.naming import StackId
from stackyard.tags import PREFIX
from stackyard_cli.recovery import identity
from stackyard_cli.recovery.wanted import Wanted

STACK_TAG = f"{PREFIX}stack"
RESOURCE_TAG = f"{PREFIX}resource"
"""Set by `stackyard.resource_tag`, which imports Pulumi; a census needs only the name."""


@dataclass(frozen=True)
class Found:
    """One tagged thing of the account."""

    arn: str
    """ARN, or the bare id where the service's API gives no ARN."""

    label: str | None
    """`type::name` from its tag."""

    @property
    def last(self) -> str:
        """The id within its service."""
        return self.arn.rpartition("/")[2] if "/" in self.arn else self.arn.rpartition(":")[2]


class AwsCensus:
    """Asks the AWS account of one stack."""

    def __init__(self, stack: StackId, region: str, environment: Mapping[str, str]) -> None:
        self._stack, self._region = stack, region
        self._environment = {**os.environ, **environment}
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """Return a client in the stack's region, with the credentials the engine gets."""
        if service not in self._clients:
            import boto3

            known = self._environment
            self._clients[service] = boto3.client(
                service,
                region_name=self._region,
                endpoint_url=known.get("AWS_ENDPOINT_URL") or None,
                aws_access_key_id=known.get("AWS_ACCESS_KEY_ID"),
                aws_secret_access_key=known.get("AWS_SECRET_ACCESS_KEY"),
                aws_session_token=known.get("AWS_SESSION_TOKEN") or None,
            )
        return self._clients[service]

    def tagged(self) -> list[Found]:
        """Return everything that carries the stack's tag.

        Two calls cover the taggable types: the tagging API, and EC2's own, which also tells of
        types that the first leaves out. IAM roles are in neither; their names are known.
        https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
        """
        found: dict[str, Found] = {}
        wanted = {"Key": STACK_TAG, "Values": [str(self._stack)]}
        pages = self.client("resourcegroupstaggingapi").get_paginator("get_resources")
        for page in pages.paginate(TagFilters=[wanted]):
            for item in page["ResourceTagMappingList"]:
                tags = {tag["Key"]: tag["Value"] for tag in item["Tags"]}
                one = Found(item["ResourceARN"], tags.get(RESOURCE_TAG))
                found[one.last] = one
        for identifier, tags in self._ec2().items():
            if tags.get(STACK_TAG) == str(self._stack):
                found.setdefault(identifier, Found(identifier, tags.get(RESOURCE_TAG)))
        return list(found.values())

    def identify(self, wanted: Sequence[Wanted]) -> dict[str, str]:
        """Return the likely id of each; a wrong one costs nothing, as the refresh drops it."""
        by_label = {one.label: one for one in self.tagged() if one.label}
        ids: dict[str, str] = {}
        for item in wanted:
            if item.id:
                ids[item.urn] = item.id
            elif item.type.startswith("kubernetes:"):
                ids |= _named(item, identity.kubernetes_id(item.inputs))
            elif one := by_label.get(item.label):
                ids[item.urn] = identity.id_of_arn(item.type, one.arn, one.last)
            elif item.type.startswith("aws:"):
                ids |= _named(item, identity.aws_id(item.type, item.inputs, self.client))
        return ids

    def _ec2(self) -> dict[str, dict[str, str]]:
        answers = self.client("ec2").get_paginator("describe_tags")
        keys = [{"Name": "key", "Values": [STACK_TAG, RESOURCE_TAG]}]
        found: dict[str, dict[str, str]] = {}
        for page in answers.paginate(Filters=keys):
            for tag in page["Tags"]:
                found.setdefault(tag["ResourceId"], {})[tag["Key"]] = tag["Value"]
        return found


def _named(item: Wanted, found: str | None) -> dict[str, str]:
    return {item.urn: found} if found else {}
