"""Translates EC2 requests that launch, tag and end instances into actions on resources.

Every other request that creates something with tags asks for the right to tag as well.

One request touches several kinds of resources, and each must be allowed, with the tags that it is
to get or has: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
and https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.utils import get_service_model
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import ec2_backends
from moto.ec2.utils import convert_tag_spec
from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends

from stackyard_sandbox.cloud.iam.principals import PARTITION

Facts = dict[str, str]
Question = tuple[str, str, Facts]
"""An action, the ARN of a resource, and condition keys that hold for this pair alone."""

KINDS = {
    "cr-": "capacity-reservation",
    "fleet-": "fleet",
    "i-": "instance",
    "lt-": "launch-template",
    "sg-": "security-group",
    "subnet-": "subnet",
}
"""Resource types by the beginning of ids; other ids are asked about as `*`."""


def questions(
    operation: str, fields: Mapping[str, Any], region: str, account: str
) -> list[Question] | None:
    """Return all that a request asks for; None for others, which ask for themselves alone."""
    ask = _OPERATIONS.get(operation)
    if ask is None and any(name.startswith("TagSpecification") for name in fields):
        ask = _make_with_tags
    if ask is None:
        return None
    model = get_service_model("ec2").operation_model(operation)
    parsed = PROTOCOL_PARSERS["ec2"](model, map_type=dict).parse(_form(fields))
    return list(ask(_Request(operation, parsed, region, account)))


def _form(fields: Mapping[str, Any]) -> Any:
    """A request as the emulator's parser takes it; of a form it reads the values alone."""
    return {"values": fields}


def tags_of(resource: str, account: str) -> Mapping[str, str]:
    """The tags of an EC2 resource by its ARN."""
    region, identity = resource.split(":")[3], resource.rpartition("/")[2]
    tags: Mapping[str, str] = ec2_backends[account][region].tags.get(identity, {})
    return tags


@dataclass(frozen=True)
class _Request:
    operation: str
    parameters: dict[str, Any]
    region: str
    account: str

    @property
    def backend(self) -> Any:
        return ec2_backends[self.account][self.region]

    def arn(self, kind: str, identity: str = "*") -> str:
        """An image belongs to no account here: the account of an ARN is that of its owner."""
        owner = "" if kind in ("image", "snapshot") else self.account
        return f"arn:aws:ec2:{self.region}:{owner}:{kind}/{identity}"

    def arn_of(self, identity: str) -> str:
        kind = next((kind for start, kind in KINDS.items() if identity.startswith(start)), None)
        return self.arn(kind, identity) if kind else "*"

    def tags(self) -> dict[str, dict[str, str]]:
        return convert_tag_spec(self.parameters.get("TagSpecifications", []))

    def tagging(self, tags: Mapping[str, Mapping[str, str]]) -> Iterator[Question]:
        """What tagging at creation asks for."""
        for kind, own in tags.items():
            facts = {**_asked(own), "ec2:createaction": self.operation}
            yield "ec2:CreateTags", self.arn(kind), facts


@dataclass(frozen=True)
class _Template:
    """A launch template as a request names it; `data` is empty where there is none."""

    identity: str
    data: Mapping[str, Any]

    @property
    def groups(self) -> list[str]:
        interfaces = self.data.get("NetworkInterfaces") or []
        groups = [group for each in interfaces for group in each.get("Groups") or []]
        return [*groups, *(self.data.get("SecurityGroupIds") or [])]


def _asked(tags: Mapping[str, str]) -> Facts:
    facts = {f"aws:requesttag/{key.lower()}": value for key, value in tags.items()}
    return {**facts, "aws:tagkeys": "\n".join(tags)} if tags else facts


def _template(request: _Request, named: Mapping[str, Any]) -> _Template:
    with suppress(EC2ClientError):
        backend = request.backend
        if "LaunchTemplateId" in named:
            result = backend.get_launch_template(named["LaunchTemplateId"])
        else:
            result = backend.get_launch_template_by_name(named.get("LaunchTemplateName", ""))
        return _Template(result.id, result.get_version(named.get("Version", "$Default")).data)
    return _Template("*", {})


def _fleet(request: _Request) -> Iterator[Question]:
    """A fleet, and the instances that it runs with the caller's own rights."""
    tags = request.tags()
    spot = _get(request.parameters, "TargetCapacitySpecification", "DefaultTargetCapacityType")
    yield "ec2:CreateFleet", request.arn("fleet"), _asked(tags.get("fleet", {}))
    for config in request.parameters.get("LaunchTemplateConfigs", []):
        template = _template(request, config.get("LaunchTemplateSpecification", {}))
        overrides = config.get("Overrides", [])
        subnets = {each["SubnetId"] for each in overrides if "SubnetId" in each}
        images = {each["ImageId"] for each in overrides if "ImageId" in each}
        for action in ("ec2:CreateFleet", "ec2:RunInstances"):
            yield from _launch(request, action, template, images, subnets, spot=spot == "spot")
    yield from request.tagging(tags)


def _run(request: _Request) -> Iterator[Question]:
    parameters = request.parameters
    template = _template(request, parameters.get("LaunchTemplate") or {})
    interfaces = parameters.get("NetworkInterfaces", [])
    subnets = {each["SubnetId"] for each in interfaces if "SubnetId" in each}
    subnets |= {parameters["SubnetId"]} if "SubnetId" in parameters else set()
    images = {parameters["ImageId"]} if "ImageId" in parameters else set()
    yield from _launch(request, "ec2:RunInstances", template, images, subnets, spot=False)
    yield from request.tagging(request.tags())


def _launch(
    request: _Request,
    action: str,
    template: _Template,
    images: set[str],
    subnets: set[str],
    *,
    spot: bool,
) -> Iterator[Question]:
    """What one launch uses, then what it makes, then the role that it hands on."""
    data, tags = template.data, request.tags()
    tags = convert_tag_spec(list(data.get("TagSpecifications") or [])) | tags
    images = images or {data.get("ImageId") or "*"}
    reserved = _get(data, "CapacityReservationSpecification", "CapacityReservationTarget")
    used = [
        *(("image", image) for image in sorted(images)),
        *(("subnet", subnet) for subnet in sorted(subnets)),
        *(("security-group", group) for group in template.groups),
    ]
    if data:
        used.append(("launch-template", template.identity))
    if reserved:
        used.append(("capacity-reservation", str(reserved.get("CapacityReservationId", "*"))))
    for kind, identity in used:
        yield action, request.arn(kind, identity), {}
    made = ["instance", "volume", "network-interface"] + ["spot-instances-request"] * spot
    for kind in made:
        yield action, request.arn(kind), _asked(tags.get(kind, {}))
    yield from _passing(request, data.get("IamInstanceProfile") or {})


def _passing(request: _Request, profile: Mapping[str, str]) -> Iterator[Question]:
    """Who launches with a profile passes its role to EC2.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2.html
    """
    backend = iam_backends[request.account][PARTITION]
    name = profile.get("Name") or profile.get("Arn", "").rpartition("/")[2]
    if not name:
        return
    with suppress(NotFoundException):
        for role in backend.get_instance_profile(name).roles:
            yield "iam:PassRole", role.arn, {"iam:passedtoservice": "ec2.amazonaws.com"}


def _make_template(request: _Request) -> Iterator[Question]:
    tags = request.tags()
    own = tags.get("launch-template", {})
    yield f"ec2:{request.operation}", request.arn("launch-template"), _asked(own)
    yield from request.tagging(tags)


def _make_with_tags(request: _Request) -> Iterator[Question]:
    """Whatever has tags from its creation on: a VPC, a subnet, a gateway."""
    tags = request.tags()
    every = {key: value for own in tags.values() for key, value in own.items()}
    yield f"ec2:{request.operation}", "*", _asked(every)
    yield from request.tagging(tags)


def _delete_template(request: _Request) -> Iterator[Question]:
    result = _template(request, request.parameters)
    yield f"ec2:{request.operation}", request.arn("launch-template", result.identity), {}


def _instances(request: _Request) -> Iterator[Question]:
    for identity in request.parameters.get("InstanceIds", []):
        yield f"ec2:{request.operation}", request.arn("instance", identity), {}


def _tag(request: _Request) -> Iterator[Question]:
    pairs = request.parameters.get("Tags", [])
    facts = _asked({pair["Key"]: pair.get("Value", "") for pair in pairs})
    for identity in request.parameters.get("Resources", []):
        yield f"ec2:{request.operation}", request.arn_of(identity), facts


def _get(data: Mapping[str, Any], *path: str) -> Any:
    result: Any = data
    for name in path:
        result = (result or {}).get(name)
    return result


_OPERATIONS: Mapping[str, Callable[[_Request], Iterator[Question]]] = {
    "CreateFleet": _fleet,
    "CreateLaunchTemplate": _make_template,
    "CreateTags": _tag,
    "DeleteLaunchTemplate": _delete_template,
    "DeleteTags": _tag,
    "RunInstances": _run,
    "TerminateInstances": _instances,
}
