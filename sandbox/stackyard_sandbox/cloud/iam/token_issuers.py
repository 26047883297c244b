"""Finds the signing keys of web identity token issuers; fetches nothing from outside.

AWS reads `/.well-known/openid-configuration` below the issuer's address in the internet. Here every
control plane is known by its issuer, and its API server says which keys it signs service account
tokens with (kubernetes.io/docs/tasks/configure-pod-container/configure-service-account, "Service
account issuer discovery"). What issuers outside of the sandbox publish, such as a Git host's, its
owner writes into a file of its folder.
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
    """The issuers that a sandbox knows the keys of."""

    def __init__(self, home: Path, port: int) -> None:
        self._home, self._port = home, port

    def keys(self, issuer: str) -> list[Key]:
        """Return what an issuer publishes; empty for one that nobody has told the keys of.

        Raises OSError if its API server does not answer.
        """
        found: list[Key] = []
        for plane in every_plane(self._home, self._port):
            if plane.issuer == issuer:
                found += _keys(plane)
        return found or self._written(issuer)

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
