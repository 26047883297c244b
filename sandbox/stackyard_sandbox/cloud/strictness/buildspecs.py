"""CodeBuild takes a buildspec of 25,600 characters in a project, which its quotas do not name.

Source: https://github.com/aws/aws-cdk/issues/30326, with the answer of the API.
"""

from __future__ import annotations

from typing import Any

from moto.codebuild.exceptions import InvalidInputException
from moto.codebuild.models import CodeBuildBackend

LIMIT = 25_600

_create = CodeBuildBackend.create_project


def install() -> None:
    """Refuse a longer buildspec."""
    setattr(CodeBuildBackend, _create.__name__, _creating)


def _creating(
    self: CodeBuildBackend,
    project_name: str,
    description: str | None,
    project_source: dict[str, Any],
    *given: Any,
    **named: Any,
) -> dict[str, Any]:
    if len(project_source.get("buildspec") or "") > LIMIT:
        raise InvalidInputException(f"Max buildspec length is {LIMIT}")
    return _create(self, project_name, description, project_source, *given, **named)
