"""What a provider remembers of a connection, and that it forgets the one before."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from stackyard_sandbox.provider.protocol import Properties
from stackyard_sandbox.provider.server import PackageServicer


class Servicer(PackageServicer[Properties]):
    """A provider whose configuration is what it was given."""

    package: ClassVar[str] = "tried"
    version: ClassVar[str] = "1.0.0"

    def configure(self, variables: Properties) -> Properties:
        return variables


def connection(port: int) -> Any:
    return SimpleNamespace(peer=lambda: f"ipv4:127.0.0.1:{port}")


def test_a_connection_from_the_address_of_a_cancelled_one_is_not_cancelled() -> None:
    """Systems give ports again: the next run at this one would give up all its waits at once."""
    servicer, request = Servicer(), provider_pb2.ConfigureRequest()
    first, other = connection(40001), connection(40002)
    for each in (first, other):
        servicer.Configure(request, each)
    running = servicer.session(first)
    servicer.Cancel(empty_pb2.Empty(), first)
    assert running.cancelled.is_set()
    assert servicer.session(first) is running
    assert not servicer.session(other).cancelled.is_set()

    servicer.Configure(request, first)
    assert not servicer.session(first).cancelled.is_set()
    assert servicer.configured(first) == {}
