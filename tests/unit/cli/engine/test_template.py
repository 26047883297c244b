"""Workers that are forked from a process which has loaded the SDKs."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stackyard.naming import StackId
from stackyard_cli.engine.messages import Event, Request, Result
from stackyard_cli.engine.parent.job import Job, Worker
from stackyard_cli.engine.parent.template import Template
from stackyard_cli.engine.parent.workers import Workers

pytestmark = pytest.mark.skipif(not Template.SUPPORTED, reason="pidfd_open(2) is Linux's")

STACK = StackId("ranking", "clicks", "dev")


@pytest.fixture(scope="module")
def template() -> Iterator[Template]:
    made = Template({"project"})
    yield made
    made.end()


def forked(template: Template) -> Worker:
    worker = template.fork()
    assert worker is not None
    return worker


def threads(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def gone(pid: int) -> bool:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if not Path(f"/proc/{pid}").exists():
            return True
        time.sleep(0.05)
    return False


def test_the_template_has_one_thread_and_no_connection_when_it_forks(template: Template) -> None:
    worker = forked(template)
    try:
        pid = parent(worker.process.pid)
        assert threads(pid) == 1
        descriptors = [str(one.readlink()) for one in Path(f"/proc/{pid}/fd").iterdir()]
        sockets = {name for name in descriptors if name.startswith("socket:")}
        assert len(sockets) == 1, "the socket of its requests, which it has twice"
    finally:
        worker.end()


def test_a_forked_worker_leads_a_group_and_ends_when_its_stdin_closes(template: Template) -> None:
    first, second = forked(template), forked(template)
    assert os.getpgid(first.process.pid) == first.process.pid
    first.end()
    assert not first.alive
    assert gone(first.process.pid)
    assert second.alive, "the end of one is not the end of another"
    second.end()


def test_a_job_runs_in_a_forked_worker_and_its_death_is_told(template: Template) -> None:
    events: list[Event] = []
    request = Request(
        operation="preview",
        stack=str(STACK),
        blueprint="project",
        config={},
        upstreams={},
        work_dir="/nowhere",
        engine_path="/no/engine",
        engine_version="3.0.0",
    )
    worker = forked(template)
    result = Job(request, {}, events.append, worker).wait()
    assert (result.outcome, result.kind) == ("failed", "worker")
    assert worker.alive, "a failure of a job is not the end of its process"
    assert any(isinstance(event, Result) for event in events)
    worker.process.send_signal(9)
    assert worker.process.wait() == -1
    died = Job(request, {}, events.append, worker).wait()
    assert died.problem == "the worker died"
    worker.process.send_signal(9)  # no effect, and no other process with that number


def test_workers_start_by_themselves_without_a_template() -> None:
    with Workers() as workers:
        workers.preload(["project"])
        template = workers._template
        assert template is not None
        template.end()
        worker = workers.take(STACK, "project")
        assert worker.alive
        assert parent(worker.process.pid) == os.getpid()
        workers.put_back(STACK, worker, again=False)


def test_the_template_ends_with_the_run() -> None:
    with Workers() as workers:
        workers.preload(["project"])
        worker = workers.take(STACK, "project")
        pid = parent(worker.process.pid)
        workers.put_back(STACK, worker, again=False)
    assert gone(pid)
