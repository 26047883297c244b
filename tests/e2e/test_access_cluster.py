"""Access in the cluster: every answer about the namespace, asked of the API server itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from stackyard.access.cluster import ABILITIES, ACCOUNTS, Ability
from tests.support.clients import Assume, KubernetesClients
from tests.support.workspace import Workspace

from .experiments import CLUSTER, NAMESPACE
from .test_accounts import job

STACK = "vision/defects/dev"
WORKLOADS = ("trainer", "server")
EXTERNAL_ID = "acme-defects-labelling"
APIS = {"": "/api/v1", "apps": "/apis/apps/v1", "batch": "/apis/batch/v1"}
NAMES = {"deployments": "classifier", "configmaps": "tracking", "resourcequotas": "quota"}
"""Objects that are there, to be changed on trial."""

UNNAMED = "models"
"""An account that no audience may start pods as; the most precious of them."""


@pytest.fixture(scope="module")
def clients(applied: Workspace, kube: KubernetesClients, assume: Assume) -> Callable[[str], Any]:
    """The cluster's API as an audience, or as the pods of a service account."""

    def of(who: str) -> Any:
        if who in (*WORKLOADS, "pipeline-pods"):
            return as_account(kube(CLUSTER), who.removesuffix("-pods"))
        external = EXTERNAL_ID if who == "labelling-vendor" else None
        return kube(CLUSTER, assume(f"{NAMESPACE}-{who}", external))

    return of


def as_account(admin: Any, account: str) -> Any:
    issued = client.CoreV1Api(admin).create_namespaced_service_account_token(account, NAMESPACE, {})
    settings = client.Configuration()
    settings.host = admin.configuration.host
    settings.ssl_ca_cert = admin.configuration.ssl_ca_cert
    settings.api_key = {"authorization": f"Bearer {issued.status.token}"}
    return client.ApiClient(settings)


def review(api: Any, ability: Ability) -> bool:
    """Ask the API server whether the client may do something in the namespace."""
    resource, _, part = ability.resource.partition("/")
    attributes = client.V1ResourceAttributes(
        namespace=NAMESPACE,
        group=ability.group,
        resource=resource,
        subresource=part or None,
        verb=ability.verb,
    )
    spec = client.V1SelfSubjectAccessReviewSpec(resource_attributes=attributes)
    body = client.V1SelfSubjectAccessReview(spec=spec)
    try:
        answer = client.AuthorizationV1Api(api).create_self_subject_access_review(body)
    except ApiException as error:
        if error.status != 401:
            raise
        return False
    return bool(answer.status.allowed)


def tried(api: Any, verb: str, ability: Ability, body: dict[str, Any]) -> bool:
    """Do something on trial; any other end than a success or a refusal fails the test."""
    base = APIS.get(ability.group, f"/apis/{ability.group}/v1")
    path = f"{base}/namespaces/{NAMESPACE}/{ability.resource}"
    if verb != "create":
        path += f"/{NAMES.get(ability.resource, 'nothing')}"
    kind = "application/merge-patch+json" if verb == "patch" else "application/json"
    request = api.param_serialize(
        {"create": "POST", "patch": "PATCH", "delete": "DELETE"}[verb],
        path,
        query_params=[("dryRun", "All")],
        header_params={"Content-Type": kind, "Accept": "application/json"},
        body=body,
        auth_settings=["BearerToken"],
    )
    response = api.call_api(*request)
    # Who may not delete is refused before anybody looks whether there is such an object.
    done = (200, 201, 404) if verb == "delete" else (200, 201)
    assert response.status in (*done, 401, 403), (request, response.status, response.read())
    return response.status in done


def holder(ability: Ability, account: str) -> dict[str, Any]:
    """Return what starts pods as an account: a Job or a Deployment, or a change to one."""
    wanted = job(account)
    if ability.resource == "jobs":
        return wanted
    template = wanted["spec"]["template"]
    if ability.verb == "patch":
        return {"spec": {"template": {"spec": {"serviceAccountName": account}}}}
    template["spec"]["restartPolicy"] = "Always"
    template["metadata"] = {"labels": {"app": "try"}}
    selector = {"matchLabels": {"app": "try"}}
    return {**wanted, "spec": {"template": template, "selector": selector}}


def starts(api: Any, who: dict[str, bool], account: str) -> bool:
    """Start pods as an account in every way that is open; all of them end alike."""
    name = UNNAMED if account == "another account" else account
    ways = ("start Jobs", "create Deployments", "change Deployments")
    ends = {
        tried(api, ABILITIES[way].verb, ABILITIES[way], holder(ABILITIES[way], name))
        for way in ways
        if who[way]
    }
    assert len(ends) <= 1
    return ends == {True}


@pytest.fixture(scope="module")
def guarded(clients: Callable[[str], Any]) -> None:
    """Wait until the admission policy is in force: seconds after it was made."""
    api = clients("scientist")
    for _ in range(40):
        if not tried(api, "create", ABILITIES["start Jobs"], job(UNNAMED)):
            return
        time.sleep(0.5)
    raise TimeoutError("the policy about accounts refuses nothing")


def test_the_api_server_says_the_same_about_everybody(
    applied: Workspace, guarded: None, clients: Callable[[str], Any]
) -> None:
    found: dict[str, dict[str, bool]] = {}
    for one in applied.answer("access", STACK)["namespace"]:
        found.setdefault(one["who"], {})[one["ability"]] = one["allowed"]
    assert len(found) == 8
    assert sum(map(len, found.values())) == 8 * (len(ABILITIES) + len(ACCOUNTS))
    wrong = [
        (who, ability)
        for who, expected in found.items()
        for ability in differing(clients(who), expected)
    ]
    assert wrong == []


def differing(api: Any, expected: dict[str, bool]) -> list[str]:
    """Return what the API server says or does otherwise."""
    accounts = {f"run pods as {account}": account for account in ACCOUNTS}
    wrong = [name for name, ability in ABILITIES.items() if review(api, ability) != expected[name]]
    for name, ability in ABILITIES.items():
        if ability.verb in ("create", "patch", "delete") and "/" not in ability.resource:
            body = holder(ability, "default") if expected[name] and ability.verb == "create" else {}
            if tried(api, ability.verb, ability, body) != expected[name]:
                wrong.append(f"{name}, on trial")
    for name, account in accounts.items():
        if starts(api, expected, account) != expected[name]:
            wrong.append(name)
    return wrong


def test_pods_of_the_pipeline_are_held_to_its_accounts(
    guarded: None, clients: Callable[[str], Any]
) -> None:
    api, way = clients("pipeline-pods"), ABILITIES["start Jobs"]
    assert tried(api, "create", way, job("trainer"))
    assert not tried(api, "create", way, job(UNNAMED))
    assert not tried(api, "create", way, job("server"))
