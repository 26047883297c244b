"""How the provider talks to an API server: tokens, errors, discovery, retries."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from stackyard_sandbox.provider.kubernetes.client import (
    ApiError,
    Client,
    NoSuchKindError,
    UnreachableError,
)
from stackyard_sandbox.provider.kubernetes.configuration import Access, EksUser
from stackyard_sandbox.provider.kubernetes.tokens import tokens
from stackyard_sandbox.provider.server import ProviderError


class Server(ThreadingHTTPServer):
    """Answers from a table and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, tuple[int, Any]] = {}
        self.asked: list[tuple[str, str, str | None]] = []
        self.known_token: str | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        token = self.headers.get("Authorization")
        self.server.asked.append((self.command, self.path, token))
        status, answer = self.server.answers.get(self.path, (404, {"message": "not found"}))
        if self.server.known_token not in (None, token):
            status, answer = 401, {"message": "Unauthorized"}
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_DELETE(self) -> None:
        self.do_GET()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def kinds(*names: str) -> dict[str, Any]:
    plain = [{"kind": name, "name": f"{name.lower()}s", "namespaced": True} for name in names]
    return {"resources": [*plain, {"kind": "Scale", "name": "x/scale", "namespaced": True}]}


def test_kinds_that_appear_later_are_found(server: Server) -> None:
    client = Client(Access(server.url))
    with pytest.raises(NoSuchKindError, match=r"does not know a\.example/v1 Shelf"):
        client.resource("a.example/v1", "Shelf")
    server.answers["/apis/a.example/v1"] = 200, kinds("Shelf")
    resource = client.resource("a.example/v1", "Shelf")
    assert resource.path("b", "c") == "/apis/a.example/v1/namespaces/b/shelfs/c"
    assert resource.path(None, "c") == "/apis/a.example/v1/namespaces/default/shelfs/c"
    client.resource("a.example/v1", "Shelf")
    assert len(server.asked) == 2, "what is known is not asked for again"


def test_refusals_carry_the_servers_text(server: Server) -> None:
    server.answers["/a"] = 403, {"message": "no", "reason": "Forbidden", "details": {"kind": "x"}}
    client = Client(Access(server.url))
    with pytest.raises(ApiError, match=r"^no$") as refused:
        client.get("/a")
    assert (refused.value.status, refused.value.reason) == (403, "Forbidden")
    assert refused.value.about("x")
    assert client.get("/missing") is None
    assert client.delete("/missing", "Foreground") is None


def test_nothing_at_the_address(server: Server) -> None:
    client = Client(Access(server.url))
    server.shutdown()
    server.server_close()
    with pytest.raises(UnreachableError, match=r"no API server answers at http://127\.0\.0\.1"):
        client.get("/a")


def test_a_refused_token_is_made_anew_once(server: Server) -> None:
    made: list[str] = []

    def token(*, fresh: bool = False) -> str:
        if fresh or not made:
            made.append(f"t{len(made)}")
        return made[-1]

    server.answers["/a"] = 200, {"kind": "A"}
    server.known_token = "Bearer t1"
    client = Client(Access(server.url), token)
    assert client.get("/a") == {"kind": "A"}
    server.known_token = "Bearer another"
    with pytest.raises(ApiError, match="does not know the kubeconfig's user"):
        client.get("/a")
    assert made == ["t0", "t1", "t2"]


def test_tokens_of_eks_need_a_sandbox_that_runs(tmp_path: Path) -> None:
    token = tokens(Access("https://127.0.0.1:1", eks=EksUser("c")), tmp_path)
    assert token is not None
    with pytest.raises(ProviderError, match="the sandbox is not running"):
        token()


def test_static_tokens_and_certificates_alone(tmp_path: Path) -> None:
    access = Access("https://127.0.0.1:1", token="t")
    static = tokens(access, tmp_path)
    assert static is not None
    assert static() == "t"
    assert "'t'" not in repr(access)
    assert tokens(Access("https://127.0.0.1:1"), tmp_path) is None
