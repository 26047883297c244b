"""Checks conditions that can stop an apply on AWS: region, offerings, quotas, support dates.

None of the checks changes anything. Only stacks in the account of the credentials can be checked;
stacks of other accounts are reported as not checked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from stackyard.blueprints.foundation.config import FoundationConfig
from stackyard.blueprints.services.config import ServicesConfig
from stackyard.cluster.versions import VERSIONS, phase
from stackyard.estate.estate import Estate
from stackyard.estate.loaded import Loaded
from stackyard.gpu.contract import GpuContract
from stackyard.gpu.quotas import quota_code
from stackyard.instances import INSTANCES
from stackyard.karpenter import versions
from stackyard.karpenter.config import Capacity
from stackyard.karpenter.objects import general_rungs
from stackyard.naming import StackId
from stackyard.network.subnets import zone_names
from stackyard_cli.health import placement, principals, reservations
from stackyard_cli.health.check import Check
from stackyard_cli.health.placement import Clients

STANDARD = {"on-demand": "L-1216C47A", "spot": "L-34B43A08"}
"""Quotas of standard instances, in vCPUs:
https://docs.aws.amazon.com/general/latest/gr/ec2-service.html."""

DAYS_AHEAD = 60
"""Days before an end of support from which it is reported: upgrades need weeks."""

LEAST_FREE = 0.1
"""Fraction of a subnet's addresses that should be free: pods get their addresses from it."""


def checks(estate: Estate, account: str, clients: Clients, today: date) -> Iterator[Check]:
    """Check the foundations of the account; report stacks of other accounts as not checked."""
    loaded = [estate.load(stack) for stack in estate.stacks()]
    others = sorted({one.config.account for one in loaded} - {account})
    for other in others:
        hint = "run `stackyard doctor` with credentials of that account"
        yield Check("account", "not checked", f"stacks of account {other}", hint)
    here = [one for one in loaded if one.config.account == account]
    for region in sorted({one.config.region for one in here}):
        yield from _tried(f"region {region}", partial(_region, clients, region))
    for one in here:
        if isinstance(one.config, FoundationConfig):
            services = _services_on(estate, one.id, here)
            yield from _foundation(one, one.config, services, clients, today)


def _services_on(
    estate: Estate, foundation: StackId, loaded: Sequence[Loaded]
) -> ServicesConfig | None:
    """Return the config of the services stack that builds on a foundation, if there is one."""
    for one in loaded:
        if (
            isinstance(one.config, ServicesConfig)
            and foundation in estate.upstreams(one.id).values()
        ):
            return one.config
    return None


def _foundation(
    loaded: Loaded,
    config: FoundationConfig,
    services: ServicesConfig | None,
    clients: Clients,
    today: date,
) -> Iterator[Check]:
    stage, region = loaded.id.stage, config.region
    yield _version(f"{stage}: Kubernetes", config, today)
    if services is not None:
        yield _karpenter(f"{stage}: Karpenter", config, services)
        yield from _tried(
            f"{stage}: reservations",
            lambda: list(reservations.checks(stage, region, services, clients, today)),
        )
    pools = pools_of(config, services)
    yield from _tried(
        f"{stage}: roles and users", lambda: principals.checks(stage, config, clients)
    )
    yield from _tried(f"{stage}: zones", lambda: [placement.zones(stage, config, clients)])
    yield from _tried(
        f"{stage}: audit trail", lambda: [placement.trails(loaded.id, config, clients)]
    )
    yield from _tried(
        f"{stage}: offerings", lambda: list(_offerings(stage, config, pools, clients))
    )
    yield from _tried(
        f"{stage}: quotas",
        lambda: list(
            _quotas(stage, pools, clients("ec2", region), clients("service-quotas", region))
        ),
    )
    yield from _tried(
        f"{stage}: addresses", lambda: [_addresses(stage, loaded, clients("ec2", region))]
    )


def _region(clients: Clients, region: str) -> list[Check]:
    ec2 = clients("ec2", region)
    regions = ec2.describe_regions(RegionNames=[region], AllRegions=True)["Regions"]
    status = regions[0].get("OptInStatus") if regions else "unknown"
    if status in {"opt-in-not-required", "opted-in"}:
        return [Check(f"region {region}", "ok", str(status))]
    hint = "switch it on in the account's settings"
    return [Check(f"region {region}", "problem", f"status {status}", hint)]


def _version(name: str, config: FoundationConfig, today: date) -> Check:
    version, support = config.cluster.version, VERSIONS[config.cluster.version]
    now = phase(version, today)
    ends = support.extended if config.cluster.extended_support else support.standard
    left = (ends - today).days
    detail = f"{version} in {now} support, until {ends}"
    if left < DAYS_AHEAD:
        hint = f"upgrade `cluster.version`; {max(left, 0)} days are left"
        return Check(name, "problem", detail, hint)
    return Check(name, "ok", detail)


def _karpenter(name: str, config: FoundationConfig, services: ServicesConfig) -> Check:
    image, kubernetes = services.images.karpenter, config.cluster.version
    if (reason := versions.problem(image, kubernetes)) is not None:
        hint = "upgrade `images.karpenter` of the services stack first, then `cluster.version`"
        return Check(name, "problem", reason, hint)
    return Check(name, "ok", f"{image} runs on Kubernetes {kubernetes}")


@dataclass(frozen=True)
class Pool:
    """What a pool may start, and the vCPUs that count against each quota at its largest."""

    types: Sequence[str]
    vcpus: Mapping[str, int] = field(default_factory=dict)
    """vCPUs by quota, where limits say them."""

    nodes: int = 0
    """Nodes that always run, of the first type."""


def pools_of(config: FoundationConfig, services: ServicesConfig | None) -> dict[str, Pool]:
    """Return the pools of a stage by name, those of the services stack included."""
    system = config.cluster.system_nodes
    pools = {"system_nodes": Pool(system.instance_types, {}, system.nodes)}
    for name, pool in (services.node_pools if services else {}).items():
        general = {rung.capacity: int(rung.limits["cpu"]) for rung in general_rungs(pool)}
        vcpus = {_standard(capacity): cpu for capacity, cpu in general.items()}
        pools[name] = Pool(pool.instance_types, vcpus, pool.static.nodes if pool.static else 0)
    for name, gpu in (services.gpu_pools if services else {}).items():
        counted: Counter[str] = Counter()
        for rung in GpuContract(name, gpu).rungs:
            counted[quota_code(gpu.types[0], rung.capacity)] += int(rung.limits["cpu"])
        pools[name] = Pool(gpu.types, dict(counted), gpu.static.nodes if gpu.static else 0)
    return pools


def _standard(capacity: Capacity) -> str:
    return STANDARD["spot" if capacity == "spot" else "on-demand"]


def _offerings(
    stage: str, config: FoundationConfig, pools: dict[str, Pool], clients: Clients
) -> Iterator[Check]:
    ec2 = clients("ec2", config.region)
    zones = zone_names(config.region, config.network.zones)
    types = sorted({kind for pool in pools.values() for kind in pool.types})
    filters = [{"Name": "instance-type", "Values": types}]
    pages = ec2.get_paginator("describe_instance_type_offerings").paginate(
        LocationType="availability-zone", Filters=filters
    )
    offered = {
        (item["Location"], item["InstanceType"])
        for page in pages
        for item in page["InstanceTypeOfferings"]
    }
    for name, pool in pools.items():
        check = f"{stage}: offerings of {name}"
        without = [z for z in zones if not any((z, k) in offered for k in pool.types)]
        if len(without) == len(zones):
            hint = "choose other `instance_types`, or other `network.zones`"
            yield Check(check, "problem", f"offered in none of {', '.join(zones)}", hint)
        elif without:
            yield Check(check, "ok", f"not offered in {', '.join(without)}, but in the other zones")
        else:
            yield Check(check, "ok", f"offered in {', '.join(zones)}")


def _quotas(stage: str, pools: dict[str, Pool], ec2: Any, quotas: Any) -> Iterator[Check]:
    firsts = sorted({pool.types[0] for pool in pools.values() if pool.nodes})
    each = _vcpus(ec2, firsts) if firsts else {}
    needs = Counter[str]()
    named: dict[str, list[str]] = {}
    for name, pool in pools.items():
        counted = Counter(pool.vcpus)
        if pool.nodes:
            counted[_code(pool.types[0])] += pool.nodes * each[pool.types[0]]
        needs.update(counted)
        for code in counted:
            named.setdefault(code, []).append(name)
    for code, need in needs.items():
        pools_named = ", ".join(named[code])
        check = f"{stage}: quota {code}"
        quota = quotas.get_service_quota(ServiceCode="ec2", QuotaCode=code)["Quota"]["Value"]
        detail = f"{need} vCPUs at most for {pools_named}, {quota:g} allowed"
        if need <= quota:
            yield Check(check, "ok", f"{detail}; what else runs in the account is not counted")
        else:
            hint = f"ask for {need} of quota {code}, or lower `limits` of a pool"
            yield Check(check, "problem", detail, hint)


def _code(kind: str) -> str:
    return quota_code(kind, "on-demand") if kind in INSTANCES else STANDARD["on-demand"]


def _vcpus(ec2: Any, kinds: Sequence[str]) -> dict[str, int]:
    pages = ec2.get_paginator("describe_instance_types").paginate(InstanceTypes=list(kinds))
    return {
        item["InstanceType"]: int(item["VCpuInfo"]["DefaultVCpus"])
        for page in pages
        for item in page["InstanceTypes"]
    }


def _addresses(stage: str, loaded: Loaded, ec2: Any) -> Check:
    check = f"{stage}: addresses"
    filters = [{"Name": "tag:stackyard:stack", "Values": [str(loaded.id)]}]
    subnets = ec2.describe_subnets(Filters=filters)["Subnets"]
    private = [one for one in subnets if _size(one) >= SMALLEST_PRIVATE]
    if not private:
        return Check(check, "not checked", "no private subnet of the stack is there yet")
    least = min(private, key=lambda one: one["AvailableIpAddressCount"] / _size(one))
    free, size = least["AvailableIpAddressCount"], _size(least)
    detail = f"{free} of {size} free in {least['SubnetId']} ({least['AvailabilityZone']})"
    if free < size * LEAST_FREE:
        hint = "lower `limits` of the pools; the range of a VPC cannot grow in place"
        return Check(check, "problem", detail, hint)
    return Check(check, "ok", detail)


SMALLEST_PRIVATE = 256
"""Number of addresses of the smallest private subnet; public ones are smaller, with a gateway
only."""


def _size(subnet: dict[str, Any]) -> int:
    return int(2 ** (32 - int(subnet["CidrBlock"].partition("/")[2])))


def _tried(check: str, look: Callable[[], list[Check]]) -> list[Check]:
    """Run a check; if AWS does not answer, report it as not checked, with the reason."""
    try:
        return look()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        return [Check(check, "not checked", f"AWS answers {code}")]
    except BotoCoreError as error:
        return [Check(check, "not checked", f"AWS does not answer: {error}")]
