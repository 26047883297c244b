"""A small client for the sandbox's own calls of the Kubernetes API.

It uses the standard library: importing the official client would take longer than starting the
server.
"""

import http.client
import json
import ssl
from typing import Any
from urllib.parse import urlsplit

JSON = "application/json"
APPLY = "application/apply-patch+yaml"
FIELD_MANAGER = "stackyard-sandbox"


class ApiError(Exception):
    """The API server refused a request."""

    def __init__(self, method: str, path: str, status: int, message: str) -> None:
        super().__init__(f"{method} {path}: {status} {message}")
        self.status = status
        self.message = message


class Api:
    """A client of one API server with one token."""

    def __init__(self, endpoint: str, ca_pem: str, token: str) -> None:
        # Not urllib: it would send loopback requests to a proxy of the environment.
        self._address = urlsplit(endpoint).netloc
        self._trust = ssl.create_default_context(cadata=ca_pem)
        self._trust.verify_flags &= ~ssl.VERIFY_X509_STRICT  # no key identifiers, as in EKS
        self._token = token

    def get(self, path: str) -> dict[str, Any]:
        """Read an object or a list."""
        return json_object(self.call("GET", path))

    def apply(
        self, path: str, body: dict[str, Any], manager: str = FIELD_MANAGER
    ) -> dict[str, Any]:
        """Create or change an object by server-side apply: the same call for both.

        Fields that an earlier call of the same manager set, and this one does not, are removed.
        """
        query = f"?fieldManager={manager}&force=true"
        return json_object(self.call("PATCH", path + query, body, APPLY))

    def delete(self, path: str, *, grace_seconds: int | None = None) -> None:
        """Delete an object; a missing object is no error."""
        options = {} if grace_seconds is None else {"gracePeriodSeconds": grace_seconds}
        try:
            self.call("DELETE", path, options)
        except ApiError as error:
            if error.status != http.client.NOT_FOUND:
                raise

    def call(
        self, method: str, path: str, body: dict[str, Any] | None = None, kind: str = JSON
    ) -> str:
        """Send one request; return the body of the response, or raise ApiError."""
        connection = http.client.HTTPSConnection(self._address, timeout=10, context=self._trust)
        headers = {
            "Authorization": f"Bearer {self._token}",
            # The keys of tokens have their own media type, `application/jwk-set+json`.
            "Accept": f"{JSON}, */*",
            "Content-Type": kind,
        }
        data = None if body is None else json.dumps(body)
        try:
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status >= http.client.BAD_REQUEST:
            raise ApiError(method, path, answer.status, _message(text))
        return text


def json_object(text: str) -> dict[str, Any]:
    """Return a JSON object; refuse any other value."""
    value = json.loads(text)
    if not isinstance(value, dict):
        raise TypeError(f"expected a JSON object, got {type(value).__name__}")
    return value


def _message(text: str) -> str:
    """Return the message of a Kubernetes Status; other bodies (a failed /readyz) unchanged."""
    try:
        return str(json_object(text).get("message", text))
    except (ValueError, TypeError):
        return text.strip()
