"""kill -9 of everything at random moments: after `recover` and `up` nothing is lost or twice."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from stackyard_cli.backend.errors import StateError
from stackyard_cli.backend.folder import ATTRIBUTES
from stackyard_cli.recovery.lock import check_free, held
from stackyard_cli.recovery.recover import recover

from .harness import STACK, FolderCensus, Harness, kill_everything, restart_provider, until

KILLS = int(os.environ.get("STACKYARD_KILLS", "3"))
THINGS: dict[str, Any] = {"things": 12, "seconds": 0.4}
ALL = sorted(f"thing-{index}" for index in range(12))


@pytest.mark.parametrize("trial", range(KILLS))
def test_kill_of_everything(harness: Harness, trial: int, rng: Random) -> None:
    tool = harness.tool(**THINGS)
    time.sleep(rng.uniform(0.0, 2.2))
    kill_everything(tool)
    time.sleep(0.5)  # what the cloud had begun, it ends
    harness.recover()
    report = harness.run("up", **THINGS)
    assert report.ok, report.result
    assert harness.things() == ALL
    assert harness.ids() == harness.held()
    assert harness.run("preview", **THINGS).changing == []


def test_a_kill_during_an_update_or_a_destroy(harness: Harness) -> None:
    assert harness.run("up", **THINGS).ok
    for operation, config in (("up", {**THINGS, "size": 2}), ("destroy", THINGS)):
        tool = harness.tool(operation, **config)
        time.sleep(1.3)
        kill_everything(tool)
        time.sleep(0.5)
        outcome = harness.recover()
        assert outcome.leftovers == []
        assert harness.ids() == harness.held()
    assert harness.run("destroy", **THINGS).ok
    assert harness.things() == []


def test_a_kill_between_a_state_and_its_attributes(harness: Harness) -> None:
    """The engine's folder backend writes the attributes after the file; a kill leaves them empty.

    With empty attributes it reads the whole state as `EOF`.
    """
    assert harness.run("up", things=1).ok
    state = harness.location.state(STACK)
    backend = harness.location.backend_url.removeprefix("file://")
    attributes = Path(backend) / f"{state.checkpoint_key}{ATTRIBUTES}"
    assert attributes.read_bytes()
    attributes.write_bytes(b"")
    assert "EOF" in str(harness.run("up", things=1, size=2).result.problem)
    harness.recover()
    assert harness.run("up", things=1, size=2).ok


def test_up_refuses_until_recover(harness: Harness) -> None:
    tool = harness.tool(things=4, seconds=3)
    until(harness.creating)
    kill_everything(tool)
    [one] = held(harness.location, [STACK])
    assert (one.life, str(one).endswith("min ago; it has ended")) == ("dead", True)
    with pytest.raises(StateError, match="is locked by"):
        check_free(harness.location, [STACK])
    first = harness.run("up", things=4)
    assert "locked" in (first.result.problem or "")
    for lock in harness.location.state(STACK).locks():
        harness.location.store.delete(lock.key)
    second = harness.run("up", things=4)
    assert "twice" in (second.result.problem or "")
    assert second.result.hint == f"run `stackyard recover {STACK}`"


def test_recover_refuses_while_the_holder_lives(harness: Harness) -> None:
    tool = harness.tool(things=4, seconds=4)
    until(harness.location.state(STACK).locks)
    assert [one.life for one in held(harness.location, [STACK])] == ["alive"]
    with pytest.raises(StateError, match="which still runs"):
        harness.recover()
    os.killpg(tool.pid, signal.SIGINT)
    tool.communicate(timeout=30)


def test_a_lock_of_another_machine_needs_its_holder_named(harness: Harness) -> None:
    assert harness.run("up").ok
    state = harness.location.state(STACK)
    owner = {
        "pid": 1,
        "username": "ci",
        "hostname": "runner-7",
        "timestamp": "2026-01-01T00:00:00Z",
    }
    harness.location.store.put(f"{state.lock_prefix}abc.json", json.dumps(owner).encode())
    with pytest.raises(StateError, match="ci@runner-7"):
        harness.recover()
    census = FolderCensus(harness.cloud)
    outcome = recover(harness.location, harness.engine, STACK, census, take_over="ci@runner-7")
    assert outcome.unlocked
    assert socket.gethostname() != "runner-7"
    assert harness.run("up").ok


def test_a_known_stack_without_state_is_refused_and_restored(harness: Harness) -> None:
    assert harness.run("up").ok
    assert harness.run("up", size=2).ok
    state = harness.location.state(STACK)
    harness.location.store.delete(state.checkpoint_key)
    for operation in ("preview", "up", "destroy"):
        report = harness.run(operation)
        assert "its state is missing" in (report.result.problem or "")
    assert harness.recover().restored
    assert harness.run("preview", size=2).changing == []
    assert harness.things() == ["thing-0", "thing-1", "thing-2"]


DAMAGES = (b"", b"{", b"\0" * 4000, b'{"version": 3}')


def test_a_damaged_state_is_refused_and_restored(harness: Harness) -> None:
    assert harness.run("up").ok
    assert harness.run("up", size=2).ok
    state = harness.location.state(STACK)
    for damage in DAMAGES:
        harness.location.store.put(state.checkpoint_key, damage)
        harness.location.store.put(f"{state.checkpoint_key}.bak", damage)  # a full disk takes both
        assert "not readable" in (harness.run("up").result.problem or "")
        outcome = harness.recover()
        assert outcome.restored == "the copy made before the last apply"
    assert harness.run("up", size=2).ok
    assert harness.ids() == harness.held()


def test_a_create_that_only_the_journal_knows_is_adopted(harness: Harness) -> None:
    """The backend lost what was made after the copy: the journal still names it."""
    assert harness.run("up", things=1).ok
    early = harness.location.state(STACK).raw()
    assert early is not None
    assert harness.run("up", things=3).ok
    harness.location.store.put(harness.location.state(STACK).checkpoint_key, early)
    outcome = harness.recover()
    assert len(outcome.adopted) == 2
    assert harness.run("up", things=3).ok
    assert harness.things() == ["thing-0", "thing-1", "thing-2"]
    assert harness.ids() == harness.held()


def test_what_nobody_knows_is_named(harness: Harness) -> None:
    assert harness.run("up").ok
    (harness.cloud / "stray.json").write_text(json.dumps({"label": "stray"}))
    outcome = harness.recover()
    assert outcome.leftovers == ["stray (fake:index:Thing::stray)"]


def test_a_provider_that_dies_after_making_a_thing(harness: Harness) -> None:
    """The engine forgets the create; the journal and the census do not."""
    tool = harness.tool(things=1, seconds=4)
    until(harness.things)
    assert harness.provider
    harness.provider.kill()
    tool.communicate(timeout=60)
    checkpoint = harness.location.state(STACK).read()
    assert checkpoint is not None
    assert checkpoint.pending == [], "this is why pending operations alone are not enough"
    restart_provider(harness)
    refused = harness.run("up", things=1)
    assert "lost a provider" in (refused.result.problem or "")
    outcome = harness.recover()
    assert [urn.rpartition("::")[2] for urn in outcome.adopted] == ["thing-0"]
    assert harness.run("up", things=1).ok
    assert harness.things() == ["thing-0"]
    assert harness.ids() == harness.held()
