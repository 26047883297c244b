"""Creates tokens for kubeconfig users that call `aws eks get-token`; starts no program."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from stackyard_sandbox import eks_token, state
from stackyard_sandbox.provider.kubernetes.client import Token
from stackyard_sandbox.provider.kubernetes.configuration import Access, EksUser
from stackyard_sandbox.provider.server import ProviderError

if TYPE_CHECKING:
    from botocore.credentials import Credentials

RENEWAL = 10 * 60
"""Seconds after which a token is created again; EKS accepts a token for fifteen minutes."""


class EksTokens:
    """The current token of one EKS user: the one in `sandbox.json`, or a role that it assumes."""

    def __init__(self, sandbox_dir: Path, user: EksUser) -> None:
        self._sandbox_dir = sandbox_dir
        self._user = user
        self._lock = threading.Lock()
        self._token = ""
        self._made_as: state.Aws | None = None
        self._renew_at = 0.0

    def __call__(self, *, fresh: bool = False) -> str:
        """Return a token that is still valid for minutes."""
        with self._lock:
            aws = self._access()
            if fresh or aws != self._made_as or time.monotonic() >= self._renew_at:
                self._token = self._make(aws)
                self._made_as = aws
                self._renew_at = time.monotonic() + RENEWAL
            return self._token

    def _access(self) -> state.Aws:
        sandbox = state.read(self._sandbox_dir)
        if sandbox is None:
            raise ProviderError("the sandbox is not running: run `stackyard sandbox start`")
        return sandbox.aws

    def _make(self, aws: state.Aws) -> str:
        region = self._user.region or aws.region
        credentials = self._credentials(aws, region)
        return eks_token.token(self._user.cluster, credentials, region, aws.endpoint)

    def _credentials(self, aws: state.Aws, region: str) -> Credentials:
        # Importing botocore takes half a second, which clusters with static tokens do not need.
        from botocore.credentials import Credentials
        from botocore.exceptions import ClientError
        from botocore.session import get_session

        own = Credentials(aws.access_key_id, aws.secret_access_key, aws.session_token or None)
        if self._user.role is None:
            return own
        sts = get_session().create_client(
            "sts",
            region_name=region,
            endpoint_url=aws.endpoint,
            aws_access_key_id=own.access_key,
            aws_secret_access_key=own.secret_key,
            aws_session_token=own.token,
        )
        try:
            answer = sts.assume_role(RoleArn=self._user.role, RoleSessionName="EKSGetTokenAuth")
        except ClientError as error:
            why = error.response["Error"]["Message"]
            raise ProviderError(f"{self._user.role} cannot be assumed: {why}") from None
        taken = answer["Credentials"]
        return Credentials(taken["AccessKeyId"], taken["SecretAccessKey"], taken["SessionToken"])


class StaticToken:
    """The only token of a kubeconfig that contains one."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, *, fresh: bool = False) -> str:
        """Return the token; there is no other."""
        return self._token


def tokens(access: Access, sandbox_dir: Path) -> Token | None:
    """Return the source of the bearer token of an access; None if it uses a certificate."""
    if access.eks is not None:
        return EksTokens(sandbox_dir, access.eks)
    return None if access.token is None else StaticToken(access.token)
