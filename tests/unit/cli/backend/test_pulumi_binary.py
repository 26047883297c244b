"""The engine by the SDK's installer, with a script of ours in place of the downloaded one."""

from __future__ import annotations

import gc
import warnings
from pathlib import Path

import pulumi.automation._cmd as sdk
import pytest

from stackyard_cli.backend import pulumi_binary
from stackyard_cli.backend.errors import EngineMissingError

INSTALLER = """#!/bin/sh
# As the official one is called: --no-edit-path --install-root DIR --version VERSION
[ "$1 $2 $4" = "--no-edit-path --install-root --version" ] || { echo "called with $*"; exit 1; }
mkdir -p "$3/bin"
printf '#!/bin/sh\\necho v%s\\n' "$5" > "$3/bin/pulumi"
chmod +x "$3/bin/pulumi"
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("STACKYARD_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path


def served(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sdk, "_download_to_file", lambda _, path: Path(path).write_text(text))


def test_what_the_installer_left_is_the_engine(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served(monkeypatch, INSTALLER)
    engine = pulumi_binary.install()
    assert engine.version == pulumi_binary.sdk_version()
    assert engine.path == home / ".pulumi" / "versions" / engine.version / "bin" / "pulumi"
    monkeypatch.setenv("PATH", "/usr/bin:/bin")  # no other engine here, and none was built
    assert pulumi_binary.find() == engine


def test_an_installer_that_fails_is_told_with_its_last_line(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served(monkeypatch, "#!/bin/sh\necho unpacking\necho no room for the archive >&2\nexit 1\n")
    with pytest.raises(EngineMissingError, match="failed: no room for the archive"):
        pulumi_binary.install()


def test_without_a_network_the_other_way_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(url: str, path: str) -> None:
        raise OSError("name resolution failed")

    monkeypatch.setattr(sdk, "_download_to_file", refused)
    # The SDK leaves the script of its installer open; it is freed here, not in a later test.
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        with pytest.raises(EngineMissingError) as caught:
            pulumi_binary.install()
        hint = str(caught.value.hint)
        del caught
        gc.collect()
    assert "sandbox build" in hint
