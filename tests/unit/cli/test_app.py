from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from stackyard_cli import app, render
from stackyard_cli.errors import ExitCode, StackyardError
from tests.support.shell import Shell

COMMAND = [sys.executable, "-m", "stackyard_cli"]


def stackyard(*words: str, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload]  # any option of run
        [*COMMAND, *words], capture_output=True, text=True, check=False, **more
    )


@pytest.mark.parametrize("command", app.COMMANDS)
def test_each_verb_explains_itself(shell: Shell, command: str) -> None:
    assert shell.run(command, "--help") == 0
    assert f"Usage: stackyard {command}" in shell.out
    assert shell.err == ""


def test_help_names_each_verb_in_one_line(shell: Shell) -> None:
    assert shell.run() == 0
    bare = shell.out
    assert shell.run("--help") == 0
    assert shell.out == bare
    lines = [line.split() for line in shell.out.splitlines() if line.startswith("  ")]
    assert set(app.COMMANDS) <= {words[0] for words in lines}


def test_the_version_is_printed_without_heavy_imports(shell: Shell) -> None:
    assert shell.run("--version") == 0
    assert shell.out == f"stackyard {version('stackyard')}\n"
    code = (
        "import sys; from stackyard_cli.app import run; run(['--version'])\n"
        "sys.exit(bool({'pulumi', 'boto3', 'pydantic'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("bootstrap", "--repo", "a/b", "--plan"), "--dry-run"),
        (("destroy", "a/b/dev", "--preview"), "--dry-run"),
        (("ci", "receipts", "--forge", "gitlab"), "--git-host"),
    ],
)
def test_the_error_of_a_former_option_names_the_present_one(
    shell: Shell, words: tuple[str, ...], option: str
) -> None:
    assert shell.run(*words) == ExitCode.INVALID
    assert f"hint: the option is `{option}` now" in shell.err


def test_declining_changes_nothing_and_exits_2(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stackyard_sandbox import daemon

    monkeypatch.setattr(daemon, "reset", lambda: pytest.fail("deleted without a yes"))
    monkeypatch.setattr(render, "interactive", lambda: True)
    for typed in ("", "y", "no", "YES"):
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{typed}\n"))
        assert shell.run("sandbox", "reset") == ExitCode.INVALID
        assert "error: nothing deleted: the answer was not `yes`" in shell.err


@pytest.mark.parametrize(
    "words",
    [
        ("upp",),
        ("show",),
        ("show", "a", "b"),
        ("list", "--nothing"),
        ("show", "no/such/stack"),
        ("show", "../../etc/passwd"),
        ("list", "no/such/stack"),
        ("validate", "x"),
        ("schema", "nothing"),
        ("init", "."),
        ("new", "x", "--stage", "dev"),
    ],
)
def test_misuse_is_told_on_stderr_or_as_json_and_exits_2(
    shell: Shell, words: tuple[str, ...]
) -> None:
    assert shell.run(*words) == ExitCode.INVALID
    assert shell.out == ""
    assert "error: " in shell.err
    assert "Traceback" not in shell.err
    answer = shell.answer(*words, code=2)
    assert answer["code"] == 2
    assert answer["error"]
    assert answer["hint"]


def failing(error: BaseException) -> object:
    def command() -> None:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (StackyardError("stopped", code=ExitCode.STOPPED), 3, "error: stopped\n"),
        (StackyardError("no", hint="try"), 1, "error: no\nhint: try\n"),
        (PermissionError(13, "Permission denied", "/f"), 1, "error: /f: permission denied\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (ZeroDivisionError("x"), 1, "error: unexpected ZeroDivisionError: x\nhint: run with"),
    ],
)
def test_every_end_has_its_exit_code(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, told: str
) -> None:
    from stackyard_cli.commands import estate

    monkeypatch.setattr(estate, "validate", failing(error))
    assert shell.run("validate") == code
    assert shell.err.startswith(told)
    assert "Traceback" not in shell.err


def test_an_unexpected_error_is_told_whole_to_whoever_debugs(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stackyard_cli.commands import estate

    monkeypatch.setattr(estate, "validate", failing(ZeroDivisionError("by canary-0123")))
    monkeypatch.setenv("STACKYARD_DEBUG", "1")
    monkeypatch.setenv("REGISTRY_PASSWORD", "canary-0123")
    assert shell.run("validate") == 1
    assert "Traceback" in shell.err
    assert "ZeroDivisionError: by [secret]" in shell.err


def test_a_closed_pipe_is_no_error(shell: Shell) -> None:
    code = f"{' '.join(COMMAND)} schema | head -c 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", code], capture_output=True, text=True, cwd=shell.folder, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "{", "")


def test_piped_output_is_plain_and_a_narrow_locale_is_survived(shell: Shell) -> None:
    shell.write("vision/défauts/dev.yaml", "{}\n")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "FORCE_COLOR": "1"}
    done = stackyard("validate", cwd=shell.folder, env=environment)
    assert done.returncode == 2
    assert "\x1b" not in done.stdout + done.stderr
    assert "d\\xe9fauts" in done.stderr


def on_a_terminal(folder: Path, *words: str, **environment: str) -> bytes:
    """Run with stderr on a pseudo terminal and return what arrives there."""
    leader, follower = pty.openpty()
    done = subprocess.Popen(
        [*COMMAND, *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=follower,
        env={**os.environ, "TERM": "xterm", **environment},
    )
    done.wait(timeout=30)
    os.close(follower)
    told = os.read(leader, 10_000)
    os.close(leader)
    return told


def test_colours_are_for_terminals_that_want_them(shell: Shell) -> None:
    assert b"\x1b[31merror:" in on_a_terminal(shell.folder, "show", "x", NO_COLOR="")
    assert b"\x1b" not in on_a_terminal(shell.folder, "show", "x", NO_COLOR="1")


def test_without_a_terminal_nothing_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(StackyardError) as caught:
        render.ask("Go ahead?")
    assert caught.value.code == ExitCode.INVALID
    assert caught.value.hint == "add `--yes` to confirm"


def test_tables_say_the_same_in_text_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"name": "a", "some_parts": ["x", "y"], "good": True}, {"name": "bb", "more": 1}]
    render.table(("name", "some_parts", "good"), rows, json=False)
    assert capsys.readouterr().out == (
        "NAME  SOME PARTS  GOOD\na     x, y        yes\nbb    -           -\n"
    )
    render.table(("name", "good"), rows, json=True)
    assert '"good": true' in capsys.readouterr().out


def test_help_is_light() -> None:
    code = (
        "import sys; from stackyard_cli import app; app.run(['--help'])\n"
        "heavy = {'pulumi', 'boto3', 'rich', 'pydantic', 'yaml', 'jinja2'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_ctrl_c_while_a_class_is_made_is_an_interrupt(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def wrapped() -> None:
        raise RuntimeError("Error calling __set_name__") from KeyboardInterrupt()

    monkeypatch.setattr(app, "_tree", wrapped)
    assert app.run(["list"]) == 130
    assert capsys.readouterr().err.strip() == "interrupted"
