"""Runs prowler (docs.prowler.com) for the services that the estate uses."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .estate import REGION, Estate
from .findings import Finding
from .tools import prepared, run

SERVICES = (
    "autoscaling",
    "awslambda",
    "backup",
    "cloudtrail",
    "cloudwatch",
    "codebuild",
    "ec2",
    "ecr",
    "efs",
    "eks",
    "eventbridge",
    "iam",
    "kms",
    "rds",
    "s3",
    "sagemaker",
    "secretsmanager",
    "sns",
    "sqs",
    "stepfunctions",
    "vpc",
)
"""What the components make, in prowler's names. It has no checks for Managed Prometheus, Budgets,
EventBridge Scheduler, Pod Identity and Signer."""

SEVERE = ("critical", "high")


@dataclass(frozen=True)
class Looked:
    """What prowler found, and what it could not look at."""

    findings: list[Finding]
    idle: list[str]
    """Checks for which the account holds nothing, or nothing that the emulator tells."""

    unanswered: list[str]
    """Calls that the emulator does not know, so that checks that need them say nothing."""

    checks: int
    """How many were run."""


def look(estate: Estate) -> Looked:
    """Run every check of severity high and critical of the services."""
    room = estate.room("prowler")
    program = str(prepared("prowler") / "prowler")
    chosen = ["--services", *SERVICES, "--severity", *SEVERE]
    listed = json.loads(run([program, "aws", *chosen, "--list-checks-json"], {}, home=room))
    checks = {str(check) for check in listed["aws"]}
    output = ["--output-formats", "csv", "--output-directory", str(room)]
    output += ["--output-filename", "account", "--no-banner", "--ignore-exit-code-3"]
    log = room / "log"
    logged = ["--log-level", "ERROR", "--log-file", str(log)]
    command = [program, "aws", *chosen, "--region", REGION, *output, *logged]
    run(command, estate.environment, home=room)
    rows = _rows(room / "account.csv")
    return Looked(
        findings=[
            Finding("prowler", row["CHECK_ID"], _resource(row), row["STATUS_EXTENDED"])
            for row in rows
            if row["STATUS"] == "FAIL" and row["SEVERITY"] in SEVERE
        ],
        idle=sorted(checks - {row["CHECK_ID"] for row in rows}),
        unanswered=_unanswered(estate),
        checks=len(checks),
    )


def _resource(row: Mapping[str, str]) -> str:
    """Return a resource's ARN; what has but a made-up id ends with its name, where it has one."""
    tags = dict(tag.partition("=")[::2] for tag in row["RESOURCE_TAGS"].split(" | "))
    uid = row["RESOURCE_UID"]
    return f"{uid.rpartition('/')[0]}/{tags['Name']}" if "Name" in tags else uid


def _rows(report: Path) -> list[dict[str, str]]:
    csv.field_size_limit(sys.maxsize)
    with report.open(newline="") as lines:
        return list(csv.DictReader(lines, delimiter=";"))


def _unanswered(estate: Estate) -> list[str]:
    """Read from the emulator's own log what it was asked and does not implement."""
    log = (estate.folder / "sandbox" / "cloud" / "cloud.log").read_text(errors="replace")
    return sorted(set(re.findall(r"The (\w+) action has not been implemented", log)))
