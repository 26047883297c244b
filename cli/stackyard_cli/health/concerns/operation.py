"""Checks of on-premises clusters, monitoring and the pipeline."""

from __future__ import annotations

import subprocess
from typing import Any

from stackyard.aws_location import AwsLocation
from stackyard.naming import role_name
from stackyard.pipeline.names import machine_arn
from stackyard_cli.clients.foundation import TIMEOUT_SECONDS
from stackyard_cli.health.check import Check
from stackyard_cli.health.concerns.subject import Subject


def hybrid(concern: str, subject: Subject) -> Check:
    """Check that each on-premises cluster has the namespace, and AWS trusts its trainers."""
    clusters, problems = subject.services.onprem, list[str]()
    if not clusters:
        return Check.not_declared(concern)
    for name, facts in clusters.items():
        problems += _onprem_problems(subject, name, facts.issuer_arn)
    names = ", ".join(sorted(clusters))
    return Check.of_problems(concern, problems, f"namespace and trusted trainers on {names}")


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
        exists = subject.onprem[cluster].get(f"/api/v1/namespaces/{namespace}", TIMEOUT_SECONDS)
    except (OSError, LookupError, ValueError, subprocess.SubprocessError) as error:
        return [*problems, f"{cluster} does not answer: {error}"]
    return problems if exists else [*problems, f"{cluster} has no namespace {namespace}"]


def monitoring(concern: str, subject: Subject) -> Check:
    """Check that the alarms exist, none is active, and every topic has a subscriber."""
    config = subject.config.monitoring
    if config is None:
        return Check.not_declared(concern)
    answer = subject.clients.aws("cloudwatch").describe_alarms(
        AlarmNamePrefix=f"{subject.stack.slug}-"
    )
    alarms: list[dict[str, Any]] = answer["MetricAlarms"]
    on = sorted(alarm["AlarmName"] for alarm in alarms if alarm["StateValue"] == "ALARM")
    problems = [f"{name} is on" for name in on] or ([] if alarms else ["no alarm exists"])
    sns = subject.clients.aws("sns")
    location = _location(subject)
    for who in config.subscribers:
        topic = location.arn("sns", f"{subject.stack.slug}-{who}")
        if not sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]:
            problems.append(f"the topic of {who} has no subscriber")
    heard = ", ".join(sorted(config.subscribers))
    return Check.of_problems(
        concern, problems, f"{len(alarms)} alarms, none is on; subscribers: {heard}"
    )


def pipeline(concern: str, subject: Subject) -> Check:
    """Check that the pipeline can start, and report the result of its last execution."""
    if subject.config.pipeline is None:
        return Check.not_declared(concern)
    machine = machine_arn(subject.stack, _location(subject))
    states = subject.clients.aws("stepfunctions")
    status = states.describe_state_machine(stateMachineArn=machine)["status"]
    executions = states.list_executions(stateMachineArn=machine, maxResults=1)["executions"]
    last = executions[0]["status"] if executions else "none yet"
    problems = [] if status == "ACTIVE" else [f"the state machine is {status}"]
    return Check.of_problems(
        concern, problems, f"the state machine is active; last execution: {last}"
    )


def _location(subject: Subject) -> AwsLocation:
    return AwsLocation(subject.foundation.account, subject.foundation.region)
