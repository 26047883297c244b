from __future__ import annotations

import pytest
from pydantic import ValidationError

from stackyard.blueprints import catalogue
from stackyard.naming import StackId

STACK = StackId("platform", "foundation", "dev")
CONFIG = {
    "owner": "platform@acme.example",
    "account": "123456789012",
    "region": "eu-central-1",
    "admins": ["arn:aws:iam::123456789012:role/admin"],
    "operators": ["arn:aws:iam::123456789012:role/operator"],
}


def test_a_program_reads_its_config_as_strictly_as_the_estate() -> None:
    """The worker gets the config as JSON; text that looks like a number must not become one."""
    catalogue.program("foundation", STACK, {**CONFIG, "network": {"zones": 2}}, {})
    with pytest.raises(ValidationError, match=r"network\.zones"):
        catalogue.program("foundation", STACK, {**CONFIG, "network": {"zones": "2"}}, {})
    with pytest.raises(ValidationError, match=r"vault\.rotation_days"):
        catalogue.program("foundation", STACK, {**CONFIG, "vault": {"rotation_days": "90"}}, {})
