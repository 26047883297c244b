"""Clients of an applied foundation: AWS by boto3, its cluster by the Kubernetes API."""

from __future__ import annotations

import base64
import json
import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from functools import cached_property
from threading import Lock
from typing import Any

from stackyard.contracts import FoundationContract

TIMEOUT_SECONDS = 2
"""How long one request may take."""


class Clients:
    """Connections to the foundation's account and cluster, with the caller's own identity."""

    def __init__(self, environment: Mapping[str, str], foundation: FoundationContract) -> None:
        self._environment = {**os.environ, **environment}
        self._foundation = foundation
        self._lock, self._made = Lock(), dict[str, Any]()

    def aws(self, service: str) -> Any:
        """Return a client of an AWS service; safe for several threads."""
        from botocore.config import Config

        with self._lock:
            if service not in self._made:
                settings = Config(
                    connect_timeout=TIMEOUT_SECONDS,
                    read_timeout=TIMEOUT_SECONDS,
                    retries={"total_max_attempts": 1},
                )
                endpoint = self._environment.get("AWS_ENDPOINT_URL")
                self._made[service] = self._session.client(
                    service, endpoint_url=endpoint, config=settings
                )
            return self._made[service]

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
    def _session(self) -> Any:
        import boto3

        keys = {
            name: self._environment[name.upper()]
            for name in ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
            if name.upper() in self._environment
        }
        return boto3.Session(region_name=self._foundation.region, **keys)

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(
            cadata=base64.b64decode(self._foundation.cluster_ca).decode()
        )

    @cached_property
    def _token(self) -> str:
        """A presigned GetCallerIdentity, which is what EKS takes for a token.

        Source: https://docs.aws.amazon.com/eks/latest/userguide/cluster-auth.html.
        """
        from botocore.auth import SigV4QueryAuth
        from botocore.awsrequest import AWSRequest

        region = self._foundation.region
        endpoint = self._environment.get("AWS_ENDPOINT_URL", f"https://sts.{region}.amazonaws.com")
        request = AWSRequest(
            method="GET",
            url=f"{endpoint}/",
            params={"Action": "GetCallerIdentity", "Version": "2011-06-15"},
            headers={"x-k8s-aws-id": self._foundation.cluster_name},
        )
        SigV4QueryAuth(self._session.get_credentials(), "sts", region, expires=60).add_auth(request)
        prepared: Any = request.prepare()
        return "k8s-aws-v1." + base64.urlsafe_b64encode(prepared.url.encode()).decode().rstrip("=")
