"""Bucket policies, judged by the evaluator as AWS would."""

from __future__ import annotations

import pytest

from stackyard.access.evaluator import Request, decide
from stackyard.bucket.policies import ENCRYPTION, KEY_ID, OWN_KEY, bucket_policy

ROLE = "arn:aws:iam::123456789012:role/anyone"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/good"
EVERYTHING = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@pytest.mark.parametrize(
    ("context", "sid"),
    [
        ({}, ""),
        ({"aws:SecureTransport": "false"}, "DenyPlainHttp"),
        ({"s3:TlsVersion": "1.1"}, "DenyOldTls"),
        ({"s3:TlsVersion": "1.2"}, ""),
        ({ENCRYPTION: "aws:kms"}, ""),
        ({ENCRYPTION: "aws:kms", KEY_ID: KEY}, ""),
        ({ENCRYPTION: "AES256"}, "DenyOtherEncryption"),
        ({ENCRYPTION: "aws:kms", KEY_ID: f"{KEY}-not"}, "DenyOtherKey"),
        ({OWN_KEY: "AES256"}, "DenyCustomerKey"),
    ],
)
def test_uploads(context: dict[str, str], sid: str) -> None:
    request = Request(ROLE, "s3:PutObject", "arn:aws:s3:::lake/a", context)
    decision = decide(request, EVERYTHING, bucket_policy("arn:aws:s3:::lake", KEY))
    assert decision.allowed is (sid == "")
    assert not sid or decision.sid == sid


def test_plain_http_is_denied_for_the_bucket_itself_too() -> None:
    request = Request(ROLE, "s3:ListBucket", "arn:aws:s3:::lake", {"aws:SecureTransport": "false"})
    assert not decide(request, EVERYTHING, bucket_policy("arn:aws:s3:::lake", None)).allowed
