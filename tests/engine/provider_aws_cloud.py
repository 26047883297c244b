"""An emulator and the AWS provider in this process, for the provider's own tests.

EKS is the sandbox's own API on a fleet without control planes: here only what the API records is
looked at; the control planes have tests of their own.
"""

import json
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
from moto.iam.models import iam_backends
from moto.server import ThreadedMotoServer

from stackyard_sandbox.cloud import strictness
from stackyard_sandbox.cloud.eks import api as eks
from stackyard_sandbox.cloud.moto_patches import alerts, step_functions
from stackyard_sandbox.provider.aws.servicer import AwsServicer
from stackyard_sandbox.provider.server import serve

ACCOUNT = "123456789012"
REGION = "eu-west-1"


class NoFleet:
    """Stands where the sandbox's control planes are."""

    turn = threading.RLock()
    counting = threading.RLock()

    def claim(self) -> str:
        return "plane"

    def release(self, plane: str) -> None: ...

    def plane(self, cluster: Any) -> Any:
        address = "https://127.0.0.1:1"
        return SimpleNamespace(endpoint=address, ca_pem="authority", issuer=address)

    def version(self, cluster: Any) -> str:
        return "1.33"

    def publish(self) -> None: ...

    def grant(self, cluster: Any) -> None: ...

    def scale(self, cluster: Any, group: Any) -> None: ...

    def remove_nodes(self, cluster: Any, group: Any) -> None: ...


@dataclass(frozen=True)
class Cloud:
    """Where the emulator and the provider listen."""

    endpoint: str
    provider: int

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )


@contextmanager
def started() -> Iterator[Cloud]:
    """Run both; stop them in the end."""
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    # Another module may have used IAM in this process: its account has no managed policies.
    iam_backends[ACCOUNT]["aws"].reset()
    eks.install(NoFleet())  # type: ignore[arg-type]  # stands in for it
    alerts.install()
    step_functions.install()
    strictness.install()
    emulator = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    emulator.start()
    _, port = emulator.get_host_and_port()
    endpoint = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        describe(Path(folder), endpoint)
        server, provider = serve(AwsServicer(Path(folder)))
        try:
            yield Cloud(endpoint, provider)
        finally:
            server.stop(grace=1).wait()
            emulator.stop()


def describe(folder: Path, endpoint: str) -> None:
    """Write the file by which the provider finds the emulator."""
    aws = {
        "endpoint": endpoint,
        "region": REGION,
        "account": ACCOUNT,
        "access_key_id": "test",
        "secret_access_key": "test",
    }
    (folder / "sandbox.json").write_text(json.dumps({"aws": aws}))
