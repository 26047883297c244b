"""The API of an applied foundation, asked at an address on loopback where nobody listens."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path

import pytest

from stackyard.estate.estate import Estate
from stackyard_cli.backend.location import Location
from stackyard_cli.health.check import Check
from stackyard_cli.health.cluster_api import cluster_apis
from stackyard_sandbox.control_plane.certificates import Certificates
from stackyard_sandbox.processes import free_ports
from tests.support import contracts
from tests.support.estates import STACKS

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def asked(folder: Path, *states: str) -> list[Check]:
    """Ask on behalf of an estate whose foundations of these stages are applied."""
    shutil.copytree(STACKS, folder / "stacks")
    location = Location(folder / "home", f"file://{folder}/backend", "passphrase", CREDENTIALS)
    certificates = Certificates(folder / "certificates")
    certificates.ensure()
    promised = contracts.foundation(
        cluster_endpoint=f"https://127.0.0.1:{free_ports(1)[0]}",
        cluster_ca=base64.b64encode(certificates.ca.read_bytes()).decode(),
    )
    root = {
        "urn": "urn:0",
        "type": "pulumi:pulumi:Stack",
        "outputs": {"contract": promised},
    }
    for stage in states:
        file = folder / f"backend/.pulumi/stacks/platform.foundation/{stage}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"version": 3, "checkpoint": {"latest": {"resources": [root]}}}))
    return list(cluster_apis(location, Estate(folder)))


def test_an_api_that_is_not_reached_says_where_from_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    (check,) = asked(tmp_path, "dev")
    assert (check.name, check.state) == ("API platform-foundation-dev", "problem")
    assert "is not reached: " in check.detail
    assert "`cluster.public_cidrs` of platform/foundation/dev" in str(check.hint)


def test_before_the_first_apply_there_is_no_api_to_ask(tmp_path: Path) -> None:
    assert asked(tmp_path) == []
