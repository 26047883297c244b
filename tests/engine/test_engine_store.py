"""A backend that only the engine reads: a folder, read as `gs://` and `azblob://` are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stackyard_cli.backend import preconditions
from stackyard_cli.backend.errors import BackendError, StateError
from stackyard_cli.backend.open import open_store
from stackyard_cli.backend.pulumi_cli import EngineStore

from .yard import STACK, FakeYard


@pytest.fixture
def store(yard: FakeYard, tmp_path: Path) -> EngineStore:
    """The yard's folder through the engine alone; the yard knows no other way to it."""
    found = EngineStore(yard.location.backend_url, yard.location.environment, tmp_path / "records")
    vars(yard.location)["store"] = found
    return found


def test_a_stack_is_applied_read_restored_and_missed(yard: FakeYard, store: EngineStore) -> None:
    assert preconditions.checked_state(yard.location, STACK, applies=True) is None
    report = yard.run("up", things=2, secret="s3cret-value")
    assert report.ok, report.result
    state = yard.location.state(STACK)
    assert yard.held() == yard.ids()
    assert "s3cret-value" not in (state.raw() or b"").decode()
    assert preconditions.applied(yard.location, STACK)
    assert yard.run("preview", things=2, secret="s3cret-value").result.changes == {"same": 4}
    assert store.keys(".pulumi/stacks/") == [state.checkpoint_key]

    good = state.raw() or b""
    less = json.loads(good)
    less["checkpoint"]["latest"]["resources"] = less["checkpoint"]["latest"]["resources"][:1]
    store.put(state.checkpoint_key, json.dumps(less).encode())
    assert yard.held() == set()
    store.put(state.checkpoint_key, good)
    assert yard.held() == yard.ids()

    backend = Path(yard.location.backend_url.removeprefix("file://"))
    (backend / state.checkpoint_key).unlink()
    with pytest.raises(StateError, match="a known stack without state"):
        preconditions.checked_state(yard.location, STACK, applies=True)


def test_what_the_engine_says_of_a_backend_is_told(tmp_path: Path) -> None:
    store = open_store("gs://no-such-bucket", {"GOOGLE_APPLICATION_CREDENTIALS": ""}, tmp_path)
    with pytest.raises(BackendError, match=r"gs://no-such-bucket is not readable: .*credentials"):
        store.get(".pulumi/stacks/a.b/dev.json")
    assert not store.sees_locks
    assert store.keys(".pulumi/locks/") == []
