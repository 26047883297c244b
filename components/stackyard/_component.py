"""Component, the base class of all components: parenting, type tokens, outputs, run settings."""

from __future__ import annotations

import inspect
from functools import partial
from typing import Any, ClassVar

import pulumi

from stackyard.config import Config
from stackyard.resource_risk import PROTECTED, data_class_of
from stackyard.run_settings import ComponentOptions, RunSettings


class Component(pulumi.ComponentResource):
    """A Pulumi component for one concern.

    Subclasses declare `TYPE` (literal and unique), annotate their outputs as class attributes,
    create children with `opts=self.child()`, and end their constructor with `self.publish()`.
    """

    TYPE: ClassVar[str]
    """The type token, `stackyard:index:Class`; it is part of every child's URN."""

    FORMER_TYPES: ClassVar[tuple[str, ...]] = ()
    """Former tokens of this class; without them a rename deletes and creates every child."""

    def __init__(
        self, name: str, config: Config, *, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        self.settings = _settings(opts)
        # Not the newer `transforms`: Pulumi's mocks do not apply those, and the engine calls back
        # for each resource. The price: children of remote components (awsx) are not transformed.
        own = pulumi.ResourceOptions(
            aliases=[pulumi.Alias(type_=former) for former in self.FORMER_TYPES],
            transformations=[
                partial(_protect_by_data_class, self.settings),
                partial(_bound_roles, self.settings),
            ],
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


def _settings(opts: pulumi.ResourceOptions | None) -> RunSettings:
    """Return the settings in the options, else the parent's, else the safe defaults."""
    if isinstance(opts, ComponentOptions):
        return opts.settings
    if opts is not None and isinstance(opts.parent, Component):
        return opts.parent.settings
    return RunSettings()


def _protect_by_data_class(
    settings: RunSettings, args: pulumi.ResourceTransformationArgs
) -> pulumi.ResourceTransformationResult | None:
    """Protect and retain stateful and key resources, as the settings require."""
    if data_class_of(args.type_) not in PROTECTED or not _decides(settings, args):
        return None
    if not (settings.protect or settings.retain):
        return None
    rule = pulumi.ResourceOptions(protect=settings.protect, retain_on_delete=settings.retain)
    opts = pulumi.ResourceOptions.merge(args.opts, rule)
    return pulumi.ResourceTransformationResult(props=args.props, opts=opts)


def _bound_roles(
    settings: RunSettings, args: pulumi.ResourceTransformationArgs
) -> pulumi.ResourceTransformationResult | None:
    """Give every role the permissions boundary; done here, so that no component can omit it."""
    boundary = settings.permissions_boundary
    if args.type_ != "aws:iam/role:Role" or boundary is None or not _decides(settings, args):
        return None
    props = {**args.props, "permissions_boundary": boundary}
    return pulumi.ResourceTransformationResult(props=props, opts=args.opts)


def _decides(settings: RunSettings, args: pulumi.ResourceTransformationArgs) -> bool:
    """Return whether the nearest component has these settings: they override those of ancestors.

    Pulumi runs the transformations of every ancestor.
    """
    parent = args.opts.parent
    return not isinstance(parent, Component) or parent.settings == settings


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
