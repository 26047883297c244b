"""Previews, creates, updates, reads and deletes one object of one cluster."""

from __future__ import annotations

import base64
import threading
from dataclasses import dataclass

from stackyard_sandbox.provider.kubernetes import drift, waits
from stackyard_sandbox.provider.kubernetes.client import (
    FIELD_MANAGER,
    ApiError,
    Client,
    NoSuchKindError,
    Object,
    Resource,
    UnreachableError,
)
from stackyard_sandbox.provider.kubernetes.configuration import Settings
from stackyard_sandbox.provider.kubernetes.inputs import mark_secrets
from stackyard_sandbox.provider.kubernetes.kinds import Kind
from stackyard_sandbox.provider.kubernetes.readiness import wait_of
from stackyard_sandbox.provider.protocol import Bag, Properties, has_unknown
from stackyard_sandbox.provider.server import NotReadyError, ProviderError

TRIES = 6
"""Retries for a namespace or definition that the same run creates later; about six seconds."""

FORCE = "pulumi.com/patchForce"
PROPAGATION = "pulumi.com/deletionPropagationPolicy"

SHORTEST_SECRET = 3
"""Minimum length of texts that are removed from errors: shorter ones are in every word."""


@dataclass(frozen=True)
class Connection:
    """A provider instance's settings and its client; no client while the cluster is unknown."""

    settings: Settings
    client: Client | None


class Operation:
    """One request of the engine for one object."""

    def __init__(
        self,
        connection: Connection,
        kind: Kind,
        inputs: Bag,
        cancelled: threading.Event,
        manager: str = FIELD_MANAGER,
    ) -> None:
        self._connection = connection
        self._kind = kind
        self._inputs = inputs
        self._values = inputs.values
        self._cancelled = cancelled
        self._manager = manager

    def preview(self, *, creating: bool) -> Bag:
        """Return the known result of an apply: at least the inputs."""
        client = self._connection.client
        if client is None or has_unknown(self._values):
            return self._inputs
        try:
            # The object that a replacement deletes first still exists: this is no conflict.
            live = self._apply(client, dry_run=True, force=creating)
        except (NoSuchKindError, UnreachableError):
            return self._inputs
        except ApiError as error:
            if self._beyond_preview(client, error, creating=creating):
                return self._inputs
            raise self._describe(error) from None
        if creating:
            live.pop("status", None)
        return self._outputs(live)

    def create(self, seconds: float) -> tuple[str, Bag]:
        """Create the object and wait for it; return its id and its state."""
        client = self._client()
        live = self._applied(client, fresh=not self._connection.settings.upsert)
        return self._ready(client, live, seconds)

    def update(self, seconds: float) -> Bag:
        """Change the object and wait for it; return its state."""
        client = self._client()
        return self._ready(client, self._applied(client, fresh=False), seconds)[1]

    def read(self, identity: str, before: Properties) -> tuple[Bag, Bag] | None:
        """Return the current state and inputs of the object; None if it does not exist."""
        client = self._client()
        try:
            live = client.get(self._resource(client).path(*_parts(identity)))
        except NoSuchKindError:
            return None
        if live is None:
            return None
        if not self._values:
            imported = drift.imported_inputs(live)
            return self._outputs(live, imported), mark_secrets(
                self._kind, Bag(imported, set(self._inputs.secrets))
            )
        sides = (drift.readable(side, self._values) for side in (before, drift.shown(live)))
        result = Bag(drift.live_inputs(self._values, *sides), set(self._inputs.secrets))
        return self._outputs(live, result.values), mark_secrets(self._kind, result)

    def delete(self, identity: str, seconds: float) -> None:
        """Delete the object and wait for its deletion."""
        client = self._client()
        try:
            path = self._resource(client).path(*_parts(identity))
        except NoSuchKindError:
            return
        policy = (waits.annotation(self._values, PROPAGATION) or "Foreground").capitalize()
        uid = client.delete(path, policy)
        if uid is None or waits.skipped(self._values, "true"):
            return
        limit = waits.limit(seconds, self._values, waits.DELETE_SECONDS)
        if reasons := waits.until_gone(client, path, uid, limit, self._cancelled):
            raise ProviderError(f"{self._kind} {identity} is not deleted: {'; '.join(reasons)}")

    def _client(self) -> Client:
        if self._connection.client is None:
            raise ProviderError("the provider's kubeconfig is not known")
        return self._connection.client

    def _resource(self, client: Client) -> Resource:
        return client.resource(self._kind.api_version, self._kind.name)

    def _path(self, client: Client) -> str:
        metadata = self._values["metadata"]
        return self._resource(client).path(metadata.get("namespace"), metadata["name"])

    def _apply(self, client: Client, *, dry_run: bool, force: bool = False) -> Object:
        asked = waits.annotation(self._values, FORCE) == "true"
        force = force or asked or self._connection.settings.force
        body = drift.applied(self._values)
        return client.apply(
            self._path(client), body, dry_run=dry_run, force=force, manager=self._manager
        )

    def _applied(self, client: Client, *, fresh: bool) -> Object:
        """Apply, with retries while a dependency is missing; refuse to adopt an existing object."""
        for tried in range(1, TRIES + 1):
            try:
                if fresh and client.get(self._path(client)) is not None:
                    raise self._exists()
                return self._apply(client, dry_run=False)
            except (NoSuchKindError, ApiError) as error:
                if tried == TRIES or not _may_come(error):
                    raise self._describe(error) from None
            if self._cancelled.wait(0.1 * 2**tried):
                raise ProviderError("the run was cancelled")
        raise AssertionError("the last try returns or raises")

    def _ready(self, client: Client, live: Object, seconds: float) -> tuple[str, Bag]:
        identity, path = _identity(self._resource(client), live), self._path(client)
        wait = wait_of(self._kind)
        if wait is None or waits.skipped(self._values, "true", "ready"):
            return identity, self._outputs(live)
        limit = waits.limit(seconds, self._values, wait.seconds)
        reasons = waits.until_ready(client, path, wait, limit, self._cancelled)
        outputs = self._outputs(client.get(path) or live)
        if reasons:
            messages = [self._redacted(reason) for reason in reasons]
            raise NotReadyError(identity, outputs, self._inputs, messages)
        return identity, outputs

    def _outputs(self, live: Object, inputs: Properties | None = None) -> Bag:
        values = drift.shown(live)
        sent = self._values if inputs is None else inputs
        # Input written as text stays readable as text; the API server only returns `data`.
        if texts := sent.get("stringData"):
            values["stringData"] = texts
        values |= drift.remembered(sent, self._manager)
        bag = mark_secrets(self._kind, Bag(values, set(self._inputs.secrets)))
        bag.secrets |= {drift.SENT} if bag.secrets else set()
        return bag

    def _beyond_preview(self, client: Client, error: ApiError, *, creating: bool) -> bool:
        """Return whether a dry run fails for a reason that will, or may, not apply to the real run.

        The same run creates its namespace; the identity of previews may not write; or the object
        that a replacement deletes first still exists.
        """
        if error.status == 404 and error.about("namespaces"):
            return True
        if error.status == 403 and " cannot patch resource " in error.message:
            return True
        return creating and error.status == 422 and client.get(self._path(client)) is not None

    def _exists(self) -> ProviderError:
        metadata = self._values["metadata"]
        return ProviderError(
            f"{self._kind} `{metadata['name']}` exists already and is not managed by this stack; "
            "import it, or choose another name"
        )

    def _describe(self, error: ProviderError) -> ProviderError:
        """Return the error with a hint if possible, and without any secret."""
        text = self._redacted(str(error))
        if isinstance(error, ApiError) and error.reason == "Conflict":
            text += (
                "; another field manager owns these fields: leave them out of the program, or set "
                f"`enablePatchForce` on the provider or the annotation {FORCE}"
            )
        return ProviderError(f"{self._kind}: {text}")

    def _redacted(self, text: str) -> str:
        hidden = self._inputs.secret_texts()
        encoded = {base64.b64encode(secret.encode()).decode() for secret in hidden}
        for secret in sorted(hidden | encoded, key=len, reverse=True):
            if len(secret) >= SHORTEST_SECRET:
                text = text.replace(secret, "[secret]")
        return text


def _may_come(error: ProviderError) -> bool:
    """Return whether the error is about a resource that the same run may be creating."""
    if isinstance(error, NoSuchKindError):
        return True
    if not isinstance(error, ApiError):
        return False
    no_account = error.status == 403 and "error looking up service account" in error.message
    return error.status == 404 or no_account


def _identity(resource: Resource, live: Object) -> str:
    """Return the official provider's id of an object: `namespace/name`, or `name`."""
    metadata = live["metadata"]
    return (
        f"{metadata['namespace']}/{metadata['name']}" if resource.namespaced else metadata["name"]
    )


def _parts(identity: str) -> tuple[str | None, str]:
    namespace, _, name = identity.rpartition("/")
    return namespace or None, name
