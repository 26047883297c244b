"""The CLI's tokens for EKS are those that the sandbox's clusters, like real ones, accept."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, urlsplit

from botocore.credentials import Credentials

from stackyard_cli.clients.eks_token import eks_token
from stackyard_sandbox.eks_token import token

KEYS = Credentials("key", "secret", "session")


def read(text: str) -> tuple[str, dict[str, list[str]]]:
    prefix, _, encoded = text.rpartition(".")
    assert prefix == "k8s-aws-v1"
    url = urlsplit(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode())
    query = parse_qs(url.query)
    # They depend on the moment of signing.
    return f"{url.scheme}://{url.netloc}{url.path}", {
        name: value
        for name, value in query.items()
        if name not in {"X-Amz-Date", "X-Amz-Signature"}
    }


def test_a_token_signs_the_cluster_and_is_the_sandboxes() -> None:
    mine = read(eks_token("dev", KEYS, "eu-central-1"))
    assert mine == read(token("dev", KEYS, "eu-central-1"))
    assert mine[0] == "https://sts.eu-central-1.amazonaws.com/"
    assert mine[1]["X-Amz-SignedHeaders"] == ["host;x-k8s-aws-id"]
    assert "X-Amz-Security-Token" in mine[1]


def test_the_endpoint_of_a_sandbox_is_signed_instead() -> None:
    assert read(eks_token("dev", KEYS, "eu-central-1", "http://127.0.0.1:5000"))[0] == (
        "http://127.0.0.1:5000/"
    )
