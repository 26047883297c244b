"""Checks of what runs around models: clusters on premises, monitoring."""

from __future__ import annotations

import subprocess
from typing import Any

from stackyard.naming import role_name
from stackyard_cli.health.concerns.subject import NOT_DECLARED, TIMEOUT, Finding, Subject, judged

NAME_LIMIT = 80
"""Longest name of a state machine, https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html."""


def hybrid(subject: Subject) -> Finding:
    """Whether each cluster on premises has the namespace, and AWS trusts trainers in it."""
    clusters, problems = subject.services.onprem, list[str]()
    if not clusters:
        return NOT_DECLARED
    for name, facts in clusters.items():
        problems += _onprem_problems(subject, name, facts.issuer_arn)
    names = ", ".join(sorted(clusters))
    return judged(problems, f"namespace and trusted trainers on {names}")


def _onprem_problems(subject: Subject, cluster: str, issuer: str) -> list[str]:
    iam, problems = subject.clients.aws("iam"), []
    try:
        iam.get_open_id_connect_provider(OpenIDConnectProviderArn=issuer)
    except iam.exceptions.NoSuchEntityException:
        problems.append(f"AWS does not know the issuer of {cluster}")
    role = role_name(subject.stack, f"trainer-{cluster}")
    try:
        trust = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]["Statement"]
        if [statement["Principal"] for statement in trust] != [{"Federated": issuer}]:
            problems.append(f"{role} trusts others than pods of {cluster}")
    except iam.exceptions.NoSuchEntityException:
        problems.append(f"role {role} is missing")
    namespace = subject.project.namespace
    try:
        found = subject.onprem[cluster].get(f"/api/v1/namespaces/{namespace}", TIMEOUT)
    except (OSError, LookupError, ValueError, subprocess.SubprocessError) as error:
        return [*problems, f"{cluster} does not answer: {error}"]
    return problems if found else [*problems, f"{cluster} has no namespace {namespace}"]


def monitoring(subject: Subject) -> Finding:
    """Whether the alarms exist, none of them is on, and somebody listens to every topic."""
    config = subject.config.monitoring
    if config is None:
        return NOT_DECLARED
    found = subject.clients.aws("cloudwatch").describe_alarms(
        AlarmNamePrefix=f"{subject.stack.slug}-"
    )
    alarms: list[dict[str, Any]] = found["MetricAlarms"]
    on = sorted(alarm["AlarmName"] for alarm in alarms if alarm["StateValue"] == "ALARM")
    problems = [f"{name} is on" for name in on] or ([] if alarms else ["no alarm exists"])
    sns = subject.clients.aws("sns")
    place = f"{subject.foundation.region}:{subject.foundation.account}"
    for who in config.subscribers:
        topic = f"arn:aws:sns:{place}:{subject.stack.slug}-{who}"
        if not sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]:
            problems.append(f"nobody hears what is for {who}")
    heard = ", ".join(sorted(config.subscribers))
    return judged(problems, f"{len(alarms)} alarms, none is on; told are {heard}")


def pipeline(subject: Subject) -> Finding:
    """Whether the pipeline can start, and what its last execution came to."""
    if subject.config.pipeline is None:
        return NOT_DECLARED
    place = f"{subject.foundation.region}:{subject.foundation.account}"
    machine = f"arn:aws:states:{place}:stateMachine:{subject.stack.slug[:NAME_LIMIT]}"
    states = subject.clients.aws("stepfunctions")
    status = states.describe_state_machine(stateMachineArn=machine)["status"]
    found = states.list_executions(stateMachineArn=machine, maxResults=1)["executions"]
    last = found[0]["status"] if found else "none yet"
    problems = [] if status == "ACTIVE" else [f"the state machine is {status}"]
    return judged(problems, f"the state machine is active; last execution: {last}")
