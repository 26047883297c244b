"""The pipeline of a project: its state machine, what starts it, and who may answer it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pulumi
import pulumi_aws as aws
import yaml

from stackyard import iam
from stackyard._component import Component
from stackyard.bucket.component import PrivateBucket
from stackyard.contracts import FoundationContract
from stackyard.images.build import project_name
from stackyard.images.names import registry, repository_name
from stackyard.images.policies import repository_arn
from stackyard.models.documents import ROOT, model_bucket
from stackyard.naming import StackId, role_arn, role_name
from stackyard.pipeline import documents, word
from stackyard.pipeline.config import ApprovalsConfig, PipelineConfig
from stackyard.pipeline.definition import Parts, definition
from stackyard.pipeline.hands import ClusterHands
from stackyard.retention.config import RetentionConfig
from stackyard.retention.plan import log_days, object_plan

NAME_LIMIT = 80
"""Longest name of a state machine."""


def machine_arn(stack: StackId, account: str, region: str) -> str:
    """Return the ARN of a project's state machine; its name is the stack's."""
    return f"arn:aws:states:{region}:{account}:stateMachine:{stack.slug[:NAME_LIMIT]}"


class Pipeline(Component):
    """Train, evaluate, compare, ask, bake, deploy, watch; a person's yes is part of it."""

    TYPE: ClassVar[str] = "stackyard:index:Pipeline"

    machine: pulumi.Output[str]
    """The state machine's ARN."""

    def __init__(
        self,
        name: str,
        config: PipelineConfig,
        *,
        stack: StackId,
        foundation: FoundationContract,
        retention: RetentionConfig,
        approvals: ApprovalsConfig,
        manifests: Mapping[str, str],
        deployment: Mapping[str, Any],
        datasets: Mapping[str, str],
        role_arns: Mapping[str, pulumi.Input[str]],
        log_bucket: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the cluster, how people approve, Job manifests by job, the manifest of what is
        released, dataset buckets, roles, and the bucket that gets access logs.
        """
        super().__init__(name, config, opts=opts)
        self._config, self._stack, self._foundation = config, stack, foundation
        self._account, self._region = foundation.account, foundation.region
        self._arn = machine_arn(stack, self._account, self._region)
        self._log_days = log_days(retention.logs)
        self._bucket = self._make_bucket(retention, log_bucket)
        topic = self._make_topic()
        hands = {
            "pipeline": self._make_hands("pipeline"),
            "delivery": self._make_hands("delivery"),
        }
        parts = Parts(
            jobs_function=hands["pipeline"].arn,
            release_function=hands["delivery"].arn,
            bucket=self._bucket,
            topic=topic,
            bake_project=project_name(stack, config.deploy),
            models=f"s3://{model_bucket(stack, self._account)}/{ROOT}",
            repository=repository_name(stack, config.deploy),
            registry=registry(self._account, self._region),
            train=yaml.safe_load(manifests[config.train]),
            evaluate=yaml.safe_load(manifests[config.evaluate]),
            deployment=deployment,
            patience_seconds=deployment["spec"]["progressDeadlineSeconds"],
        )
        self.machine = self._make_machine(parts, approvals, list(hands.values()))
        self._start_by_events(datasets)
        self._let_people(role_arns)
        self.publish()

    def _make_bucket(self, retention: RetentionConfig, log_bucket: pulumi.Input[str]) -> str:
        bucket = word.report_bucket(self._stack, self._account)
        trainer, starter, *approvers = (
            role_arn(self._stack, self._account, who)
            for who in ("trainer", "pipeline", *self._config.approvers)
        )
        PrivateBucket(
            self.named("reports"),
            retention.artifacts,
            bucket=bucket,
            kind="artifacts",
            plan=object_plan(retention.artifacts),
            key_arn=self._foundation.key_arns["data"],
            log_bucket=log_bucket,
            statements=documents.bucket_statements(
                bucket, trainer=trainer, starters=[starter], approvers=approvers
            ),
            opts=self.child(),
        )
        return bucket

    def _make_topic(self) -> str:
        called = f"{self._stack.slug}-approvals"
        topic = aws.sns.Topic(
            self.named("topic"),
            name=called,
            kms_master_key_id=self._foundation.key_arns["logs"],
            opts=self.child(),
        )
        for address in self._config.notify:
            aws.sns.TopicSubscription(
                self.named(f"tell-{address}"),
                topic=topic.arn,
                protocol="email",
                endpoint=address,
                opts=self.child(),
            )
        return f"arn:aws:sns:{self._region}:{self._account}:{called}"

    def _make_hands(self, audience: Any) -> ClusterHands:
        return ClusterHands(
            self.named(f"{audience}-hands"),
            stack=self._stack,
            foundation=self._foundation,
            audience=audience,
            deployment=self._config.deploy,
            logs_days=self._log_days,
            opts=self.child(),
        )

    def _make_machine(
        self, parts: Parts, approvals: ApprovalsConfig, hands: list[ClusterHands]
    ) -> pulumi.Output[str]:
        keys = self._foundation.key_arns
        where = {"account": self._account, "region": self._region}
        build = f"arn:aws:codebuild:{self._region}:{self._account}:project/{parts.bake_project}"
        policy = documents.machine_policy(
            functions=[parts.jobs_function, parts.release_function],
            bucket=self._bucket,
            topic=parts.topic,
            keys=[keys["data"], keys["logs"]],
            build=build,
            repository=repository_arn(parts.repository, **where),
            **where,
        )
        role = self._make_role("machine", "states", policy)
        log = aws.cloudwatch.LogGroup(
            self.named("log"),
            name=f"/aws/vendedlogs/states/{self._stack.slug}",
            retention_in_days=self._log_days,
            kms_key_id=keys["logs"],
            opts=self.child(),
        )
        text = definition(self._config, approvals, parts, stack=str(self._stack))
        machine = aws.sfn.StateMachine(
            self.named("machine"),
            name=self._stack.slug[:NAME_LIMIT],
            role_arn=role,
            definition=iam.text(text),
            # Without data: a question's token would be in the log.
            logging_configuration={
                "log_destination": log.arn.apply(lambda arn: f"{arn}:*"),
                "include_execution_data": False,
                "level": "ALL",
            },
            opts=self.child(depends_on=hands),
        )
        return machine.arn

    def _make_role(self, role: str, service: str, policy: Mapping[str, Any]) -> pulumi.Output[str]:
        """Make a role that a service takes for this pipeline."""
        made = aws.iam.Role(
            self.named(f"{role}-role"),
            name=role_name(self._stack, f"pipeline-{role}"),
            description=f"{self._stack}: the pipeline's {role}",
            assume_role_policy=iam.text(documents.service_trust(service, self._account)),
            opts=self.child(),
        )
        granted = aws.iam.RolePolicy(
            self.named(f"{role}-policy"),
            name="work",
            role=made.name,
            policy=iam.text(policy),
            opts=self.child(),
        )
        return pulumi.Output.all(made.arn, granted.id).apply(lambda known: str(known[0]))

    def _start_by_events(self, datasets: Mapping[str, str]) -> None:
        triggers = self._config.triggers
        self._start_by_objects("starts", self._bucket, f"{word.STARTS}/", "somebody's word")
        if triggers.object_created is not None:
            wanted = triggers.object_created
            self._start_by_objects(
                "objects",
                datasets[wanted.dataset],
                f"{wanted.directory}/",
                f"new objects in {wanted.dataset}/{wanted.directory}",
            )
        if triggers.schedule is not None:
            aws.scheduler.Schedule(
                self.named("schedule"),
                name=f"{self._stack.slug}-pipeline"[:64],
                schedule_expression=f"cron({triggers.schedule})",
                schedule_expression_timezone=triggers.timezone,
                flexible_time_window={"mode": "OFF"},
                target={
                    "arn": self.machine,
                    "role_arn": self._make_role(
                        "schedule", "scheduler", documents.start_policy(self._arn)
                    ),
                    "input": "{}",
                },
                opts=self.child(),
            )

    def _start_by_objects(self, role: str, bucket: str, prefix: str, described: str) -> None:
        """Start a run for each new object of a bucket below a prefix."""
        rule = aws.cloudwatch.EventRule(
            self.named(role),
            name=f"{self._stack.slug}-{role}"[:64],
            description=described,
            event_pattern=iam.text(
                {
                    "source": ["aws.s3"],
                    "detail-type": ["Object Created"],
                    "detail": {
                        "bucket": {"name": [bucket]},
                        "object": {"key": [{"prefix": prefix}]},
                    },
                }
            ),
            opts=self.child(),
        )
        aws.cloudwatch.EventTarget(
            self.named(f"{role}-target"),
            rule=rule.name,
            target_id="pipeline",
            arn=self.machine,
            role_arn=self._make_role(role, "events", documents.start_policy(self._arn)),
            input_path="$.detail",
            opts=self.child(),
        )

    def _let_people(self, role_arns: Mapping[str, pulumi.Input[str]]) -> None:
        place = (self._bucket, self._foundation.key_arns["data"], self._region)
        policies = {
            "trainer": ("leave-reports", documents.report_policy(*place)),
            "pipeline": ("start-runs", documents.starter_policy(self._arn, *place)),
        }
        for audience in self._config.approvers:
            policies[f"{audience}-approves"] = (
                "approve",
                documents.approver_policy(self._arn, *place),
            )
        for who, (what, policy) in policies.items():
            arn = pulumi.Output.from_input(role_arns[who.removesuffix("-approves")])
            aws.iam.RolePolicy(
                self.named(f"{who}-{what}"),
                name=what,
                role=arn.apply(lambda text: text.rpartition("/")[2]),
                policy=iam.text(policy),
                opts=self.child(),
            )
