"""A kubeconfig is followed as `kubectl` would: context, user, program that signs in."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from stackyard_cli.clients.kubeconfig import KubeconfigCluster

SIGN_IN = """#!/bin/sh
case "$KUBERNETES_EXEC_INFO" in *'"interactive": false'*) ;; *) exit 1 ;; esac
echo '{"kind": "ExecCredential", "status": {"token": "'"$1-$FROM"'"}}'
"""


@pytest.fixture
def server() -> Iterator[Any]:
    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told = {"as": self.headers["Authorization"]}
            self.send_response(404 if self.path.endswith("/missing") else 200)
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())

        def log_message(self, *_: Any) -> None:
            pass

    served = HTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{served.server_port}"
    served.shutdown()
    served.server_close()


@pytest.fixture
def kubeconfig(tmp_path: Path, server: Any) -> Any:
    program = tmp_path / "sign-in"
    program.write_text(SIGN_IN)
    program.chmod(0o700)
    signed = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": str(program),
        "args": ["me"],
        "env": [{"name": "FROM", "value": "here"}],
    }
    config = {
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [
            {"name": "plain", "user": {"token": "t"}},
            {"name": "program", "user": {"exec": signed}},
        ],
        "contexts": [
            {"name": name, "context": {"cluster": "c", "user": name}}
            for name in ("plain", "program")
        ],
        "current-context": "plain",
    }
    path = tmp_path / "config"
    path.write_text(json.dumps(config))
    return str(path)


@pytest.mark.parametrize(("context", "user"), [(None, "t"), ("plain", "t"), ("program", "me-here")])
def test_each_context_signs_in_as_its_user(kubeconfig: Any, context: Any, user: Any) -> None:
    assert KubeconfigCluster(kubeconfig, context).get("/api", 5) == {"as": f"Bearer {user}"}


def test_what_is_not_there_is_none_and_a_wrong_context_is_named(kubeconfig: Any) -> None:
    assert KubeconfigCluster(kubeconfig, None).get("/missing", 5) is None
    with pytest.raises(LookupError, match="no context other"):
        KubeconfigCluster(kubeconfig, "other").get("/api", 5)


def test_a_certificate_that_is_none_is_refused(kubeconfig: Any, tmp_path: Path) -> None:
    config = json.loads((tmp_path / "config").read_text())
    text = base64.b64encode(b"no certificate").decode()
    config["users"][0]["user"] = {"client-certificate-data": text, "client-key-data": text}
    (tmp_path / "config").write_text(json.dumps(config))
    with pytest.raises(OSError, match="PEM"):
        KubeconfigCluster(kubeconfig, None).get("/api", 5)
