"""RDS refuses names of groups, users and databases that the emulator takes.

Sources: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBParameterGroup.html,
…/API_CreateDBSubnetGroup.html, …/API_CreateDBInstance.html (`MasterUsername`, `DBName`). Of
identifiers of instances and snapshots the emulator itself refuses what RDS does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from moto.rds.exceptions import RDSClientError
from moto.rds.models import RDSBackend

from stackyard_sandbox.cloud.strictness import checked

Call = Mapping[str, Any]

PARAMETER_GROUP = re.compile(r"(?!.*--)[A-Za-z]([A-Za-z0-9-]{0,253}[A-Za-z0-9])?")
SUBNET_GROUP = re.compile(r"(?!default$)[A-Za-z0-9._ -]{1,255}")
POSTGRES_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
RESERVED = frozenset({"admin", "postgres_fdw", "rdsadmin", "rdsrepladmin", "rds_superuser"})
"""Names that RDS for PostgreSQL keeps for itself."""


def install() -> None:
    """Check names of groups, and of what is in an instance."""
    checked.before(RDSBackend, "create_db_parameter_group", _check_parameter_group)
    checked.before(RDSBackend, "create_subnet_group", _check_subnet_group)
    checked.before(RDSBackend, "create_db_instance", _check_instance)


def _check_parameter_group(_rds: RDSBackend, call: Call) -> None:
    name = call["db_parameter_group_kwargs"]["db_parameter_group_name"]
    _demand(PARAMETER_GROUP, name, "DBParameterGroupName")


def _check_subnet_group(_rds: RDSBackend, call: Call) -> None:
    _demand(SUBNET_GROUP, call["subnet_name"], "DBSubnetGroupName")


def _check_instance(_rds: RDSBackend, call: Call) -> None:
    asked = call["db_kwargs"]
    if asked.get("engine") != "postgres":
        return
    for member, parameter in (("master_username", "MasterUsername"), ("db_name", "DBName")):
        if name := asked.get(member):
            _demand(POSTGRES_NAME, name, parameter)
            if name.lower() in RESERVED:
                raise _error(
                    f"{parameter} {name} cannot be used as it is a reserved word used by the engine"
                )


def _demand(form: re.Pattern[str], name: str, parameter: str) -> None:
    if not form.fullmatch(name):
        raise _error(
            f"The parameter {parameter} is not a valid identifier. Identifiers must begin with a "
            "letter; must contain only ASCII letters, digits, and hyphens; and must not end with "
            "a hyphen or contain two consecutive hyphens."
        )


def _error(text: str) -> RDSClientError:
    return RDSClientError("InvalidParameterValue", text)
