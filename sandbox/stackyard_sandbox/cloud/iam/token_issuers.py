"""Finds the signing keys of web identity token issuers, without network access.

AWS reads `/.well-known/openid-configuration` at the issuer's address on the internet. The sandbox
knows every control plane by its issuer, and its API server returns the keys with which it signs
service account tokens (kubernetes.io/docs/tasks/configure-pod-container/configure-service-account,
"Service account issuer discovery"). The keys of issuers outside of the sandbox, such as a Git host,
are in a file of its folder, which its owner writes.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stackyard_sandbox.control_plane import ControlPlane, ControlPlaneError
from stackyard_sandbox.control_plane.api import Api, ApiError
from stackyard_sandbox.planes import every_plane

FILE = "issuers.json"
"""JSON Web Key Sets (RFC 7517) by issuer, in the sandbox's folder."""

Key = Mapping[str, Any]


class Issuers:
    """The issuers whose keys the sandbox knows."""

    def __init__(self, home: Path, port: int) -> None:
        self._home, self._port = home, port

    def keys(self, issuer: str) -> list[Key]:
        """Return the keys of an issuer; empty for an unknown issuer.

        Raises OSError if its API server does not answer.
        """
        result: list[Key] = []
        for plane in every_plane(self._home, self._port):
            if plane.issuer == issuer:
                result += _keys(plane)
        return result or self._written(issuer)

    def _written(self, issuer: str) -> list[Key]:
        file = self._home / FILE
        issuers = json.loads(file.read_text()) if file.exists() else {}
        return list(issuers.get(issuer, {}).get("keys", []))


def _keys(plane: ControlPlane) -> list[Key]:
    try:
        api = Api(plane.endpoint, plane.ca_pem, plane.token)
        return list(api.get("/openid/v1/jwks")["keys"])
    except (ApiError, ControlPlaneError) as error:
        raise OSError(str(error)) from error
