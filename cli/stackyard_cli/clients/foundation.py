"""Clients of an applied foundation: AWS by boto3, its cluster by the Kubernetes API."""

from __future__ import annotations

import base64
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from stackyard.contracts import FoundationContract
from stackyard_cli.clients.aws import Aws
from stackyard_cli.clients.eks_token import eks_token
from stackyard_cli.clients.trust import trusting

TIMEOUT_SECONDS = 2
"""Timeout of one request in seconds."""


class Clients:
    """Connections to the foundation's account and cluster, with the caller's own identity."""

    def __init__(self, environment: Mapping[str, str], foundation: FoundationContract) -> None:
        """`environment` is what the estate's backend location adds to that of the process."""
        from botocore.config import Config

        self._foundation = foundation
        self._aws = Aws(
            environment,
            foundation.region,
            config=Config(
                connect_timeout=TIMEOUT_SECONDS,
                read_timeout=TIMEOUT_SECONDS,
                retries={"total_max_attempts": 1},
            ),
        )

    def aws(self, service: str) -> Any:
        """Return the client of an AWS service; safe for several threads."""
        return self._aws.client(service)

    def kube(self, path: str) -> Any:
        """Return an object of the cluster's API, None if it does not exist."""
        request = urllib.request.Request(
            self._foundation.cluster_endpoint + path,
            headers={"Authorization": f"Bearer {self._token}"},
        )
        try:
            with urllib.request.urlopen(
                request, timeout=TIMEOUT_SECONDS, context=self._trust
            ) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        return trusting(base64.b64decode(self._foundation.cluster_ca).decode())

    @cached_property
    def _token(self) -> str:
        cluster, region = self._foundation.cluster_name, self._foundation.region
        return eks_token(cluster, self._aws.credentials(), region, self._aws.endpoint)
