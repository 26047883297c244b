"""A backend that only the engine reads: a folder, read as `gs://` and `azblob://` are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stackyard_cli.backend import preconditions
from stackyard_cli.backend.errors import BackendError, StateError
from stackyard_cli.backend.open import open_store
from stackyard_cli.backend.pulumi_cli import EngineStore

from .harness import STACK, Harness


@pytest.fixture
def store(harness: Harness, tmp_path: Path) -> EngineStore:
    """The harness's folder through the engine alone; the harness knows no other way to it."""
    found = EngineStore(
        harness.location.backend_url, harness.location.environment, tmp_path / "records"
    )
    vars(harness.location)["store"] = found
    return found


def test_a_stack_is_applied_read_restored_and_missed(harness: Harness, store: EngineStore) -> None:
    assert preconditions.checked_state(harness.location, STACK, applies=True) is None
    report = harness.run("up", things=2, secret="s3cret-value")
    assert report.ok, report.result
    state = harness.location.state(STACK)
    assert harness.held() == harness.ids()
    assert "s3cret-value" not in (state.raw() or b"").decode()
    assert preconditions.applied(harness.location, STACK)
    assert harness.run("preview", things=2, secret="s3cret-value").result.changes == {"same": 4}
    assert store.keys(".pulumi/stacks/") == [state.checkpoint_key]

    good = state.raw() or b""
    less = json.loads(good)
    less["checkpoint"]["latest"]["resources"] = less["checkpoint"]["latest"]["resources"][:1]
    store.put(state.checkpoint_key, json.dumps(less).encode())
    assert harness.held() == set()
    store.put(state.checkpoint_key, good)
    assert harness.held() == harness.ids()

    backend = Path(harness.location.backend_url.removeprefix("file://"))
    (backend / state.checkpoint_key).unlink()
    with pytest.raises(StateError, match="it was applied, but its state is missing"):
        preconditions.checked_state(harness.location, STACK, applies=True)


def test_what_the_engine_says_of_a_backend_is_told(tmp_path: Path) -> None:
    store = open_store("gs://no-such-bucket", {"GOOGLE_APPLICATION_CREDENTIALS": ""}, tmp_path)
    with pytest.raises(BackendError, match=r"gs://no-such-bucket is not readable: .*credentials"):
        store.get(".pulumi/stacks/a.b/dev.json")
    assert not store.sees_locks
    assert store.keys(".pulumi/locks/") == []
