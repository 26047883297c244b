"""The emulator keeps the name of a cancelled signing profile, as AWS Signer does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.signer.models import SignerBackend

from stackyard_sandbox.cloud.strictness import signing_profiles


@pytest.fixture
def signer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("put_signing_profile", "get_signing_profile"):
        monkeypatch.setattr(SignerBackend, name, getattr(SignerBackend, name))
    signing_profiles.install()
    with mock_aws():
        yield boto3.Session("test", "test", region_name="eu-central-1").client("signer")


def test_the_name_of_a_cancelled_signing_profile_is_used_up(signer: Any) -> None:
    profile = {"profileName": "builds", "platformId": "Notation-OCI-SHA384-ECDSA"}
    signer.put_signing_profile(**profile)
    signer.cancel_signing_profile(profileName="builds")
    with pytest.raises(ClientError, match=r"Validation.*already exists"):
        signer.put_signing_profile(**profile)
    signer.put_signing_profile(**{**profile, "profileName": "builds2"})


def test_a_missing_signing_profile_is_named(signer: Any) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        signer.get_signing_profile(profileName="none")
