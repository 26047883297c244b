"""RDS instances.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/rds/instance/.
"""

from __future__ import annotations

from stackyard_sandbox.provider.aws.casing import Casing
from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.resource import (
    Autoname,
    Resource,
    Tagging,
    call_or_none,
    changed,
    ignoring_missing,
)
from stackyard_sandbox.provider.protocol import Properties

TAGS = Tagging(
    "rds",
    resource="ResourceName",
    tag="add_tags_to_resource",
    untag="remove_tags_from_resource",
    listed="TagList",
)
NAMES = Casing(
    names={
        "identifier": "DBInstanceIdentifier",
        "instanceClass": "DBInstanceClass",
        "dbName": "DBName",
        "dbSubnetGroupName": "DBSubnetGroupName",
        "parameterGroupName": "DBParameterGroupName",
        "username": "MasterUsername",
        "password": "MasterUserPassword",
        "manageMasterUserPassword": "ManageMasterUserPassword",
        "multiAz": "MultiAZ",
        "backupWindow": "PreferredBackupWindow",
        "maintenanceWindow": "PreferredMaintenanceWindow",
        "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
        "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
        "performanceInsightsEnabled": "EnablePerformanceInsights",
        "performanceInsightsKmsKeyId": "PerformanceInsightsKMSKeyId",
        "caCertIdentifier": "CACertificateIdentifier",
    }
)
CHANGEABLE = (
    "dbSubnetGroupName",
    "manageMasterUserPassword",
    "masterUserSecretKmsKeyId",
    "instanceClass",
    "allocatedStorage",
    "maxAllocatedStorage",
    "engineVersion",
    "parameterGroupName",
    "password",
    "multiAz",
    "backupRetentionPeriod",
    "backupWindow",
    "maintenanceWindow",
    "deletionProtection",
    "iamDatabaseAuthenticationEnabled",
    "vpcSecurityGroupIds",
    "publiclyAccessible",
    "storageType",
    "iops",
    "autoMinorVersionUpgrade",
    "copyTagsToSnapshot",
    "performanceInsightsEnabled",
    "performanceInsightsRetentionPeriod",
    "caCertIdentifier",
)
LOGS = "enabledCloudwatchLogsExports"
FIXED = (
    "engine",
    "dbName",
    "username",
    "storageEncrypted",
    "kmsKeyId",
    "availabilityZone",
)
DELETION = (
    "skipFinalSnapshot",
    "finalSnapshotIdentifier",
    "applyImmediately",
    "allowMajorVersionUpgrade",
)
SHOWN = {
    "instanceClass": "DBInstanceClass",
    "allocatedStorage": "AllocatedStorage",
    "maxAllocatedStorage": "MaxAllocatedStorage",
    "engine": "Engine",
    "engineVersion": "EngineVersion",
    "dbName": "DBName",
    "username": "MasterUsername",
    "multiAz": "MultiAZ",
    "backupRetentionPeriod": "BackupRetentionPeriod",
    "deletionProtection": "DeletionProtection",
    "iamDatabaseAuthenticationEnabled": "IAMDatabaseAuthenticationEnabled",
    "publiclyAccessible": "PubliclyAccessible",
    "storageEncrypted": "StorageEncrypted",
    "storageType": "StorageType",
    "kmsKeyId": "KmsKeyId",
    "copyTagsToSnapshot": "CopyTagsToSnapshot",
    "autoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
    "enabledCloudwatchLogsExports": "EnabledCloudwatchLogsExports",
}


class Instance(Resource):
    """A database instance; its id is the instance's resource id, as in the official provider."""

    token = "aws:rds/instance:Instance"
    takes = (
        "identifier",
        "identifierPrefix",
        "port",
        LOGS,
        *CHANGEABLE,
        *FIXED,
        *DELETION,
    )
    # Another identifier is another name of the same instance:
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RenameInstance.html.
    replaces = frozenset(FIXED)
    autoname = Autoname("identifier", limit=63, lower=True)
    defaults = {
        "skipFinalSnapshot": False,
        "applyImmediately": False,
        "deletionProtection": False,
        "publiclyAccessible": False,
    }

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the instance."""
        names = [name for name in self.takes if name not in (*DELETION, "identifierPrefix")]
        answer = aws.client("rds").create_db_instance(
            Tags=TAGS.api(inputs.get("tagsAll")), **NAMES.pick(inputs, *names)
        )
        return str(answer["DBInstance"]["DbiResourceId"])

    def finish(self, aws: Cloud, identity: str, inputs: Properties) -> None:
        """Wait until it is available."""
        waiter = aws.client("rds").get_waiter("db_instance_available")
        waiter.wait(
            DBInstanceIdentifier=inputs["identifier"],
            WaiterConfig={"Delay": 1, "MaxAttempts": 120},
        )

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the instance; its password cannot be read."""
        call = aws.client("rds").describe_db_instances
        name = state.get("identifier", identity)
        answer = call_or_none(call, "DBInstanceNotFound", DBInstanceIdentifier=name)
        if answer is None or not answer["DBInstances"]:
            return None
        instance = answer["DBInstances"][0]
        address = instance.get("Endpoint", {})
        groups = [one["VpcSecurityGroupId"] for one in instance.get("VpcSecurityGroups", [])]
        parameters = instance.get("DBParameterGroups") or [{}]
        actual = {key: instance.get(member) for key, member in SHOWN.items()}
        return {
            **actual,
            "identifier": name,
            "dbSubnetGroupName": instance.get("DBSubnetGroup", {}).get("DBSubnetGroupName"),
            "parameterGroupName": parameters[0].get("DBParameterGroupName"),
            "vpcSecurityGroupIds": groups,
            "port": address.get("Port"),
            "address": address.get("Address"),
            "endpoint": f"{address.get('Address')}:{address.get('Port')}",
            "masterUserSecrets": _secrets(instance.get("MasterUserSecret")),
            "resourceId": instance["DbiResourceId"],
            "engineVersionActual": instance.get("EngineVersion"),
            "status": instance["DBInstanceStatus"],
            "arn": instance["DBInstanceArn"],
            "tagsAll": TAGS.to_dict(instance.get("TagList")),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Change the differing settings; change tags."""
        names = [name for name in CHANGEABLE if changed(old, new, name)]
        arguments = NAMES.pick(new, *names)
        if changed(old, new, "identifier"):
            arguments["NewDBInstanceIdentifier"] = new["identifier"]
        if new.get("port") and changed(old, new, "port"):
            arguments["DBPortNumber"] = new["port"]
        if changed(old, new, LOGS):
            arguments["CloudwatchLogsExportConfiguration"] = _log_changes(old, new)
        if arguments:
            aws.client("rds").modify_db_instance(
                DBInstanceIdentifier=old["identifier"],
                ApplyImmediately=new["applyImmediately"],
                AllowMajorVersionUpgrade=bool(new.get("allowMajorVersionUpgrade")),
                **arguments,
            )
        TAGS.update(aws, old["arn"], old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the instance, after a final snapshot unless that is skipped."""
        snapshot: Properties = {"SkipFinalSnapshot": True}
        if not state.get("skipFinalSnapshot"):
            snapshot = {
                "SkipFinalSnapshot": False,
                "FinalDBSnapshotIdentifier": state.get("finalSnapshotIdentifier")
                or f"{state['identifier']}-final",
            }
        with ignoring_missing("DBInstanceNotFound"):
            aws.client("rds").delete_db_instance(
                DBInstanceIdentifier=state["identifier"], **snapshot
            )


def _secrets(secret: Properties | None) -> list[Properties] | None:
    if not secret:
        return None
    return [
        {
            "secretArn": secret.get("SecretArn"),
            "secretStatus": secret.get("SecretStatus"),
            "kmsKeyId": secret.get("KmsKeyId"),
        }
    ]


def _log_changes(old: Properties, new: Properties) -> Properties:
    before, after = set(old.get(LOGS) or []), set(new.get(LOGS) or [])
    return {"EnableLogTypes": sorted(after - before), "DisableLogTypes": sorted(before - after)}
