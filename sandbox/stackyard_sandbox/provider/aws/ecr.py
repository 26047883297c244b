"""ECR repositories, their lifecycle and their policies.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/ecr/repository/.
"""

from __future__ import annotations

from stackyard_sandbox.provider.aws.casing import LOWER
from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.documents import as_text
from stackyard_sandbox.provider.aws.resource import (
    Autoname,
    Resource,
    Setting,
    Tagging,
    call_or_none,
    changed,
    ignoring_missing,
)
from stackyard_sandbox.provider.protocol import Properties

MISSING = "RepositoryNotFoundException"
TAGS = Tagging("ecr", resource="resourceArn", tags="tags", keys="tagKeys", listed="tags")


class Repository(Resource):
    """An image repository; its id is its name."""

    token = "aws:ecr/repository:Repository"
    takes = (
        "name",
        "imageTagMutability",
        "imageScanningConfiguration",
        "encryptionConfigurations",
        "forceDelete",
    )
    replaces = frozenset({"name", "encryptionConfigurations"})
    autoname = Autoname(limit=256, lower=True)
    defaults = {"imageTagMutability": "MUTABLE", "forceDelete": False}

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the repository."""
        arguments = LOWER.pick(inputs, "imageTagMutability", "imageScanningConfiguration")
        if inputs.get("encryptionConfigurations"):
            given = {"encryptionType": "AES256", **inputs["encryptionConfigurations"][0]}
            arguments["encryptionConfiguration"] = LOWER.api(given)
        aws.client("ecr").create_repository(
            repositoryName=inputs["name"], tags=TAGS.api(inputs.get("tagsAll")), **arguments
        )
        return str(inputs["name"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the repository."""
        call = aws.client("ecr").describe_repositories
        answer = call_or_none(call, MISSING, repositoryNames=[identity])
        if answer is None:
            return None
        repository = answer["repositories"][0]
        encryption = repository.get("encryptionConfiguration")
        return {
            "name": identity,
            "imageTagMutability": repository["imageTagMutability"],
            "imageScanningConfiguration": repository.get("imageScanningConfiguration"),
            "encryptionConfigurations": [encryption] if encryption else None,
            "registryId": repository["registryId"],
            "repositoryUrl": repository["repositoryUri"],
            "arn": repository["repositoryArn"],
            "tagsAll": TAGS.read(aws, repository["repositoryArn"]),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Change mutability, scanning and tags."""
        client = aws.client("ecr")
        if changed(old, new, "imageTagMutability"):
            client.put_image_tag_mutability(
                repositoryName=identity, imageTagMutability=new["imageTagMutability"]
            )
        if changed(old, new, "imageScanningConfiguration"):
            scanning = new.get("imageScanningConfiguration") or {"scanOnPush": False}
            client.put_image_scanning_configuration(
                repositoryName=identity, imageScanningConfiguration=scanning
            )
        TAGS.update(aws, old["arn"], old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the repository, with its images if `forceDelete` is set."""
        with ignoring_missing(MISSING):
            aws.client("ecr").delete_repository(
                repositoryName=identity, force=bool(state.get("forceDelete"))
            )


class LifecyclePolicy(Setting):
    """The rules for the expiry of images; any change replaces, as in the official provider."""

    token = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
    takes = ("repository", "policy")
    parent = "repository"
    replaces = frozenset({"repository", "policy"})
    delete_first = True

    def put(self, aws: Cloud, parent: str, inputs: Properties) -> None:
        """Write the policy."""
        aws.client("ecr").put_lifecycle_policy(
            repositoryName=parent, lifecyclePolicyText=inputs["policy"]
        )

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the policy."""
        codes = (MISSING, "LifecyclePolicyNotFoundException")
        answer = call_or_none(
            aws.client("ecr").get_lifecycle_policy, *codes, repositoryName=identity
        )
        if answer is None:
            return None
        return {
            "repository": identity,
            "policy": answer["lifecyclePolicyText"],
            "registryId": answer["registryId"],
        }

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Remove the policy."""
        with ignoring_missing(MISSING, "LifecyclePolicyNotFoundException"):
            aws.client("ecr").delete_lifecycle_policy(repositoryName=identity)


class RepositoryPolicy(Setting):
    """The resource policy of a repository."""

    token = "aws:ecr/repositoryPolicy:RepositoryPolicy"
    takes = ("repository", "policy")
    parent = "repository"
    replaces = frozenset({"repository"})

    def put(self, aws: Cloud, parent: str, inputs: Properties) -> None:
        """Write the policy."""
        aws.client("ecr").set_repository_policy(repositoryName=parent, policyText=inputs["policy"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the policy."""
        codes = (MISSING, "RepositoryPolicyNotFoundException")
        answer = call_or_none(
            aws.client("ecr").get_repository_policy, *codes, repositoryName=identity
        )
        if answer is None:
            return None
        return {
            "repository": identity,
            "policy": as_text(answer["policyText"]),
            "registryId": answer["registryId"],
        }

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Remove the policy."""
        with ignoring_missing(MISSING, "RepositoryPolicyNotFoundException"):
            aws.client("ecr").delete_repository_policy(repositoryName=identity)
