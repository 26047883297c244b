"""Without a NAT gateway, a project's pods need interface endpoints for the AWS APIs they call."""

from __future__ import annotations

from collections.abc import Iterator

from stackyard.blueprints.foundation.config import FoundationConfig
from stackyard.blueprints.project.mounting import mounts
from stackyard.blueprints.project.sections import ProjectSections
from stackyard.field_path import FieldPath
from stackyard.naming import StackId
from stackyard.network import needs
from stackyard.network.needs import Need
from stackyard.problem import Problem


def endpoint_problems(
    config: ProjectSections, upstream: FoundationConfig, stack: StackId
) -> Iterator[Problem]:
    """Yield each section whose pods would wait for an API that they cannot reach."""
    network = upstream.network
    if network.nat != "none":
        return
    for path, need in _needs(config):
        if missing := needs.missing([need], network.interface_endpoints):
            services = ", ".join(missing)
            yield Problem(
                path,
                f"{need.who}, and {stack} has neither NAT gateways nor endpoints for {services}",
                f"add to `network.interface_endpoints` of {stack}: {services}",
            )


def _needs(config: ProjectSections) -> Iterator[tuple[FieldPath, Need]]:
    """Yield the AWS APIs that the sections call, with the path of the section."""
    if config.tracking:
        yield ("tracking",), needs.PASSWORDS
    if config.tuning:
        yield ("tuning",), needs.PASSWORDS
    for name, dataset in config.datasets.items():
        if dataset.branching:
            yield ("datasets", name, "branching"), needs.PASSWORDS
    for mount in mounts(config):
        yield mount.path, needs.MOUNTED_SECRETS
    if config.monitoring:
        yield ("monitoring",), needs.METRICS
    if config.access.shared:
        yield ("access", "shared"), needs.SHARED_DIRECTORIES
