"""Creates every boto3 client of the CLI: its endpoint, its region, and its credentials.

The order of precedence is the same everywhere:

- Endpoint: the caller's argument (a backend URL may contain one), else `AWS_ENDPOINT_URL` of the
  estate's backend location (the sandbox's), else that of this process, else AWS's own.
- Region: the caller's argument (a stack's region), else `AWS_REGION`, else botocore's default.
- Credentials: those of the estate's location, which the engine uses, too, else botocore's chain
  (variables, profile, role of the machine). For an action of a person, such as an approval, the
  order is reversed: the person's own credentials are used if they are for the same endpoint.

A set of credentials always comes from one source: the session token of an AWS account must never be
combined with the keys of the sandbox.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.config import Config

ENDPOINT, REGION, KEY = "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID"
CREDENTIALS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")


class Aws:
    """One AWS account as seen by this run; creates each client once; safe for several threads."""

    def __init__(
        self,
        location: Mapping[str, str],
        region: str | None = None,
        *,
        endpoint: str | None = None,
        as_person: bool = False,
        config: Config | None = None,
    ) -> None:
        """`location` is the environment that the estate's backend location adds to the process.

        `as_person` prefers the credentials of the process, for actions under a person's identity.
        """
        self.endpoint = endpoint_of(location, endpoint)
        self.region = region or location.get(REGION) or os.environ.get(REGION) or None
        self._keys = _credentials(location, as_person=as_person)
        self._config = config
        self._lock = Lock()
        self._clients: dict[tuple[str, str | None], Any] = {}
        self._opened: Any = None

    def client(self, service: str, region: str | None = None) -> Any:
        """Return the client of a service, in the default region or the given one."""
        key = (service, region or self.region)
        with self._lock:  # a boto3 session is not safe for several threads
            if key not in self._clients:
                self._clients[key] = self._session().client(
                    service,
                    region_name=key[1],
                    endpoint_url=self.endpoint,
                    config=self._config,
                )
            return self._clients[key]

    def credentials(self) -> Any:
        """Return botocore's credentials, None if there are none."""
        with self._lock:
            return self._session().get_credentials()

    def _session(self) -> Any:
        import boto3

        if self._opened is None:
            self._opened = boto3.Session(region_name=self.region, **self._keys)
        return self._opened


def endpoint_of(location: Mapping[str, str], named: str | None = None) -> str | None:
    """Return the address of AWS, None for AWS's default endpoints."""
    return named or location.get(ENDPOINT) or os.environ.get(ENDPOINT) or None


def _credentials(location: Mapping[str, str], *, as_person: bool) -> dict[str, str]:
    """Return one set of keys from the location; empty if botocore shall choose."""
    own = as_person and os.environ.get(ENDPOINT) == location.get(ENDPOINT)
    if own or KEY not in location:
        return {}
    return {name: location[name.upper()] for name in CREDENTIALS if location.get(name.upper())}
