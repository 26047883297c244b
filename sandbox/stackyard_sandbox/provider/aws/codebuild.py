"""CodeBuild projects: described, never run.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/codebuild/project/.
"""

from __future__ import annotations

from stackyard_sandbox.provider.aws.casing import Casing
from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.resource import Autoname, Resource, Tagging, ignoring_missing
from stackyard_sandbox.provider.protocol import Properties

TAGS = Tagging("codebuild", style="lower")
NAMES = Casing(
    names={
        "buildTimeout": "timeoutInMinutes",
        "queuedTimeout": "queuedTimeoutInMinutes",
        "cloudwatchLogs": "cloudWatchLogs",
        "s3Logs": "s3Logs",
    },
    lower=True,
)
NOWHERE = "sandbox:no-source"
SETTINGS = (
    "description",
    "source",
    "sourceVersion",
    "artifacts",
    "cache",
    "environment",
    "serviceRole",
    "buildTimeout",
    "queuedTimeout",
    "encryptionKey",
    "vpcConfig",
    "logsConfig",
    "concurrentBuildLimit",
)


class Project(Resource):
    """The settings of a build; its id is its ARN."""

    token = "aws:codebuild/project:Project"
    takes = ("name", *SETTINGS)
    replaces = frozenset({"name"})
    autoname = Autoname(limit=255)
    defaults = {"buildTimeout": 60, "queuedTimeout": 480}

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the project."""
        settings = NAMES.pick(inputs, *SETTINGS)
        if settings["source"].get("type") == "NO_SOURCE":
            # CodeBuild ignores the location in this case; the emulator requires one.
            settings["source"] = {**settings["source"], "location": NOWHERE}
        answer = aws.client("codebuild").create_project(
            name=inputs["name"], tags=TAGS.api(inputs.get("tagsAll")), **settings
        )
        return str(answer["project"]["arn"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the project."""
        name = identity.rpartition("/")[2]
        answer = aws.client("codebuild").batch_get_projects(names=[name])["projects"]
        if not answer:
            return None
        project = answer[0]
        members = [NAMES.api_name(setting) for setting in SETTINGS]
        if project["source"].get("location") == NOWHERE:
            del project["source"]["location"]
        shown = NAMES.sdk({member: project.get(member) for member in members})
        return {
            **shown,
            "name": name,
            "arn": project["arn"],
            "tagsAll": TAGS.to_dict(project.get("tags")),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Create the project again with its name and ARN: the emulator cannot change one."""
        self.delete(aws, identity, old)
        self.create(aws, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the project."""
        with ignoring_missing("ResourceNotFoundException"):
            aws.client("codebuild").delete_project(name=state["name"])
