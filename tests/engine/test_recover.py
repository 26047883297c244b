"""kill -9 of everything at random moments: after `recover` and `up` nothing is lost or twice."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import time

import pytest
from yard import STACK, FakeYard, FolderCensus, kill_everything, restart_provider, until

from stackyard_cli.backend.errors import StateError
from stackyard_cli.recovery.lock import check_free, held
from stackyard_cli.recovery.recover import recover

KILLS = int(os.environ.get("STACKYARD_KILLS", "3"))
THINGS = {"things": 12, "seconds": 0.4}
ALL = sorted(f"thing-{index}" for index in range(12))


@pytest.mark.parametrize("trial", range(KILLS))
def test_kill_of_everything(yard: FakeYard, trial: int) -> None:
    tool = yard.tool(**THINGS)
    time.sleep(random.uniform(0.0, 2.2))
    kill_everything(tool)
    time.sleep(0.5)  # what the cloud had begun, it ends
    yard.recover()
    report = yard.run("up", **THINGS)
    assert report.ok, report.result
    assert yard.things() == ALL
    assert yard.ids() == yard.held()
    assert yard.run("preview", **THINGS).changing == []


def test_a_kill_during_an_update_or_a_destroy(yard: FakeYard) -> None:
    assert yard.run("up", **THINGS).ok
    for operation, config in (("up", {**THINGS, "size": 2}), ("destroy", THINGS)):
        tool = yard.tool(operation, **config)
        time.sleep(1.3)
        kill_everything(tool)
        time.sleep(0.5)
        outcome = yard.recover()
        assert outcome.leftovers == []
        assert yard.ids() == yard.held()
    assert yard.run("destroy", **THINGS).ok
    assert yard.things() == []


def test_up_refuses_until_recover(yard: FakeYard) -> None:
    tool = yard.tool(things=4, seconds=3)
    until(yard.creating)
    kill_everything(tool)
    [one] = held(yard.location, [STACK])
    assert (one.life, str(one).endswith("min ago; it has ended")) == ("dead", True)
    with pytest.raises(StateError, match="is locked by"):
        check_free(yard.location, [STACK])
    first = yard.run("up", things=4)
    assert "locked" in (first.result.problem or "")
    for lock in yard.location.state(STACK).locks():
        yard.location.store.delete(lock.key)
    second = yard.run("up", things=4)
    assert "twice" in (second.result.problem or "")
    assert second.result.hint == f"run `stackyard recover {STACK}`"


def test_recover_refuses_while_the_holder_lives(yard: FakeYard) -> None:
    tool = yard.tool(things=4, seconds=4)
    until(yard.location.state(STACK).locks)
    assert [one.life for one in held(yard.location, [STACK])] == ["alive"]
    with pytest.raises(StateError, match="is alive"):
        yard.recover()
    os.killpg(tool.pid, signal.SIGINT)
    tool.communicate(timeout=30)


def test_a_lock_of_another_machine_needs_its_holder_named(yard: FakeYard) -> None:
    assert yard.run("up").ok
    state = yard.location.state(STACK)
    owner = {
        "pid": 1,
        "username": "ci",
        "hostname": "runner-7",
        "timestamp": "2026-01-01T00:00:00Z",
    }
    yard.location.store.put(f"{state.lock_prefix}abc.json", json.dumps(owner).encode())
    with pytest.raises(StateError, match="ci@runner-7"):
        yard.recover()
    census = FolderCensus(yard.cloud)
    outcome = recover(yard.location, yard.engine, STACK, census, take_over="ci@runner-7")
    assert outcome.unlocked
    assert socket.gethostname() != "runner-7"
    assert yard.run("up").ok


def test_a_known_stack_without_state_is_refused_and_restored(yard: FakeYard) -> None:
    assert yard.run("up").ok
    assert yard.run("up", size=2).ok
    state = yard.location.state(STACK)
    yard.location.store.delete(state.checkpoint_key)
    for operation in ("preview", "up", "destroy"):
        report = yard.run(operation)
        assert "known stack without state" in (report.result.problem or "")
    assert yard.recover().restored
    assert yard.run("preview", size=2).changing == []
    assert yard.things() == ["thing-0", "thing-1", "thing-2"]


DAMAGES = (b"", b"{", b"\0" * 4000, b'{"version": 3}')


def test_a_damaged_state_is_refused_and_restored(yard: FakeYard) -> None:
    assert yard.run("up").ok
    assert yard.run("up", size=2).ok
    state = yard.location.state(STACK)
    for damage in DAMAGES:
        yard.location.store.put(state.checkpoint_key, damage)
        yard.location.store.put(f"{state.checkpoint_key}.bak", damage)  # a full disk takes both
        assert "not readable" in (yard.run("up").result.problem or "")
        outcome = yard.recover()
        assert outcome.restored == "the copy made before the last apply"
    assert yard.run("up", size=2).ok
    assert yard.ids() == yard.held()


def test_a_create_that_only_the_journal_knows_is_adopted(yard: FakeYard) -> None:
    """The backend lost what was made after the copy: the journal still names it."""
    assert yard.run("up", things=1).ok
    early = yard.location.state(STACK).raw()
    assert early is not None
    assert yard.run("up", things=3).ok
    yard.location.store.put(yard.location.state(STACK).checkpoint_key, early)
    outcome = yard.recover()
    assert len(outcome.adopted) == 2
    assert yard.run("up", things=3).ok
    assert yard.things() == ["thing-0", "thing-1", "thing-2"]
    assert yard.ids() == yard.held()


def test_what_nobody_knows_is_named(yard: FakeYard) -> None:
    assert yard.run("up").ok
    (yard.cloud / "stray.json").write_text(json.dumps({"label": "stray"}))
    outcome = yard.recover()
    assert outcome.leftovers == ["stray (fake:index:Thing::stray)"]


def test_a_provider_that_dies_after_making_a_thing(yard: FakeYard) -> None:
    """The engine forgets the create; the journal and the census do not."""
    tool = yard.tool(things=1, seconds=4)
    until(yard.things)
    assert yard.provider
    yard.provider.kill()
    tool.communicate(timeout=60)
    checkpoint = yard.location.state(STACK).read()
    assert checkpoint is not None
    assert checkpoint.pending == [], "this is why pending operations alone are not enough"
    restart_provider(yard)
    refused = yard.run("up", things=1)
    assert "lost a provider" in (refused.result.problem or "")
    outcome = yard.recover()
    assert [urn.rpartition("::")[2] for urn in outcome.adopted] == ["thing-0"]
    assert yard.run("up", things=1).ok
    assert yard.things() == ["thing-0"]
    assert yard.ids() == yard.held()
