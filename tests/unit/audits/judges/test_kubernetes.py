"""What the judge about Kubernetes says of a preview that finds a difference."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from audits.estate import Estate
from audits.findings import Finding
from audits.judges import kubernetes
from audits.judges.declared import Declared, Held
from audits.tools import ToolError
from stackyard_sandbox.state import CHOICE

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
STEP = {
    "type": DEPLOYMENT,
    "name": "metrics",
    "operation": "update",
    "changes": [{"path": "spec.replicas"}],
}


def answering(
    monkeypatch: pytest.MonkeyPatch, steps: list[Any], code: int = 0
) -> list[tuple[str, list[str]]]:
    """Let the command answer with these steps; the list gets its provider and its words."""
    asked: list[tuple[str, list[str]]] = []

    def run(command: list[str], env: dict[str, str], **_: Any) -> Any:
        asked.append((env[CHOICE], command[3:]))
        stacks = [{"stack": "platform/services/dev", "steps": steps}]
        return SimpleNamespace(returncode=code, stdout=json.dumps({"stacks": stacks}), stderr="no")

    monkeypatch.setattr(subprocess, "run", run)
    return asked


def test_a_difference_is_a_finding_about_its_resource(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = answering(monkeypatch, [STEP])
    found = kubernetes.differences(Estate({}, tmp_path), ["*/*/dev"])
    assert asked == [("official", ["preview", "*/*/dev", "--refresh", "--json"])]
    resource = "platform/services/dev kubernetes:apps/v1:Deployment metrics"
    says = "it would update [spec.replicas]"
    assert found == [Finding("kubernetes", "update", resource, says)]
    declared = [Declared("a", "urn", token, "n", {}, {}) for token in (DEPLOYMENT, "aws:a:B")]
    assert kubernetes.held(declared, found) == Held(1, found)


def test_a_preview_that_fails_is_no_verdict(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answering(monkeypatch, [], code=1)
    with pytest.raises(ToolError, match=r"--refresh --json` failed\nno"):
        kubernetes.differences(Estate({}, tmp_path), ["*/*/*"])
