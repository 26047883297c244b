"""Launches fleets of type `instant`: the cheapest of the asked pools that has capacity.

The emulator takes the first pool, in no subnet, without role, groups and user data. Behaviour:
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/create-a-fleet.html. A pool has no capacity
where its subnet's tag `sandbox.stackyard.dev/exhausted` says so: a comma-separated list of patterns
such as `g5.*`, or `spot:*` for spot instances alone.
"""

import fnmatch
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.models.instances import Instance
from moto.ec2.responses.fleets import Fleets
from moto.ec2.responses.instances import InstanceResponse
from moto.ec2.utils import convert_tag_spec

from stackyard_sandbox.cloud.moto_patches import capacity, instance_prices

EXHAUSTED = "sandbox.stackyard.dev/exhausted"
"""Tag of a subnet: the instance types that its zone has none of."""

_EFA = "efa_interfaces"
"""Attribute of an instance: how many of its interfaces are Elastic Fabric Adapters."""

_emulators_fleet = Fleets.create_fleet
_emulators_types = InstanceResponse.describe_instance_types


def install() -> None:
    """Launch instant fleets here, and answer dry runs that the emulator takes for real ones."""
    Fleets.create_fleet = _create_fleet  # type: ignore[method-assign]  # a repair
    InstanceResponse.describe_instance_types = _types  # type: ignore[method-assign]  # a repair


@dataclass(frozen=True)
class Pool:
    """One instance type in one subnet, by one launch template."""

    template: Any
    version: Any
    override: dict[str, Any]
    zone: str
    lifecycle: str

    @property
    def instance_type(self) -> str:
        """The override's, else the template's."""
        return str(self.override.get("InstanceType") or self.version.data["InstanceType"])

    @property
    def price(self) -> float:
        """US dollars an hour; a type without a known price comes last."""
        spot = self.lifecycle == "spot"
        result = instance_prices.spot if spot else instance_prices.on_demand().get
        price = result(self.instance_type)
        return float("inf") if price is None else price

    @property
    def described(self) -> dict[str, Any]:
        """As the answer names it."""
        return {
            "LaunchTemplateSpecification": {
                "LaunchTemplateId": self.template.id,
                "LaunchTemplateName": self.template.name,
                "Version": str(self.version.number),
            },
            "Overrides": {
                **self.override,
                "InstanceType": self.instance_type,
                "AvailabilityZone": self.zone,
            },
        }


def _types(self: InstanceResponse) -> ActionResult:
    self.error_on_dryrun()
    return _emulators_types(self)


def efa_interfaces(instance: Instance) -> int:
    """Return how many Elastic Fabric Adapters an instance was launched with."""
    return int(getattr(instance, _EFA, 0))


def _efa_interfaces(interfaces: list[dict[str, Any]]) -> int:
    return sum(str(each.get("InterfaceType", "")).startswith("efa") for each in interfaces)


def _create_fleet(self: Fleets) -> ActionResult:
    if self._get_param("Type", "maintain") != "instant":
        return _emulators_fleet(self)
    target = self._get_param("TargetCapacitySpecification")
    spot = target.get("DefaultTargetCapacityType") == "spot"
    pools = sorted(
        _pools(self, "spot" if spot else "on-demand"),
        key=lambda pool: (float(pool.override.get("Priority", 0)), pool.price, pool.zone),
    )
    self.error_on_dryrun()
    tags = convert_tag_spec(self._get_param("TagSpecifications", []))
    instances, errors = [], []
    for _ in range(int(target["TotalTargetCapacity"])):
        for pool in pools:
            if refused := _refusal(self.ec2_backend, pool):
                errors.append({**_head(pool), **refused})
                continue
            made = _launch(self.ec2_backend, pool, tags)
            one = {"InstanceIds": [made.id], "InstanceType": made.instance_type}
            instances.append({**_head(pool), **one})
            break
    fleet = f"fleet-{secrets.token_hex(16)}"
    return ActionResult({"FleetId": fleet, "Instances": instances, "Errors": errors})


def _head(pool: Pool) -> dict[str, Any]:
    return {"LaunchTemplateAndOverrides": pool.described, "Lifecycle": pool.lifecycle}


def _pools(self: Fleets, lifecycle: str) -> Iterator[Pool]:
    backend = self.ec2_backend
    for config in self._get_param("LaunchTemplateConfigs", []):
        named = config["LaunchTemplateSpecification"]
        if "LaunchTemplateId" in named:
            template = backend.get_launch_template(named["LaunchTemplateId"])
        else:
            template = backend.get_launch_template_by_name(named["LaunchTemplateName"])
        version = template.get_version(named.get("Version", "$Default"))
        for override in config.get("Overrides") or [{}]:
            subnet = backend.get_subnet(override["SubnetId"])
            yield Pool(template, version, dict(override), subnet.availability_zone, lifecycle)


def _refusal(backend: Any, pool: Pool) -> dict[str, str] | None:
    """Return error code and message of a pool that has nothing to give."""
    kind, zone = pool.instance_type, pool.zone
    if (identity := _reservation(pool)) is not None:
        reserved = capacity.reservations(backend).get(identity)
        if reserved is None or (reserved["InstanceType"], reserved["AvailabilityZone"]) != (
            kind,
            zone,
        ):
            message = f"The capacity reservation '{identity}' does not match {kind} in {zone}."
            return {"ErrorCode": "InvalidCapacityReservationId.NotFound", "ErrorMessage": message}
        if reserved["State"] != "active" or capacity.left(backend, reserved) < 1:
            message = f"The capacity reservation '{identity}' has no capacity left."
            return {"ErrorCode": "ReservationCapacityExceeded", "ErrorMessage": message}
        return None
    patterns = backend.tags.get(pool.override["SubnetId"], {}).get(EXHAUSTED, "").split(",")
    wanted = _efa_interfaces(pool.version.data.get("NetworkInterfaces") or [])
    has = INSTANCE_TYPES[kind]["NetworkInfo"].get("EfaInfo") or {}
    if wanted > has.get("MaximumEfaInterfaces", 0):
        message = f"{kind} does not support {wanted} EFA interfaces."
        return {"ErrorCode": "InvalidParameterCombination", "ErrorMessage": message}
    names = [kind, f"spot:{kind}"] if pool.lifecycle == "spot" else [kind]
    if any(fnmatch.fnmatchcase(name, each) for name in names for each in patterns if each):
        message = (
            f"We currently do not have sufficient {kind} capacity in the Availability Zone you "
            f"requested ({zone})."
        )
        return {"ErrorCode": "InsufficientInstanceCapacity", "ErrorMessage": message}
    return None


def _reservation(pool: Pool) -> str | None:
    wanted = pool.version.data.get("CapacityReservationSpecification") or {}
    result = (wanted.get("CapacityReservationTarget") or {}).get("CapacityReservationId")
    return None if result is None else str(result)


def _launch(backend: Any, pool: Pool, tags: dict[str, dict[str, str]]) -> Instance:
    data = pool.version.data
    interfaces = data.get("NetworkInterfaces") or [{}]
    groups = data.get("SecurityGroupIds") or interfaces[0].get("Groups") or []
    spot = pool.lifecycle == "spot"
    reservation = backend.run_instances(
        pool.override.get("ImageId") or data.get("ImageId"),
        1,
        data.get("UserData"),
        [],
        instance_type=pool.instance_type,
        is_instance_type_default=False,
        region_name=backend.region_name,
        subnet_id=pool.override["SubnetId"],
        security_group_ids=list(groups),
        tags=tags,
        launch_template={"LaunchTemplateId": pool.template.id, "Version": pool.version.number},
        metadata_options=data.get("MetadataOptions") or {},
        instance_market_options="spot" if spot else {},
    )
    (instance,) = reservation.instances
    if profile := data.get("IamInstanceProfile"):
        backend.associate_iam_instance_profile(
            instance.id,
            iam_instance_profile_name=profile.get("Name"),
            iam_instance_profile_arn=profile.get("Arn"),
        )
    setattr(instance, _EFA, _efa_interfaces(interfaces))
    if spot:
        instance.spot_instance_request_id = f"sir-{secrets.token_hex(4)}"
    if (identity := _reservation(pool)) is not None:
        instance.capacity_reservation_id = identity
        instance.capacity_reservation_specification = {
            "CapacityReservationPreference": "capacity-reservations-only",
            "CapacityReservationTarget": {"CapacityReservationId": identity},
        }
    result: Instance = instance
    return result
