"""CodeBuild takes a buildspec of 25,600 characters in a project, which its quotas do not name.

Source: https://github.com/aws/aws-cdk/issues/30326, with the answer of the API.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.codebuild.exceptions import InvalidInputException
from moto.codebuild.models import CodeBuildBackend

from stackyard_sandbox.cloud.strictness import checked

LIMIT = 25_600


def install() -> None:
    """Refuse a longer buildspec."""
    checked.before(CodeBuildBackend, "create_project", _check)


def _check(_builds: CodeBuildBackend, call: Mapping[str, Any]) -> None:
    if len(call["project_source"].get("buildspec") or "") > LIMIT:
        raise InvalidInputException(f"Max buildspec length is {LIMIT}")
