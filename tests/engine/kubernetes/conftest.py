"""A real control plane, the provider listening, and stacks of inline programs under the engine."""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pulumi_kubernetes as k8s
import pytest
from kubernetes import client, config
from pulumi import automation

from stackyard_sandbox import toolchain
from stackyard_sandbox.control_plane import ControlPlane
from stackyard_sandbox.control_plane.members import MEMBERS
from stackyard_sandbox.provider.kubernetes.servicer import KubernetesServicer
from stackyard_sandbox.provider.server import serve

Program = Callable[[k8s.Provider], None]


class Estate:
    """One stack; its program and the provider's settings may be changed between runs."""

    def __init__(self, folder: Path, port: int, kubeconfig: str) -> None:
        self.settings: dict[str, Any] = {"kubeconfig": kubeconfig}
        self.program: Program = lambda _: None
        self.output: list[str] = []
        self.state = folder / ".pulumi/stacks/test/dev.json"
        options = automation.LocalWorkspaceOptions(
            work_dir=str(folder),
            pulumi_home=str(folder / "home"),
            pulumi_command=automation.PulumiCommand(
                str(toolchain.tool("pulumi").parent.parent), skip_version_check=True
            ),
            project_settings=automation.ProjectSettings(
                "test", "python", backend=automation.ProjectBackend(f"file://{folder}")
            ),
            env_vars={
                "PULUMI_CONFIG_PASSPHRASE": "test",
                "PULUMI_DEBUG_PROVIDERS": f"kubernetes:{port}",
                "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
                "PULUMI_SKIP_UPDATE_CHECK": "true",
            },
        )
        self.stack = automation.create_or_select_stack("dev", "test", self._run, opts=options)

    def _run(self) -> None:
        self.program(k8s.Provider("cluster", **self.settings))

    def up(self) -> dict[str, int]:
        """Apply; the count of resources by operation."""
        return self.stack.up(on_output=self.output.append).summary.resource_changes or {}

    def preview(self) -> dict[str, int]:
        """The count of resources by operation."""
        found = self.stack.preview(on_output=self.output.append).change_summary
        return {getattr(key, "value", key): count for key, count in found.items()}

    def refresh(self) -> dict[str, int]:
        """Read everything; the count of resources by operation."""
        return self.stack.refresh(on_output=self.output.append).summary.resource_changes or {}

    def steps(self) -> dict[str, tuple[str, list[str]]]:
        """Operation and changed paths of a preview by logical name, where something changes."""
        found: dict[str, tuple[str, list[str]]] = {}

        def note(event: automation.EngineEvent) -> None:
            step = event.resource_pre_event and event.resource_pre_event.metadata
            if step and step.op in ("update", "replace"):
                name = step.urn.rpartition("::")[2]
                found[name] = (step.op.value, sorted(step.detailed_diff or {}))

        self.stack.preview(on_event=note)
        return found

    def error(self, run: Callable[[], object]) -> str:
        """The text with which a run fails."""
        with pytest.raises(automation.CommandError) as failure:
            run()
        # The SDK leaves coroutines of a failed program behind. Collected while Python parses a
        # source file, as pytest does for a report, they crash 3.11 (python/cpython#106905).
        gc.collect()
        return str(failure.value)


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
def api(plane: ControlPlane) -> client.ApiClient:
    """The independent client."""
    return config.new_client_from_config(str(plane.kubeconfig_path))


@pytest.fixture
def estate(tmp_path: Path, port: int, plane: ControlPlane) -> Iterator[Estate]:
    """A stack that is destroyed afterwards, whatever state it is in."""
    estate = Estate(tmp_path, port, plane.kubeconfig_path.read_text())
    yield estate
    estate.stack.destroy(on_output=estate.output.append)
