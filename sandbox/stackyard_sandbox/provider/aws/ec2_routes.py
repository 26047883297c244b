"""Route tables, routes and subnet associations.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/ec2/route/ and the
pages of the other types beside it. Deviation: a changed `routeTableId` of an association replaces
it here, because the service gives the association a new id, which an update cannot record.
"""

from __future__ import annotations

from typing import Any

from stackyard_sandbox.provider.aws.casing import Casing
from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.ec2 import one, tagged, tags_of, update_tags
from stackyard_sandbox.provider.aws.resource import Resource, ignoring_missing
from stackyard_sandbox.provider.protocol import Properties

NAMES = Casing(names={"egressOnlyGatewayId": "EgressOnlyInternetGatewayId"})
NO_TABLE = "InvalidRouteTableID.NotFound"
DESTINATIONS = ("destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId")
TARGETS = (
    "gatewayId",
    "natGatewayId",
    "networkInterfaceId",
    "transitGatewayId",
    "vpcPeeringConnectionId",
    "egressOnlyGatewayId",
    "vpcEndpointId",
)


class RouteTable(Resource):
    """A table; its routes are separate resources."""

    token = "aws:ec2/routeTable:RouteTable"
    takes = ("vpcId",)
    replaces = frozenset({"vpcId"})

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the table."""
        answer = aws.client("ec2").create_route_table(
            VpcId=inputs["vpcId"], **tagged("route-table", inputs)
        )
        return str(answer["RouteTable"]["RouteTableId"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the table."""
        table = _table(aws, identity)
        if table is None:
            return None
        return {
            "vpcId": table["VpcId"],
            "ownerId": table.get("OwnerId"),
            "arn": aws.arn("ec2", f"route-table/{identity}"),
            "tagsAll": tags_of(table),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Only tags change in place."""
        update_tags(aws, identity, old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the table."""
        with ignoring_missing(NO_TABLE):
            aws.client("ec2").delete_route_table(RouteTableId=identity)


class Route(Resource):
    """One route of a table; its id is `table_destination`."""

    token = "aws:ec2/route:Route"
    takes = ("routeTableId", *DESTINATIONS, *TARGETS)
    replaces = frozenset({"routeTableId", *DESTINATIONS})

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the route."""
        arguments = NAMES.pick(inputs, "routeTableId", *DESTINATIONS, *TARGETS)
        aws.client("ec2").create_route(**arguments)
        destination = next(inputs[name] for name in DESTINATIONS if inputs.get(name))
        return f"{inputs['routeTableId']}_{destination}"

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Find the route in its table."""
        table_id, _, destination = identity.partition("_")
        table = _table(aws, table_id)
        for route in (table or {}).get("Routes", []):
            answer = NAMES.sdk(route)
            if destination in (answer.get(name) for name in DESTINATIONS):
                return {
                    "routeTableId": table_id,
                    "origin": answer.get("origin"),
                    "state": answer.get("state"),
                    **{name: answer.get(name) or None for name in (*DESTINATIONS, *TARGETS)},
                    **_endpoint_target(answer),
                }
        return None

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Change the target of the route."""
        arguments = NAMES.pick(new, "routeTableId", *DESTINATIONS, *TARGETS)
        aws.client("ec2").replace_route(**arguments)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the route."""
        table, _, _ = identity.partition("_")
        where = NAMES.pick(state, *DESTINATIONS)
        with ignoring_missing("InvalidRoute.NotFound", NO_TABLE):
            aws.client("ec2").delete_route(RouteTableId=table, **where)


class RouteTableAssociation(Resource):
    """The association of a subnet or gateway with a table."""

    token = "aws:ec2/routeTableAssociation:RouteTableAssociation"
    takes = ("routeTableId", "subnetId", "gatewayId")
    replaces = frozenset({"routeTableId", "subnetId", "gatewayId"})
    delete_first = True

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Associate."""
        arguments = NAMES.pick(inputs, "routeTableId", "subnetId", "gatewayId")
        return str(aws.client("ec2").associate_route_table(**arguments)["AssociationId"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Find the association by its id."""
        filters = [{"Name": "association.route-table-association-id", "Values": [identity]}]
        for table in aws.client("ec2").describe_route_tables(Filters=filters)["RouteTables"]:
            for association in table["Associations"]:
                if association["RouteTableAssociationId"] == identity:
                    return {
                        "routeTableId": table["RouteTableId"],
                        "subnetId": association.get("SubnetId") or None,
                        "gatewayId": association.get("GatewayId") or None,
                    }
        return None

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Dissociate."""
        with ignoring_missing("InvalidAssociationID.NotFound"):
            aws.client("ec2").disassociate_route_table(AssociationId=identity)


def _table(aws: Cloud, identity: str) -> Any:
    call = aws.client("ec2").describe_route_tables
    return one(call, "RouteTables", NO_TABLE, RouteTableIds=[identity])


def _endpoint_target(answer: Properties) -> Properties:
    """Return the target of a VPC endpoint, which EC2 returns as a gateway."""
    gateway = answer.get("gatewayId") or ""
    return {"vpcEndpointId": gateway, "gatewayId": None} if gateway.startswith("vpce-") else {}
