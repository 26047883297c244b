from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from stackyard.blueprints.services.config import ServicesConfig
from stackyard.estate.estate import Estate
from stackyard_cli.health import preflight, reservations
from stackyard_cli.health.check import Check
from tests.support.estates import STACKS

ACCOUNT, REGION, TODAY = "123456789012", "eu-central-1", date(2026, 11, 24)


class Quotas:
    """The emulator knows no quotas of EC2: they are numbers here."""

    def __init__(self, value: float | None) -> None:
        self.value = value

    def get_service_quota(self, **asked: str) -> dict[str, Any]:
        if self.value is None:
            error = {"Error": {"Code": "AccessDeniedException", "Message": "no"}}
            raise ClientError(error, "GetServiceQuota")
        return {"Quota": {"Value": self.value}}


class Trails:
    """As many trails as a test wants."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def describe_trails(self, *, includeShadowTrails: bool) -> dict[str, Any]:  # noqa: N803  # as boto3 spells it
        assert includeShadowTrails
        return {"trailList": [{"Name": name} for name in self.names]}


class NoSuchEntityError(Exception):
    """IAM's answer for an unknown name."""


class People:
    """IAM with the reference estate's people, and others under a path."""

    exceptions = SimpleNamespace(NoSuchEntityException=NoSuchEntityError)

    def __init__(self) -> None:
        self.missing: set[str] = set()
        self.paths: dict[str, str] = {}

    def get_role(self, *, RoleName: str) -> dict[str, Any]:  # noqa: N803  # as boto3 spells it
        return {"Role": {"Arn": self._arn("role", RoleName)}}

    def get_user(self, *, UserName: str) -> dict[str, Any]:  # noqa: N803  # as boto3 spells it
        return {"User": {"Arn": self._arn("user", UserName)}}

    def _arn(self, kind: str, name: str) -> str:
        if name in self.missing:
            raise NoSuchEntityError(name)
        return f"arn:aws:iam::{ACCOUNT}:{kind}/{self.paths.get(name, '')}{name}"


class Zones:
    """An account whose zones are others than the emulator's."""

    def __init__(self, ec2: Any, zones: dict[str, str]) -> None:
        self.ec2, self.zones = ec2, zones

    def __getattr__(self, name: str) -> Any:
        return getattr(self.ec2, name)

    def describe_availability_zones(self) -> dict[str, Any]:
        listed = [
            {"ZoneName": name, "ZoneId": zone, "State": "available"}
            for name, zone in self.zones.items()
        ]
        return {"AvailabilityZones": listed}


class Account:
    def __init__(self, root: Path, ec2: Any) -> None:
        self.root, self.ec2, self.trails, self.people = root, ec2, Trails(), People()

    def findings(self, *, quota: float | None = 10_000, today: date = TODAY) -> dict[str, Check]:
        def clients(service: str, region: str) -> Any:
            assert region == REGION
            others = {
                "service-quotas": Quotas(quota),
                "cloudtrail": self.trails,
                "iam": self.people,
            }
            return self.ec2 if service == "ec2" else others[service]

        found = preflight.checks(Estate(self.root), ACCOUNT, clients, today)
        return {one.name: one for one in found}

    def write(self, text: str, *, blueprint: str = "foundation") -> None:
        (self.root / f"stacks/platform/{blueprint}/dev.yaml").write_text(text)


@pytest.fixture(scope="module")
def ec2() -> Iterator[Any]:
    """One client of one emulated account: to begin and end an account takes a second."""
    with mock_aws():
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        yield boto3.client("ec2", region_name=REGION, **keys)


@pytest.fixture
def account(tmp_path: Path, ec2: Any) -> Account:
    shutil.copytree(STACKS, tmp_path / "stacks")
    for path in (tmp_path / "stacks").glob("*/*/[ps]*.yaml"):
        path.unlink()  # one stage is enough, and each costs the emulator seconds
    return Account(tmp_path, ec2)


def test_all_is_well_before_the_first_apply(account: Account) -> None:
    found = account.findings()
    problems = [one for one in found.values() if one.state == "problem"]
    assert [one.name for one in problems if "Kubernetes" not in one.name] == []
    assert found[f"region {REGION}"].state == "ok"
    assert found["dev: offerings of system_nodes"].state == "ok"
    assert found["dev: addresses"].state == "not checked"


def test_who_administers_keys_must_exist_before_the_keys(account: Account) -> None:
    """KMS refuses a policy, and EKS an access entry, that names an unknown role."""
    assert account.findings()["dev: roles and users"].state == "ok"
    account.people.missing = {"platform-admin"}
    found = account.findings()["dev: roles and users"]
    assert (found.state, "`admins`: arn:aws:iam::" in found.detail) == ("problem", True)
    account.people.missing, account.people.paths = set(), {"stackyard-apply-dev": "ci/"}
    found = account.findings()["dev: roles and users"]
    assert (found.state, "`operators`:" in found.detail) == ("problem", True)
    assert "includes its path" in (found.hint or "")


def test_quotas_add_up_over_the_pools_that_share_one(account: Account) -> None:
    shared = ["system_nodes", "general"]
    enough = account.findings(quota=10_000)["dev: quota L-1216C47A"]
    need = int(enough.detail.split()[0])
    assert all(name in enough.detail for name in shared)
    assert enough.state == "ok"
    assert account.findings(quota=need)["dev: quota L-1216C47A"].state == "ok"
    short = account.findings(quota=need - 1)["dev: quota L-1216C47A"]
    assert short.state == "problem"
    assert str(short.hint).startswith(f"ask for {need}")


def test_a_zone_that_the_account_does_not_have(account: Account) -> None:
    account.ec2 = Zones(account.ec2, {f"{REGION}a": "euc1-az2", f"{REGION}b": "euc1-az3"})
    found = account.findings()["dev: zones"]
    assert (found.state, found.detail) == ("problem", f"the account has no {REGION}c")
    assert f"of {REGION}a, {REGION}b" in str(found.hint)


def test_a_zone_in_which_eks_puts_no_cluster(account: Account) -> None:
    zones = {f"{REGION}a": "euc1-az2", f"{REGION}b": "use1-az3", f"{REGION}c": "euc1-az1"}
    account.ec2 = Zones(account.ec2, zones)
    found = account.findings()["dev: zones"]
    assert found.state == "problem"
    assert f"{REGION}b (use1-az3)" in found.detail


@pytest.mark.parametrize(
    ("there", "state"),
    [
        (["a", "b", "c", "d"], "ok"),
        (["a", "b", "c", "d", "e"], "problem"),
        (["a", "b", "c", "d", "platform-foundation-dev-audit"], "ok"),
    ],
)
def test_a_region_has_room_for_five_trails(account: Account, there: list[str], state: str) -> None:
    account.trails = Trails(*there)
    assert account.findings()["dev: audit trail"].state == state


def test_what_may_not_be_asked_is_not_checked(account: Account) -> None:
    found = account.findings(quota=None)["dev: quotas"]
    assert (found.state, found.detail) == ("not checked", "AWS answers AccessDeniedException")


def test_a_type_that_is_offered_nowhere(account: Account) -> None:
    pool = "gpu_pools: {rare: {instance_types: [p5.48xlarge], limits: {gpus: 8}}}\n"
    account.write(pool, blueprint="services")
    account.write("network: {zones: [eu-central-1a, eu-central-1b]}\n")
    found = account.findings()["dev: offerings of rare"]
    assert found.state == "problem"
    assert found.detail == "offered in none of eu-central-1a, eu-central-1b"


def test_subnets_that_run_out_of_addresses(account: Account) -> None:
    ec2 = account.ec2
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/22")["Vpc"]["VpcId"]
    tags = [{"Key": "stackyard:stack", "Value": "platform/foundation/dev"}]
    where = [{"ResourceType": "subnet", "Tags": tags}]
    made = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24", TagSpecifications=where)
    assert account.findings()["dev: addresses"].state == "ok"
    subnet = made["Subnet"]["SubnetId"]
    many = {"SubnetId": subnet, "SecondaryPrivateIpAddressCount": 46}
    taken = [ec2.create_network_interface(**many)["NetworkInterface"] for _ in range(5)]
    found = account.findings()["dev: addresses"]
    free = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["AvailableIpAddressCount"]
    for one in taken:
        ec2.delete_network_interface(NetworkInterfaceId=one["NetworkInterfaceId"])
    ec2.delete_subnet(SubnetId=subnet)
    assert found.detail.startswith(f"{free} of 256 free in {subnet}")
    assert found.state == "problem"


@pytest.mark.parametrize(
    ("today", "verdict"),
    [(date(2026, 11, 24), "ok"), (date(2027, 2, 15), "problem"), (date(2028, 5, 1), "problem")],
)
def test_support_of_kubernetes_ends(account: Account, today: date, verdict: str) -> None:
    account.write('cluster: {version: "1.35"}\n')
    assert account.findings(today=today)["dev: Kubernetes"].state == verdict


def test_karpenter_must_fit_the_version_of_kubernetes(account: Account) -> None:
    assert account.findings()["dev: Karpenter"].state == "ok"
    account.write('images: {karpenter: "karpenter/controller:1.8.2"}\n', blueprint="services")
    assert account.findings()["dev: Karpenter"].state == "problem"


POOL = {
    "instance_types": ["g5.xlarge"],
    "capacity": ["reserved"],
    "reservations": {"ids": ["cr-0123456789abcdef0"]},
    "limits": {"gpus": 2},
}
RESERVATION = {
    "CapacityReservationId": "cr-0123456789abcdef0",
    "InstanceType": "g5.xlarge",
    "AvailabilityZone": "eu-central-1a",
    "TotalInstanceCount": 2,
    "AvailableInstanceCount": 1,
    "State": "active",
}


@pytest.mark.parametrize(
    ("changes", "state", "text"),
    [
        ({}, "ok", "1 of 2 g5.xlarge free in eu-central-1a"),
        ({"State": "expired"}, "problem", "expired"),
        ({"InstanceType": "p5.48xlarge"}, "problem", "p5.48xlarge"),
        ({"EndDate": datetime(2026, 12, 1, tzinfo=UTC)}, "problem", "ends in 7 days"),
        ({"EndDate": datetime(2027, 12, 1, tzinfo=UTC)}, "ok", "active"),
        (None, "problem", "none is there"),
    ],
)
def test_reservations_are_there_fit_and_do_not_end(
    changes: dict[str, Any] | None, state: str, text: str
) -> None:
    """The emulator of this test knows no reservations: EC2's answer is written down here."""
    found = [] if changes is None else [{**RESERVATION, **changes}]

    class Ec2:
        def describe_capacity_reservations(self, **asked: Any) -> dict[str, Any]:
            assert asked == {"CapacityReservationIds": ["cr-0123456789abcdef0"]}
            return {"CapacityReservations": found}

    shared = {"owner": "p@example.com", "account": ACCOUNT, "region": REGION}
    config = ServicesConfig.parse({**shared, "gpu_pools": {"training": POOL}})
    (check,) = reservations.checks("dev", REGION, config, lambda *_: Ec2(), TODAY)
    assert check.state == state
    assert text in check.detail


def test_stacks_of_other_accounts_are_named(account: Account) -> None:
    def clients(service: str, region: str) -> Any:
        raise AssertionError("nothing of another account is asked")

    found = list(preflight.checks(Estate(account.root), "210987654321", clients, TODAY))
    assert [(one.name, one.state) for one in found] == [("account", "not checked")]
