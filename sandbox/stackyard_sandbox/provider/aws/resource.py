"""The base class of resource handlers; sets names, tags and defaults."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from botocore.exceptions import ClientError

from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.protocol import UNKNOWN, Properties, has_unknown

DEFAULTS = "__defaults"
"""Input that lists the properties set by the provider, as in the official provider's inputs."""


@dataclass(frozen=True)
class Autoname:
    """A property that is set to the resource's name and seven hex digits if a program omits it.

    Source: https://www.pulumi.com/docs/iac/concepts/resources/names/#autonaming.
    """

    property: str = "name"
    limit: int = 255
    lower: bool = False
    suffix: str = ""

    def made(self, inputs: Properties, name: str, seed: bytes) -> Any:
        """Return a new name; it starts with `namePrefix` if that is set."""
        prefix = inputs.get(f"{self.property}Prefix") or f"{name}-"
        if prefix is UNKNOWN:
            return UNKNOWN
        digits = hashlib.sha256(name.encode() + (seed or os.urandom(16))).hexdigest()[:7]
        head = str(prefix)[: self.limit - len(digits) - len(self.suffix)]
        made = f"{head}{digits}{self.suffix}"
        return made.lower() if self.lower else made


@dataclass(frozen=True)
class Tagging:
    """The tag calls of one service."""

    service: str
    resource: str = "ResourceArn"
    tag: str = "tag_resource"
    untag: str = "untag_resource"
    tags: str = "Tags"
    keys: str = "TagKeys"
    style: Literal["list", "map", "lower", "kms"] = "list"
    listing: str = "list_tags_for_resource"
    listed: str = "Tags"
    listing_resource: str = ""
    for_account: bool = False
    """Whether the calls contain the account (S3 Control)."""

    def api(self, tags: Mapping[str, str] | None) -> Any:
        """Return tags in the form of the service's create call."""
        tags = tags or {}
        if self.style == "map":
            return dict(tags)
        key, value = {"list": ("Key", "Value"), "lower": ("key", "value")}.get(
            self.style, ("TagKey", "TagValue")
        )
        return [{key: name, value: text} for name, text in tags.items()]

    def to_dict(self, tags: Any) -> dict[str, str]:
        """Return tags as a map, from the service's response."""
        if isinstance(tags, Mapping):
            return dict(tags)
        plain = {}
        for entry in tags or []:
            lower = {name.lower().removeprefix("tag"): text for name, text in entry.items()}
            plain[lower["key"]] = lower["value"]
        return plain

    def read(self, aws: Cloud, resource: str) -> dict[str, str]:
        """Read the tags of a resource from the service."""
        call = getattr(aws.client(self.service), self.listing)
        where = {self.listing_resource or self.resource: resource, **self._account(aws)}
        return self.to_dict(call(**where)[self.listed])

    def update(self, aws: Cloud, resource: str, old: Properties, new: Properties) -> None:
        """Add, change and remove tags so that the resource has the new ones."""
        before, after = old.get("tagsAll") or {}, new.get("tagsAll") or {}
        client = aws.client(self.service)
        where = {self.resource: resource, **self._account(aws)}
        if gone := sorted(before.keys() - after.keys()):
            getattr(client, self.untag)(**{self.keys: gone}, **where)
        if changed := {key: text for key, text in after.items() if before.get(key) != text}:
            getattr(client, self.tag)(**{self.tags: self.api(changed)}, **where)

    def _account(self, aws: Cloud) -> dict[str, str]:
        return {"AccountId": aws.account} if self.for_account else {}


class Resource:
    """Handler of one resource type; has no state, one instance serves all requests.

    `read` returns the cloud's values: None for a key means that it is not set there; a missing key
    means that the API does not return it, so the recorded value stays.
    """

    token: ClassVar[str]
    takes: ClassVar[tuple[str, ...]] = ()
    """Inputs that the sandbox implements; others are refused, not ignored. `("*",)` means all."""

    replaces: ClassVar[frozenset[str]] = frozenset()
    """Property paths whose change requires a new resource."""

    autoname: ClassVar[Autoname | None] = None
    defaults: ClassVar[Mapping[str, Any]] = {}
    """Inputs that the official provider sets if a program omits them."""

    computed_inside: ClassVar[frozenset[str]] = frozenset()
    """Paths `property.member` that the cloud decides if a program does not: never drift."""

    recomputed: ClassVar[Mapping[str, Sequence[str]]] = {}
    """Outputs that an update changes, by the input that causes it; `*` is any input."""

    delete_first: ClassVar[bool] = False
    """Whether the old resource must be deleted before its replacement is created."""

    def replacing(self, old: Properties, new: Properties) -> frozenset[str]:
        """Return the paths of `replaces` that replace for this change; most do for every one."""
        return self.replaces

    def completed(self, inputs: Properties) -> Properties:
        """Return inputs with the nested defaults, which `defaults` cannot express."""
        return inputs

    def problems(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return (property, reason) for each input that the sandbox does not implement."""
        if self.takes == ("*",):
            return []
        taken = {*self.takes, "region", "tags", "tagsAll", "timeouts"}
        why = f"the sandbox does not carry out this property of {self.token}"
        return [(key, why) for key in inputs if key not in taken and not key.startswith("__")]

    asks_while_planned: ClassVar[bool] = False
    """Whether a preview calls the service, as the official provider does for this type."""

    def planned(self, aws: Cloud, inputs: Properties) -> None:
        """Validate the inputs of a preview by a call to the service."""

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the resource and return its id, as soon as it exists."""
        raise NotImplementedError

    def finish(self, aws: Cloud, identity: str, inputs: Properties) -> None:
        """Make further calls after `create`; on failure the resource stays recorded."""

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Return the resource as it is in the cloud, or None if it does not exist."""
        raise NotImplementedError

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Change the resource in place; `old` are its recorded inputs and computed outputs."""
        raise NotImplementedError

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the resource; a missing resource is no error."""
        raise NotImplementedError


class Setting(Resource):
    """Base of resources that are a setting of another one: create and update are one call."""

    parent: ClassVar[str]
    """The input that names the parent resource; it is the id as well."""

    def put(self, aws: Cloud, parent: str, inputs: Properties) -> None:
        """Write the setting."""
        raise NotImplementedError

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Write the setting; its id is its parent's."""
        parent: str = inputs[self.parent]
        self.put(aws, parent, inputs)
        return parent

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Write the setting again."""
        self.put(aws, identity, new)


def filled_in(
    handler: Resource, inputs: Properties, old: Properties, name: str, seed: bytes
) -> Properties:
    """Return inputs with the type's defaults and a name; an earlier name is kept."""
    filled = dict(handler.completed(inputs))
    made: list[str] = []
    for key, value in handler.defaults.items():
        if filled.get(key) is None:
            filled[key] = value
            made.append(key)
    auto = handler.autoname
    if auto and filled.get(auto.property) is None:
        before = old.get(auto.property) if auto.property in old.get(DEFAULTS, []) else None
        filled[auto.property] = before or auto.made(inputs, name, seed)
        made.append(auto.property)
    filled[DEFAULTS] = sorted(made)
    return filled


def merged_tags(own: Any, default: Mapping[str, str]) -> Any:
    """Return the provider's default tags, overridden by the resource's own."""
    if own is UNKNOWN or has_unknown(own):
        return {**default, **own} if isinstance(own, dict) else UNKNOWN
    return {**default, **(own or {})}


def tags_if_any(inputs: Properties) -> dict[str, dict[str, str]]:
    """Return the argument `tags` of a create call, which takes no empty map."""
    tags = inputs.get("tagsAll") or {}
    return {"tags": dict(tags)} if tags else {}


@contextmanager
def ignoring_missing(*codes: str) -> Iterator[None]:
    """Ignore the error of a call whose resource is missing, by the service's error codes."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] not in codes:
            raise


def call_or_none(call: Callable[..., Any], *codes: str, **arguments: Any) -> Any:
    """Return the response of a call; None for one of the codes, which mean that nothing exists."""
    try:
        return call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] not in codes:
            raise
        return None


def changed(old: Properties, new: Properties, *names: str) -> bool:
    """Return whether any of the named properties differs."""
    return any(old.get(name) != new.get(name) for name in names)
