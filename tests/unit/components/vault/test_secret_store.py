from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks

from stackyard.references import SecretCustodians
from stackyard.vault.config import SecretStoreConfig
from stackyard.vault.secrets import SecretStore

ADMIN = "arn:aws:iam::123456789012:role/admin"
GLASS = "arn:aws:iam::123456789012:role/break-glass"
CONFIG = SecretStoreConfig.model_validate(
    {
        "entries": {
            "db": {"readers": ["pipeline"], "description": "database", "rotation_days": 90},
        },
        "recovery_days": 0,
    }
)


class Kept(mocks.Mocks):
    def __init__(self) -> None:
        self.inputs: dict[str, dict[str, Any]] = {}

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        self.inputs[args.name] = args.inputs
        return args.name, {"arn": f"arn:{args.name}", **args.inputs}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]]]:
        raise AssertionError(f"nothing is asked of providers here (got {args.token})")


@pytest.fixture
def kept() -> Kept:
    recorder = Kept()
    mocks.set_mocks(recorder, preview=False)
    return recorder


def store(**wiring: Any) -> SecretStore:
    role = pulumi.Output.from_input("arn:role")
    usual = {"readers": {"pipeline": role}, "custodians": SecretCustodians([ADMIN], [GLASS])}
    return SecretStore(
        "s", CONFIG, prefix="t/p/dev", key_arn="arn:key", region="r", **{**usual, **wiring}
    )


def test_a_secret_is_declared_without_a_value_and_guarded(kept: Kept) -> None:
    @pulumi.runtime.test  # type: ignore[untyped-decorator]  # the SDK gives it no types
    def make() -> Any:
        return store().secret_arns["db"]

    make()
    secret, policy = kept.inputs["s-db"], json.loads(kept.inputs["s-db-policy"]["policy"])
    assert (secret["name"], secret["kmsKeyId"]) == ("t/p/dev/db", "arn:key")
    assert secret["recoveryWindowInDays"] == 0
    assert secret["tags"] == {"stackyard:readers": "pipeline", "stackyard:rotate-days": "90"}
    assert "secretString" not in json.dumps(kept.inputs)
    allowed = policy["Statement"][1]["Condition"]["ArnNotEquals"]["aws:PrincipalArn"]
    assert sorted(allowed) == sorted([GLASS, "arn:role"])
    reads = json.loads(kept.inputs["s-pipeline-reads"]["policy"])["Statement"]
    assert [one["Resource"] for one in reads] == [["arn:s-db"], ["arn:key"]]
    assert (
        reads[1]["Condition"]["StringEquals"]["kms:ViaService"] == "secretsmanager.r.amazonaws.com"
    )


@pytest.mark.parametrize(
    ("wiring", "message"),
    [
        ({"readers": {}}, "without a role: pipeline"),
        ({"custodians": SecretCustodians([], [GLASS])}, "at least one administrator"),
    ],
)
def test_a_secret_that_nobody_could_use_is_refused(
    kept: Kept, wiring: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        store(**wiring)
