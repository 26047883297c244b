"""Database, the PostgreSQL instance of a stage, on RDS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pulumi
import pulumi_aws as aws

from stackyard._component import Component
from stackyard.database.config import DatabaseConfig
from stackyard.database.documents import instance_identifier
from stackyard.references import StackContext, VpcRef
from stackyard.retention.plan import log_days

PORT = 5432

MASTER = "stackyard"
"""The master user; RDS creates, stores and rotates its password, which is in no state or file."""

LOGS = ("postgresql", "upgrade")
"""Logs that PostgreSQL on RDS can send to CloudWatch Logs."""

PARAMETERS: Mapping[str, str] = {"rds.force_ssl": "1", "log_min_duration_statement": "1000"}
"""Connections without TLS are refused, and statements that take a second or more are logged.
Source:
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.SSL.html."""


class Database(Component):
    """An encrypted, private instance; only the security group of its clients can connect to it.

    It can be restored to any second of the last `retention.backups.keep_days` days.
    """

    TYPE: ClassVar[str] = "stackyard:index:Database"

    host: pulumi.Output[str]
    """Address of the instance in the VPC."""

    port: int
    """Port of the instance."""

    admin_credentials: pulumi.Output[str]
    """ARN of the secret that holds the master user's name and password, as JSON."""

    def __init__(
        self,
        name: str,
        config: DatabaseConfig,
        *,
        context: StackContext,
        network: VpcRef,
        clients: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the stack (source of the name), the VPC, and the clients' security group."""
        super().__init__(name, config, opts=opts)
        self._config, self._identifier = config, instance_identifier(context.stack)
        key_arns, retention = context.key_arns, context.retention
        self.port = PORT
        logs = self._make_logs(log_days(retention.logs), key_arns["logs"])
        group = self._make_group(network.vpc_id, clients)
        subnet_group = self._make_subnet_group(network.subnets)
        instance = aws.rds.Instance(
            self.named("instance"),
            **self._settings(retention.backups.keep_days),
            final_snapshot_identifier=subnet_group.id.apply(self._final_snapshot),
            db_subnet_group_name=subnet_group.name,
            parameter_group_name=self._make_parameters().name,
            vpc_security_group_ids=[group.id],
            kms_key_id=key_arns["data"],
            master_user_secret_kms_key_id=key_arns["secrets"],
            # RDS creates missing log groups, without an expiry and without our key.
            opts=self.child(depends_on=logs),
        )
        self.host = instance.address
        self.admin_credentials = instance.master_user_secrets.apply(
            lambda secrets: str(secrets[0].secret_arn)
        )
        self.publish()

    def _settings(self, backup_days: int) -> dict[str, Any]:
        """Return the settings that need no other resource."""
        config = self._config
        return {
            "identifier": self._identifier,
            "engine": "postgres",
            "engine_version": str(config.version),
            "allow_major_version_upgrade": True,
            "auto_minor_version_upgrade": True,
            "apply_immediately": True,
            "instance_class": config.instance_class,
            "allocated_storage": config.storage_gb,
            "max_allocated_storage": config.max_storage_gb,
            "storage_type": "gp3",
            "storage_encrypted": True,
            "multi_az": config.multi_zone,
            "publicly_accessible": False,
            "port": PORT,
            "username": MASTER,
            "manage_master_user_password": True,
            "iam_database_authentication_enabled": True,
            "backup_retention_period": backup_days,
            "copy_tags_to_snapshot": True,
            "deletion_protection": self.settings.protect,
            "enabled_cloudwatch_logs_exports": list(LOGS),
            "skip_final_snapshot": self.settings.force_delete,
        }

    def _final_snapshot(self, subnet_group: str) -> str:
        """Return the name of the snapshot that a destroy leaves, another in each life of the stack.

        RDS keeps it, and its name, until it is deleted. The subnet group's name ends in digits of
        its own: https://www.pulumi.com/docs/iac/concepts/resources/names/#autonaming.
        """
        return f"{self._identifier}-final-{subnet_group.rpartition('-')[2]}"

    def _make_logs(self, days: int, key_arn: pulumi.Input[str]) -> list[aws.cloudwatch.LogGroup]:
        return [
            aws.cloudwatch.LogGroup(
                self.named(f"log-{log}"),
                name=f"/aws/rds/instance/{self._identifier}/{log}",
                retention_in_days=days,
                kms_key_id=key_arn,
                opts=self.child(),
            )
            for log in LOGS
        ]

    def _make_group(
        self, vpc_id: pulumi.Input[str], clients: pulumi.Input[str]
    ) -> aws.ec2.SecurityGroup:
        group = aws.ec2.SecurityGroup(
            self.named("group"),
            description="PostgreSQL from the nodes of the cluster",
            vpc_id=vpc_id,
            opts=self.child(),
        )
        aws.vpc.SecurityGroupIngressRule(
            self.named("from-nodes"),
            security_group_id=group.id,
            referenced_security_group_id=clients,
            description="PostgreSQL",
            ip_protocol="tcp",
            from_port=PORT,
            to_port=PORT,
            opts=self.child(),
        )
        return group

    def _make_subnet_group(self, subnets: Mapping[str, pulumi.Input[str]]) -> aws.rds.SubnetGroup:
        return aws.rds.SubnetGroup(
            self.named("subnets"),
            description="private subnets",
            subnet_ids=[subnets[zone] for zone in sorted(subnets)],
            opts=self.child(),
        )

    def _make_parameters(self) -> aws.rds.ParameterGroup:
        return aws.rds.ParameterGroup(
            self.named("parameters"),
            family=f"postgres{self._config.version}",
            description="TLS only",
            parameters=[
                {"name": key, "value": value, "apply_method": "immediate"}
                for key, value in sorted(PARAMETERS.items())
            ],
            opts=self.child(),
        )
