"""The gRPC server and the methods that all providers share.

The protocol: https://github.com/pulumi/pulumi/blob/master/proto/pulumi/provider.proto. The engine
attaches to a listening server named in PULUMI_DEBUG_PROVIDERS. All provider instances of a package
share it, each over its own connection, and requests do not name their instance; so the
configuration of `Configure` is stored by connection.
"""

from __future__ import annotations

import json
import sys
import threading
import traceback
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

import grpc
from google.protobuf import any_pb2, empty_pb2
from pulumi.runtime.proto import (
    plugin_pb2,
    provider_pb2,
    provider_pb2_grpc,
    status_pb2,
)

from stackyard_sandbox.provider.protocol import Bag, Properties, decode, encode

LARGEST_MESSAGE = 400 * 1024 * 1024
"""Maximum size of a message in bytes; the engine's own limit
(sdk/go/common/util/rpcutil/serve.go)."""

WORKERS = 64
"""Maximum number of concurrent requests. A run has 16, most of which only wait; if all threads
waited, the server could not receive the cancellation that ends the waits."""

CONNECTIONS_REMEMBERED = 1000
"""Maximum number of connections with a stored configuration; a run has a few, and old ones are
never used again."""

Config = TypeVar("Config")


class ProviderError(Exception):
    """A request that failed for a reason that the reader can change; its text is shown as is."""


class NotReadyError(ProviderError):
    """The resource exists but did not become ready: the engine records it and reports a failure."""

    def __init__(self, identity: str, outputs: Bag, inputs: Bag, reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.identity = identity
        self.outputs = outputs
        self.inputs = inputs
        self.reasons = reasons


@dataclass
class Session(Generic[Config]):
    """The configuration and the cancellation of one connection of the engine."""

    config: Config | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)


class PackageServicer(provider_pb2_grpc.ResourceProviderServicer, Generic[Config]):
    """Base of a package's provider: implements the general calls; subclasses implement resources.

    Subclasses set `package` and `version` and implement Check, Diff, Create, Read, Update, Delete
    and Invoke. They raise `ProviderError` or `NotReadyError`; `serve` converts these to statuses.
    """

    package: ClassVar[str]
    version: ClassVar[str]

    def __init__(self) -> None:
        self._sessions: OrderedDict[str, Session[Config]] = OrderedDict()
        self._lock = threading.Lock()

    def configure(self, variables: Properties) -> Config:
        """Return this package's configuration from the provider instance's properties."""
        raise NotImplementedError

    def check_config(self, variables: Properties) -> list[tuple[str, str]]:
        """Return (property, reason) for each invalid property of a provider instance."""
        return []

    def end(self) -> None:
        """End what the provider has started; the server has stopped."""

    def session(self, context: grpc.ServicerContext) -> Session[Config]:
        """Return the session of the request's connection."""
        with self._lock:
            session = self._sessions.setdefault(context.peer(), Session())
            self._sessions.move_to_end(context.peer())
            while len(self._sessions) > CONNECTIONS_REMEMBERED:
                self._sessions.popitem(last=False)
        return session

    def configured(self, context: grpc.ServicerContext) -> Config:
        """Return the configuration of the provider instance that sent the request."""
        config = self.session(context).config
        if config is None:
            raise ProviderError(
                f"the {self.package} provider was not configured on this connection"
            )
        return config

    def Attach(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Accept the engine."""
        return empty_pb2.Empty()

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Return the kinds of values that the provider supports."""
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802 - protocol's name
        """Return the version of the package that this provider replaces."""
        return plugin_pb2.PluginInfo(version=self.version)

    def GetSchema(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Return the smallest valid schema: programs use the SDK and generate nothing from it."""
        return provider_pb2.GetSchemaResponse(
            schema=json.dumps({"name": self.package, "version": self.version})
        )

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Refuse a provider instance with invalid properties."""
        failures = self.check_config(plain_config(decode(request.news).values))
        return provider_pb2.CheckResponse(
            inputs=request.news,
            failures=[provider_pb2.CheckFailure(property=at, reason=why) for at, why in failures],
        )

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Return the changed properties of a provider instance; none of them replaces anything."""
        old, new = decode(request.olds).values, decode(request.news).values
        changed = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
        kinds = provider_pb2.DiffResponse
        return provider_pb2.DiffResponse(
            changes=kinds.DIFF_SOME if changed else kinds.DIFF_NONE, diffs=changed
        )

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Store the configuration of the provider instance of this connection.

        Each connection is configured once. Its address may be that of an earlier connection, which
        the engine cancelled at its end: nothing of that one may remain.
        """
        config = self.configure(plain_config(decode(request.args).values))
        with self._lock:
            self._sessions[context.peer()] = Session(config)
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Cancel the waits of this connection; the server continues for the others."""
        self.session(context).cancelled.set()
        return empty_pb2.Empty()


def plain_config(variables: Properties) -> Properties:
    """Return provider properties as plain data: the SDK sends nested ones as JSON texts."""
    return {key: _to_dict(value) for key, value in variables.items()}


def _to_dict(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    if value in ("true", "false"):
        return value == "true"
    return value


def serve(servicer: PackageServicer[Any], port: int = 0) -> tuple[grpc.Server, int]:
    """Start a server on 127.0.0.1 and return it with its port; 0 selects a free one."""
    server = grpc.server(
        ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix=f"{servicer.package}-provider"),
        interceptors=[_Failures()],
        options=[
            ("grpc.max_receive_message_length", LARGEST_MESSAGE),
            ("grpc.max_send_message_length", LARGEST_MESSAGE),
            ("grpc.so_reuseport", 0),
        ],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    return server, bound


class _Failures(grpc.ServerInterceptor):  # type: ignore[misc]  # grpc ships no types
    """Converts exceptions of the servicers to statuses with texts for people."""

    def intercept_service(self, continuation: Callable[[Any], Any], details: Any) -> Any:
        handler = continuation(details)
        if handler is None or handler.unary_unary is None:
            return handler
        return grpc.unary_unary_rpc_method_handler(
            _answering(handler.unary_unary),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )


def _answering(behaviour: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def answer(request: Any, context: Any) -> Any:
        try:
            return behaviour(request, context)
        except NotReadyError as failure:
            context.set_trailing_metadata((("grpc-status-details-bin", _details(failure)),))
            context.abort(grpc.StatusCode.UNKNOWN, str(failure))
        except ProviderError as failure:
            context.abort(grpc.StatusCode.UNKNOWN, str(failure))
        except grpc.RpcError as failure:
            # Of a provider behind this one: the engine reads its details as if it had asked itself.
            context.set_trailing_metadata(failure.trailing_metadata() or ())
            context.abort(failure.code(), failure.details())
        except NotImplementedError:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "not part of the sandbox's provider")
        except Exception as failure:
            # The text may contain a user's value, so only location and type leave this process.
            frame = traceback.extract_tb(failure.__traceback__)[-1]
            kind = type(failure).__name__
            text = f"the sandbox's provider failed: {kind} in {frame.name}, line {frame.lineno}"
            print(text, *_frames(failure), sep="\n  ", file=sys.stderr, flush=True)  # noqa: T201 - the daemon's log
            context.abort(grpc.StatusCode.INTERNAL, text)

    return answer


def _frames(failure: Exception) -> list[str]:
    frames = traceback.extract_tb(failure.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def _details(failure: NotReadyError) -> bytes:
    """Return the status detail that makes the engine record the resource in spite of the error."""
    detail = any_pb2.Any()
    detail.Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=failure.identity,
            properties=encode(failure.outputs.values, failure.outputs.secrets),
            inputs=encode(failure.inputs.values, failure.inputs.secrets),
            reasons=failure.reasons,
        )
    )
    code = grpc.StatusCode.UNKNOWN.value[0]
    status = status_pb2.Status(code=code, message=str(failure), details=[detail])
    return bytes(status.SerializeToString())
