"""A client for one API server: pooled connections, tokens, discovery, five calls.

The API's conventions: https://kubernetes.io/docs/reference/using-api/api-concepts/.
"""

from __future__ import annotations

import json
import ssl
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, urlencode

import urllib3

from stackyard_sandbox.provider.kubernetes.configuration import Access
from stackyard_sandbox.provider.server import ProviderError

FIELD_MANAGER = "pulumi-stackyard"
"""Owner of the fields that are applied (https://kubernetes.io/docs/reference/using-api/server-side-apply/)."""

CONNECTIONS = 16
"""Maximum number of idle connections; the engine's default parallelism is four per processor."""

TIMEOUT = urllib3.Timeout(connect=5, read=60)
"""In seconds; the server itself refuses requests of more than a minute."""

RETRIES = urllib3.Retry(connect=2, read=1, redirect=0, status=0, other=0, allowed_methods=None)
"""Every call here may be repeated: a second apply or delete changes nothing."""

Object = dict[str, Any]


class Token(Protocol):
    """Returns the current bearer token."""

    def __call__(self, *, fresh: bool = False) -> str:
        """Return a token; a `fresh` one after the last one was refused."""


class ApiError(ProviderError):
    """The API server refused a request."""

    def __init__(self, status: int, answer: Mapping[str, Any]) -> None:
        self.status = status
        self.reason = str(answer.get("reason", ""))
        self.message = str(answer.get("message", f"HTTP status {status}"))
        self.details: Mapping[str, Any] = answer.get("details") or {}
        super().__init__(self.message)

    def about(self, kind: str) -> bool:
        """Return whether it is about an object of this plural, such as a missing namespace."""
        return self.details.get("kind") == kind


class UnreachableError(ProviderError):
    """No API server answers at the address."""


class NoSuchKindError(ProviderError):
    """The API server does not serve the kind (yet): its definition is missing."""


@dataclass(frozen=True)
class Resource:
    """The API path of a kind's objects."""

    base: str
    plural: str
    namespaced: bool

    def path(self, namespace: str | None, name: str = "") -> str:
        """Return the path of one object, or of all in the namespace when `name` is empty."""
        scope = f"/namespaces/{quote(namespace or 'default', safe='')}" if self.namespaced else ""
        return f"{self.base}{scope}/{self.plural}" + (f"/{quote(name, safe='')}" if name else "")


class Client:
    """A client of one API server, shared by threads and by provider instances."""

    def __init__(self, access: Access, token: Token | None = None) -> None:
        self._server = access.server
        self._token = token
        # Loopback only, so no proxy: urllib3 reads none from the environment by itself.
        self._pool = urllib3.PoolManager(
            maxsize=CONNECTIONS, timeout=TIMEOUT, retries=RETRIES, ssl_context=_tls(access)
        )
        self._groups: dict[str, dict[str, Resource]] = {}
        self._lock = threading.Lock()

    def resource(self, api_version: str, kind: str) -> Resource:
        """Find a kind; an unknown one is requested again: definitions can be added at any time."""
        with self._lock:
            result = self._groups.get(api_version, {}).get(kind)
        if result is None:
            group = self._discover(api_version)
            with self._lock:
                self._groups[api_version] = group
            result = group.get(kind)
        if result is None:
            raise NoSuchKindError(
                f"the API server does not know {api_version} {kind}; "
                "create its definition first, or make this resource depend on it"
            )
        return result

    def get(self, path: str) -> Object | None:
        """Read an object; None if it does not exist."""
        try:
            return self.call("GET", path)
        except ApiError as error:
            if error.status != 404:
                raise
            return None

    def list(self, path: str, selector: str) -> list[Object]:
        """Read the objects with the given labels."""
        answer = self.call("GET", f"{path}?{urlencode({'labelSelector': selector})}")
        return list(answer.get("items") or [])

    def apply(
        self, path: str, body: Object, *, dry_run: bool, force: bool, manager: str = FIELD_MANAGER
    ) -> Object:
        """Create or change an object; a dry run ends after validation and admission."""
        query = {
            "fieldManager": manager,
            "force": str(force).lower(),
            "fieldValidation": "Strict",
            **({"dryRun": "All"} if dry_run else {}),
        }
        return self.call(
            "PATCH", f"{path}?{urlencode(query)}", body, "application/apply-patch+yaml"
        )

    def merge(self, path: str, body: Object) -> Object:
        """Change a part of an object, in place of a controller of the cloud."""
        return self.call("PATCH", path, body, "application/merge-patch+json")

    def delete(self, path: str, propagation: str) -> str | None:
        """Request the deletion of an object and return its uid; None if it does not exist."""
        try:
            answer = self.call("DELETE", path, {"propagationPolicy": propagation})
        except ApiError as error:
            if error.status != 404:
                raise
            return None
        # The response is the object if its deletion takes longer, else a Status about it.
        return str((answer.get("details") or answer["metadata"])["uid"])

    def call(
        self, method: str, path: str, body: Object | None = None, kind: str = "application/json"
    ) -> Object:
        """Make one request; raises ApiError if it is refused, else UnreachableError."""
        data = None if body is None else json.dumps(body)
        answer = self._send(method, path, data, kind, fresh=False)
        if answer.status == 401 and self._token is not None:
            answer = self._send(method, path, data, kind, fresh=True)
        content = _json(answer.data)
        if answer.status == 401:
            raise ApiError(401, {"message": "the cluster does not know the kubeconfig's user"})
        if answer.status >= 400:
            raise ApiError(answer.status, content)
        return content

    def _send(
        self, method: str, path: str, data: str | None, kind: str, *, fresh: bool
    ) -> urllib3.BaseHTTPResponse:
        headers = {"Accept": "application/json", "Content-Type": kind}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token(fresh=fresh)}"
        try:
            return self._pool.request(method, self._server + path, body=data, headers=headers)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            cause = getattr(error, "reason", None) or error
            raise UnreachableError(
                f"no API server answers at {self._server} ({type(cause).__name__}); "
                "is the sandbox running, and the cluster created?"
            ) from None

    def _discover(self, api_version: str) -> dict[str, Resource]:
        base = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        document = self.get(base) or {}
        return {
            entry["kind"]: Resource(base, entry["name"], entry["namespaced"])
            for entry in document.get("resources") or []
            if "/" not in entry["name"]
        }


def _json(data: bytes) -> Object:
    try:
        content = json.loads(data)
    except ValueError:
        return {"message": data.decode(errors="replace")[:300]}
    return content if isinstance(content, dict) else {}


def _tls(access: Access) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=access.authority)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # no key identifiers, as in EKS
    if access.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if access.certificate and access.key:
        with _files(access.certificate, access.key) as (certificate, key):
            context.load_cert_chain(certificate, key)
    return context


@contextmanager
def _files(*texts: str) -> Iterator[list[Path]]:
    """Write texts to private files while a library needs their paths."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / str(index) for index in range(len(texts))]
        for path, text in zip(paths, texts, strict=True):
            path.touch(mode=0o600)
            path.write_text(text)
        yield paths
