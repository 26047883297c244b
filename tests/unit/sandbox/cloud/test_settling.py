"""With late effects, an association of a service account gives credentials some time later."""

from __future__ import annotations

import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from moto.core.utils import utcnow

from stackyard_sandbox import settling
from stackyard_sandbox.cloud import pod_identity


def cluster(age: float) -> Any:
    made = utcnow() - datetime.timedelta(seconds=age)
    one = {"namespace": "a", "serviceAccount": "trainer", "modifiedAt": made, "roleArn": "r"}
    return SimpleNamespace(pod_identities={"a-1": one})


def test_an_association_takes_effect_late_if_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pod_identity._association(cluster(0), "a", "trainer")["roleArn"] == "r"
    monkeypatch.setenv(settling.VARIABLE, "5")
    with pytest.raises(pod_identity.RefusedError, match="no association for a/trainer"):
        pod_identity._association(cluster(1), "a", "trainer")
    assert pod_identity._association(cluster(6), "a", "trainer")["roleArn"] == "r"
