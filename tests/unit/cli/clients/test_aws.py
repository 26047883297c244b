"""Whose credentials a client uses, and which address it calls."""

from __future__ import annotations

import pytest

from stackyard_cli.clients.aws import Aws

SANDBOX = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:5000",
    "AWS_ACCESS_KEY_ID": "sandbox",
    "AWS_SECRET_ACCESS_KEY": "of-the-sandbox",
}
OWN = {
    "AWS_ACCESS_KEY_ID": "own",
    "AWS_SECRET_ACCESS_KEY": "of-the-person",
    "AWS_SESSION_TOKEN": "token-of-the-person",
}


@pytest.fixture(autouse=True)
def shell(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A shell with a person's own credentials, and no profile."""
    for name in ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in OWN.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def keys(aws: Aws) -> tuple[str, str | None]:
    found = aws.credentials()
    return found.access_key, found.token


def test_the_keys_of_the_location_never_join_the_token_of_the_shell() -> None:
    assert keys(Aws(SANDBOX, "eu-central-1")) == ("sandbox", None)


def test_without_keys_in_the_location_the_chain_of_botocore_counts() -> None:
    assert keys(Aws({}, "eu-central-1")) == ("own", "token-of-the-person")


def test_a_person_acts_with_their_own_keys_where_these_are_for_the_same_endpoint(
    shell: pytest.MonkeyPatch,
) -> None:
    elsewhere = Aws(SANDBOX, "eu-central-1", as_person=True)
    assert keys(elsewhere) == ("sandbox", None), "the shell's keys are for AWS, not for the sandbox"
    shell.setenv("AWS_ENDPOINT_URL", SANDBOX["AWS_ENDPOINT_URL"])
    assert keys(Aws(SANDBOX, "eu-central-1", as_person=True))[0] == "own"
    assert keys(Aws(SANDBOX, "eu-central-1"))[0] == "sandbox"


def test_the_nearest_endpoint_and_region_count(shell: pytest.MonkeyPatch) -> None:
    shell.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    shell.setenv("AWS_REGION", "eu-west-1")
    assert Aws({}).client("s3").meta.endpoint_url == "http://127.0.0.1:1"
    sandbox = Aws(SANDBOX).client("sqs").meta
    assert (sandbox.endpoint_url, sandbox.region_name) == (SANDBOX["AWS_ENDPOINT_URL"], "eu-west-1")
    named = Aws({**SANDBOX, "AWS_REGION": "eu-west-2"}, endpoint="http://127.0.0.1:2")
    assert named.client("sqs").meta.endpoint_url == "http://127.0.0.1:2"
    assert named.client("sqs").meta.region_name == "eu-west-2"
    assert Aws(SANDBOX, "eu-north-1").client("sqs").meta.region_name == "eu-north-1"
    assert Aws(SANDBOX, "eu-north-1").client("sqs", "eu-west-3").meta.region_name == "eu-west-3"


def test_a_client_is_made_once() -> None:
    aws = Aws(SANDBOX, "eu-central-1")
    assert aws.client("sqs") is aws.client("sqs")
    assert aws.client("sqs") is not aws.client("sqs", "eu-west-1")
