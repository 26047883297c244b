"""The state bucket's settings against what S3 answers."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from stackyard_cli.bootstrap import steps

RULE = {
    "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "key"},
    "BucketKeyEnabled": True,
}
BLOCKED = {"BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]}}


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({**RULE, **BLOCKED}, "ok"),
        (RULE, "ok"),
        ({**RULE, "BucketKeyEnabled": False}, "different"),
    ],
)
def test_a_setting_that_s3_adds_by_itself_is_no_difference(
    answer: dict[str, Any], status: str
) -> None:
    s3 = boto3.Session("test", "test", region_name="eu-central-1").client("s3")
    with Stubber(s3) as stub:  # refuses an answer that the API's model does not know
        configuration = {"ServerSideEncryptionConfiguration": {"Rules": [answer]}}
        stub.add_response("get_bucket_encryption", configuration, {"Bucket": "state"})
        look = steps.compared(
            lambda: s3.get_bucket_encryption(Bucket="state")["ServerSideEncryptionConfiguration"],
            {"Rules": [RULE]},
            same=steps.includes,
        )
        assert look() == status
