"""The emulator refuses an identity provider that IAM refuses."""

from __future__ import annotations

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.iam.models import IAMBackend

from stackyard_sandbox.cloud.strictness import identity_providers


@mock_aws
def test_an_issuer_has_no_port(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "create_open_id_connect_provider"
    monkeypatch.setattr(IAMBackend, name, getattr(IAMBackend, name))
    identity_providers.install()
    iam = boto3.Session("test", "test", region_name="eu-central-1").client("iam")
    with pytest.raises(ClientError, match="Invalid Open ID Connect Provider URL"):
        iam.create_open_id_connect_provider(Url="https://oidc.berlin.example:8443")
    made = iam.create_open_id_connect_provider(Url="https://oidc.berlin.example/keys")
    assert made["OpenIDConnectProviderArn"].endswith("oidc-provider/oidc.berlin.example/keys")
