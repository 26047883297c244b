"""The VPC of a stage: private subnets, NAT, endpoints, flow logs, and no access by default."""

from __future__ import annotations

from typing import ClassVar

import pulumi
import pulumi_aws as aws

from stackyard import iam
from stackyard._component import Component
from stackyard.aws_location import AwsLocation
from stackyard.naming import IAM_ROLE_LIMIT, fitted
from stackyard.network import subnets
from stackyard.network.config import NetworkConfig


class Network(Component):
    """A VPC in which only the NAT gateways have public addresses.

    Public subnets have no load balancer tag, so no service can become public by accident.
    """

    TYPE: ClassVar[str] = "stackyard:index:Network"

    vpc_id: pulumi.Output[str]
    """Id of the VPC."""

    vpc_cidr: str
    """IPv4 range of the VPC."""

    private_subnets: dict[str, pulumi.Output[str]]
    """Subnet id by availability zone, for nodes, pods, databases and mount targets."""

    def __init__(
        self,
        name: str,
        config: NetworkConfig,
        *,
        prefix: str,
        account: str,
        region: str,
        logs_key_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: prefix of physical names, account and region, and the KMS key for flow logs."""
        super().__init__(name, config, opts=opts)
        self._config, self._prefix = config, prefix
        self._account, self._region = account, region
        zones = subnets.zone_names(region, config.zones)
        self._plan = subnets.plan(config.cidr, zones)
        self._letter = {zone: zone.removeprefix(region) for zone in zones}

        self._vpc = self._make_vpc()
        self.vpc_id, self.vpc_cidr = self._vpc.id, config.cidr
        self._private = {part.zone: self._make_private_subnet(part) for part in self._plan}
        self.private_subnets = {zone: subnet.id for zone, subnet in self._private.items()}
        self._route_tables = {zone: self._make_route_table(zone) for zone in zones}
        if config.nat != "none":
            self._make_public_subnets()
        self._make_endpoints()
        self._make_flow_logs(logs_key_arn)
        self.publish()

    def _make_vpc(self) -> aws.ec2.Vpc:
        vpc = aws.ec2.Vpc(
            self.named("vpc"),
            cidr_block=self._config.cidr,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags={"Name": self._prefix},
            opts=self.child(),
        )
        # A default security group without rules denies all traffic: a resource created without a
        # group then has no network access (CIS AWS Foundations 5.4).
        aws.ec2.DefaultSecurityGroup(
            self.named("default-group"),
            vpc_id=vpc.id,
            ingress=[],
            egress=[],
            tags={"Name": f"{self._prefix}-default-closed"},
            opts=self.child(),
        )
        return vpc

    def _make_private_subnet(self, part: subnets.ZoneSubnets) -> aws.ec2.Subnet:
        role = f"private-{self._letter[part.zone]}"
        return aws.ec2.Subnet(
            self.named(role),
            vpc_id=self._vpc.id,
            availability_zone=part.zone,
            cidr_block=part.private,
            map_public_ip_on_launch=False,
            tags={"Name": f"{self._prefix}-{role}", "kubernetes.io/role/internal-elb": "1"},
            opts=self.child(),
        )

    def _make_route_table(self, zone: str) -> aws.ec2.RouteTable:
        role = f"routes-{self._letter[zone]}"
        table = aws.ec2.RouteTable(
            self.named(role),
            vpc_id=self._vpc.id,
            tags={"Name": f"{self._prefix}-{role}"},
            opts=self.child(),
        )
        aws.ec2.RouteTableAssociation(
            self.named(f"{role}-use"),
            subnet_id=self._private[zone].id,
            route_table_id=table.id,
            opts=self.child(),
        )
        return table

    def _make_public_subnets(self) -> None:
        """Create the NAT gateways, their public subnets, and the routes to them."""
        gateway = aws.ec2.InternetGateway(
            self.named("gateway"),
            vpc_id=self._vpc.id,
            tags={"Name": self._prefix},
            opts=self.child(),
        )
        table = aws.ec2.RouteTable(
            self.named("routes-public"),
            vpc_id=self._vpc.id,
            tags={"Name": f"{self._prefix}-routes-public"},
            opts=self.child(),
        )
        aws.ec2.Route(
            self.named("route-internet"),
            route_table_id=table.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway.id,
            opts=self.child(),
        )
        with_nat = self._plan if self._config.nat == "per-zone" else self._plan[:1]
        gateways = {part.zone: self._make_nat(part, table, gateway) for part in with_nat}
        first = gateways[self._plan[0].zone]
        for zone, letter in self._letter.items():
            aws.ec2.Route(
                self.named(f"route-out-{letter}"),
                route_table_id=self._route_tables[zone].id,
                destination_cidr_block="0.0.0.0/0",
                nat_gateway_id=gateways.get(zone, first).id,
                opts=self.child(),
            )

    def _make_nat(
        self,
        part: subnets.ZoneSubnets,
        table: aws.ec2.RouteTable,
        gateway: aws.ec2.InternetGateway,
    ) -> aws.ec2.NatGateway:
        letter = self._letter[part.zone]
        subnet = aws.ec2.Subnet(
            self.named(f"public-{letter}"),
            vpc_id=self._vpc.id,
            availability_zone=part.zone,
            cidr_block=part.public,
            map_public_ip_on_launch=False,
            tags={"Name": f"{self._prefix}-public-{letter}"},
            opts=self.child(),
        )
        aws.ec2.RouteTableAssociation(
            self.named(f"routes-public-use-{letter}"),
            subnet_id=subnet.id,
            route_table_id=table.id,
            opts=self.child(),
        )
        address = aws.ec2.Eip(
            self.named(f"nat-address-{letter}"),
            domain="vpc",
            tags={"Name": f"{self._prefix}-nat-{letter}"},
            opts=self.child(),
        )
        return aws.ec2.NatGateway(
            self.named(f"nat-{letter}"),
            allocation_id=address.id,
            subnet_id=subnet.id,
            tags={"Name": f"{self._prefix}-nat-{letter}"},
            opts=self.child(depends_on=[gateway]),
        )

    def _make_endpoints(self) -> None:
        aws.ec2.VpcEndpoint(
            self.named("endpoint-s3"),
            vpc_id=self._vpc.id,
            service_name=f"com.amazonaws.{self._region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id for table in self._route_tables.values()],
            tags={"Name": f"{self._prefix}-s3"},
            opts=self.child(),
        )
        if self._config.interface_endpoints:
            self._make_interface_endpoints()

    def _make_interface_endpoints(self) -> None:
        group = aws.ec2.SecurityGroup(
            self.named("endpoints-group"),
            description="AWS services reached from inside the VPC",
            vpc_id=self._vpc.id,
            tags={"Name": f"{self._prefix}-endpoints"},
            opts=self.child(),
        )
        aws.vpc.SecurityGroupIngressRule(
            self.named("endpoints-https"),
            security_group_id=group.id,
            description="HTTPS from the VPC",
            cidr_ipv4=self._config.cidr,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            opts=self.child(),
        )
        for service in sorted(set(self._config.interface_endpoints)):
            aws.ec2.VpcEndpoint(
                self.named(f"endpoint-{service.replace('.', '-')}"),
                vpc_id=self._vpc.id,
                service_name=f"com.amazonaws.{self._region}.{service}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                security_group_ids=[group.id],
                subnet_ids=list(self.private_subnets.values()),
                policy=_endpoint_policy(self._account),
                tags={"Name": f"{self._prefix}-{service}"},
                opts=self.child(),
            )

    def _make_flow_logs(self, logs_key_arn: pulumi.Input[str]) -> None:
        """Flow logs: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html."""
        group = aws.cloudwatch.LogGroup(
            self.named("flow-log-group"),
            name=f"/stackyard/{self._prefix}/flow",
            kms_key_id=logs_key_arn,
            retention_in_days=self._config.flow_log_days,
            opts=self.child(),
        )
        role = self._make_flow_log_role()
        policy = aws.iam.RolePolicy(
            self.named("flow-log-policy"),
            name="write",
            role=role.name,
            policy=group.arn.apply(_flow_log_policy),
            opts=self.child(),
        )
        aws.ec2.FlowLog(
            self.named("flow-log"),
            vpc_id=self._vpc.id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            tags={"Name": self._prefix},
            opts=self.child(depends_on=[policy]),
        )

    def _make_flow_log_role(self) -> aws.iam.Role:
        source = AwsLocation(self._account, self._region).arn("ec2", "vpc-flow-log/*")
        trust = iam.assumable_by(
            {"Service": "vpc-flow-logs.amazonaws.com"},
            conditions={
                "StringEquals": {"aws:SourceAccount": self._account},
                "ArnLike": {"aws:SourceArn": source},
            },
        )
        return aws.iam.Role(
            self.named("flow-log-role"),
            name=fitted(f"{self._prefix}-flow-log", IAM_ROLE_LIMIT),
            description="VPC flow logs write to their log group",
            assume_role_policy=iam.text(trust),
            opts=self.child(),
        )


def _endpoint_policy(account: str) -> str:
    """Return the endpoint policy: only identities of the account may use an interface endpoint.

    Keys of another account cannot be used from inside the VPC. The same is true of pods that assume
    a role with a web identity, because these requests are unsigned: our pods use Pod Identity.
    Source: https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html.
    """
    own = {"StringEquals": {"aws:PrincipalAccount": account}}
    return iam.text(
        iam.document(iam.statement("OwnIdentities", ("*",), ("*",), principals="*", conditions=own))
    )


def _flow_log_policy(group_arn: str) -> str:
    """Return the policy of the flow log role: write to its own log group, and describe groups.

    Describing cannot be limited to one group, by
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html.
    """
    write = ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")
    return iam.text(
        iam.document(
            iam.statement("Write", write, (group_arn, f"{group_arn}:*")),
            iam.statement("Find", ("logs:DescribeLogGroups",), ("*",)),
        )
    )
