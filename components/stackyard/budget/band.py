"""Cost band: the minimum (floor) and maximum (ceiling) cost of resources in a month."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from stackyard.budget.priced import FREE_PREFIXES, PRICED, USAGE
from stackyard.budget.prices import HOURS, SPOT_FLOOR, Prices
from stackyard.instances import INSTANCES, vcpus_and_memory

Inputs = Mapping[str, Any]


@dataclass(frozen=True)
class Priced:
    """One resource, with the inputs that decide its price."""

    type: str
    name: str
    inputs: Inputs


@dataclass(frozen=True)
class Line:
    """The cost band of one resource in US dollars a month; `unknown` lists missing prices."""

    name: str
    type: str
    floor: float = 0.0
    ceiling: float = 0.0
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Band:
    """The cost band of a stack."""

    lines: tuple[Line, ...] = ()
    usage: tuple[str, ...] = ()
    """Resource types that are billed by usage; neither floor nor ceiling includes them."""

    @property
    def floor(self) -> float:
        """US dollars a month with every pool and disk at its minimum."""
        return round(sum(line.floor for line in self.lines), 2)

    @property
    def ceiling(self) -> float:
        """US dollars a month with every pool and disk at its maximum."""
        return round(sum(line.ceiling for line in self.lines), 2)

    @property
    def unknown(self) -> list[str]:
        """Items without a known price, each once."""
        return sorted({name for line in self.lines for name in line.unknown})

    def to_dict(self) -> dict[str, Any]:
        """Return the band as plain data."""
        return {
            "floor": self.floor,
            "ceiling": self.ceiling,
            "unknown": self.unknown,
            "usage": list(self.usage),
        }


def band(resources: Iterable[Priced], prices: Prices) -> Band:
    """Return the band of resources; types that are in no price table are listed as unknown."""
    lines: list[Line] = []
    usage: set[str] = set()
    for resource in resources:
        if resource.type in PRICED:
            lines.append(CALCULATORS[resource.type](resource, prices))
        elif resource.type in USAGE:
            usage.add(f"{resource.type.rpartition(':')[2]}: {USAGE[resource.type]}")
        elif not resource.type.startswith(FREE_PREFIXES):
            lines.append(Line(resource.name, resource.type, unknown=(resource.type,)))
    return Band(tuple(lines), tuple(sorted(usage)))


def _steady(
    item: str, hours: float = HOURS, times: Callable[[Inputs], int] = lambda _: 1
) -> Callable[[Priced, Prices], Line]:
    """Return the calculator for a resource of a constant price."""

    def line(resource: Priced, prices: Prices) -> Line:
        price, count = prices.of(item), times(resource.inputs)
        if price is None and count:
            return Line(resource.name, resource.type, unknown=(f"{item} in {prices.region}",))
        month = (price or 0.0) * hours * count
        return Line(resource.name, resource.type, month, month)

    return line


def _interfaces(inputs: Inputs) -> int:
    """Return the number of zones with an address of an endpoint; gateway endpoints are free."""
    if inputs.get("vpcEndpointType") != "Interface":
        return 0
    subnets = inputs.get("subnetIds")
    return len(subnets) if isinstance(subnets, list) else 1


def _nodes(resource: Priced, prices: Prices) -> Line:
    types = resource.inputs.get("instanceTypes")
    if not isinstance(types, list) or not types:
        return Line(resource.name, resource.type, unknown=(f"instance type of {resource.name}",))
    hourly = {str(kind): prices.of(f"ec2:{kind}") for kind in types}
    missing = tuple(f"ec2:{kind} in {prices.region}" for kind, p in hourly.items() if p is None)
    known = [price for price in hourly.values() if price is not None] or [0.0]
    sizes = resource.inputs.get("scalingConfig") or {}
    spot = SPOT_FLOOR if resource.inputs.get("capacityType") == "SPOT" else 1.0
    floor = _count(sizes, "minSize") * min(known) * spot * HOURS
    ceiling = _count(sizes, "maxSize") * max(known) * HOURS
    return Line(resource.name, resource.type, floor, ceiling, missing)


def _pool(resource: Priced, prices: Prices) -> Line:
    """Return the band of a NodePool: what always runs or is reserved, and its limits at their
    dearest."""
    spec = resource.inputs.get("spec") or {}
    requirements = _requirements(spec)
    types = requirements.get("node.kubernetes.io/instance-type", [])
    if not types:
        return Line(resource.name, resource.type, unknown=(f"instance type of {resource.name}",))
    hourly = {kind: prices.of(f"ec2:{kind}") for kind in types}
    missing = tuple(f"ec2:{kind} in {prices.region}" for kind, p in hourly.items() if p is None)
    if spec.get("replicas") is not None:
        always = float(spec["replicas"]) * (hourly[types[0]] or 0.0) * HOURS
        return Line(resource.name, resource.type, always, always, missing)
    ceiling = HOURS * _dearest({k: p for k, p in hourly.items() if p}, spec.get("limits") or {})
    paid = requirements.get("karpenter.sh/capacity-type") == ["reserved"]
    return Line(resource.name, resource.type, ceiling if paid else 0.0, ceiling, missing)


def _requirements(spec: Inputs) -> dict[str, list[str]]:
    listed = ((spec.get("template") or {}).get("spec") or {}).get("requirements") or []
    return {str(one.get("key")): [str(value) for value in one.get("values", [])] for one in listed}


def _dearest(hourly: Mapping[str, float], limits: Mapping[str, Any]) -> float:
    """Return the most that nodes within limits cost in an hour, whatever mix of types they are.

    Each limit alone allows at most its amount at the price of the type where a unit costs most.
    """
    bounds = []
    for resource, amount in limits.items():
        each = {kind: _amount(kind, resource) for kind in hourly}
        if each and all(each.values()):
            unit = max(price / each[kind] for kind, price in hourly.items())
            bounds.append(unit * _number(str(amount)))
    return min(bounds, default=0.0)


def _amount(kind: str, resource: str) -> float:
    """Return how much of a resource a node of a type has; 0 if that is not known."""
    if resource == "nvidia.com/gpu":
        return float(INSTANCES[kind].gpus) if kind in INSTANCES else 0.0
    facts = vcpus_and_memory(kind)
    return float({"cpu": facts[0], "memory": facts[1]}.get(resource, 0)) if facts else 0.0


def _number(quantity: str) -> float:
    """Return a quantity of a limit: a number, or memory in GiB."""
    for unit, gib in (("Mi", 1 / 1024), ("Gi", 1.0), ("Ti", 1024.0)):
        if quantity.endswith(unit):
            return float(quantity.removesuffix(unit)) * gib
    return float(quantity)


def _count(sizes: Any, key: str) -> float:
    value = sizes.get(key, 0) if isinstance(sizes, Mapping) else 0
    return float(value) if isinstance(value, int | float) else 0.0


def _database(resource: Priced, prices: Prices) -> Line:
    inputs = resource.inputs
    items = (f"rds:{inputs.get('engine')}:{inputs.get('instanceClass')}", "rds:gp3")
    hourly = [prices.of(item) for item in items]
    missing = tuple(
        f"{item} in {prices.region}" for item, p in zip(items, hourly, strict=True) if p is None
    )
    copies = 2 if inputs.get("multiAz") is True else 1
    hour, gigabyte = (price or 0.0 for price in hourly)
    least = float(inputs.get("allocatedStorage") or 0)
    most = max(least, float(inputs.get("maxAllocatedStorage") or 0))
    floor = copies * (hour * HOURS + gigabyte * least)
    ceiling = copies * (hour * HOURS + gigabyte * most)
    return Line(resource.name, resource.type, floor, ceiling, missing)


CALCULATORS: dict[str, Callable[[Priced, Prices], Line]] = {
    "aws:cloudwatch/dashboard:Dashboard": _steady("cloudwatch:dashboard", hours=1),
    "aws:cloudwatch/metricAlarm:MetricAlarm": _steady("cloudwatch:alarm", hours=1),
    "aws:ec2/eip:Eip": _steady("vpc:address"),
    "aws:ec2/natGateway:NatGateway": _steady("vpc:nat"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _steady("vpc:endpoint", times=_interfaces),
    "aws:eks/cluster:Cluster": _steady("eks:cluster"),
    "aws:eks/nodeGroup:NodeGroup": _nodes,
    "aws:kms/key:Key": _steady("kms:key", hours=1),
    "aws:rds/instance:Instance": _database,
    "aws:secretsmanager/secret:Secret": _steady("secretsmanager:secret", hours=1),
    "kubernetes:karpenter.sh/v1:NodePool": _pool,
}
