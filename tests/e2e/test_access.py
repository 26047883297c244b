"""Access: every answer tried with the credentials of the role it is about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from audits.web_identity import trade, without_keys
from stackyard.access.grants import Compiled, GrantContext, compiled
from stackyard.access.matrix import ELSEWHERE, PROBE, Cell, matrix, paths
from stackyard.blueprints.project.config import ProjectConfig
from stackyard.blueprints.project.parts.data_roles import data_roles
from stackyard.blueprints.project.parts.permissions import grant_context
from stackyard.bucket.layout import prefix
from stackyard.contracts import FoundationContract
from stackyard.iam import assumable_by, text
from stackyard.naming import StackId
from stackyard_sandbox.state import Sandbox
from tests.support.clients import Assume, Clients, KubernetesClients
from tests.support.workspace import Workspace

from .onprem import NAME
from .pods import Pods

STACK = "vision/defects/dev"
NAMESPACE = "vision-defects-dev"
CLUSTER = "platform-foundation-dev"
ROLE = "vision-defects-dev-{}"
EXTERNAL_ID = "acme-defects-labelling"
REFUSALS = ("AccessDenied", "AccessDeniedException", "403")
IMAGE = "registry.example/train@sha256:" + "0" * 64


@pytest.fixture(scope="module")
def contract(applied: Workspace) -> dict[str, Any]:
    return applied.contract(STACK)


@pytest.fixture(scope="module")
def config(applied: Workspace) -> ProjectConfig:
    return ProjectConfig.model_validate(applied.answer("show", STACK)["config"])


@pytest.fixture(scope="module")
def where(applied: Workspace, config: ProjectConfig) -> GrantContext:
    foundation = FoundationContract.model_validate(applied.contract("platform/foundation/dev"))
    keys, cluster = foundation.key_arns, foundation.cluster_name
    return grant_context(StackId.parse(STACK), config, cluster=cluster, key_arns=keys)


@pytest.fixture(scope="module")
def documents(config: ProjectConfig, where: GrantContext) -> Compiled:
    return compiled(config.access, config.datasets, where)


@pytest.fixture(scope="module")
def credentials(applied: Workspace, assume: Assume) -> Callable[[str], dict[str, str]]:
    taken: dict[str, dict[str, str]] = {}

    def of(who: str) -> dict[str, str]:
        if who not in taken:
            external = EXTERNAL_ID if who == "labelling-vendor" else None
            taken[who] = assume(ROLE.format(who), external)
        return taken[who]

    return of


@pytest.fixture(scope="module")
def filled(aws: Clients, contract: dict[str, Any], config: ProjectConfig) -> dict[str, str]:
    """The buckets, with an object in every directory and one beside them."""
    for dataset, bucket in contract["datasets"].items():
        for directory in paths(config.datasets[dataset]):
            key = f"{'' if directory == ELSEWHERE else prefix(directory)}{PROBE}"
            aws("s3").put_object(Bucket=bucket, Key=key, Body=b"probe")
    return contract["datasets"]


def allowed(call: Callable[..., Any], **arguments: Any) -> bool:
    """Whether a call was allowed; any other failure than a refusal fails the test."""
    try:
        call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] not in REFUSALS:
            raise
        return False
    return True


def tried(aws: Clients, keys: dict[str, str], bucket: str, cell: Cell) -> bool:
    """Do what a cell of the matrix is about, with the role's own credentials; then repair."""
    s3, admin = aws("s3", keys), aws("s3")
    below = "" if cell.directory == ELSEWHERE else prefix(cell.directory)
    key = f"{below}{PROBE}"
    if cell.verb == "list":
        return allowed(s3.list_objects_v2, Bucket=bucket, **({"Prefix": below} if below else {}))
    if cell.verb == "read":
        return allowed(s3.get_object, Bucket=bucket, Key=key)
    if cell.verb == "write":
        return allowed(s3.put_object, Bucket=bucket, Key=key, Body=b"written")
    if cell.verb == "delete":
        done = allowed(s3.delete_object, Bucket=bucket, Key=key)
        admin.put_object(Bucket=bucket, Key=key, Body=b"probe")
        return done
    version = admin.put_object(Bucket=bucket, Key=key, Body=b"probe")["VersionId"]
    return allowed(s3.delete_object, Bucket=bucket, Key=key, VersionId=version)


@pytest.fixture
def twin(aws: Clients, assume: Assume) -> Iterator[Callable[[str], dict[str, str]]]:
    """Credentials with a role's policies as they are deployed, where only a service may take it."""
    iam = aws("iam")
    made: list[tuple[str, list[str]]] = []

    def of(role: str) -> dict[str, str]:
        name = f"twin-of-{role}"
        root = {"AWS": "arn:aws:iam::123456789012:root"}
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=text(assumable_by(root)))
        policies = iam.list_role_policies(RoleName=role)["PolicyNames"]
        made.append((name, policies))
        assert policies
        for policy in policies:
            found = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
            iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=text(found))
        return assume(name)

    yield of
    for name, policies in made:
        for policy in policies:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
        iam.delete_role(RoleName=name)


def test_the_computed_matrix_is_what_the_credentials_can_really_do(
    applied: Workspace,
    aws: Clients,
    kube: KubernetesClients,
    credentials: Callable[[str], dict[str, str]],
    pods: Pods,
    twin: Callable[[str], dict[str, str]],
    filled: dict[str, str],
    config: ProjectConfig,
    documents: Compiled,
    where: GrantContext,
) -> None:
    services = applied.answer("show", "platform/services/dev")["config"]
    others = data_roles(config, documents, where, services["onprem"]["clusters"])
    of_pods = ("trainer", "server", "lakefs")
    of_others = ("sagemaker", "trainer-berlin")
    assert set(documents.roles) | set(others) == {*config.access.audiences, *of_pods, *of_others}
    keys = {
        **{who: credentials(who) for who in config.access.audiences},
        **{who: of_account(pods, who) for who in of_pods},
        "sagemaker": twin(ROLE.format("sagemaker")),
        "trainer-berlin": on_premises(applied.sandbox, kube(NAME)),
    }
    cells = list(matrix(documents, config.datasets, where, others))
    wrong = [
        cell
        for cell in cells
        if tried(aws, keys[cell.who], filled[cell.dataset], cell) != cell.decision.allowed
    ]
    assert wrong == []
    assert len(cells) == 11 * (4 + 5) * 5  # roles, directories of both datasets, verbs


def on_premises(sandbox: Sandbox, api: Any) -> dict[str, str]:
    """Trade the token of a training pod on premises for credentials, as its SDK does."""
    wanted = {"spec": {"audiences": ["sts.amazonaws.com"]}}
    core = client.CoreV1Api(api)
    issued = core.create_namespaced_service_account_token("trainer", NAMESPACE, wanted)
    role = f"arn:aws:iam::123456789012:role/{ROLE.format('trainer-berlin')}"
    return trade(without_keys(sandbox), role, issued.status.token)


def of_account(pods: Pods, account: str) -> dict[str, str]:
    """Return the credentials of a service account's pods in the form of boto3's arguments."""
    return {name.lower(): key for name, key in pods.identity(NAMESPACE, account).items()}


def test_roles_of_pods_are_for_pods_only(applied: Workspace, assume: Assume) -> None:
    for workload in ("trainer", "server"):
        with pytest.raises(ClientError, match="AccessDenied"):
            assume(ROLE.format(workload))


def test_the_vendor_needs_its_external_id(applied: Workspace, assume: Assume) -> None:
    for wrong in (None, "acme-defects-labellin"):
        with pytest.raises(ClientError, match="AccessDenied"):
            assume(ROLE.format("labelling-vendor"), wrong)


def test_a_session_of_the_vendor_ends_after_an_hour(applied: Workspace, aws: Clients) -> None:
    role = ROLE.format("labelling-vendor")
    assert aws("iam").get_role(RoleName=role)["Role"]["MaxSessionDuration"] == 3600


def test_the_vendor_sees_its_directory_and_nothing_else(
    applied: Workspace, aws: Clients, credentials: Any, filled: dict[str, str]
) -> None:
    s3 = aws("s3", credentials("labelling-vendor"))
    own, other = filled["labelled"], filled["photos"]
    s3.put_object(Bucket=own, Key="to-label/1.json", Body=b"{}")
    assert s3.get_object(Bucket=own, Key="to-label/1.json")["Body"].read() == b"{}"
    listed = s3.list_objects_v2(Bucket=own, Prefix="to-label/")["Contents"]
    assert {each["Key"] for each in listed} == {"to-label/1.json", f"to-label/{PROBE}"}
    ranking = applied.contract("ranking/recommender/dev")["datasets"]
    for bucket, key in (
        (own, f"work/{PROBE}"),
        (own, PROBE),
        (own, f"to-label-old/{PROBE}"),
        (other, f"incoming/{PROBE}"),
        (ranking["events"], f"clicks/{PROBE}"),
    ):
        assert not allowed(s3.get_object, Bucket=bucket, Key=key), (bucket, key)
        assert not allowed(s3.put_object, Bucket=bucket, Key=key, Body=b""), (bucket, key)
    for arguments in ({}, {"Prefix": ""}, {"Prefix": "to-label"}, {"Prefix": "work/"}):
        assert not allowed(s3.list_objects_v2, Bucket=own, **arguments), arguments
    copy = {"Bucket": own, "Key": f"work/{PROBE}"}
    assert not allowed(s3.copy_object, Bucket=own, Key="to-label/2", CopySource=copy)
    assert not allowed(s3.list_buckets)


def test_the_vendor_comes_in_by_its_access_point_too(
    aws: Clients, credentials: Any, filled: dict[str, str]
) -> None:
    alias = _alias(aws, "labelling-vendor")
    s3 = aws("s3", credentials("labelling-vendor"))
    s3.put_object(Bucket=alias, Key="to-label/3.json", Body=b"3")
    read = aws("s3").get_object(Bucket=filled["labelled"], Key="to-label/3.json")
    assert read["Body"].read() == b"3"
    assert not allowed(s3.get_object, Bucket=alias, Key=f"work/{PROBE}")
    assert not allowed(s3.list_objects_v2, Bucket=alias)
    developer = aws("s3", credentials("developer"))
    assert not allowed(developer.get_object, Bucket=alias, Key="to-label/3.json")


def _alias(aws: Clients, who: str) -> str:
    control = aws("s3control")
    # The emulator serves one host only; the account is in a header as well.
    control.meta.events.register("before-call", _on_the_one_host)
    points = control.list_access_points(AccountId="123456789012")["AccessPointList"]
    return next(p["Alias"] for p in points if p["Name"] == f"vision-defects-dev-labelled-{who}")


def _on_the_one_host(params: dict[str, Any], **_: Any) -> None:
    params["url"] = params["url"].replace("//123456789012.", "//")


def test_a_secret_is_read_by_its_readers_only(
    applied: Workspace, aws: Clients, assume: Assume, credentials: Any
) -> None:
    name = f"{STACK}/camera-api"
    keeper = aws("secretsmanager", assume("platform-admin"))
    keeper.put_secret_value(SecretId=name, SecretString="made-up-value")
    read = {
        who: allowed(aws("secretsmanager", credentials(who)).get_secret_value, SecretId=name)
        for who in ("pipeline", "scientist", "developer", "delivery", "auditor")
    }
    assert read == {**dict.fromkeys(read, False), "pipeline": True, "scientist": True}
    assert not allowed(aws("secretsmanager").get_secret_value, SecretId=name)
    other = "ranking/recommender/dev/pseudonym-salt"
    mine = aws("secretsmanager", credentials("pipeline"))
    assert not allowed(mine.get_secret_value, SecretId=other)


@pytest.fixture(scope="module")
def prod(applied: Workspace) -> dict[str, Any]:
    """The contract of a project in prod, beside everything of dev."""
    stacks = ("platform/foundation/prod", "platform/services/prod", "ranking/recommender/prod")
    applied.run("up", *stacks, "--yes-to-all", timeout=400)
    return applied.contract("ranking/recommender/prod")


def test_roles_of_dev_reach_no_secret_and_no_data_of_prod(
    aws: Clients, assume: Assume, prod: dict[str, Any]
) -> None:
    name, bucket = "ranking/recommender/prod/pseudonym-salt", prod["datasets"]["events"]
    keeper = aws("secretsmanager", assume("platform-admin"))
    keeper.put_secret_value(SecretId=name, SecretString="made-up-value")
    aws("s3").put_object(Bucket=bucket, Key="clicks/1", Body=b"x")

    def reach(role: str) -> tuple[bool, bool]:
        keys = assume(f"ranking-recommender-{role}")
        secret = allowed(aws("secretsmanager", keys).get_secret_value, SecretId=name)
        return secret, allowed(aws("s3", keys).get_object, Bucket=bucket, Key="clicks/1")

    assert reach("prod-pipeline") == (True, True)
    audiences = ("scientist", "developer", "business", "delivery", "auditor", "pipeline")
    assert {who: reach(f"dev-{who}") for who in audiences} == dict.fromkeys(
        audiences, (False, False)
    )


@pytest.fixture
def core(applied: Workspace, kube: KubernetesClients) -> Iterator[Any]:
    core = client.CoreV1Api(kube(CLUSTER))
    yield core
    core.delete_collection_namespaced_pod(NAMESPACE, grace_period_seconds=0)


def pod(name: str, *, gpus: int = 0, **security: Any) -> dict[str, Any]:
    """Return a pod that Pod Security accepts, unless `security` says otherwise."""
    requests = {"cpu": "100m", "memory": "64Mi", **({"nvidia.com/gpu": str(gpus)} if gpus else {})}
    limits = {"cpu": "1", "memory": "64Mi", **({"nvidia.com/gpu": str(gpus)} if gpus else {})}
    container = {
        "name": "main",
        "image": IMAGE,
        "resources": {"requests": requests, "limits": limits},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
            **security,
        },
    }
    return {
        "metadata": {"name": name},
        "spec": {"serviceAccountName": "trainer", "containers": [container]},
    }


def refusal(call: Callable[..., Any], *arguments: Any) -> str:
    """Return why the API server refused a call; fails the test if it did not."""
    with pytest.raises(ApiException) as caught:
        call(*arguments)
    assert caught.value.status == 403
    return str(caught.value.body)


def test_a_pod_over_the_gpu_quota_is_refused(core: Any) -> None:
    core.create_namespaced_pod(NAMESPACE, pod("fits", gpus=2))
    why = refusal(core.create_namespaced_pod, NAMESPACE, pod("too-many", gpus=1))
    assert "exceeded quota: quota, requested: requests.nvidia.com/gpu=1" in why


def test_a_pod_that_is_not_restricted_is_refused(core: Any) -> None:
    loose = pod("loose", allowPrivilegeEscalation=True)
    why = refusal(core.create_namespaced_pod, NAMESPACE, loose)
    assert 'violates PodSecurity \\"restricted' in why


def test_who_has_no_access_entry_does_not_get_in(
    applied: Workspace, kube: KubernetesClients, credentials: Any
) -> None:
    api = client.AuthorizationV1Api(kube(CLUSTER, credentials("labelling-vendor")))
    body = client.V1SelfSubjectAccessReview(spec=client.V1SelfSubjectAccessReviewSpec())
    with pytest.raises(ApiException) as caught:
        api.create_self_subject_access_review(body)
    assert caught.value.status == 401


def test_one_teams_scientist_is_nobody_in_the_other_teams_namespace(
    applied: Workspace, kube: KubernetesClients, credentials: Any
) -> None:
    core = client.CoreV1Api(kube(CLUSTER, credentials("scientist")))
    assert core.list_namespaced_pod(NAMESPACE) is not None
    assert "forbidden" in refusal(core.list_namespaced_pod, "ranking-recommender-dev")
