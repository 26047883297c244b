"""Changes the rules of a backup plan, which moto cannot.

Source: https://docs.aws.amazon.com/aws-backup/latest/devguide/API_UpdateBackupPlan.html.
"""

from __future__ import annotations

import json

from moto.backup.models import Plan
from moto.backup.responses import BackupResponse


def install() -> None:
    """Answer UpdateBackupPlan."""
    setattr(BackupResponse, update_backup_plan.__name__, update_backup_plan)


def update_backup_plan(self: BackupResponse) -> str:
    """Give the plan its new content and another version."""
    identity = self.path.rpartition("/plans/")[2].strip("/")
    plan = self.backup_backend.get_backup_plan(identity, None)
    content = json.loads(self.body)["BackupPlan"]
    new = Plan(content, plan.creator_request_id, self.backup_backend)
    plan.backup_plan, plan.version_id = new.backup_plan, new.version_id
    plan.advanced_backup_settings = new.advanced_backup_settings
    return json.dumps(plan.to_dict())
