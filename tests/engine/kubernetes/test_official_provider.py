"""Both Kubernetes providers: what one applies is no difference for the other, read again or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackyard_sandbox.control_plane import ControlPlane

from .conftest import ClusterStack
from .test_kinds import KINDS, declare

# On a machine without the tools, the first test waits for their build.
pytestmark = pytest.mark.timeout(1800)

COUNT = len(KINDS) + 3
"""The kinds, their namespace, the provider and the stack."""


@pytest.mark.parametrize("first", ["own", "official"])
def test_what_one_provider_applies_is_no_change_for_the_other(
    tmp_path: Path, plane: ControlPlane, port: int, official_port: int, first: str
) -> None:
    ports = {"own": port, "official": official_port}
    other = next(name for name in ports if name != first)
    stack = ClusterStack(tmp_path, ports[first], plane.kubeconfig_path.read_text())
    stack.settings["namespace"] = "all"
    stack.program = declare
    try:
        assert stack.up() == {"create": COUNT}
        stack.attach(ports[other])
        assert stack.steps() == {}
        assert stack.steps(refresh=True) == {}
        assert stack.refresh() == {"same": COUNT}
        assert stack.steps() == {}
    finally:
        stack.destroy()
