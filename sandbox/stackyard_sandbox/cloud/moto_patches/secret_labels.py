"""Reads the secret version with the label AWSCURRENT; moto ignores that labels move.

Source: docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html.
"""

from moto.secretsmanager.models import FakeSecret, SecretsManagerBackend

CURRENT = "AWSCURRENT"

_move = SecretsManagerBackend.update_secret_version_stage


def install() -> None:
    """Return the version that has become the current one."""
    setattr(SecretsManagerBackend, _move.__name__, _moving)


def _moving(
    self: SecretsManagerBackend,
    secret_id: str,
    version_stage: str,
    remove_from_version_id: str,
    move_to_version_id: str,
) -> tuple[str, str]:
    answer = _move(self, secret_id, version_stage, remove_from_version_id, move_to_version_id)
    secret = self.secrets[secret_id]
    if version_stage == CURRENT and move_to_version_id and isinstance(secret, FakeSecret):
        secret.set_default_version_id(move_to_version_id)
    return answer
