from __future__ import annotations

import asyncio
import fnmatch
from collections.abc import MutableMapping
from typing import Any

import pytest
from pydantic import ValidationError

from stackyard import iam
from stackyard.access.evaluator import Request, decide
from stackyard.bucket.layout import BucketRef
from stackyard.naming import StackId
from stackyard.tracking import server
from stackyard.tracking.config import TrackingConfig

STACK = StackId("vision", "defects", "dev")
BUCKET = BucketRef("artifacts", "eu-central-1")
PROGRAM = server.server_command(TrackingConfig(), stack=STACK, bucket=BUCKET)


def test_the_database_is_in_no_argument_and_in_no_given_environment() -> None:
    for program in (
        PROGRAM,
        server.migrate_command(STACK, "eu-central-1"),
        server.collect_command(TrackingConfig(), bucket=BUCKET),
    ):
        assert program.command[:3] == list(server.CONNECT)
        assert server.STORE not in program.environment
        assert not any("postgresql" in word for word in program.command)


def test_artifacts_pass_through_the_server() -> None:
    assert PROGRAM.environment["MLFLOW_ARTIFACTS_DESTINATION"] == "s3://artifacts"
    client = server.client_settings(TrackingConfig(), STACK)
    assert not [name for name in client if "AWS" in name or "S3" in name or "KEY" in name]


def test_clients_call_the_server_by_a_name_that_it_answers_to() -> None:
    hosts = PROGRAM.environment["MLFLOW_SERVER_ALLOWED_HOSTS"].split(",")
    uri = server.client_settings(TrackingConfig(), STACK)["MLFLOW_TRACKING_URI"]
    assert uri.removeprefix("http://") in hosts
    assert any(fnmatch.fnmatch("127.0.0.1:5000", host) for host in hosts)
    assert not any(fnmatch.fnmatch("evil.example:5000", host) for host in hosts)
    assert "*" not in hosts


def test_clients_outside_get_the_same_settings_but_for_the_address() -> None:
    config = TrackingConfig(external_uri="https://tracking.acme.example")
    inside = server.client_settings(config, STACK)
    outside = server.client_settings(config, STACK, outside=True)
    assert outside["MLFLOW_TRACKING_URI"] == "https://tracking.acme.example"
    assert {**inside, "MLFLOW_TRACKING_URI": ""} == {**outside, "MLFLOW_TRACKING_URI": ""}
    assert "tracking.acme.example" in server.allowed_hosts(config, STACK)
    with pytest.raises(ValueError, match=r"tracking\.external_uri"):
        server.client_settings(TrackingConfig(), STACK, outside=True)


def test_only_named_roles_touch_artifacts_whatever_their_own_policies_allow() -> None:
    own = "arn:aws:iam::123456789012:role/vision-defects-dev-tracking"
    everything = iam.document(iam.statement("All", ("s3:*",), ("*",)))
    policy = iam.document(server.only(BUCKET.arn, [own]))

    def may(role: str, action: str) -> bool:
        request = Request(role, action, "arn:aws:s3:::artifacts/1/run/model")
        return decide(request, everything, policy).allowed

    admin = "arn:aws:iam::123456789012:role/admin"
    for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
        assert may(own, action)
        assert not may(admin, action)


def test_an_image_that_a_push_can_replace_is_refused() -> None:
    with pytest.raises(ValidationError, match="needs a version"):
        TrackingConfig(image="mlflow/mlflow:latest")
    with pytest.raises(ValidationError):
        TrackingConfig(external_uri="http://tracking.acme.example")


OUTSIDE = "https://tracking.defects.acme.example"
SEARCH = "/ajax-api/2.0/mlflow/runs/search"


def answered(
    monkeypatch: pytest.MonkeyPatch, config: TrackingConfig, path: str, **headers: str
) -> int:
    """Ask MLflow's own middleware, set up by the server's environment; the status code."""
    environment = server.server_command(config, stack=STACK, bucket=BUCKET).environment
    for name, value in environment.items():
        if name.startswith("MLFLOW_SERVER_"):
            monkeypatch.setenv(name, value)
    from fastapi import FastAPI
    from mlflow.server.fastapi_security import init_fastapi_security  # takes seconds to load

    app = FastAPI()
    for known in (SEARCH, "/health"):
        app.add_api_route(known, lambda: "ok", methods=["GET", "POST"])
    init_fastapi_security(app)
    return asyncio.run(posted(app, path, headers))


async def posted(app: Any, path: str, headers: dict[str, str]) -> int:
    """Send one request through an ASGI application; the status code."""
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, send)
    return statuses[0]


@pytest.mark.parametrize("written", [OUTSIDE, f"{OUTSIDE}:443"])
def test_the_servers_page_works_behind_its_outside_address(
    monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    host = OUTSIDE.removeprefix("https://")
    config = TrackingConfig(external_uri=written)
    assert answered(monkeypatch, config, SEARCH, host=host, origin=OUTSIDE) == 200
    elsewhere = "https://evil.example"
    assert answered(monkeypatch, config, SEARCH, host=host, origin=elsewhere) == 403


def test_a_health_check_may_call_the_pod_by_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    config = TrackingConfig()
    assert answered(monkeypatch, config, "/health", host="10.1.2.3:5000") == 200
    assert answered(monkeypatch, config, SEARCH, host="10.1.2.3:5000") == 403


def test_every_name_of_the_service_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    for host in server.allowed_hosts(TrackingConfig(), STACK):
        name = host.replace("*", "5000")
        assert answered(monkeypatch, TrackingConfig(), SEARCH, host=name) == 200, name
