"""A worker goes on with the apply of the stack that it has previewed, and with no other stack."""

from __future__ import annotations

from stackyard.naming import StackId
from stackyard_cli.engine.parent.runner import Runner
from stackyard_cli.engine.parent.workers import Workers

from .harness import STACK, Harness, quiet, task

OTHER = StackId("ranking", "views", "dev")


def test_an_apply_goes_on_in_the_process_of_its_preview(harness: Harness) -> None:
    with Workers(harness.worker, keep=1) as workers:
        runner = Runner(harness.location, harness.engine, harness.stops, quiet, workers)
        assert runner.run(task(things=2), "preview").ok
        assert harness.ids() == set()
        kept = workers.take(STACK, "project")
        workers.put_back(STACK, kept, again=True)
        report = runner.run(task(things=2), "up")  # another backend, other options, a journal
        assert report.ok, report.result
        assert harness.held() == harness.ids()
        assert len(harness.ids()) == 2
        assert runner.run(task(things=2), "preview").result.changes == {"same": 4}
        assert workers.take(STACK, "project") is kept
        workers.put_back(STACK, kept, again=True)

        other = workers.take(OTHER, "project")
        assert other.process.pid != kept.process.pid
        workers.put_back(OTHER, other, again=True)
        assert not other.alive  # as many are kept as were asked for, the others end
        assert kept.alive
    assert not kept.alive


def test_one_that_failed_is_not_used_again(harness: Harness) -> None:
    with Workers(harness.worker, keep=1) as workers:
        runner = Runner(harness.location, harness.engine, harness.stops, quiet, workers)
        prepared = Workers(harness.worker)
        prepared.prepare(["project", "project"])
        ahead = prepared.take(STACK, "project")
        assert ahead.alive
        workers.put_back(STACK, ahead, again=True)
        assert not runner.run(task(raises=True), "preview").ok
        assert not ahead.alive
        assert runner.run(task(things=1), "preview").ok
