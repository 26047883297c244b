"""Concern 3: bases that only the image pipeline pushes, project images that its people may."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

ACCOUNT = "123456789012"
STACK, BELOW = "vision/defects/dev", "platform/foundation/dev"
BASE, TRAINER, BAKED = f"{BELOW}/pytorch", f"{STACK}/trainer", f"{STACK}/classifier"
BUILDER = "platform-foundation-dev-image-pytorch"


def manifest(content: str) -> str:
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "size": len(content)}
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {**config, "digest": f"sha256:{len(content):064x}"},
            "layers": [],
            "annotations": {"content": content},
        }
    )


def push(registry: Any, repository: str, tag: str, content: str = "test") -> str:
    """Do what the end of `docker push` does, and return how the registry answers."""
    try:
        registry.put_image(repositoryName=repository, imageTag=tag, imageManifest=manifest(content))
    except ClientError as error:
        refused = error.response["ResponseMetadata"]["HTTPStatusCode"] == 403
        return "denied" if refused else str(error.response["Error"]["Code"])
    return "pushed"


@pytest.fixture(scope="module")
def as_audience(
    applied: Any, aws: Callable[..., Any], assume: Callable[..., Any]
) -> Callable[[str], Any]:
    roles = applied.contract(STACK)["roles"]
    return lambda audience: aws("ecr", assume(roles[audience]))


@pytest.fixture
def builder(applied: Any, aws: Callable[..., Any], assume: Callable[..., Any]) -> Iterator[Any]:
    """A client with the role of the base's build, which only CodeBuild can take otherwise."""
    iam = aws("iam")
    trust = iam.get_role(RoleName=BUILDER)["Role"]["AssumeRolePolicyDocument"]
    with pytest.raises(ClientError, match="AccessDenied"):
        assume(BUILDER)
    root = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    opened = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": root}
    document = {**trust, "Statement": [*trust["Statement"], opened]}
    iam.update_assume_role_policy(RoleName=BUILDER, PolicyDocument=json.dumps(document))
    try:
        yield aws("ecr", assume(BUILDER))
    finally:
        iam.update_assume_role_policy(RoleName=BUILDER, PolicyDocument=json.dumps(trust))


def test_only_the_image_pipeline_pushes_base_images(
    builder: Any, as_audience: Callable[[str], Any], aws: Callable[..., Any]
) -> None:
    tag = secrets.token_hex(4)
    assert push(builder, BASE, tag) == "pushed"
    assert push(builder, BASE, tag, "other content").endswith("AlreadyExistsException")
    assert push(as_audience("scientist"), BASE, "other") == "denied"
    assert push(aws("ecr"), BASE, "other") == "denied", "an administrator's own policies allow it"
    assert push(builder, TRAINER, "other") == "denied"


def test_a_scientist_pushes_to_the_projects_own_images_only(
    as_audience: Callable[[str], Any],
) -> None:
    assert push(as_audience("scientist"), TRAINER, secrets.token_hex(4)) == "pushed"
    assert push(as_audience("scientist"), BAKED, "other") == "denied"
    assert push(as_audience("developer"), TRAINER, "other") == "denied"


def test_repositories_keep_tags_scan_encrypt_and_end(aws: Callable[..., Any]) -> None:
    registry = aws("ecr")
    found = registry.describe_repositories(repositoryNames=[BASE, TRAINER, BAKED])["repositories"]
    assert len(found) == 3
    for repository in found:
        assert repository["imageTagMutability"] == "IMMUTABLE"
        assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
        assert repository["encryptionConfiguration"]["encryptionType"] == "KMS"
        lifecycle = registry.get_lifecycle_policy(repositoryName=repository["repositoryName"])
        rules = json.loads(lifecycle["lifecyclePolicyText"])["rules"]
        days = {rule["selection"]["tagStatus"]: rule["selection"]["countNumber"] for rule in rules}
        assert days == {"untagged": 14, "any": 1095}


def test_builds_get_the_files_that_render_writes_and_sign_what_they_push(
    applied: Any, aws: Callable[..., Any]
) -> None:
    applied.run("images", "render", STACK, "rendered")
    listed = {row["image"]: row["reference"] for row in applied.answer("images", "list", STACK)}
    assert listed["trainer"] == applied.contract(STACK)["images"]["trainer"]
    builds = aws("codebuild")
    for image in ("trainer", "server", "classifier"):
        name = f"vision-defects-dev-image-{image}"
        (project,) = builds.batch_get_projects(names=[name])["projects"]
        spec = json.loads(project["source"]["buildspec"])
        written = (applied.folder / "rendered" / image / "Dockerfile").read_text()
        assert written in spec["phases"]["pre_build"]["commands"][0]
        assert "notation sign" in spec["phases"]["build"]["commands"][-1]
        variables = {
            each["name"]: each["value"] for each in project["environment"]["environmentVariables"]
        }
        assert f"{variables['REPOSITORY']}:{variables.get('TAG', '')}".rstrip(":") == listed[image]
        profile = variables["SIGNING_PROFILE"].rpartition("/")[2]
        found = aws("signer").get_signing_profile(profileName=profile)
        assert (found["status"], found["platformId"]) == ("Active", "Notation-OCI-SHA384-ECDSA")
