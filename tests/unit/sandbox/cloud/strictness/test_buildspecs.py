"""The emulator refuses a buildspec that CodeBuild refuses."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.codebuild.models import CodeBuildBackend

from stackyard.images.render import BUILDSPEC_LIMIT
from stackyard_sandbox.cloud.strictness import buildspecs, execution_roles


@mock_aws
def test_a_buildspec_has_25600_characters_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CodeBuildBackend, "create_project", CodeBuildBackend.create_project)
    # Which roles a project may have is another test's subject.
    monkeypatch.setattr(execution_roles, "trusts", lambda *_, **__: True)
    buildspecs.install()
    builds = boto3.Session("test", "test", region_name="eu-central-1").client("codebuild")

    def make(name: str, length: int) -> Any:
        return builds.create_project(
            name=name,
            source={"type": "NO_SOURCE", "location": "none", "buildspec": "x" * length},
            artifacts={"type": "NO_ARTIFACTS"},
            environment={
                "type": "LINUX_CONTAINER",
                "image": "i",
                "computeType": "BUILD_GENERAL1_SMALL",
            },
            serviceRole="arn:aws:iam::123456789012:role/build",
        )

    assert make("fits", BUILDSPEC_LIMIT)
    with pytest.raises(ClientError, match="Max buildspec length is 25600"):
        make("long", BUILDSPEC_LIMIT + 1)
