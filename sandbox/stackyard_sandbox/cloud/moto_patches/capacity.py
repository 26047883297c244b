"""Capacity reservations and placement groups of EC2, which the emulator has not.

Shapes: botocore's model `ec2/2016-11-15` (CapacityReservation, PlacementGroup).
"""

import secrets
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response
from moto.ec2.utils import convert_tag_spec

Item = dict[str, Any]


def install() -> None:
    """Add the operations."""
    for operation in (
        create_capacity_reservation,
        describe_capacity_reservations,
        cancel_capacity_reservation,
        create_placement_group,
        describe_placement_groups,
        delete_placement_group,
    ):
        setattr(EC2Response, operation.__name__, operation)


def reservations(backend: Any) -> dict[str, Item]:
    """The reservations of a region by id; kept with the account."""
    result: dict[str, Item] = vars(backend).setdefault("capacity_reservations", {})
    return result


def left(backend: Any, reservation: Item) -> int:
    """How many instances a reservation still has room for."""
    used: int = sum(
        getattr(instance, "capacity_reservation_id", None) == reservation["CapacityReservationId"]
        for instance in backend.all_running_instances()
    )
    return int(reservation["TotalInstanceCount"]) - used


def create_capacity_reservation(self: EC2Response) -> ActionResult:
    """Reserve instances of one type in one zone."""
    self.error_on_dryrun()
    backend, identity = self.ec2_backend, f"cr-{secrets.token_hex(9)[:17]}"
    zone, count = self._get_param("AvailabilityZone"), self._get_int_param("InstanceCount")
    made: Item = {
        "CapacityReservationId": identity,
        "CapacityReservationArn": (
            f"arn:aws:ec2:{self.region}:{self.current_account}:capacity-reservation/{identity}"
        ),
        "OwnerId": self.current_account,
        "InstanceType": self._get_param("InstanceType"),
        "InstancePlatform": self._get_param("InstancePlatform"),
        "AvailabilityZone": zone,
        "AvailabilityZoneId": backend.get_zone_by_name(zone).zone_id,
        "Tenancy": self._get_param("Tenancy", "default"),
        "TotalInstanceCount": count,
        "EbsOptimized": False,
        "EphemeralStorage": False,
        "State": "active",
        "StartDate": utcnow(),
        "CreateDate": utcnow(),
        "EndDateType": self._get_param("EndDateType", "unlimited"),
        "InstanceMatchCriteria": self._get_param("InstanceMatchCriteria", "open"),
        "ReservationType": "default",
    }
    if ends := self._get_param("EndDate"):
        made["EndDate"] = ends
    reservations(backend)[identity] = made
    tags = convert_tag_spec(self._get_param("TagSpecifications", []))
    backend.create_tags([identity], tags.get("capacity-reservation", {}))
    return ActionResult({"CapacityReservation": _described(backend, made)})


def describe_capacity_reservations(self: EC2Response) -> ActionResult:
    """List reservations by id and filters, on one page."""
    self.error_on_dryrun()
    backend, wanted = self.ec2_backend, self._get_param("CapacityReservationIds", [])
    known = reservations(backend)
    if missing := [identity for identity in wanted if identity not in known]:
        raise EC2ClientError(
            "InvalidCapacityReservationId.NotFound",
            f"The capacity reservation ID '{missing[0]}' does not exist",
        )
    result = [_described(backend, known[identity]) for identity in wanted or known]
    filters = self._filters_from_querystring()
    return ActionResult({"CapacityReservations": [each for each in result if _fits(each, filters)]})


def cancel_capacity_reservation(self: EC2Response) -> ActionResult:
    """Give the capacity back."""
    self.error_on_dryrun()
    reservations(self.ec2_backend)[self._get_param("CapacityReservationId")]["State"] = "cancelled"
    return ActionResult({"Return": True})


def create_placement_group(self: EC2Response) -> ActionResult:
    """Make a placement group; names are unique in a region."""
    self.error_on_dryrun()
    groups, name = _groups(self.ec2_backend), self._get_param("GroupName")
    if name in groups:
        raise EC2ClientError(
            "InvalidPlacementGroup.Duplicate", f"The placement group '{name}' already exists."
        )
    identity = f"pg-{secrets.token_hex(9)[:17]}"
    groups[name] = {
        "GroupName": name,
        "GroupId": identity,
        "GroupArn": (f"arn:aws:ec2:{self.region}:{self.current_account}:placement-group/{name}"),
        "State": "available",
        "Strategy": self._get_param("Strategy", "cluster"),
        "PartitionCount": self._get_int_param("PartitionCount"),
    }
    tags = convert_tag_spec(self._get_param("TagSpecifications", []))
    self.ec2_backend.create_tags([identity], tags.get("placement-group", {}))
    return ActionResult({"PlacementGroup": _tagged(self.ec2_backend, groups[name], identity)})


def describe_placement_groups(self: EC2Response) -> ActionResult:
    """List placement groups by name, id and filters."""
    self.error_on_dryrun()
    names, ids = self._get_param("GroupNames", []), self._get_param("GroupIds", [])
    known = _groups(self.ec2_backend)
    if missing := [name for name in names if name not in known]:
        raise EC2ClientError(
            "InvalidPlacementGroup.Unknown", f"The Placement Group '{missing[0]}' is unknown."
        )
    filters = self._filters_from_querystring()
    result = [
        _tagged(self.ec2_backend, each, each["GroupId"])
        for each in [*known.values()]
        if each["GroupName"] in (names or [each["GroupName"]])
        and each["GroupId"] in (ids or [each["GroupId"]])
    ]
    return ActionResult({"PlacementGroups": [each for each in result if _fits(each, filters)]})


def delete_placement_group(self: EC2Response) -> ActionResult:
    """Forget a placement group."""
    self.error_on_dryrun()
    name = self._get_param("GroupName")
    if _groups(self.ec2_backend).pop(name, None) is None:
        raise EC2ClientError(
            "InvalidPlacementGroup.Unknown", f"The Placement Group '{name}' is unknown."
        )
    return ActionResult({})


def _groups(backend: Any) -> dict[str, Item]:
    result: dict[str, Item] = vars(backend).setdefault("placement_groups", {})
    return result


def _described(backend: Any, reservation: Item) -> Item:
    room = left(backend, reservation) if reservation["State"] == "active" else 0
    described = {**reservation, "AvailableInstanceCount": room}
    return _tagged(backend, described, reservation["CapacityReservationId"])


def _tagged(backend: Any, item: Item, identity: str) -> Item:
    tags = backend.tags.get(identity, {})
    return {**item, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def _fits(item: Item, filters: dict[str, Any]) -> bool:
    """Whether an item has what all filters ask for: attributes in kebab case, `tag:KEY`."""
    tags = {tag["Key"]: tag["Value"] for tag in item["Tags"]}
    for name, values in filters.items():
        if name == "tag-key":
            if not tags.keys() & set(values):
                return False
            continue
        attribute = "".join(part.capitalize() for part in name.split("-"))
        actual = tags.get(name[4:]) if name.startswith("tag:") else item.get(attribute)
        if actual not in values:
            return False
    return True
