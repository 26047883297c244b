"""What the official provider gets to see of this machine, and that it ends with the engine."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from stackyard_sandbox.onprem import OnPremises
from stackyard_sandbox.processes import LOOPBACK, wait_until
from stackyard_sandbox.provider.kubernetes import plugin
from stackyard_sandbox.provider.kubernetes.official import OfficialServicer
from stackyard_sandbox.provider.server import ProviderError, serve
from stackyard_sandbox.toolchain.modules import KUBERNETES_PROVIDER

STAND_IN = "https://127.0.0.1:26443"

PROVIDER = f"""#!{sys.executable}
import json, os, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import grpc
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

class Provider(provider_pb2_grpc.ResourceProviderServicer):
    def CheckConfig(self, request, context):
        return provider_pb2.CheckResponse(inputs=request.news)

    def Configure(self, request, context):
        seen = {{"variables": dict(request.variables), "args": sorted(request.args.fields)}}
        seen |= {{"path": os.environ["PATH"], "tmp": os.environ["TMPDIR"]}}
        Path({{said!r}}).write_text(json.dumps(seen))
        return provider_pb2.ConfigureResponse()

    def Create(self, request, context):
        context.set_trailing_metadata((("grpc-status-details-bin", b"half made"),))
        context.abort(grpc.StatusCode.UNKNOWN, "not ready")

server = grpc.server(ThreadPoolExecutor(4))
provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(), server)
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
server.wait_for_termination()
"""


@pytest.fixture
def said(tmp_path: Path) -> Path:
    """The file with what the provider was configured with."""
    return tmp_path / "said.json"


@pytest.fixture
def program(tmp_path: Path, said: Path) -> Path:
    """A provider that writes down what it gets."""
    path = tmp_path / KUBERNETES_PROVIDER
    path.write_text(PROVIDER.replace("{said!r}", repr(str(said))))
    path.chmod(0o700)
    return path


@pytest.fixture
def servicer(tmp_path: Path, program: Path) -> OfficialServicer:
    """In front of that provider, in a sandbox with a stand-in for one cluster on premises."""
    folder = tmp_path / "onprem" / "lab-1"
    folder.mkdir(parents=True)
    record = {"kubeconfig": "~/.kube/lab", "context": "gpu", "issuer": "https://a.invalid"}
    (folder / "cluster.json").write_text(json.dumps(record))
    place = stand_in(tmp_path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(kubeconfig(STAND_IN)))
    return OfficialServicer(tmp_path, program, tmp_path / "official")


@pytest.fixture
def calls(servicer: OfficialServicer) -> Iterator[Any]:
    """The engine's client."""
    server, port = serve(servicer)
    with grpc.insecure_channel(f"{LOOPBACK}:{port}") as channel:
        yield provider_pb2_grpc.ResourceProviderStub(channel)
    server.stop(grace=1).wait()
    servicer.end()
    # No kubeconfig of a run stays behind.
    assert [path.name for path in servicer._folder.iterdir()] == ["bin"]


def stand_in(home: Path) -> Path:
    plane = OnPremises(home).find("~/.kube/lab", "gpu")
    assert plane
    return plane.kubeconfig_path


def kubeconfig(server: str) -> dict[str, Any]:
    return {
        "clusters": [{"name": "a", "cluster": {"server": server}}],
        "users": [{"name": "a", "user": {"token": "made-up"}}],
        "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
        "current-context": "a",
    }


def struct(**values: str) -> struct_pb2.Struct:
    result = struct_pb2.Struct()
    result.update(values)
    return result


def configuration(**values: str) -> Any:
    return provider_pb2.ConfigureRequest(
        args=struct(**values),
        variables={f"kubernetes:config:{key}": value for key, value in values.items()},
    )


def test_a_cluster_of_another_machine_never_reaches_the_provider(
    calls: Any, servicer: OfficialServicer, tmp_path: Path
) -> None:
    """A path without a stand-in may lead to a real cluster, as may a kubeconfig by value."""
    away = kubeconfig("https://ABC.gr7.eu-west-1.eks.amazonaws.com")
    (tmp_path / "real").write_text(json.dumps(away))
    for text in (json.dumps(away), str(tmp_path / "real"), ""):
        answer = calls.CheckConfig(provider_pb2.CheckRequest(news=struct(kubeconfig=text)))
        assert [failure.property for failure in answer.failures] == ["kubeconfig"]
        with pytest.raises(grpc.RpcError, match=r"this machine only|explicit `kubeconfig`"):
            calls.Configure(configuration(kubeconfig=text))
    assert not servicer._plugins


def test_the_stand_in_of_a_cluster_on_premises_is_what_the_provider_reads(
    calls: Any, said: Path, tmp_path: Path
) -> None:
    calls.Configure(configuration(kubeconfig="~/.kube/lab", context="gpu", namespace="a"))
    seen = json.loads(said.read_text())
    assert seen["variables"] == {
        "kubernetes:config:kubeconfig": str(stand_in(tmp_path)),
        "kubernetes:config:namespace": "a",
    }
    assert seen["args"] == ["kubeconfig", "namespace"]
    # The CLI of AWS that it finds is ours, and its temporary files have a folder that is deleted.
    assert Path(seen["path"].split(os.pathsep)[0], "aws").read_text().startswith("#!/bin/sh")
    assert Path(seen["tmp"]).parent == tmp_path / "official"


def test_an_error_arrives_as_the_provider_sent_it(calls: Any) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        calls.Create(provider_pb2.CreateRequest(type="kubernetes:core/v1:Pod"))
    answer: Any = refused.value
    assert (answer.code(), answer.details()) == (grpc.StatusCode.UNKNOWN, "not ready")
    assert ("grpc-status-details-bin", b"half made") in answer.trailing_metadata()


def test_a_provider_ends_with_its_engine_and_leaves_no_file(
    calls: Any, servicer: OfficialServicer, tmp_path: Path
) -> None:
    with socket.create_server((LOOPBACK, 0)) as engine:
        address = f"{LOOPBACK}:{engine.getsockname()[1]}"
        with pytest.raises(grpc.RpcError):  # this provider knows no Attach
            calls.Attach(plugin_pb2.PluginAttach(address=address))
        (started,) = servicer._plugins.values()
        assert started.alive()
        assert len(list((tmp_path / "official").iterdir())) == 2
    assert wait_until(lambda: not started.alive(), 10)
    assert wait_until(lambda: len(list((tmp_path / "official").iterdir())) == 1, 10)


def test_a_provider_that_does_not_start_says_why(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho no such library >&2\nexit 3\n")
    broken.chmod(0o700)
    with pytest.raises(ProviderError, match="did not start: no such library"):
        plugin.Plugin(broken, tmp_path / "official", {}, "")
    assert not list((tmp_path / "official").iterdir())


def test_the_provider_is_taken_from_the_toolchain_the_path_or_pulumi(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: Path
) -> None:
    monkeypatch.setenv("STACKYARD_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "pulumi"))
    assert plugin.program() is None
    for version in ("4.9.0", "4.34.2"):
        folder = tmp_path / f"pulumi/plugins/resource-kubernetes-v{version}"
        folder.mkdir(parents=True)
        (folder / KUBERNETES_PROVIDER).touch()
    assert plugin.program() == folder / KUBERNETES_PROVIDER
    monkeypatch.setenv("PATH", str(tmp_path))
    assert plugin.program() == program
