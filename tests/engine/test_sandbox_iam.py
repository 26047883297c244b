"""IAM in the sandbox: conditions, denials and resource policies, tried with real credentials."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import boto3
import botocore
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from joserfc import jwt
from joserfc.jwk import RSAKey

from stackyard_sandbox.processes import free_ports

ACCOUNT = "123456789012"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
PLAIN_HTTP = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": ["arn:aws:s3:::lake", "arn:aws:s3:::lake/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
ISSUER = "https://ci.example/tokens"
SIGNING_KEY = RSAKey.generate_key(2048, {"kid": "one"})


def document(*statements: Any) -> Any:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    (port,) = free_ports(1)
    home = tmp_path_factory.mktemp("cloud")
    (home / "cloud").mkdir()
    published = {ISSUER: {"keys": [SIGNING_KEY.as_dict(private=False)]}}
    (home / "issuers.json").write_text(json.dumps(published))
    command = [sys.executable, "-m", "stackyard_sandbox.cloud", "--sandbox", str(home)]
    process = subprocess.Popen([*command, "--port", str(port)])
    endpoint = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{endpoint}/_sandbox/health").close()
                break
            except OSError:
                assert process.poll() is None
                time.sleep(0.1)
        keys = json.loads((home / "cloud" / "administrator.json").read_text())
        yield endpoint, keys["access_key_id"], keys["secret_access_key"]
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="module")
def client(cloud: Any) -> Any:
    endpoint, key, secret = cloud

    def make(service: Any, credentials: Any = None) -> Any:
        keys = {"aws_access_key_id": key, "aws_secret_access_key": secret}
        if credentials:
            keys = {
                "aws_access_key_id": credentials["AccessKeyId"],
                "aws_secret_access_key": credentials["SecretAccessKey"],
                "aws_session_token": credentials["SessionToken"],
            }
        return boto3.client(service, region_name="eu-central-1", endpoint_url=endpoint, **keys)

    return make


@pytest.fixture(scope="module")
def lake(client: Any) -> Any:
    s3 = client("s3")
    s3.create_bucket(
        Bucket="lake", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    for key in ("in/a", "out/b"):
        s3.put_object(Bucket="lake", Key=key, Body=b"x")
    s3.put_bucket_policy(Bucket="lake", Policy=document(PLAIN_HTTP))
    return "lake"


@pytest.fixture(scope="module")
def role(client: Any) -> Any:
    """Make a role with a policy and take it; `trust` is the condition of its trust policy."""

    def take(
        name: str, *statements: Any, trust: Any = None, principal: Any = ROOT, **asked: Any
    ) -> Any:
        iam = client("iam")
        trusted = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": principal}}
        if trust:
            trusted["Condition"] = trust
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trusted))
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(*statements))
        arn = made["Role"]["Arn"]
        answer = client("sts").assume_role(RoleArn=arn, RoleSessionName="test", **asked)
        return answer["Credentials"]

    return take


def refused(call: Any, **arguments: Any) -> Any:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"] in (
        "AccessDenied",
        "AccessDeniedException",
        "UnauthorizedOperation",  # EC2's word
        "403",
    )


def test_a_denial_under_a_condition_that_is_not_met_denies_nothing(client: Any, lake: Any) -> None:
    assert client("s3").get_object(Bucket=lake, Key="in/a")["Body"].read() == b"x"


def test_a_denial_that_is_met_goes_before_every_allowance(client: Any, lake: Any) -> None:
    s3 = client("s3")
    fence = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "NotResource": "arn:aws:s3:::lake/in/*",
    }
    s3.put_bucket_policy(Bucket=lake, Policy=document(fence))
    try:
        assert s3.get_object(Bucket=lake, Key="in/a")
        assert refused(s3.get_object, Bucket=lake, Key="out/b")
    finally:
        s3.put_bucket_policy(Bucket=lake, Policy=document(PLAIN_HTTP))


def test_a_list_is_allowed_below_the_prefix_only(client: Any, lake: Any, role: Any) -> None:
    listing = {
        "Effect": "Allow",
        "Action": "s3:ListBucket",
        "Resource": "arn:aws:s3:::lake",
        "Condition": {"StringLike": {"s3:prefix": ["in/", "in/*"]}},
    }
    s3 = client("s3", role("lister", listing))
    assert s3.list_objects_v2(Bucket=lake, Prefix="in/")["KeyCount"] == 1
    assert refused(s3.list_objects_v2, Bucket=lake)
    assert refused(s3.list_objects_v2, Bucket=lake, Prefix="out/")


def test_a_copy_needs_the_right_to_read_its_source(client: Any, lake: Any, role: Any) -> None:
    own = {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::lake/in/*"}
    s3 = client("s3", role("copier", own))
    s3.copy_object(Bucket=lake, Key="in/c", CopySource=f"{lake}/in/a")
    assert refused(s3.copy_object, Bucket=lake, Key="in/d", CopySource=f"{lake}/out/b")


def test_a_delete_of_many_is_judged_key_by_key(client: Any, lake: Any, role: Any) -> None:
    own = {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::lake/in/*"}
    s3 = client("s3", role("deleter", own))
    client("s3").put_object(Bucket=lake, Key="in/e", Body=b"x")
    mixed = {"Objects": [{"Key": "in/e"}, {"Key": "out/b"}]}
    answer = s3.delete_objects(Bucket=lake, Delete=mixed)
    assert not answer.get("Deleted")
    assert client("s3").get_object(Bucket=lake, Key="out/b")


def test_an_upload_with_another_key_is_refused_and_one_without_is_not(
    client: Any, lake: Any
) -> None:
    s3 = client("s3")
    header = "s3:x-amz-server-side-encryption-aws-kms-key-id"
    other = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::lake/*",
        "Condition": {"Null": {header: "false"}, "StringNotEquals": {header: "arn:good"}},
    }
    s3.put_bucket_policy(Bucket=lake, Policy=document(other))
    try:
        s3.put_object(Bucket=lake, Key="in/a", Body=b"x")
        assert refused(
            s3.put_object,
            Bucket=lake,
            Key="in/a",
            Body=b"x",
            ServerSideEncryption="aws:kms",
            SSEKMSKeyId="arn:bad",
        )
    finally:
        s3.put_bucket_policy(Bucket=lake, Policy=document(PLAIN_HTTP))


def test_a_variable_in_a_resource_stands_for_who_asks(client: Any, lake: Any, role: Any) -> None:
    own = {
        "Effect": "Allow",
        "Action": "s3:PutObject",
        "Resource": ["arn:aws:s3:::lake/${aws:userid}", "arn:aws:s3:::lake/${aws:nobody}/*"],
    }
    keys = role("signer", own)
    s3, me = client("s3", keys), client("sts", keys).get_caller_identity()["UserId"]
    assert me.endswith(":test")
    s3.put_object(Bucket=lake, Key=me, Body=b"x")
    for key in (me.replace("test", "else"), f"{me}/x", "${aws:userid}", "/x", "${aws:nobody}/x"):
        assert refused(s3.put_object, Bucket=lake, Key=key, Body=b"x")


def test_a_role_is_taken_with_its_external_id_only(role: Any) -> None:
    needs = {"StringEquals": {"sts:ExternalId": "labels-2026"}}
    assert role("outside", trust=needs, ExternalId="labels-2026")
    with pytest.raises(ClientError, match="AccessDenied"):
        role("outside-wrong", trust=needs, ExternalId="guessed")
    with pytest.raises(ClientError, match="AccessDenied"):
        role("outside-none", trust=needs)


def test_a_role_that_trusts_other_people_is_not_taken(role: Any) -> None:
    people = {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/people-*"}}
    with pytest.raises(ClientError, match="AccessDenied"):
        role("for-people", trust=people)
    with pytest.raises(ClientError, match="AccessDenied"):
        role("for-others", principal="arn:aws:iam::210987654321:root")


def test_a_boundary_is_the_most_that_a_role_can_do(client: Any, lake: Any, role: Any) -> None:
    """Neither its own policies nor those of buckets go beyond it, and each must allow."""
    iam = client("iam")
    arn = f"arn:aws:iam::{ACCOUNT}:policy/bounds"
    within = {"Effect": "Allow", "Action": ["s3:*", "ec2:*"], "Resource": "*"}
    fence = {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::lake/out/*"}
    iam.create_policy(PolicyName="bounds", PolicyDocument=document(within, fence))
    own = {"Effect": "Allow", "Action": ["s3:GetObject", "iam:ListRoles"], "Resource": "*"}
    mine = role("bounded", own)
    s3 = client("s3", mine)
    assert s3.get_object(Bucket=lake, Key="out/b")
    assert client("iam", mine).list_roles()
    iam.put_role_permissions_boundary(RoleName="bounded", PermissionsBoundary=arn)
    assert s3.get_object(Bucket=lake, Key="in/a")
    assert refused(s3.get_object, Bucket=lake, Key="out/b")
    assert refused(client("iam", mine).list_roles)
    assert refused(client("ec2", mine).describe_vpcs)  # bounds grant nothing
    iam.put_role_permissions_boundary(RoleName="bounded", PermissionsBoundary=f"{arn}-gone")
    assert refused(s3.get_object, Bucket=lake, Key="in/a")
    iam.delete_role_permissions_boundary(RoleName="bounded")
    assert s3.get_object(Bucket=lake, Key="out/b")


def test_tags_and_boundaries_are_conditions(client: Any, role: Any) -> None:
    """Of what is asked for (a tag, a boundary to be given), and of what is there already."""
    ours, bounds = {"Key": "team", "Value": "ml"}, f"arn:aws:iam::{ACCOUNT}:policy/bounds-of-all"
    make = {
        "Effect": "Allow",
        "Action": [
            *("iam:CreateRole", "kms:CreateKey", "secretsmanager:CreateSecret"),
            *("iam:TagRole", "kms:TagResource", "secretsmanager:TagResource"),
        ],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:RequestTag/team": "ml"}},
    }
    change = {
        "Effect": "Allow",
        "Action": ["iam:DeleteRole", "kms:DisableKey", "secretsmanager:DeleteSecret"],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:ResourceTag/team": "ml"}},
    }
    unbound = {
        "Effect": "Deny",
        "Action": ["iam:CreateRole", "iam:PutRolePolicy"],
        "Resource": "*",
        "Condition": {"StringNotEquals": {"iam:PermissionsBoundary": bounds}},
    }
    grant = {"Effect": "Allow", "Action": "iam:PutRolePolicy", "Resource": "*"}
    mine = role("maker", make, change, unbound, grant)
    iam, kms, vault = (client(one, mine) for one in ("iam", "kms", "secretsmanager"))
    asked = {"RoleName": "made", "AssumeRolePolicyDocument": document(), "Tags": [ours]}
    assert refused(iam.create_role, **asked)
    assert refused(iam.create_role, **{**asked, "Tags": []}, PermissionsBoundary=bounds)
    iam.create_role(**asked, PermissionsBoundary=bounds)
    policy = {"PolicyName": "p", "PolicyDocument": document(grant)}
    iam.put_role_policy(RoleName="made", **policy)
    assert refused(iam.put_role_policy, RoleName="maker", **policy)
    assert refused(iam.delete_role, RoleName="maker")
    client("iam").delete_role_policy(RoleName="made", PolicyName="p")
    iam.delete_role(RoleName="made")
    assert refused(kms.create_key)
    key = kms.create_key(Tags=[{"TagKey": "team", "TagValue": "ml"}])["KeyMetadata"]["KeyId"]
    kms.disable_key(KeyId=key)
    assert refused(kms.disable_key, KeyId=client("kms").create_key()["KeyMetadata"]["KeyId"])
    assert refused(vault.create_secret, Name="team/untagged", SecretString="made-up")
    vault.create_secret(Name="team/tagged", SecretString="made-up", Tags=[ours])
    vault.delete_secret(SecretId="team/tagged", ForceDeleteWithoutRecovery=True)


def test_a_role_that_asks_for_a_second_factor_is_taken_with_ones_own_device(
    client: Any, role: Any
) -> None:
    iam = client("iam")
    user = iam.create_user(UserName="on-call")["User"]["Arn"]
    key = iam.create_access_key(UserName="on-call")["AccessKey"]
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="on-call")["VirtualMFADevice"]
    codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
    serial = {"SerialNumber": device["SerialNumber"]}
    iam.enable_mfa_device(UserName="on-call", **serial, **codes)
    present = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    with pytest.raises(ClientError, match="AccessDenied"):
        role("glass", trust=present, principal=user)  # the administrator is not named
    take = client("sts", {**key, "SessionToken": None}).assume_role
    asked = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/glass", "RoleSessionName": "test"}
    assert refused(take, **asked)
    assert refused(take, **asked, SerialNumber=f"{serial['SerialNumber']}x", TokenCode="123456")
    assert take(**asked, **serial, TokenCode="123456")["Credentials"]


def test_a_secret_is_read_by_whom_its_own_policy_names(client: Any, role: Any) -> None:
    vault = client("secretsmanager")
    made = vault.create_secret(Name="team/key", SecretString="made-up")
    reader, other = role("reader"), role("other")
    arn = f"arn:aws:iam::{ACCOUNT}:role/reader"
    allow = {
        "Effect": "Allow",
        "Principal": {"AWS": arn},
        "Action": "secretsmanager:GetSecretValue",
        "Resource": "*",
    }
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": "*",
        "Condition": {"ArnNotEquals": {"aws:PrincipalArn": [arn]}},
    }
    vault.put_resource_policy(SecretId=made["ARN"], ResourcePolicy=document(allow, deny))
    read = client("secretsmanager", reader).get_secret_value
    assert read(SecretId="team/key")["SecretString"] == "made-up"
    assert refused(client("secretsmanager", other).get_secret_value, SecretId="team/key")
    assert refused(vault.get_secret_value, SecretId="team/key")


def test_a_cluster_is_described_by_whom_its_arn_is_granted(client: Any, role: Any) -> None:
    arn = f"arn:aws:eks:eu-central-1:{ACCOUNT}:cluster/dev"
    grant = {"Effect": "Allow", "Action": "eks:DescribeCluster", "Resource": arn}
    eks = client("eks", role("describer", grant))
    with pytest.raises(eks.exceptions.ResourceNotFoundException):
        eks.describe_cluster(name="dev")
    assert refused(eks.describe_cluster, name="prod")


def test_a_directory_is_reached_through_its_access_point_and_by_nothing_else(
    client: Any, lake: Any, role: Any
) -> None:
    s3, control = client("s3"), client("s3control")
    control.meta.events.register("before-call.s3-control", without_account_host)
    made = control.create_access_point(AccountId=ACCOUNT, Name="in-door", Bucket=lake)
    arn, door = made["AccessPointArn"], made["Alias"]
    assert arn == f"arn:aws:s3:eu-central-1:{ACCOUNT}:accesspoint/in-door"
    vendor = client("s3", role("vendor"))
    may = {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/vendor"}, "Effect": "Allow"}
    policy = document(
        {**may, "Action": ["s3:GetObject", "s3:PutObject"], "Resource": f"{arn}/object/in/*"},
        {
            **may,
            "Action": "s3:ListBucket",
            "Resource": arn,
            "Condition": {"StringLike": {"s3:prefix": "in/*"}},
        },
    )
    control.put_access_point_policy(AccountId=ACCOUNT, Name="in-door", Policy=policy)
    # The bucket does not know of the door yet.
    assert refused(vendor.get_object, Bucket=door, Key="in/a")
    delegation = {
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": ["s3:GetObject", "s3:PutObject", "s3:ListBucket"],
        "Resource": ["arn:aws:s3:::lake", "arn:aws:s3:::lake/*"],
        "Condition": {"StringEquals": {"s3:DataAccessPointArn": arn}},
    }
    s3.put_bucket_policy(Bucket=lake, Policy=document(PLAIN_HTTP, delegation))
    vendor.put_object(Bucket=door, Key="in/label with+signs", Body=b"cat")
    found = s3.get_object(Bucket=lake, Key="in/label with+signs")
    assert found["Body"].read() == b"cat"
    assert vendor.get_object(Bucket=door, Key="in/a")["Body"].read() == b"x"
    assert vendor.list_objects_v2(Bucket=door, Prefix="in/")["KeyCount"] > 1
    for call, arguments in (
        (vendor.get_object, {"Bucket": door, "Key": "out/b"}),
        (vendor.list_objects_v2, {"Bucket": door, "Prefix": "out/"}),
        (vendor.delete_object, {"Bucket": door, "Key": "in/a"}),
        (vendor.get_object, {"Bucket": lake, "Key": "in/a"}),
        (vendor.list_objects_v2, {"Bucket": lake, "Prefix": "in/"}),
    ):
        assert refused(call, **arguments), arguments
    control.delete_access_point(AccountId=ACCOUNT, Name="in-door")
    with pytest.raises(s3.exceptions.NoSuchBucket):
        s3.get_object(Bucket=door, Key="in/a")


def without_account_host(params: Any, **_: Any) -> None:
    """S3 Control puts the account before the host; an address has no subdomains."""
    params["url"] = params["url"].replace(f"//{ACCOUNT}.", "//")


def test_a_presigned_url_is_good_for_its_object_and_its_time(
    client: Any, lake: Any, role: Any
) -> None:
    own = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::lake/in/*"}
    s3 = client("s3", role("sharer", own))

    def fetch(key: Any = "in/a", change: Any = lambda url: url, seconds: float = 60) -> Any:
        asked = {"Bucket": lake, "Key": key}
        url = s3.generate_presigned_url("get_object", Params=asked, ExpiresIn=seconds)
        with urllib.request.urlopen(change(url)) as answer:
            return answer.read()

    assert fetch() == b"x"
    for wrong in (
        {"key": "out/b"},
        {"change": lambda url: url.replace("/in/a", "/in/c")},
        {"change": lambda url: url.partition("?")[0]},
        {"seconds": 0},
    ):
        with pytest.raises(urllib.error.HTTPError) as caught:
            fetch(**wrong)
        assert caught.value.code in (400, 403), wrong


def test_a_grant_on_one_key_group_or_repository_is_for_that_one(client: Any, role: Any) -> None:
    keys = [client("kms").create_key()["KeyMetadata"]["Arn"] for _ in range(2)]
    for name in ("team/a", "team/b"):
        client("ecr").create_repository(repositoryName=name)
        client("logs").create_log_group(logGroupName=f"/{name}")
    where = f"eu-central-1:{ACCOUNT}"
    grant = {
        "Effect": "Allow",
        "Action": ["kms:Encrypt", "kms:Decrypt", "ecr:DescribeImages", "logs:CreateLogStream"],
        "Resource": [
            keys[0],
            f"arn:aws:ecr:{where}:repository/team/a",
            f"arn:aws:logs:{where}:log-group:/team/a:*",
        ],
    }
    mine = role("narrow", grant)
    kms, ecr, logs = (client(service, mine) for service in ("kms", "ecr", "logs"))
    sealed = kms.encrypt(KeyId=keys[0], Plaintext=b"x")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"x"
    assert ecr.describe_images(repositoryName="team/a")["imageDetails"] == []
    logs.create_log_stream(logGroupName="/team/a", logStreamName="s")
    foreign = client("kms").encrypt(KeyId=keys[1], Plaintext=b"x")["CiphertextBlob"]
    assert refused(kms.encrypt, KeyId=keys[1], Plaintext=b"x")
    assert refused(kms.decrypt, CiphertextBlob=foreign)
    assert refused(ecr.describe_images, repositoryName="team/b")
    assert refused(logs.create_log_stream, logGroupName="/team/b", logStreamName="s")


@pytest.fixture(scope="module")
def web(cloud: Any, client: Any) -> Any:
    """Trade a token of `SIGNING_KEY` for a role, by a client that has no keys at all."""
    client("iam").create_open_id_connect_provider(Url=ISSUER, ClientIDList=["sts"])
    endpoint, *_ = cloud
    settings = Config(signature_version=botocore.UNSIGNED)
    sts = boto3.client("sts", region_name="eu-central-1", endpoint_url=endpoint, config=settings)

    def trade(role: Any, *, seconds: float = 3600, name: str = "job-1", **claims: Any) -> Any:
        now = int(time.time())
        said = {"iss": ISSUER, "sub": "repo:a/b:main", "aud": "sts", "iat": now, "exp": now + 600}
        token = jwt.encode({"alg": "RS256", "kid": "one"}, {**said, **claims}, SIGNING_KEY)
        return sts.assume_role_with_web_identity(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{role}",
            RoleSessionName=name,
            WebIdentityToken=token,
            DurationSeconds=seconds,
        )

    return trade


def trusting(
    client: Any,
    name: str,
    condition: Any,
    provider: Any = f"arn:aws:iam::{ACCOUNT}:oidc-provider/ci.example",
) -> Any:
    """Make a role that may list buckets, for whoever the conditions on a token let in."""
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": f"{provider}/tokens"},
        "Condition": condition,
    }
    iam = client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(statement))
    may = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(may))
    return name


def code_of(call: Any, *arguments: Any, **named: Any) -> Any:
    with pytest.raises(ClientError) as caught:
        call(*arguments, **named)
    error = caught.value.response
    return error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]


def test_a_web_token_is_a_session_with_the_rights_of_its_role(client: Any, web: Any) -> None:
    main = {"StringEquals": {"ci.example/tokens:sub": "repo:a/b:main"}}
    answer = web(trusting(client, "from-main", main))
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/from-main/job-1"
    assert answer["AssumedRoleUser"]["Arn"] == session
    assert answer["SubjectFromWebIdentityToken"] == "repo:a/b:main"
    assert (answer["Provider"], answer["Audience"]) == (ISSUER, "sts")
    keys = answer["Credentials"]
    assert client("sts", keys).get_caller_identity()["Arn"] == session
    assert client("s3", keys).list_buckets()
    assert refused(client("iam", keys).list_roles)
    client("iam").put_role_permissions_boundary(
        RoleName="from-main", PermissionsBoundary="arn:aws:iam::aws:policy/IAMReadOnlyAccess"
    )
    assert refused(client("s3", keys).list_buckets)


def test_the_trust_policy_decides_whose_token_is_taken(client: Any, web: Any) -> None:
    denied = ("AccessDenied", 403)
    like = {"StringLike": {"ci.example/tokens:sub": "repo:a/*"}}
    trusting(client, "from-a", like | {"StringEquals": {"ci.example/tokens:aud": "sts"}})
    assert web("from-a")
    assert code_of(web, "from-a", sub="repo:b/a:main") == denied
    elsewhere = f"arn:aws:iam::{ACCOUNT}:oidc-provider/other.example"
    assert code_of(web, trusting(client, "from-others", {}, elsewhere)) == denied
    other_claim = {"StringLike": {"ci.example/tokens:repository": "*"}}
    assert code_of(web, trusting(client, "by-claim", other_claim)) == denied
    assert code_of(web, "not-there") == denied
    # Whoever signs with keys may be trusted with AssumeRole, which is another action.
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ROOT}}
    client("iam").create_role(RoleName="by-key", AssumeRolePolicyDocument=document(trust))
    assert code_of(web, "by-key") == denied
    assert refused(
        client("sts").assume_role,
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/from-a",
        RoleSessionName="administrator",
    )


def test_a_web_token_that_is_wrong_is_refused_by_the_name_that_aws_has_for_it(
    client: Any, web: Any
) -> None:
    trusting(client, "anybody", {})
    assert code_of(web, "anybody", aud="someone") == ("InvalidIdentityToken", 400)
    assert code_of(web, "anybody", iss="https://ci.example") == ("InvalidIdentityToken", 400)
    late = int(time.time()) - 3600
    assert code_of(web, "anybody", iat=late, exp=late + 60) == ("ExpiredTokenException", 400)
    assert code_of(web, "anybody", seconds=7200) == ("ValidationError", 400)
    assert code_of(web, "anybody", name="a job") == ("ValidationError", 400)


def permit(*actions: str, **conditions: dict[str, str]) -> dict[str, Any]:
    named = {operator: dict(keys) for operator, keys in conditions.items()}
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*", "Condition": named}


def test_a_service_asks_for_the_callers_right_to_the_key(client: Any, role: Any) -> None:
    key = client("kms").create_key()["KeyMetadata"]["KeyId"]
    through = {"kms:ViaService": "secretsmanager.eu-central-1.amazonaws.com"}
    seal = permit("kms:Decrypt", "kms:GenerateDataKey", StringEquals=through)
    create = permit("secretsmanager:CreateSecret")
    without = client("secretsmanager", role("seals-nothing", create))
    with_key = client("secretsmanager", role("seals", create, seal))
    assert without.create_secret(Name="of-aws")["Name"] == "of-aws"
    with pytest.raises(ClientError, match="AccessDenied"):
        without.create_secret(Name="of-ours", KmsKeyId=key)
    assert with_key.create_secret(Name="of-ours", KmsKeyId=key)["Name"] == "of-ours"
    with pytest.raises(ClientError, match="AccessDenied"):
        with_key.create_secret(Name="tagged", KmsKeyId=key, Tags=[{"Key": "a", "Value": "b"}])


def test_a_value_takes_the_right_to_encrypt_one(client: Any, role: Any) -> None:
    """Who may have a key validated only, gives a secret no value, by whatever action."""
    key = client("kms").create_key()["KeyMetadata"]["KeyId"]
    actions = [f"secretsmanager:{name}Secret" for name in ("Create", "Update")]
    version = {"kms:EncryptionContext:SecretVersionId": "RequestToValidateKeyAccess"}
    checks = permit("kms:Decrypt", "kms:GenerateDataKey", StringEquals=version)
    write = permit(*actions, "secretsmanager:PutSecretValue")
    checked = client("secretsmanager", role("checks-keys", write, checks))
    checked.create_secret(Name="empty", KmsKeyId=key)
    checked.update_secret(SecretId="empty", Description="still empty", KmsKeyId=key)
    values = {"SecretId": "empty", "SecretString": "made-up"}
    for call in (checked.update_secret, checked.put_secret_value):
        with pytest.raises(ClientError, match="AccessDenied"):
            call(**values)
    with pytest.raises(ClientError, match="AccessDenied"):
        checked.create_secret(Name="full", KmsKeyId=key, SecretString="made-up")
    seal = permit("kms:Decrypt", "kms:GenerateDataKey")
    sealing = client("secretsmanager", role("encrypts", write, seal))
    assert sealing.update_secret(**values)["VersionId"]


def test_rds_makes_its_master_secret_in_the_callers_name(client: Any, role: Any) -> None:
    asked = {
        "DBInstanceIdentifier": "main",
        "DBInstanceClass": "db.t4g.micro",
        "Engine": "postgres",
        "MasterUsername": "root",
        "AllocatedStorage": 20,
        "ManageMasterUserPassword": True,
    }
    create = permit("rds:CreateDBInstance", "iam:CreateServiceLinkedRole")
    names = ("secretsmanager:CreateSecret", "secretsmanager:TagResource")
    through = {"aws:CalledVia": "rds.amazonaws.com"}
    secret = permit(*names, **{"ForAnyValue:StringEquals": through})
    other = permit(*names, **{"ForAnyValue:StringEquals": {"aws:CalledVia": "x.amazonaws.com"}})
    for name, statement in (("no-secret", create), ("secret-of-others", other)):
        with pytest.raises(ClientError, match="AccessDenied"):
            client("rds", role(name, create, statement)).create_db_instance(**asked)
    made = client("rds", role("makes-secrets", create, secret)).create_db_instance(**asked)
    assert made["DBInstance"]["DBInstanceIdentifier"] == "main"


def test_samples_are_taken_from_who_may_send_them_to_that_workspace(
    cloud: Any, client: Any, role: Any
) -> None:
    """Managed Prometheus takes them at a path that no SDK knows, so they are signed here."""
    amp = client("amp")
    own, other = (amp.create_workspace(alias=name) for name in ("own", "other"))
    send = {"Effect": "Allow", "Action": "aps:RemoteWrite"}
    sender = role("sender", {**send, "Resource": own["arn"]})

    def sent(workspace: str, keys: Any = None) -> int:
        url = f"{cloud[0]}/workspaces/{workspace}/api/v1/remote_write"
        request = AWSRequest("POST", url, data=b"samples")
        if keys:
            named = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
            SigV4Auth(named, "aps", "eu-central-1").add_auth(request)
        headers = {**dict(request.headers), "Content-Type": "application/x-protobuf"}
        try:
            plain = urllib.request.Request(url, request.body, headers)
            return int(urllib.request.urlopen(plain, timeout=10).status)
        except urllib.error.HTTPError as error:
            return error.code

    assert sent(own["workspaceId"], sender) == 200
    assert sent(other["workspaceId"], sender) == 403
    assert sent(own["workspaceId"]) == 403
    forged = {**sender, "SecretAccessKey": "x" * 40}
    assert sent(own["workspaceId"], forged) == 403
    everywhere = role("everywhere", {**send, "Resource": "*"})
    assert sent("ws-00000000-0000-0000-0000-000000000000", everywhere) == 404


def sealed(client: Any) -> str:
    """Make a key whose policy leaves its use to the policies of the account."""
    return str(client("kms").create_key()["KeyMetadata"]["Arn"])


def opening(key: str, *actions: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": [f"kms:{one}" for one in actions], "Resource": key}


def test_the_policy_of_a_key_decides_who_uses_it(client: Any, role: Any) -> None:
    """It may leave that to the account, name who may, or deny it."""
    kms = client("kms")
    key = sealed(client)
    text = kms.encrypt(KeyId=key, Plaintext=b"made-up")["CiphertextBlob"]
    may = opening(key, "Decrypt")
    reader, named = client("kms", role("key-reader", may)), client("kms", role("key-named"))
    assert reader.decrypt(CiphertextBlob=text)
    assert refused(named.decrypt, CiphertextBlob=text)
    arn = f"arn:aws:iam::{ACCOUNT}:role/key-named"
    grant = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "kms:*", "Resource": "*"}
    admins = {**grant, "Principal": {"AWS": kms_administrator(client)}}
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=document(grant, admins))
    assert named.decrypt(CiphertextBlob=text)
    assert refused(reader.decrypt, CiphertextBlob=text)


def kms_administrator(client: Any) -> str:
    return str(client("sts").get_caller_identity()["Arn"])


def test_who_reads_a_secret_needs_its_key(client: Any, role: Any) -> None:
    key = sealed(client)
    made = client("secretsmanager").create_secret(
        Name="team/sealed", SecretString="made-up", KmsKeyId=key
    )
    read = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
    through = {
        "StringEquals": {
            "kms:ViaService": "secretsmanager.eu-central-1.amazonaws.com",
            "kms:EncryptionContext:SecretARN": made["ARN"],
        }
    }
    own = {**opening(key, "Decrypt"), "Condition": through}
    other = {"StringEquals": {"kms:ViaService": "s3.eu-central-1.amazonaws.com"}}
    wrong = {**opening(key, "Decrypt"), "Condition": other}
    asked = {"SecretId": "team/sealed"}
    right = client("secretsmanager", role("secret-opener", read, own))
    assert right.get_secret_value(**asked)["SecretString"] == "made-up"
    for name, statements in (("secret-without", [read]), ("secret-through-s3", [read, wrong])):
        assert refused(client("secretsmanager", role(name, *statements)).get_secret_value, **asked)


def test_who_reads_and_writes_objects_needs_the_key_of_the_bucket(client: Any, role: Any) -> None:
    key, s3 = sealed(client), client("s3")
    where = {"LocationConstraint": "eu-central-1"}
    s3.create_bucket(Bucket="sealed", CreateBucketConfiguration=where)
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}
    s3.put_bucket_encryption(Bucket="sealed", ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_object(Bucket="sealed", Key="a", Body=b"x")
    use = {"Effect": "Allow", "Action": "s3:*Object", "Resource": "arn:aws:s3:::sealed/*"}
    context = {"kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::sealed"}
    read = {**opening(key, "Decrypt"), "Condition": {"StringEquals": context}}
    write = opening(key, "GenerateDataKey")
    for name, statements, reads, writes in (
        ("object-reader", [use, read], True, False),
        ("object-writer", [use, write], False, True),
        ("object-nobody", [use], False, False),
    ):
        mine = client("s3", role(name, *statements))
        get = {"Bucket": "sealed", "Key": "a"}
        assert (not reads and refused(mine.get_object, **get)) or mine.get_object(**get)
        put = {**get, "Key": "b", "Body": b"x"}
        assert (not writes and refused(mine.put_object, **put)) or mine.put_object(**put)


def test_who_publishes_needs_the_key_of_the_topic(client: Any, role: Any) -> None:
    key = sealed(client)
    topic = client("sns").create_topic(Name="sealed", Attributes={"KmsMasterKeyId": key})
    publish = {"Effect": "Allow", "Action": "sns:Publish", "Resource": "*"}
    asked = {"TopicArn": topic["TopicArn"], "Message": "made-up"}
    seal = opening(key, "Decrypt", "GenerateDataKey")
    assert client("sns", role("publisher", publish, seal)).publish(**asked)
    assert refused(client("sns", role("publisher-without", publish)).publish, **asked)


def test_a_role_is_given_to_a_service_by_whom_may_pass_it(client: Any, role: Any) -> None:
    make = {
        "Effect": "Allow",
        "Action": ["states:CreateStateMachine", "states:TagResource"],
        "Resource": "*",
    }
    arn = f"arn:aws:iam::{ACCOUNT}:role/machine"
    trusted = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "states.amazonaws.com"},
    }
    client("iam").create_role(RoleName="machine", AssumeRolePolicyDocument=document(trusted))
    plan = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
    asked = {"name": "passed", "definition": plan, "roleArn": arn}

    def passing(service: str) -> dict[str, Any]:
        to = {"StringEquals": {"iam:PassedToService": service}}
        return {"Effect": "Allow", "Action": "iam:PassRole", "Resource": arn, "Condition": to}

    other = passing("lambda.amazonaws.com")
    assert refused(client("stepfunctions", role("maker-1", make)).create_state_machine, **asked)
    assert refused(
        client("stepfunctions", role("maker-2", make, other)).create_state_machine, **asked
    )
    right = role("maker-3", make, passing("states.amazonaws.com"))
    assert client("stepfunctions", right).create_state_machine(**asked)
