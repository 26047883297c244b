"""Converts rules to CrossGuard policies and serves them to the engine as one policy pack.

`PolicyPack(...)` starts a server and blocks, so only the file in `packs/` calls `publish`. Source:
https://www.pulumi.com/docs/iac/using-pulumi/crossguard/.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

from stackyard_policies.catalogue import RULES
from stackyard_policies.pulumi_internals import convert_once
from stackyard_policies.rule import Rule, Settings, Subject

SCHEMA = PolicyConfigSchema(
    properties={
        "stage": {"type": "string"},
        "registries": {"type": "array", "items": {"type": "string"}},
        "regions": {"type": "array", "items": {"type": "string"}},
        "required_tags": {"type": "array", "items": {"type": "string"}},
        "protected": {"type": "boolean"},
        "personal_days": {"type": "integer"},
    }
)


def publish() -> None:
    """Serve every rule to the engine; returns when the engine has finished.

    The SDK writes the server's port to Python's buffer, and the engine waits for it at the other
    end of a pipe: without a flush both wait for ever, unless PYTHONUNBUFFERED is set.
    """
    sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", buffering=0), write_through=True)
    convert_once()
    PolicyPack(
        name="stackyard",
        enforcement_level=EnforcementLevel.MANDATORY,
        policies=[policy(rule) for rule in RULES.values()],
    )


def policy(rule: Rule) -> ResourceValidationPolicy | StackValidationPolicy:
    """Convert a rule to the CrossGuard policy of its kind."""
    description = f"{rule.why} Fix: {rule.fix}."
    if rule.stack_check is not None:
        return StackValidationPolicy(rule.name, description, _stack(rule), config_schema=SCHEMA)
    return ResourceValidationPolicy(rule.name, description, _resource(rule), config_schema=SCHEMA)


def _resource(rule: Rule) -> Any:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if rule.resource_check is None or args.resource_type not in rule.types:
            return
        protect = bool(args.opts.protect)
        subject = Subject(args.urn, args.resource_type, args.name, args.props, protect)
        for problem in rule.resource_check(subject, settings(args.get_config())):
            report(problem, args.urn)

    return validate


def _stack(rule: Rule) -> Any:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        subjects = [
            Subject(
                resource.urn,
                resource.resource_type,
                resource.name,
                resource.props,
                bool(resource.opts.protect),
                {
                    key: tuple(dependency.urn for dependency in dependencies)
                    for key, dependencies in resource.property_dependencies.items()
                },
            )
            for resource in args.resources
        ]
        for urn, problem in rule.findings(subjects, settings(args.get_config())):
            report(problem, urn)

    return validate


def settings(config: Mapping[str, Any]) -> Settings:
    """Parse a rule's configuration from the engine, which sends numbers as floats."""
    known = {item.name for item in fields(Settings)}
    values = {key: value for key, value in config.items() if key in known}
    for key in ("registries", "regions", "required_tags"):
        if key in values:
            values[key] = tuple(values[key])
    if "personal_days" in values:
        values["personal_days"] = int(values["personal_days"])
    return Settings(**values)
