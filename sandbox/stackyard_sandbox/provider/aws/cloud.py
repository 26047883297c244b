"""The AWS endpoint of one provider instance: region, account, clients.

The credentials that a program configures are not used: calls to the emulator are signed with the
sandbox's own, so that real ones are never sent anywhere. Endpoints off this machine are refused.
"""

from __future__ import annotations

import ipaddress
import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from stackyard_sandbox.provider.aws.constraints import hold_calls
from stackyard_sandbox.provider.aws.ledger import Ledger
from stackyard_sandbox.provider.aws.propagation import wait_out
from stackyard_sandbox.provider.protocol import UNKNOWN, Properties
from stackyard_sandbox.provider.server import ProviderError

CLIENT_CONFIG = Config(
    connect_timeout=5,
    read_timeout=60,
    retries={"total_max_attempts": 2, "mode": "standard"},
    max_pool_connections=20,
    s3={"addressing_style": "path"},
)


@dataclass(frozen=True)
class Endpoint:
    """Address of the emulator, and the identity of its caller."""

    url: str
    region: str
    account: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)

    @classmethod
    def of_sandbox(cls, folder: Path) -> Endpoint:
        """Read the record of the sandbox; raises `ProviderError` if it does not run."""
        try:
            aws = json.loads((folder / "sandbox.json").read_text())["aws"]
        except (OSError, ValueError, KeyError) as error:
            raise ProviderError(
                f"the sandbox in {folder} says no AWS endpoint ({type(error).__name__}); "
                "run `stackyard sandbox start`"
            ) from None
        endpoint = cls(
            url=aws["endpoint"],
            region=aws["region"],
            account=aws["account"],
            access_key_id=aws["access_key_id"],
            secret_access_key=aws["secret_access_key"],
            session_token=aws.get("session_token") or None,
        )
        if not is_loopback(endpoint.url):
            raise ProviderError(f"sandbox.json names an endpoint off this machine: {endpoint.url}")
        return endpoint


class Clients:
    """The boto3 clients of one endpoint, created once each: creation takes longer than a call.

    Each call is held to AWS's description of the service, and counted in the sandbox's folder.
    """

    def __init__(self, endpoint: Endpoint, sandbox: Path) -> None:
        self.endpoint = endpoint
        self._ledger = Ledger(sandbox)
        self._session = boto3.Session(
            aws_access_key_id=endpoint.access_key_id,
            aws_secret_access_key=endpoint.secret_access_key,
            aws_session_token=endpoint.session_token,
            region_name=endpoint.region,
        )
        self._made: dict[tuple[str, str, str], Any] = {}
        self._lock = threading.Lock()

    def get(self, service: str, region: str, url: str) -> Any:
        """Return the client of a service in a region."""
        key = (service, region, url)
        if key not in self._made:
            with self._lock:
                if key not in self._made:
                    self._made[key] = self._client(service, region, url)
        return self._made[key]

    def _client(self, service: str, region: str, url: str) -> Any:
        client = self._session.client(
            service, region_name=region, endpoint_url=url, config=CLIENT_CONFIG
        )
        client.meta.events.register("before-call", _without_account_host)
        hold_calls(client, self._ledger)
        wait_out(client)
        return client


@dataclass(frozen=True)
class Cloud:
    """One provider instance: its region, its default tags, and its clients."""

    clients: Clients
    region: str
    account: str
    default_tags: Mapping[str, str]
    endpoints: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def configured(cls, clients: Clients, variables: Properties) -> Cloud:
        """Create the instance that a program configured; refuses wrong accounts and endpoints."""
        if failures := wrong_endpoints(variables):
            raise ProviderError("; ".join(f"`{at}`: {why}" for at, why in failures))
        tags = (variables.get("defaultTags") or {}).get("tags") or {}
        cloud = cls(
            clients=clients,
            region=variables.get("region") or clients.endpoint.region,
            account=clients.endpoint.account,
            default_tags={key: str(value) for key, value in tags.items()},
            endpoints=_endpoints(variables),
        )
        cloud._check_account(variables)
        return cloud

    @property
    def partition(self) -> str:
        """The AWS partition of the region."""
        prefixes = {"cn": "aws-cn", "us-gov": "aws-us-gov"}
        starts = (name for prefix, name in prefixes.items() if self.region.startswith(f"{prefix}-"))
        return next(starts, "aws")

    def at(self, region: Any) -> Cloud:
        """Return this instance in the region that a resource names, if it names one."""
        if not isinstance(region, str) or region == self.region:
            return self
        return Cloud(self.clients, region, self.account, self.default_tags, self.endpoints)

    def client(self, service: str) -> Any:
        """Return the boto3 client of a service."""
        url = self.endpoints.get(service, self.clients.endpoint.url)
        return self.clients.get(service, self.region, url)

    def arn(self, service: str, resource: str, *, region: bool = True, account: bool = True) -> str:
        """Return an ARN of this account and region."""
        place = self.region if region else ""
        owner = self.account if account else ""
        return f"arn:{self.partition}:{service}:{place}:{owner}:{resource}"

    def _check_account(self, variables: Properties) -> None:
        allowed = variables.get("allowedAccountIds") or []
        forbidden = variables.get("forbiddenAccountIds") or []
        if not (allowed or forbidden):
            return
        account = self.client("sts").get_caller_identity()["Account"]
        if (allowed and account not in allowed) or account in forbidden:
            raise ProviderError(
                f"`allowedAccountIds`: the credentials are of account {account}, "
                f"which is not allowed (allowed: {', '.join(allowed) or 'any but forbidden ones'})"
            )


def _without_account_host(params: dict[str, Any], **_: Any) -> None:
    """S3 Control prefixes the host with the account, but an IP address has no subdomains."""
    params["url"] = re.sub(r"//\d{12}\.", "//", params["url"])


def is_loopback(url: str) -> bool:
    """Return whether a URL can only reach this machine."""
    host = urlsplit(url if "//" in url else f"//{url}").hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def wrong_endpoints(variables: Properties) -> list[tuple[str, str]]:
    """Return (property, reason) for each configured endpoint that is not on this machine."""
    why = "the sandbox talks to loopback endpoints only; remove it or use the target `aws`"
    failures = [
        (f"endpoints[{index}].{service}", why)
        for index, entry in enumerate(_entries(variables))
        for service, url in entry.items()
        if isinstance(url, str) and url and not is_loopback(url)
    ]
    for key in ("ec2MetadataServiceEndpoint", "httpProxy", "httpsProxy"):
        url = variables.get(key)
        if isinstance(url, str) and url and not is_loopback(url):
            failures.append((key, why))
    return failures


def _entries(variables: Properties) -> list[dict[str, Any]]:
    entries = variables.get("endpoints")
    if entries is UNKNOWN or not isinstance(entries, list):
        return []
    return [entry for entry in entries if isinstance(entry, dict)]


def _endpoints(variables: Properties) -> dict[str, str]:
    return {
        service: url
        for entry in _entries(variables)
        for service, url in entry.items()
        if isinstance(url, str) and url
    }
