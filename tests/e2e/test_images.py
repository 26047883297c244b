"""Concern 3: bases that only the image pipeline pushes, project images that its people may."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .registry import as_build, push

STACK, BELOW = "vision/defects/dev", "platform/foundation/dev"
BASE, TRAINER, BAKED = f"{BELOW}/pytorch", f"{STACK}/trainer", f"{STACK}/classifier"
BUILDER = "platform-foundation-dev-image-pytorch"


@pytest.fixture(scope="module")
def as_audience(
    applied: Any, aws: Callable[..., Any], assume: Callable[..., Any]
) -> Callable[[str], Any]:
    roles = applied.contract(STACK)["roles"]
    return lambda audience: aws("ecr", assume(roles[audience]))


@pytest.fixture
def builder(applied: Any, aws: Callable[..., Any], assume: Callable[..., Any]) -> Iterator[Any]:
    with pytest.raises(ClientError, match="AccessDenied"):
        assume(BUILDER)
    with as_build(BUILDER, aws, assume) as registry:
        yield registry


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
