"""Programs reach API servers whose certificates are like EKS's, under Python 3.13's defaults.

From 3.13 on, `ssl.create_default_context` sets VERIFY_X509_STRICT
(https://docs.python.org/3/library/ssl.html), and EKS's certificates have no key identifiers
(https://github.com/kubernetes-client/python/issues/2394).
"""

from __future__ import annotations

import base64
import functools
import importlib.util
import json
import ssl
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from stackyard.database import documents
from stackyard.pipeline.function import cluster
from stackyard_cli.clients.kubeconfig import KubeconfigCluster
from stackyard_cli.clients.trust import trusting
from stackyard_sandbox.control_plane.certificates import Certificates
from tests.support.import_graph import PACKAGES, ROOT

ANSWER = {"kind": "Deployment", "items": []}


@dataclass(frozen=True)
class Server:
    url: str
    certificates: Certificates

    @property
    def authority(self) -> str:
        return self.certificates.ca.read_text()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(ANSWER).encode())

        def log_message(self, *_: Any) -> None:
            pass

    certificates = Certificates(tmp_path_factory.mktemp("plane"))
    certificates.ensure()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.leaf, certificates.leaf_key)
    served = HTTPServer(("127.0.0.1", 0), Api)
    served.socket = context.wrap_socket(served.socket, server_side=True)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    yield Server(f"https://127.0.0.1:{served.server_port}", certificates)
    served.shutdown()
    served.server_close()


@pytest.fixture(autouse=True)
def python_3_13(monkeypatch: pytest.MonkeyPatch) -> None:
    make = ssl.create_default_context

    @functools.wraps(make)
    def strict(*args: Any, **values: Any) -> ssl.SSLContext:
        context = make(*args, **values)
        context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
        return context

    monkeypatch.setattr(ssl, "create_default_context", strict)


def with_defaults(server: Server, _: pytest.MonkeyPatch) -> Any:
    context = ssl.create_default_context(cadata=server.authority)
    return json.load(urllib.request.urlopen(server.url, context=context))


def a_pipeline_function(server: Server, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("CLUSTER_ENDPOINT", server.url)
    monkeypatch.setenv("CLUSTER_CA", base64.b64encode(server.authority.encode()).decode())
    monkeypatch.setattr(cluster, "_token", lambda: "token")
    return cluster._call("GET", "/")


def the_rotation(server: Server, monkeypatch: pytest.MonkeyPatch) -> Any:
    pods = Path(documents.__file__).parent / "pods"
    folder = server.certificates.folder
    (folder / "ca.crt").write_text(server.authority)
    (folder / "token").write_text("token")
    for name, value in {
        "ACCOUNT_FOLDER": str(folder),
        "SERVER_NAMESPACE": "n",
        "SERVER": "s",
        "KUBERNETES_API": server.url,
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(str(pods))
    for name in ("setup", "rotate", "connect"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    spec = importlib.util.spec_from_file_location("rotate", pods / "rotate.py")
    assert spec is not None
    assert spec.loader is not None
    rotate = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "rotate", rotate)
    spec.loader.exec_module(rotate)
    return rotate.ask()


def a_kubeconfig(server: Server, _: pytest.MonkeyPatch) -> Any:
    path = server.certificates.folder / "config"
    cluster = {"server": server.url, "certificate-authority": str(server.certificates.ca)}
    config = {
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    path.write_text(json.dumps(config))
    return KubeconfigCluster(str(path), None).get("/", 5)


def the_client_of_a_stage(server: Server, _: pytest.MonkeyPatch) -> Any:
    return json.load(urllib.request.urlopen(server.url, context=trusting(server.authority)))


def test_the_certificates_are_refused_as_those_of_eks(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(urllib.error.URLError, match=r"Missing (Authority|Subject) Key Identifier"):
        with_defaults(server, monkeypatch)


@pytest.mark.parametrize(
    "ask", [a_pipeline_function, the_rotation, a_kubeconfig, the_client_of_a_stage]
)
def test_each_client_reaches_the_api_server(
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    ask: Callable[[Server, pytest.MonkeyPatch], Any],
) -> None:
    assert ask(server, monkeypatch) == ANSWER


def test_another_authority_is_still_refused(server: Server, tmp_path: Path) -> None:
    other = Certificates(tmp_path)
    other.ensure()
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(server.url, context=trusting(other.ca.read_text()))


@pytest.mark.parametrize("package", PACKAGES)
def test_no_further_client_keeps_the_strict_default(package: str) -> None:
    """Every context for a cluster's own authority is one that EKS's certificates pass."""
    for path in sorted((ROOT / package).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        made = text.count("ssl.create_default_context(ca")
        assert text.count("~ssl.VERIFY_X509_STRICT") == made, path
