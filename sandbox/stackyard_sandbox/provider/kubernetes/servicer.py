"""The gRPC service of the provider: converts requests of the engine to operations on objects."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, ClassVar

from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from stackyard_sandbox.onprem import OnPremises
from stackyard_sandbox.provider.kubernetes import (
    configuration,
    drift,
    inputs,
    releases,
    replacement,
)
from stackyard_sandbox.provider.kubernetes.client import (
    FIELD_MANAGER,
    ApiError,
    Client,
    NoSuchKindError,
    UnreachableError,
)
from stackyard_sandbox.provider.kubernetes.configuration import Access, Settings
from stackyard_sandbox.provider.kubernetes.differences import Change, differences
from stackyard_sandbox.provider.kubernetes.kinds import Kind, kind_of
from stackyard_sandbox.provider.kubernetes.objects import Connection, Operation
from stackyard_sandbox.provider.kubernetes.releases import ReleaseOperation
from stackyard_sandbox.provider.kubernetes.tokens import tokens
from stackyard_sandbox.provider.protocol import (
    UNKNOWN,
    Bag,
    Properties,
    decode,
    encode,
    has_unknown,
)
from stackyard_sandbox.provider.schema import Failure
from stackyard_sandbox.provider.server import PackageServicer, ProviderError

KINDS = provider_pb2.PropertyDiff
HOW = {
    "add": (KINDS.ADD, KINDS.ADD_REPLACE),
    "delete": (KINDS.DELETE, KINDS.DELETE_REPLACE),
    "update": (KINDS.UPDATE, KINDS.UPDATE_REPLACE),
}


class KubernetesServicer(PackageServicer[Connection]):
    """The provider of the `kubernetes` package; all provider instances share API servers."""

    package: ClassVar[str] = "kubernetes"
    version: ClassVar[str] = "4.34.2"

    def __init__(self, sandbox_dir: Path) -> None:
        super().__init__()
        self._sandbox_dir = sandbox_dir
        self._clients: dict[Access, Client] = {}
        self._clients_lock = threading.Lock()

    def check_config(self, variables: Properties) -> list[tuple[str, str]]:
        """Refuse unknown settings, and kubeconfigs of API servers off this machine."""
        return configuration.problems(variables, self._stand_in)

    def configure(self, variables: Properties) -> Connection:
        """Parse the settings, without a request to the API server."""
        settings = configuration.settings(variables, self._stand_in)
        return Connection(settings, self._client(settings))

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Check against the SDK's types and complete: kind, name, namespace."""
        bag, connection = decode(request.news), self.configured(context)
        if request.type == releases.TYPE:
            bag.values = releases.completed(bag.values, connection.settings.namespace)
            result = releases.failures(bag.values, connection.settings.helm_driver)
        else:
            result = _checked(request, bag, connection)
        return provider_pb2.CheckResponse(
            inputs=encode(bag.values, bag.secrets),
            failures=[
                provider_pb2.CheckFailure(property=failure.path, reason=failure.reason)
                for failure in result
            ],
        )

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Compare the inputs; additions of the API server are no change."""
        old, new = decode(request.old_inputs).values, decode(request.news).values
        connection = self.configured(context)
        mutable = connection.settings.mutable
        if _in_no_namespace(connection, request.type):
            # Assumed by the official provider before the definition was there, and left out since.
            old, new = (_without_namespace(values) for values in (old, new))
        if ("stringData" in old) != ("stringData" in new) and not has_unknown(new):
            # The official provider stores a Secret's texts as `data`.
            old, new = drift.applied(old), drift.applied(new)
        changes = differences(old, new)
        release = request.type == releases.TYPE
        if release:
            replacing = releases.replaces(changes)
        else:
            replacing = replacement.replaces(kind_of(request.type), old, new, mutable, changes)
        first = bool(replacing) and not release and replacement.delete_first(old, new)
        kinds = provider_pb2.DiffResponse
        return provider_pb2.DiffResponse(
            changes=kinds.DIFF_SOME if changes else kinds.DIFF_NONE,
            diffs=sorted({str(change.path[0]) for change in changes}),
            replaces=[str(change) for change in replacing],
            deleteBeforeReplace=first,
            hasDetailedDiff=True,
            detailedDiff={str(change): _detail(change, change in replacing) for change in changes},
        )

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Create an object, or return the result of creating it."""
        operation = self._operation(request, context, request.properties)
        if request.preview:
            identity, state = "", operation.preview(creating=True)
        else:
            identity, state = operation.create(request.timeout)
        properties = encode(state.values, state.secrets)
        return provider_pb2.CreateResponse(id=identity, properties=properties)

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Change an object, or return the result of changing it."""
        operation = self._operation(request, context, request.news, request.olds)
        if request.preview:
            state = operation.preview(creating=False)
        else:
            state = operation.update(request.timeout)
        return provider_pb2.UpdateResponse(properties=encode(state.values, state.secrets))

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Read an object: its state, and its inputs with the current values."""
        operation = self._operation(request, context, request.inputs, request.properties)
        result = operation.read(request.id, decode(request.properties).values)
        if result is None:
            return provider_pb2.ReadResponse()
        state, now = result
        return provider_pb2.ReadResponse(
            id=request.id,
            properties=encode(state.values, state.secrets),
            inputs=encode(now.values, now.secrets),
        )

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Delete an object and wait for its deletion."""
        self._operation(request, context, request.old_inputs).delete(request.id, request.timeout)
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Refuse every function: all of this package's render manifests."""
        raise ProviderError(f"{request.tok} is not part of the sandbox's provider")

    def _stand_in(self, kubeconfig: str, context: str | None) -> Path | None:
        plane = OnPremises(self._sandbox_dir).find(kubeconfig, context)
        return plane.kubeconfig_path if plane is not None else None

    def _client(self, settings: Settings) -> Client | None:
        access = settings.access
        if access is None:
            return None
        with self._clients_lock:
            if access not in self._clients:
                self._clients[access] = Client(access, tokens(access, self._sandbox_dir))
            return self._clients[access]

    def _operation(
        self, request: Any, context: Any, properties: Any, before: Any = None
    ) -> Operation | ReleaseOperation:
        connection, cancelled = self.configured(context), self.session(context).cancelled
        bag: Bag = decode(properties)
        if request.type == releases.TYPE:
            return ReleaseOperation(connection, bag, cancelled)
        known = decode(before).values.get(drift.MANAGER) if before else None
        manager = known if isinstance(known, str) else FIELD_MANAGER
        return Operation(connection, kind_of(request.type), bag, cancelled, manager)


def _checked(request: Any, bag: Bag, connection: Connection) -> list[Failure]:
    """Complete an object's inputs, in place, and return every problem of them."""
    kind = kind_of(request.type)
    bag.values = inputs.completed(kind, bag.values)
    failures = inputs.failures(kind, bag.values)
    unnamed = inputs.name(request, bag.values, decode(request.olds).values)
    if unnamed is not None:
        failures.append(unnamed)
    _into_namespace(connection, kind, bag.values)
    inputs.mark_secrets(kind, bag)
    return failures


def _in_no_namespace(connection: Connection, token: str) -> bool:
    """Return whether the API server serves the kind, and its objects are in no namespace."""
    if token == releases.TYPE or connection.client is None:
        return False
    kind = kind_of(token)
    try:
        return not connection.client.resource(kind.api_version, kind.name).namespaced
    except (NoSuchKindError, UnreachableError, ApiError):
        return False


def _without_namespace(values: Properties) -> Properties:
    metadata = values.get("metadata")
    if not isinstance(metadata, dict):
        return values
    kept = {key: value for key, value in metadata.items() if key != "namespace"}
    return {**values, "metadata": kept}


def _into_namespace(connection: Connection, kind: Kind, values: Properties) -> None:
    """Set the provider's namespace on a namespaced object without one."""
    metadata, namespace = values["metadata"], connection.settings.namespace
    if not namespace or metadata is UNKNOWN or "namespace" in metadata or not connection.client:
        return
    try:
        namespaced = connection.client.resource(kind.api_version, kind.name).namespaced
    except (NoSuchKindError, UnreachableError):
        # Its definition may be created in the same run: as the official provider does, assume the
        # more
        # common case.
        namespaced = True
    if namespaced:
        metadata["namespace"] = namespace


def _detail(change: Change, replacing: bool) -> Any:
    return provider_pb2.PropertyDiff(kind=HOW[change.how][replacing], inputDiff=True)
