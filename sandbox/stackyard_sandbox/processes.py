"""Starts and stops processes, assigns free ports and locks between runs.

A process outlives the run that started it, so everything that identifies it is on disk: a pid file
with the process's start time beside its pid. A pid alone does not identify a process: after a
reboot or a day it may belong to another program.
"""

import fcntl
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

LOOPBACK = "127.0.0.1"

MARK = "STACKYARD_SANDBOX_MEMBER"
"""Variable in the environment of every process; its value is the folder."""

# Below the range from which systems choose outgoing ports (32768 on Linux, 49152 elsewhere): a
# client connection then does not use a port that is reserved for the next start.
_PORTS = range(20000, 30000)


STRAY_SECONDS = 10.0
"""Time limit in seconds for the system to end a killed process."""


@dataclass(frozen=True)
class Process:
    """One program with its log and pid file in `folder`, running or not."""

    name: str
    folder: Path

    @property
    def log(self) -> Path:
        """Output and errors of the current or last run."""
        return self.folder / f"{self.name}.log"

    @property
    def pid_file(self) -> Path:
        """`pid start-time` of the current run."""
        return self.folder / f"{self.name}.pid"

    @property
    def pid(self) -> int | None:
        """Return the pid of the running process, or None."""
        result = self._recorded()
        if result is None or _started(result[0]) != result[1]:
            return None
        return result[0]

    def alive(self) -> bool:
        """Return whether the started process is still running."""
        return self.pid is not None

    def rss(self) -> int:
        """Return the resident memory in bytes; 0 if it does not run."""
        return _resident(pid) if (pid := self.pid) else 0

    def start(
        self,
        command: Sequence[str],
        env: Mapping[str, str] | None = None,
        *,
        inherit: bool = True,
    ) -> None:
        """Start the program in a session of its own, out of reach of the terminal's Ctrl-C.

        Without `inherit` it has `env` alone, and nothing of this process's environment.
        """
        if self.alive():
            raise RuntimeError(f"{self.name} already runs as process {self.pid}")
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.log.exists():
            # The log of the run before is kept to explain its end; older ones would fill the disk.
            self.log.replace(self.folder / f"{self.name}.previous.log")
        with private_file(self.log) as log:
            child = subprocess.Popen(
                [*command],
                env={**(os.environ if inherit else {}), **(env or {}), MARK: str(self.folder)},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        write_private(self.pid_file, f"{child.pid} {_started(child.pid)}\n")
        # From here on, the pid file identifies the child, as for a child of another run.
        child.returncode = 0

    def stop(self, grace: float = 10.0) -> None:
        """End the process and wait for its end; no effect if it does not run."""
        self.terminate()
        if not wait_until(lambda: not self.alive(), grace):
            self._signal(signal.SIGKILL)
            wait_until(lambda: not self.alive(), grace)
        if self.alive():
            raise RuntimeError(f"process {self.pid} ({self.name}) does not end, even when killed")
        self.pid_file.unlink(missing_ok=True)

    def terminate(self) -> None:
        """Request the end of the process, without waiting: several can then end in parallel."""
        self._signal(signal.SIGTERM)

    def last_lines(self, count: int = 5) -> str:
        """Return the end of the log, for an error message."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])

    def _signal(self, number: signal.Signals) -> None:
        if pid := self.pid:
            with suppress(ProcessLookupError):
                os.killpg(pid, number)

    def _recorded(self) -> tuple[int, str] | None:
        try:
            pid, _, started = self.pid_file.read_text().strip().partition(" ")
            return int(pid), started
        except (FileNotFoundError, ValueError):
            return None


def end_strays(folder: Path) -> list[int]:
    """Kill the processes of a folder that are in no pid file; return their pids.

    Such a process exists if the starting process was killed before it wrote the pid file, or if the
    folder was deleted. The variable in their environment identifies them (/proc/PID/environ, man 5
    proc); without /proc none is found.
    """
    mark, inside = f"{MARK}={folder}".encode(), f"{MARK}={folder}/".encode()
    result: list[int] = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        pid = int(entry.parent.name)
        with suppress(OSError):  # of another user, or ended in the meantime
            words = entry.read_bytes().split(b"\0")
            if pid != os.getpid() and any(w == mark or w.startswith(inside) for w in words):
                os.kill(pid, signal.SIGKILL)
                result.append(pid)
    wait_until(lambda: not any(_started(pid) for pid in result), STRAY_SECONDS)
    return result


def free_ports(count: int, keep: Sequence[int] = ()) -> list[int]:
    """Return unused loopback ports; those of `keep` stay the same, each if it is still free."""
    ports: list[int] = []
    others = [port for port in random.sample(_PORTS, 200) if port not in keep]
    for place in range(count):
        candidates = [*keep[place : place + 1], *others]
        free = (port for port in candidates if port not in ports and _free(port))
        if (port := next(free, None)) is None:
            raise RuntimeError(f"no free port between {_PORTS.start} and {_PORTS.stop}")
        ports.append(port)
    return ports


def wait_until(condition: Callable[[], bool], seconds: float, pause: float = 0.02) -> bool:
    """Return whether the condition became true within the time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


@contextmanager
def only_one(path: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold a lock between processes; the system releases it when the holder ends, in any way."""
    with private_file(path, append=True) as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(held, fcntl.LOCK_EX)
        yield


@contextmanager
def private_file(path: Path, *, append: bool = False) -> Iterator[int]:
    """Yield a descriptor of a file for its owner only, whatever the umask."""
    mode = os.O_APPEND if append else os.O_TRUNC
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | mode, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def write_private(path: Path, content: str | bytes) -> None:
    """Replace a file atomically, readable by its owner only."""
    data = content.encode() if isinstance(content, str) else content
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with private_file(fresh) as descriptor, os.fdopen(descriptor, "wb", closefd=False) as file:
        file.write(data)
    fresh.replace(path)


def _free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a port with connections in TIME_WAIT counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def _started(pid: int) -> str | None:
    """Return the start time of a running process, in the system's format; None if it has ended."""
    with suppress(ChildProcessError):
        # Affects only our own child: an ended one would stay a zombie and look alive.
        os.waitpid(pid, os.WNOHANG)
    if Path("/proc/self/stat").exists():
        return _started_by_proc(pid)
    return _ps(pid, "lstart")


def _started_by_proc(pid: int) -> str | None:
    """Return field 22 of /proc/PID/stat (man 5 proc), in ticks since boot, with the boot's id."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The program's name (field 2) may contain spaces and brackets; the state follows the last one.
    state, *rest = stat.rpartition(")")[2].split()
    threads, started = int(rest[16]), rest[18]
    # A zombie with threads is still ending and still holds its ports and locks. One without threads
    # has ended; an init process that reaps nothing, as in many containers, leaves it as a zombie.
    gone = state in "ZX" and threads <= 1
    return None if gone else f"{started}@{boot}"


def _resident(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return int(_ps(pid, "rss") or 0) * 1024


def _ps(pid: int, field: str) -> str | None:
    """Return one field of `ps`, on systems without /proc (macOS)."""
    command = ["ps", "-o", f"{field}=", "-p", str(pid)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return answer.stdout.strip() or None
