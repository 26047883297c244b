"""The base class of every component: parenting, type tokens, outputs, protection."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

import pulumi

from stackyard.config import Config
from stackyard.data_classes import PROTECTED, data_class_of


class Protection:
    """Which data classes this run protects and retains; set once by the blueprint.

    Stages decide it (`protection:` in the stage file): `destroy` of a dev stack leaves nothing,
    a prod stack keeps its data. Source: the resource options `protect` and `retainOnDelete`,
    https://www.pulumi.com/docs/iac/concepts/options/.
    """

    protect: ClassVar[bool] = False
    retain: ClassVar[bool] = False

    @classmethod
    def use(cls, *, protect: bool, retain: bool) -> None:
        """Set the rule for the one program that runs in this process."""
        cls.protect, cls.retain = protect, retain


class RoleBoundary:
    """The permissions boundary of every IAM role of this run; set once by the blueprint.

    What creates roles may then be allowed to create bounded ones only. Source:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html.
    """

    arn: ClassVar[str | None] = None

    @classmethod
    def use(cls, arn: str | None) -> None:
        """Set the policy for the one program that runs in this process; None for no boundary."""
        cls.arn = arn


class Component(pulumi.ComponentResource):
    """A Pulumi component that answers one concern.

    Subclasses declare `TYPE` (literal and unique), annotate their outputs as class attributes,
    create children with `opts=self.child()`, and end their constructor with `self.publish()`.
    """

    TYPE: ClassVar[str]
    """The type token, `stackyard:index:Class`; it is part of every child's URN."""

    FORMER_TYPES: ClassVar[tuple[str, ...]] = ()
    """Tokens this class had before; without them a rename deletes and creates everything."""

    def __init__(
        self, name: str, config: Config, *, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        own = pulumi.ResourceOptions(
            aliases=[pulumi.Alias(type_=former) for former in self.FORMER_TYPES],
            transformations=[_protect_by_data_class, _bound_roles],
        )
        merged = pulumi.ResourceOptions.merge(opts, own)
        super().__init__(self.TYPE, name, {"config": config.registered()}, merged)
        self.component_name = name

    def child(self, **extra: Any) -> pulumi.ResourceOptions:
        """Return the options of a child resource; `extra` are options of that child alone."""
        return pulumi.ResourceOptions(parent=self, **extra)

    def named(self, role: str) -> str:
        """Return the logical name of the child with this fixed role."""
        return f"{self.component_name}-{role}"

    def publish(self) -> None:
        """Register every annotated output; the last call of each constructor."""
        self.register_outputs({key: getattr(self, key) for key in _outputs_of(type(self))})


def _protect_by_data_class(
    args: pulumi.ResourceTransformationArgs,
) -> pulumi.ResourceTransformationResult | None:
    """Protect and retain what the data class table calls stateful or key, as the stage asks."""
    if data_class_of(args.type_) not in PROTECTED:
        return None
    if not (Protection.protect or Protection.retain):
        return None
    rule = pulumi.ResourceOptions(protect=Protection.protect, retain_on_delete=Protection.retain)
    opts = pulumi.ResourceOptions.merge(args.opts, rule)
    return pulumi.ResourceTransformationResult(props=args.props, opts=opts)


def _bound_roles(
    args: pulumi.ResourceTransformationArgs,
) -> pulumi.ResourceTransformationResult | None:
    """Give every role the boundary; done here, so that no component can forget it."""
    if args.type_ != "aws:iam/role:Role" or RoleBoundary.arn is None:
        return None
    props = {**args.props, "permissions_boundary": RoleBoundary.arn}
    return pulumi.ResourceTransformationResult(props=props, opts=args.opts)


def _outputs_of(cls: type[Component]) -> list[str]:
    """Return the annotated output names of a component class and of its component bases.

    `typing.get_type_hints` fails on Pulumi's own forward references, so each class is read alone.
    """
    names: list[str] = []
    for base in reversed(cls.__mro__):
        if issubclass(base, Component) and base is not Component:
            annotations = inspect.get_annotations(base)
            names += [key for key, kind in annotations.items() if "ClassVar" not in str(kind)]
    return names
