"""Errors of the toolchain, each with one action."""

from pathlib import Path

COMMAND = "stackyard sandbox build"


class ToolchainError(Exception):
    """A tool is not available; `hint` is one action that solves it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}"


class UnknownTool(ToolchainError):  # noqa: N818 - named for the fact it carries
    """A name that no module builds."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"unknown tool {name!r}", f"choose from {', '.join(known)}")
        self.name = name


class ToolMissing(ToolchainError):  # noqa: N818 - named for the fact it carries
    """A tool that is not built yet, or whose lock file has changed since its build."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the sandbox's {name} is not built", f"run `{COMMAND} {name}`")
        self.name = name


class GoMissing(ToolchainError):  # noqa: N818 - named for the fact it carries
    """Go is missing, or too old for the pinned modules."""

    def __init__(self, current: str | None, needed: str) -> None:
        has = f"found {current}" if current else "found none"
        super().__init__(
            f"Go {needed} or newer is needed to build the sandbox's tools ({has})",
            f"install it (go.dev/doc/install), put `go` on PATH, then run `{COMMAND}`",
        )
        self.found = current


class BuildFailed(ToolchainError):  # noqa: N818 - named for the fact it carries
    """The Go compiler, or the download of a module, failed."""

    def __init__(self, name: str, code: int, log: Path) -> None:
        text = log.read_text(errors="replace")
        last = next((line for line in reversed(text.splitlines()) if line.strip()), "no output")
        super().__init__(
            f"{name} did not build (go exited with {code}): {last}", _action(name, text, log)
        )
        self.name = name
        self.log = log


def _action(name: str, text: str, log: Path) -> str:
    """Return the likely solution, based on Go's output."""
    if "no space left on device" in text:
        return "free some disk (a first build needs about 8 GB), then build again"
    if any(sign in text for sign in ("dial tcp", "no such host", "i/o timeout", "proxyconnect")):
        return "check that Go's module proxy answers (`go env GOPROXY`), then build again"
    return f"read {log}, then run `{COMMAND} {name}` again"


class DefinitionsMissing(ToolchainError):  # noqa: N818 - named for the fact it carries
    """The custom resource definitions of a Go module are not available."""

    def __init__(self, module: str, reason: str) -> None:
        super().__init__(f"no definitions of {module}: {reason}", f"run `{COMMAND}` with Go")
        self.module, self.reason = module, reason
