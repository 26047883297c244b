"""A group or subnet that is still in use is deleted later, as by the official provider."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from stackyard_sandbox.provider.aws import ec2


class Group:
    """A group that something holds for a number of calls."""

    def __init__(self, *codes: str) -> None:
        self.codes = list(codes)
        self.deleted: list[str] = []

    def delete(self, *, GroupId: str) -> None:  # noqa: N803  # as boto3 spells it
        if self.codes:
            error: Any = {"Error": {"Code": self.codes.pop(0), "Message": "x"}}
            raise ClientError(error, "DeleteSecurityGroup")
        self.deleted.append(GroupId)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)


def test_it_is_tried_again_while_it_is_held() -> None:
    group = Group("DependencyViolation", "DependencyViolation")
    ec2.delete_released(group.delete, GroupId="sg-1")
    assert group.deleted == ["sg-1"]


def test_it_is_held_for_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ec2, "HELD_SECONDS", -1)
    with pytest.raises(ClientError, match="DependencyViolation"):
        ec2.delete_released(Group("DependencyViolation").delete, GroupId="sg-1")


def test_another_error_is_final() -> None:
    with pytest.raises(ClientError, match=r"InvalidGroup\.NotFound"):
        ec2.delete_released(Group("InvalidGroup.NotFound").delete, GroupId="sg-1")
