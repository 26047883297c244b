"""Which version of a secret is read without a label: the emulator forgets that labels can move.

Source: docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html.
"""

from moto.secretsmanager.models import SecretsManagerBackend

CURRENT = "AWSCURRENT"

_move = SecretsManagerBackend.update_secret_version_stage


def install() -> None:
    """Let the version that becomes the current one be the one that is read."""
    SecretsManagerBackend.update_secret_version_stage = _moving  # type: ignore[method-assign]  # a repair


def _moving(
    self: SecretsManagerBackend,
    secret_id: str,
    version_stage: str,
    remove_from_version_id: str,
    move_to_version_id: str,
) -> tuple[str, str]:
    answer = _move(self, secret_id, version_stage, remove_from_version_id, move_to_version_id)
    if version_stage == CURRENT and move_to_version_id:
        self.secrets[secret_id].set_default_version_id(move_to_version_id)
    return answer
