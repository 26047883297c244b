"""Concern 3: bases that only the image pipeline pushes, project images that its people may."""

from __future__ import annotations

import io
import json
import secrets
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from stackyard.images.catalogue import BASES
from stackyard.images.config import BaseImageConfig, ProjectImageConfig
from stackyard.images.render import Context, base_context, buildspec, project_context
from stackyard.naming import StackId
from tests.support.clients import Assume, Clients
from tests.support.workspace import Workspace

from .image_builder import ECR, ImageBuilder, image_builder, runc
from .python_base import python_base, wheel
from .registry import as_build, as_environment, opened, push

STACK, BELOW = "vision/defects/dev", "platform/foundation/dev"
BASE, TRAINER, BAKED = f"{BELOW}/pytorch", f"{STACK}/trainer", f"{STACK}/classifier"
BUILDER = "platform-foundation-dev-image-pytorch"


@pytest.fixture(scope="module")
def as_audience(applied: Workspace, aws: Clients, assume: Assume) -> Callable[[str], Any]:
    roles = applied.contract(STACK)["roles"]
    return lambda audience: aws("ecr", assume(roles[audience]))


@pytest.fixture
def builder(applied: Workspace, aws: Clients, assume: Assume) -> Iterator[Any]:
    with pytest.raises(ClientError, match="AccessDenied"):
        assume(BUILDER)
    with as_build(BUILDER, aws, assume) as registry:
        yield registry


def test_only_the_image_pipeline_pushes_base_images(
    builder: Any, as_audience: Callable[[str], Any], aws: Clients
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


def test_repositories_keep_tags_scan_encrypt_and_end(aws: Clients) -> None:
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
    applied: Workspace, aws: Clients
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


@pytest.fixture(scope="module")
def buildkit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImageBuilder]:
    with image_builder(tmp_path_factory.mktemp("b")) as builder:
        yield builder


def written(context: Context, folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name, text in context.files.items():
        (folder / name).write_text(text)
    return folder


def start_of(folder: Path) -> str:
    """The image that a rendered Dockerfile starts from."""
    lines = (folder / "Dockerfile").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith("FROM "))


def test_buildkits_own_checks_find_nothing_in_what_is_rendered(
    applied: Workspace, buildkit: ImageBuilder, tmp_path: Path
) -> None:
    (tmp_path / "nothing").mkdir()
    (tmp_path / "nothing/Dockerfile").write_text("FROM scratch\nLABEL a=b\n")
    for row in applied.answer("list"):
        if row["stack"].endswith("/dev") and {"images", "base_images"} & {*row["sections"]}:
            applied.run("images", "render", row["stack"], str(tmp_path / row["stack"]))
    for name in BASES:
        context = base_context(BaseImageConfig(catalogue=name), ECR)
        written(context, tmp_path / "catalogue" / name)
    rendered = [
        file.parent
        for file in tmp_path.rglob("Dockerfile")
        if "FROM scratch" not in file.read_text()
    ]
    assert {folder.name for folder in rendered} >= {"pytorch", "trainer", "classifier", *BASES}
    buildkit.publish(tmp_path / "nothing", "nothing:1")
    known = {start_of(folder).partition("/")[2] for folder in rendered}
    for reference in known:
        source = f"{buildkit.registry}/nothing:1"
        buildkit.crane("copy", source, f"{buildkit.registry}/{reference}")
    for folder in rendered:
        assert buildkit.lint(folder) == "", folder
    worse = tmp_path / "nothing/Dockerfile"
    worse.write_text("FROM scratch\nlabel a b\nENV TOKEN=x\n")
    found = buildkit.lint(worse.parent)
    assert all(rule in found for rule in ("LegacyKeyValueFormat", "SecretsUsedInArgOrEnv"))


def test_a_projects_image_is_built_step_by_step_from_locked_packages_only(
    applied: Workspace, buildkit: ImageBuilder, aws: Clients, assume: Assume, tmp_path: Path
) -> None:
    if runc() is None:
        pytest.skip("no runc, which runs steps: it needs a C compiler, then `make image-tools`")
    digest = wheel(tmp_path / "base/root/wheels", "greeting", "1.0")
    python_base(tmp_path / "base")
    buildkit.publish(tmp_path / "base", "python:1")
    stack, role = StackId.parse(STACK), "vision-defects-dev-image-trainer"
    tag, name = secrets.token_hex(4), TRAINER
    variables = {"REPOSITORY": f"{buildkit.registry}/{name}", "NAME": name, "TAG": tag}

    def build(locked: str, folder: str, keys: dict[str, str]) -> Any:
        config = ProjectImageConfig(base="python", packages={"greeting==1.0": [locked]})
        context = project_context("trainer", config, stack, f"{ECR}/python:1")
        spec = json.loads(buildspec(context, signer_package=None, prepare=[]))
        (tmp_path / folder).mkdir()
        profile = {"SIGNING_PROFILE": "arn:trainer"}
        inside = {**applied.sandbox.environment(), **as_environment(keys)}
        return buildkit.play(spec, tmp_path / folder, {**inside, **variables, **profile})

    with opened(role, aws, assume) as keys:
        other = build("sha256:" + "0" * 64, "other", keys)
        assert other.returncode != 0
        assert "DO NOT MATCH THE HASHES" in other.stderr
        done = build(digest, "right", keys)
    assert done.returncode == 0, done.stderr
    image = f"{variables['REPOSITORY']}:{tag}"
    config = json.loads(buildkit.crane("config", image))["config"]
    assert config["User"] == "65534:65534"
    assert config["Labels"]["dev.stackyard.stack"] == STACK
    with tarfile.open(fileobj=io.BytesIO(buildkit.crane("export", image, "-"))) as archive:
        files = archive.getnames()
    assert [each for each in files if each.endswith("site-packages/greeting.py")]
    assert not [each for each in files if "/.cache/" in each]
    found = aws("ecr").describe_images(repositoryName=name, imageIds=[{"imageTag": tag}])
    pushed = found["imageDetails"][0]["imageDigest"]
    assert pushed == buildkit.digest(image)
    assert buildkit.signed().endswith(f" arn:trainer {variables['REPOSITORY']}@{pushed}")
