"""Managed Prometheus workspaces, rule groups and alert managers.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/amp/workspace/ and
…/rulegroupnamespace/ and …/alertmanagerdefinition/.
"""

from __future__ import annotations

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

MISSING = "ResourceNotFoundException"
TAGS = Tagging(
    "amp", resource="resourceArn", tags="tags", keys="tagKeys", style="map", listed="tags"
)


class Workspace(Resource):
    """A workspace."""

    token = "aws:amp/workspace:Workspace"
    takes = ("alias", "loggingConfiguration")

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the workspace."""
        alias = {"alias": inputs["alias"]} if inputs.get("alias") else {}
        answer = aws.client("amp").create_workspace(tags=dict(inputs.get("tagsAll") or {}), **alias)
        return str(answer["workspaceId"])

    def finish(self, aws: Cloud, identity: str, inputs: Properties) -> None:
        """Set the log group of the workspace."""
        if inputs.get("loggingConfiguration"):
            aws.client("amp").create_logging_configuration(
                workspaceId=identity,
                logGroupArn=inputs["loggingConfiguration"]["logGroupArn"],
            )

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the workspace."""
        client = aws.client("amp")
        answer = call_or_none(client.describe_workspace, MISSING, workspaceId=identity)
        if answer is None:
            return None
        workspace = answer["workspace"]
        logs = (
            call_or_none(client.describe_logging_configuration, MISSING, workspaceId=identity) or {}
        )
        group = logs.get("loggingConfiguration", {}).get("logGroupArn")
        return {
            "alias": workspace.get("alias") or None,
            "loggingConfiguration": {"logGroupArn": group} if group else None,
            "prometheusEndpoint": workspace.get("prometheusEndpoint"),
            "arn": workspace["arn"],
            "tagsAll": dict(workspace.get("tags") or {}),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Change alias, logs and tags."""
        client = aws.client("amp")
        if changed(old, new, "alias"):
            client.update_workspace_alias(workspaceId=identity, alias=new.get("alias") or "")
        if changed(old, new, "loggingConfiguration"):
            if old.get("loggingConfiguration"):
                client.delete_logging_configuration(workspaceId=identity)
            self.finish(aws, identity, new)
        TAGS.update(aws, old["arn"], old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the workspace."""
        with ignoring_missing(MISSING):
            aws.client("amp").delete_workspace(workspaceId=identity)


class RuleGroupNamespace(Resource):
    """A file of rules; its id is its ARN."""

    token = "aws:amp/ruleGroupNamespace:RuleGroupNamespace"
    takes = ("name", "workspaceId", "data")
    replaces = frozenset({"name", "workspaceId"})
    autoname = Autoname(limit=128)

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Write the rules."""
        answer = aws.client("amp").create_rule_groups_namespace(
            workspaceId=inputs["workspaceId"],
            name=inputs["name"],
            data=str(inputs["data"]).encode(),
            tags=dict(inputs.get("tagsAll") or {}),
        )
        return str(answer["arn"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the rules."""
        workspace, name = _names(identity)
        call = aws.client("amp").describe_rule_groups_namespace
        answer = call_or_none(
            call, MISSING, "RuleGroupNamespaceNotFound", workspaceId=workspace, name=name
        )
        if answer is None:
            return None
        namespace = answer["ruleGroupsNamespace"]
        return {
            "workspaceId": workspace,
            "name": name,
            "data": namespace["data"].decode(),
            "arn": identity,
            "tagsAll": dict(namespace.get("tags") or {}),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Write the rules again; change tags."""
        workspace, name = _names(identity)
        if changed(old, new, "data"):
            aws.client("amp").put_rule_groups_namespace(
                workspaceId=workspace, name=name, data=str(new["data"]).encode()
            )
        TAGS.update(aws, identity, old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the rules."""
        workspace, name = _names(identity)
        with ignoring_missing(MISSING):
            aws.client("amp").delete_rule_groups_namespace(workspaceId=workspace, name=name)


class AlertManagerDefinition(Resource):
    """The routing of a workspace's alerts; its id is the workspace's."""

    token = "aws:amp/alertManagerDefinition:AlertManagerDefinition"
    takes = ("workspaceId", "definition")
    replaces = frozenset({"workspaceId"})
    delete_first = True

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Write the definition."""
        aws.client("amp").create_alert_manager_definition(
            workspaceId=inputs["workspaceId"], data=str(inputs["definition"]).encode()
        )
        return str(inputs["workspaceId"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the definition."""
        call = aws.client("amp").describe_alert_manager_definition
        answer = call_or_none(call, MISSING, workspaceId=identity)
        if answer is None:
            return None
        data = answer["alertManagerDefinition"]["data"]
        return {"workspaceId": identity, "definition": data.decode()}

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Write the definition again."""
        aws.client("amp").put_alert_manager_definition(
            workspaceId=identity, data=str(new["definition"]).encode()
        )

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the definition."""
        with ignoring_missing(MISSING):
            aws.client("amp").delete_alert_manager_definition(workspaceId=identity)


def _names(arn: str) -> tuple[str, str]:
    """Return workspace and name from `….:rulegroupsnamespace/WORKSPACE/NAME`."""
    _, workspace, name = arn.split("/")
    return workspace, name
