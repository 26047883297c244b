"""A real control plane, the provider listening, and stacks of inline programs under the engine."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pulumi_kubernetes as k8s
import pytest
from kubernetes import client, config

from stackyard_sandbox import toolchain
from stackyard_sandbox.control_plane import ControlPlane
from stackyard_sandbox.control_plane.members import MEMBERS
from stackyard_sandbox.provider.kubernetes.official import OfficialServicer
from stackyard_sandbox.provider.kubernetes.servicer import KubernetesServicer
from stackyard_sandbox.provider.server import serve
from stackyard_sandbox.toolchain.modules import KUBERNETES_PROVIDER
from tests.support.automation import ProgramStack

Program = Callable[[k8s.Provider], object]


class ClusterStack(ProgramStack):
    """One stack of a cluster's objects; its provider's settings may change between runs, too."""

    def __init__(self, folder: Path, port: int, kubeconfig: str) -> None:
        self.settings: dict[str, Any] = {"kubeconfig": kubeconfig}
        self.program: Program = lambda _: None
        super().__init__(folder, "kubernetes", port)

    def make(self) -> None:
        self.program(k8s.Provider("cluster", **self.settings))


@pytest.fixture(scope="package")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """One running cluster with one node."""
    toolchain.build(MEMBERS, progress=print)
    plane = ControlPlane(tmp_path_factory.mktemp("plane"), "cloud")
    plane.start()
    plane.add_node("cpu-0", capacity={"cpu": "8", "memory": "32Gi"})
    yield plane
    plane.stop()


@pytest.fixture(scope="package")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The provider, listening."""
    toolchain.build(["pulumi"], progress=print)
    server, port = serve(KubernetesServicer(tmp_path_factory.mktemp("sandbox")))
    yield port
    server.stop(grace=1).wait()


@pytest.fixture(scope="package")
def official_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The official provider, listening."""
    toolchain.build(["pulumi", KUBERNETES_PROVIDER], progress=print)
    folder = tmp_path_factory.mktemp("official")
    program = toolchain.tool(KUBERNETES_PROVIDER)
    servicer = OfficialServicer(folder, program, folder / "processes")
    server, port = serve(servicer)
    yield port
    server.stop(grace=1).wait()
    servicer.end()


@pytest.fixture(scope="package")
def api(plane: ControlPlane) -> client.ApiClient:
    """The independent client."""
    return config.new_client_from_config(str(plane.kubeconfig_path))


@pytest.fixture
def stack(tmp_path: Path, port: int, plane: ControlPlane) -> Iterator[ClusterStack]:
    """A stack that is destroyed afterwards, whatever state it is in."""
    stack = ClusterStack(tmp_path, port, plane.kubeconfig_path.read_text())
    yield stack
    stack.destroy()
