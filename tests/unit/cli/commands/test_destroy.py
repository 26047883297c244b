"""`destroy --dry-run` reads the state and ends there."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from stackyard.naming import StackId
from stackyard_cli.app import run
from stackyard_cli.deploy.deployment import Deployment
from stackyard_cli.reports.comment import entry, rendered

STACK = StackId("vision", "defects", "dev")


def made(kind: str, name: str, **more: Any) -> dict[str, Any]:
    urn = f"urn:pulumi:dev::vision.defects::{kind}::{name}"
    return {"urn": urn, "type": kind, "custom": True, **more}


class Opened:
    """A deployment with one applied stack; anything but reading its state fails."""

    def __init__(self, resources: list[dict[str, Any]]) -> None:
        self.estate = SimpleNamespace(select=lambda names: [STACK])
        state = SimpleNamespace(read=lambda: SimpleNamespace(resources=resources))
        self.location = SimpleNamespace(state=lambda stack: state)

    def downstreams(self, chosen: list[StackId]) -> list[StackId]:
        return []

    def layers(self, chosen: list[StackId]) -> list[list[Any]]:
        return [[SimpleNamespace(stack=stack) for stack in chosen]]

    def exists(self, stack: StackId) -> bool:
        return True


def test_it_lists_what_would_go_and_asks_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    resources = [
        made("aws:s3/bucket:Bucket", "photos"),
        made("aws:kms/key:Key", "data", retainOnDelete=True),
    ]
    monkeypatch.setattr(Deployment, "open", lambda estate: Opened(resources))
    assert run(["destroy", str(STACK), "--dry-run", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)["stacks"][0]
    assert answer["changes"] == {"delete": 1}
    told = rendered([entry(answer)])
    assert "`vision/defects/dev` (removed)" in told
    assert "may lose data: delete `aws:s3/bucket:Bucket` `photos`" in told
    assert "`data`, kept in the cloud" in told

    assert run(["destroy", str(STACK), "--dry-run"]) == 0
    assert "1 to delete, 1 kept" in capsys.readouterr().err
