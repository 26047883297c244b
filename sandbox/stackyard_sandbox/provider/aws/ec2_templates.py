"""Launch templates.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/ec2/launchtemplate/.
"""

from __future__ import annotations

from typing import Any

from stackyard_sandbox.provider.aws.casing import Casing
from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.ec2 import one, tagged, tags_of, update_tags
from stackyard_sandbox.provider.aws.resource import Autoname, Resource, changed, ignoring_missing
from stackyard_sandbox.provider.protocol import Properties

MISSING = "InvalidLaunchTemplateId.NotFound"
MISSING_NAMES = (MISSING, "InvalidLaunchTemplateName.NotFoundException")
DATA = Casing(
    names={
        "vpcSecurityGroupIds": "SecurityGroupIds",
        "securityGroupNames": "SecurityGroups",
    }
)
SWITCHES = frozenset(
    {
        "deleteOnTermination",
        "encrypted",
        "ebsOptimized",
        "associatePublicIpAddress",
        "associateCarrierIpAddress",
        "primaryIpv6",
    }
)
"""Properties that are texts in the SDK and booleans in the API."""

OWN = ("name", "namePrefix", "description", "updateDefaultVersion", "defaultVersion")
CONTENT = (
    "blockDeviceMappings",
    "capacityReservationSpecification",
    "cpuOptions",
    "creditSpecification",
    "disableApiStop",
    "disableApiTermination",
    "ebsOptimized",
    "iamInstanceProfile",
    "imageId",
    "instanceInitiatedShutdownBehavior",
    "instanceMarketOptions",
    "instanceType",
    "keyName",
    "metadataOptions",
    "monitoring",
    "networkInterfaces",
    "placement",
    "securityGroupNames",
    "tagSpecifications",
    "userData",
    "vpcSecurityGroupIds",
)


class LaunchTemplate(Resource):
    """The settings of new instances; each change is a new version."""

    token = "aws:ec2/launchTemplate:LaunchTemplate"
    takes = (*OWN, *CONTENT)
    replaces = frozenset({"name", "namePrefix"})
    autoname = Autoname(limit=125)
    recomputed = dict.fromkeys((*CONTENT, "description"), ("latestVersion",))

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the template with its first version."""
        arguments: Properties = {}
        if inputs.get("description"):
            arguments["VersionDescription"] = inputs["description"]
        answer = aws.client("ec2").create_launch_template(
            LaunchTemplateName=inputs["name"],
            LaunchTemplateData=_data(inputs),
            **arguments,
            **tagged("launch-template", inputs),
        )
        return str(answer["LaunchTemplate"]["LaunchTemplateId"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the template and its latest version."""
        client = aws.client("ec2")
        template = one(
            client.describe_launch_templates,
            "LaunchTemplates",
            MISSING,
            LaunchTemplateIds=[identity],
        )
        if template is None:
            return None
        latest = one(
            client.describe_launch_template_versions,
            "LaunchTemplateVersions",
            MISSING,
            LaunchTemplateId=identity,
            Versions=["$Latest"],
        )
        content = _inputs(latest["LaunchTemplateData"])
        return {
            **{name: content.get(name) for name in CONTENT},
            "name": template["LaunchTemplateName"],
            "description": latest.get("VersionDescription") or None,
            "latestVersion": template["LatestVersionNumber"],
            "defaultVersion": template["DefaultVersionNumber"],
            "arn": aws.arn("ec2", f"launch-template/{identity}"),
            "tagsAll": tags_of(template),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Add a version, make it the default if requested, change tags."""
        client = aws.client("ec2")
        latest = None
        if changed(old, new, *CONTENT, "description"):
            answer = client.create_launch_template_version(
                LaunchTemplateId=identity,
                LaunchTemplateData=_data(new),
                VersionDescription=new.get("description") or "",
            )
            latest = str(answer["LaunchTemplateVersion"]["VersionNumber"])
        default = latest if new.get("updateDefaultVersion") else None
        if new.get("defaultVersion") and changed(old, new, "defaultVersion"):
            default = str(new["defaultVersion"])
        if default:
            client.modify_launch_template(LaunchTemplateId=identity, DefaultVersion=default)
        update_tags(aws, identity, old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the template with its versions."""
        with ignoring_missing(*MISSING_NAMES):
            aws.client("ec2").delete_launch_template(LaunchTemplateId=identity)


def _data(inputs: Properties) -> Properties:
    """Return the template's content in the form of the API."""
    content = _switched({name: inputs[name] for name in CONTENT if inputs.get(name) is not None})
    specifications = content.pop("tagSpecifications", [])
    result: Properties = DATA.api(content)
    for interface in result.get("NetworkInterfaces", []):
        if groups := interface.pop("SecurityGroupIds", interface.pop("SecurityGroups", None)):
            interface["Groups"] = groups
    if specifications:
        result["TagSpecifications"] = [
            {
                "ResourceType": entry["resourceType"],
                "Tags": [{"Key": key, "Value": text} for key, text in entry["tags"].items()],
            }
            for entry in specifications
        ]
    return result


def _inputs(data: Properties) -> Properties:
    """Return the API's content as inputs."""
    content: Properties = _spelled(DATA.sdk(data))
    for interface in content.get("networkInterfaces", []):
        if "groups" in interface:
            interface["securityGroups"] = interface.pop("groups")
    if "tagSpecifications" in content:
        content["tagSpecifications"] = [
            {
                "resourceType": entry["resourceType"],
                "tags": {tag["key"]: tag["value"] for tag in entry["tags"]},
            }
            for entry in content["tagSpecifications"]
            # The template's own tags are not part of its content, although the emulator returns
            # them there.
            if entry["resourceType"] != "launch-template"
        ] or None
    return content


def _switched(value: Any, key: str = "") -> Any:
    """Convert the SDK's "true" to true, if the API has a boolean."""
    if isinstance(value, dict):
        return {name: _switched(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_switched(item) for item in value]
    return value == "true" if key in SWITCHES and isinstance(value, str) else value


def _spelled(value: Any, key: str = "") -> Any:
    """Convert the API's booleans to the SDK's texts, if it has texts."""
    if isinstance(value, dict):
        return {name: _spelled(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_spelled(item) for item in value]
    return str(value).lower() if key in SWITCHES else value
