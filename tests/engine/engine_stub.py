"""Speaks to a provider over gRPC the way the engine does, one resource at a time."""

import json
from dataclasses import dataclass, field
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from stackyard_sandbox.provider.protocol import Properties, decode, encode


@dataclass
class Recorded:
    """What the state would hold of one resource."""

    token: str
    urn: str
    identity: str
    inputs: Any
    outputs: Any
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def values(self) -> Properties:
        return decode(self.outputs).values


class Engine:
    """One provider instance of a package on a listening port."""

    def __init__(self, port: int, **config: Any) -> None:
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self.stub = provider_pb2_grpc.ResourceProviderStub(self.channel)
        texts = {
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in config.items()
        }
        checked = self.stub.CheckConfig(provider_pb2.CheckRequest(urn="urn:p", news=encode(texts)))
        self.config_failures = {one.property: one.reason for one in checked.failures}
        if not self.config_failures:
            self.stub.Configure(provider_pb2.ConfigureRequest(args=encode(texts)))

    def urn(self, token: str, name: str) -> str:
        return f"urn:pulumi:dev::test::{token}::{name}"

    def check(self, token: str, name: str, news: Any, olds: Any = None) -> Any:
        return self.stub.Check(
            provider_pb2.CheckRequest(
                urn=self.urn(token, name), news=encode(news), olds=olds, randomSeed=b"seed"
            )
        )

    def failures(self, token: str, news: Properties) -> dict[str, str]:
        return {one.property: one.reason for one in self.check(token, "x", news).failures}

    def create(self, token: str, name: str, news: Properties) -> Recorded:
        checked = self.check(token, name, news)
        assert not checked.failures, (token, list(checked.failures))
        urn = self.urn(token, name)
        previewed = self.stub.Create(
            provider_pb2.CreateRequest(urn=urn, properties=checked.inputs, preview=True)
        )
        made = self.stub.Create(provider_pb2.CreateRequest(urn=urn, properties=checked.inputs))
        return Recorded(
            token, urn, made.id, checked.inputs, made.properties, {"preview": previewed.properties}
        )

    def diff(self, at: Recorded, name: str, news: Properties) -> Any:
        checked = self.check(at.token, name, news, at.inputs)
        assert not checked.failures, (at.token, list(checked.failures))
        return self.stub.Diff(
            provider_pb2.DiffRequest(
                id=at.identity,
                urn=at.urn,
                olds=at.outputs,
                old_inputs=at.inputs,
                news=checked.inputs,
            )
        )

    def update(self, at: Recorded, name: str, news: Properties) -> Recorded:
        checked = self.check(at.token, name, news, at.inputs)
        assert not checked.failures, (at.token, list(checked.failures))
        request = {
            "id": at.identity,
            "urn": at.urn,
            "olds": at.outputs,
            "old_inputs": at.inputs,
            "news": checked.inputs,
        }
        self.stub.Update(provider_pb2.UpdateRequest(**request, preview=True))
        made = self.stub.Update(provider_pb2.UpdateRequest(**request))
        return Recorded(at.token, at.urn, at.identity, checked.inputs, made.properties)

    def read(self, at: Recorded) -> Recorded | None:
        found = self.stub.Read(
            provider_pb2.ReadRequest(
                id=at.identity, urn=at.urn, properties=at.outputs, inputs=at.inputs
            )
        )
        if not found.id:
            return None
        return Recorded(at.token, at.urn, found.id, found.inputs, found.properties)

    def imported(self, at: Recorded) -> Recorded | None:
        """Read by the id alone, as `pulumi import` does."""
        found = self.stub.Read(provider_pb2.ReadRequest(id=at.identity, urn=at.urn))
        if not found.id:
            return None
        return Recorded(at.token, at.urn, found.id, found.inputs, found.properties)

    def delete(self, at: Recorded) -> None:
        self.stub.Delete(
            provider_pb2.DeleteRequest(
                id=at.identity, urn=at.urn, properties=at.outputs, old_inputs=at.inputs
            )
        )
