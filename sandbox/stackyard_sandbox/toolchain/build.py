"""Builds tools with Go, once per lock file, and reports progress."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from stackyard_sandbox.processes import only_one, private_file
from stackyard_sandbox.toolchain import store
from stackyard_sandbox.toolchain.errors import BuildFailed, GoMissing
from stackyard_sandbox.toolchain.modules import CORE, EXTRA, MINIMUM_GO, Module, module_of

Progress = Callable[[str], None]

_HEARTBEAT = 15.0
_NOT_OURS = ("GOOS", "GOARCH", "GOBIN", "GOWORK")


def build(names: Iterable[str] | None = None, *, progress: Progress) -> dict[str, Path]:
    """Build the named tools that are missing, and return the paths of all named tools.

    The default is all tools except those that build images. The builds run one after the other:
    each uses every core, and Go's build cache shares the packages that two tools have in common.
    """
    wanted = list((*CORE, *EXTRA) if names is None else names)
    todo = store.missing(wanted)
    if todo:
        progress(f"building {', '.join(todo)} with {_require_go()}")
    for name in todo:
        _build_alone(name, progress)
    return {name: store.tool(name) for name in wanted}


def _build_alone(name: str, progress: Progress) -> None:
    """Build one tool unless another run has just built it."""
    module = module_of(name)
    home = store.home(module)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = store.root() / f"{module.name}.lock"
    with only_one(lock, lambda: progress(f"{name}: waiting for another build")):
        if name in store.missing([name]):
            _build(name, module, home, progress)


def _build(name: str, module: Module, home: Path, progress: Progress) -> None:
    """Compile to a file beside the final one, then rename: a tool is never incomplete.

    Its files come first, because a kwok that is there promises that its stages are.
    """
    if name in store.COMPANIONS:
        _copy_companions(name, module)
    binaries = home / "bin"
    binaries.mkdir(exist_ok=True)
    fresh, log = binaries / f".{name}.new", home / f"{name}.log"
    started = time.monotonic()
    command = ["go", "build", *module.flags, "-o", str(fresh), module.programs[name]]
    code = _run(command, module, log, lambda: progress(f"{name}: {_since(started)}"))
    if code != 0:
        fresh.unlink(missing_ok=True)
        raise BuildFailed(name, code, log)
    fresh.replace(binaries / name)
    log.unlink()
    progress(f"{name}: built in {_since(started)}")


def _run(command: list[str], module: Module, log: Path, heartbeat: Callable[[], None]) -> int:
    """Run Go in the module's folder, and report progress while it prints nothing."""
    with private_file(log) as output:
        child = subprocess.Popen(
            command,
            cwd=module.folder,
            env=_environment(cgo=module.cgo),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            while True:
                try:
                    return child.wait(_HEARTBEAT)
                except subprocess.TimeoutExpired:
                    heartbeat()
        finally:
            if child.poll() is None:
                child.terminate()
                child.wait()


def _environment(*, cgo: bool = False) -> dict[str, str]:
    """Return the caller's environment (GOFLAGS, GOPROXY, caches) without unsuitable settings."""
    kept = {key: value for key, value in os.environ.items() if key not in _NOT_OURS}
    # Without cgo no C compiler is needed and the binaries run on any distribution.
    return {**kept, "CGO_ENABLED": str(int(cgo)), "GOWORK": "off"}


def _require_go() -> str:
    """Return the version of Go for the build, or raise an error that explains how to get one."""
    if shutil.which("go") is None:
        raise GoMissing(None, MINIMUM_GO)
    # Checked in a module's folder: there Go may switch to a newer toolchain (GOTOOLCHAIN).
    folder = module_of("kwok").folder
    answer = subprocess.run(
        ["go", "env", "GOVERSION"],
        cwd=folder,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    version = answer.stdout.strip()
    if answer.returncode != 0 or _release(version) < _release(f"go{MINIMUM_GO}"):
        raise GoMissing(version or answer.stderr.strip(), MINIMUM_GO)
    return version


def _release(version: str) -> tuple[int, ...]:
    """Parse `go1.26.8` or `go1.27rc1` as (1, 26): go.mod files require language releases."""
    digits = version.removeprefix("go").replace("rc", ".").replace("-", ".").split(".")
    return tuple(int(part) for part in digits[:2] if part.isdigit())


def _copy_companions(name: str, module: Module) -> None:
    """Take the files of a program from the very module version that it is built from."""
    path, folders = store.COMPANIONS[name]
    source = _module_folder(module, path)
    for folder, target in folders.items():
        for file in sorted((source / folder).rglob("*")):
            copy = store.home(module) / target / file.relative_to(source / folder)
            if file.is_file() and file.name != "kustomization.yaml":
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, copy)


def _module_folder(module: Module, path: str) -> Path:
    """Where Go keeps the source of a required module; downloads it when it is not there."""
    log = store.home(module) / "files.log"
    code = _run(["go", "mod", "download", path], module, log, lambda: None)
    if code != 0:
        raise BuildFailed(module.name, code, log)
    answer = subprocess.run(
        ["go", "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", path],
        cwd=module.folder,
        env=_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return Path(answer.stdout.strip())


def _since(started: float) -> str:
    return f"{time.monotonic() - started:.0f} s"
