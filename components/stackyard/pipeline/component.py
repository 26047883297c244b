"""The pipeline of a project: its state machine, its triggers, and the roles of its approvers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Literal

import pulumi
import pulumi_aws as aws

from stackyard import iam
from stackyard._component import Component
from stackyard.aws_location import partition_of
from stackyard.bucket.component import PrivateBucket
from stackyard.bucket.layout import BucketRef
from stackyard.images.names import registry, repository_name
from stackyard.images.policies import repository_arn
from stackyard.models.documents import ROOT, model_bucket
from stackyard.naming import role_arn
from stackyard.pipeline import attestation, documents
from stackyard.pipeline.actor import ClusterActor
from stackyard.pipeline.cleanup import RunCleanup
from stackyard.pipeline.config import PipelineConfig
from stackyard.pipeline.definition import Parts, definition
from stackyard.pipeline.inputs import PipelineInputs
from stackyard.pipeline.names import machine_name, trigger_name
from stackyard.pipeline.roles import ServiceRoles
from stackyard.references import ClusterApiRef, StackContext
from stackyard.retention.plan import log_days


class Pipeline(Component):
    """Train, evaluate, compare, ask for approval, bake, deploy, watch."""

    TYPE: ClassVar[str] = "stackyard:index:Pipeline"

    machine: pulumi.Output[str]
    """The state machine's ARN."""

    def __init__(
        self,
        name: str,
        config: PipelineConfig,
        *,
        context: StackContext,
        cluster: ClusterApiRef,
        inputs: PipelineInputs,
        role_arns: Mapping[str, pulumi.Input[str]],
        log_bucket: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the stack, the cluster, the manifests to run, role ARNs by audience and workload.

        `log_bucket` receives the access logs of the reports bucket.
        """
        super().__init__(name, config, opts=opts)
        self._config, self._context, self._cluster = config, context, cluster
        self._stack, self._account, self._region = context.stack, context.account, context.region
        self._roles = ServiceRoles(self, context.stack, context.account)
        self._bucket = self._make_bucket(log_bucket)
        self._logging = self._make_logging()
        topic = self._make_topic()
        actors = {who: self._make_actor(who) for who in ("pipeline", "delivery")}
        self.machine = self._make_machine(inputs, topic, actors)
        RunCleanup(
            self.named("cleanup"),
            context=context,
            machine=self.machine,
            jobs_function=actors["pipeline"].arn,
            logging=self._logging,
            opts=self.child(),
        )
        self._start_by_events(inputs.datasets)
        self._grant(role_arns)
        self.publish()

    def _make_bucket(self, log_bucket: pulumi.Input[str]) -> pulumi.Output[str]:
        bucket = BucketRef(attestation.report_bucket(self._stack, self._account), self._region)
        trainer, starter, *approvers = (
            role_arn(self._stack, self._context.location, who)
            for who in ("trainer", "pipeline", *self._config.approvers)
        )
        made = PrivateBucket(
            self.named("reports"),
            self._context.retention.artifacts,
            bucket=bucket,
            kind="artifacts",
            key_arn=self._context.key_arns["data"],
            log_bucket=log_bucket,
            statements=documents.bucket_statements(
                bucket.arn,
                trainer=trainer,
                starters=[starter],
                approvers=approvers,
            ),
            opts=self.child(),
        )
        return made.bucket_id

    def _make_topic(self) -> pulumi.Output[str]:
        topic = aws.sns.Topic(
            self.named("topic"),
            name=f"{self._stack.slug}-approvals",
            kms_master_key_id=self._context.key_arns["logs"],
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
        return topic.arn

    def _make_logging(self) -> aws.sfn.StateMachineLoggingConfigurationArgs:
        """Return where executions are logged: without data, as that has tokens of approvals."""
        log = aws.cloudwatch.LogGroup(
            self.named("log"),
            name=f"/aws/vendedlogs/states/{self._stack.slug}",
            retention_in_days=log_days(self._context.retention.logs),
            kms_key_id=self._context.key_arns["logs"],
            opts=self.child(),
        )
        return aws.sfn.StateMachineLoggingConfigurationArgs(
            log_destination=log.arn.apply(lambda arn: f"{arn}:*"),
            include_execution_data=False,
            level="ALL",
        )

    def _make_actor(self, audience: Literal["pipeline", "delivery"]) -> ClusterActor:
        return ClusterActor(
            self.named(f"{audience}-hands"),
            context=self._context,
            cluster=self._cluster,
            audience=audience,
            deployment=self._config.deploy,
            opts=self.child(),
        )

    def _make_machine(
        self,
        inputs: PipelineInputs,
        topic: pulumi.Output[str],
        actors: Mapping[str, ClusterActor],
    ) -> pulumi.Output[str]:
        known = pulumi.Output.all(
            bucket=self._bucket,
            topic=topic,
            jobs_function=actors["pipeline"].arn,
            release_function=actors["delivery"].arn,
            bake_project=inputs.build,
        )
        keys = pulumi.Output.all(*(self._context.key_arns[key] for key in ("data", "logs")))
        policy = pulumi.Output.all(known, keys).apply(lambda both: self._machine_policy(*both))
        role = self._roles.make("machine", "states", policy)
        machine = aws.sfn.StateMachine(
            self.named("machine"),
            name=machine_name(self._stack),
            role_arn=role,
            definition=known.apply(lambda made: self._definition(inputs, made)),
            logging_configuration=self._logging,
            opts=self.child(depends_on=list(actors.values())),
        )
        return machine.arn

    def _machine_policy(self, made: Mapping[str, str], keys: Sequence[str]) -> iam.Document:
        where = {"account": self._account, "region": self._region}
        build = made["bake_project"]
        repository = repository_name(self._stack, self._config.deploy)
        return documents.machine_policy(
            functions=[made["jobs_function"], made["release_function"]],
            bucket=made["bucket"],
            topic=made["topic"],
            keys=keys,
            build=self._context.location.arn("codebuild", f"project/{build}"),
            repository=repository_arn(repository, **where),
            **where,
        )

    def _definition(self, inputs: PipelineInputs, made: Mapping[str, str]) -> str:
        """Return the state machine's definition as JSON; `made` has the ARNs that it uses."""
        parts = Parts(
            **made,
            partition=partition_of(self._region),
            models=f"s3://{model_bucket(self._stack, self._account)}/{ROOT}",
            repository=repository_name(self._stack, self._config.deploy),
            registry=registry(self._account, self._region),
            train=inputs.train,
            evaluate=inputs.evaluate,
            deployment=inputs.deployment,
            patience_seconds=inputs.deployment["spec"]["progressDeadlineSeconds"],
        )
        return iam.text(definition(self._config, inputs.approvals, parts, stack=str(self._stack)))

    @property
    def _start_policy(self) -> pulumi.Output[iam.Document]:
        return self.machine.apply(documents.start_policy)

    def _start_by_events(self, datasets: Mapping[str, pulumi.Input[str]]) -> None:
        triggers = self._config.triggers
        prefix = f"{attestation.STARTS}/"
        # The description of an existing rule stays as it is: another text would be a change.
        self._start_by_objects("starts", self._bucket, prefix, "somebody's word")
        if triggers.object_created is not None:
            source = triggers.object_created
            self._start_by_objects(
                "objects",
                datasets[source.dataset],
                f"{source.directory}/",
                f"new objects in {source.dataset}/{source.directory}",
            )
        if triggers.schedule is not None:
            aws.scheduler.Schedule(
                self.named("schedule"),
                name=trigger_name(self._stack, "pipeline"),
                schedule_expression=f"cron({triggers.schedule})",
                schedule_expression_timezone=triggers.timezone,
                flexible_time_window={"mode": "OFF"},
                target={
                    "arn": self.machine,
                    "role_arn": self._roles.make("schedule", "scheduler", self._start_policy),
                    "input": "{}",
                },
                opts=self.child(),
            )

    def _start_by_objects(
        self, role: str, bucket: pulumi.Input[str], prefix: str, description: str
    ) -> None:
        """Start a run for each new object of a bucket below a prefix."""
        pattern = pulumi.Output.from_input(bucket).apply(
            lambda name: iam.text(documents.object_created(name, prefix))
        )
        rule = aws.cloudwatch.EventRule(
            self.named(role),
            name=trigger_name(self._stack, role),
            description=description,
            event_pattern=pattern,
            opts=self.child(),
        )
        aws.cloudwatch.EventTarget(
            self.named(f"{role}-target"),
            rule=rule.name,
            target_id="pipeline",
            arn=self.machine,
            role_arn=self._roles.make(role, "events", self._start_policy),
            input_path="$.detail",
            opts=self.child(),
        )

    def _grant(self, role_arns: Mapping[str, pulumi.Input[str]]) -> None:
        """Allow trainers to write reports, `pipeline` to start runs, and approvers to answer."""
        where = (self._bucket, self._context.key_arns["data"], self._region)
        reports = pulumi.Output.all(*where)
        runs = pulumi.Output.all(self.machine, *where)
        policies = {
            "trainer": ("leave-reports", reports.apply(_text_of(documents.report_policy))),
            "pipeline": ("start-runs", runs.apply(_text_of(documents.starter_policy))),
        }
        for audience in self._config.approvers:
            approve = runs.apply(_text_of(documents.approver_policy))
            policies[f"{audience}-approves"] = ("approve", approve)
        for who, (permission, policy) in policies.items():
            arn = pulumi.Output.from_input(role_arns[who.removesuffix("-approves")])
            aws.iam.RolePolicy(
                self.named(f"{who}-{permission}"),
                name=permission,
                role=arn.apply(lambda text: text.rpartition("/")[2]),
                policy=policy,
                opts=self.child(),
            )


def _text_of(build: Callable[..., iam.Document]) -> Callable[[Sequence[str]], str]:
    """Return a function that builds a policy from resolved values and serialises it."""
    return lambda values: iam.text(build(*values))
