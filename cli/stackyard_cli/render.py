"""The only printer: answers to stdout, everything else to stderr, colours only on a terminal."""

from __future__ import annotations

import json as encoder
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TextIO

from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.masking import Mask

Style = Literal["bold", "dim", "red", "green", "yellow", "cyan"]

SEQUENCES: Mapping[Style, str] = {
    "bold": "\x1b[1m",
    "dim": "\x1b[2m",
    "red": "\x1b[31m",
    "green": "\x1b[32m",
    "yellow": "\x1b[33m",
    "cyan": "\x1b[36m",
}
RESET = "\x1b[0m"
CLEAR_LINE = "\r\x1b[2K"

_status_shown = False


def interactive() -> bool:
    """Return whether a question is possible: both stdin and stderr are a terminal."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def styled(text: str, style: Style, stream: TextIO | None = None) -> str:
    """Return `text` in a style if the stream (stderr by default) is a terminal with colours.

    NO_COLOR is respected: https://no-color.org.
    """
    terminal = (stream or sys.stderr).isatty()
    coloured = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return f"{SEQUENCES[style]}{text}{RESET}" if terminal and coloured else text


def answer(value: Any, *, json: bool, text: str | None = None, with_secrets: bool = False) -> None:
    """Print the answer: `value` as JSON, else `text`, by default `str(value)`.

    `with_secrets` prints secrets unmasked, for answers whose purpose is a secret.
    """
    if json:
        text = encoder.dumps(value, indent=2, ensure_ascii=False, default=str)
    _out(str(value) if text is None else text, with_secrets=with_secrets)


def line(value: Mapping[str, Any]) -> None:
    """Print one event of a long run as one JSON line on stdout."""
    _out(encoder.dumps(value, ensure_ascii=False, default=str))


def table(
    columns: Sequence[str],
    rows: Iterable[Mapping[str, Any]],
    *,
    json: bool,
    data: Any = None,
    with_secrets: bool = False,
) -> None:
    """Print rows as a JSON list, else as a table with aligned columns.

    `data` is printed by `--json` instead of the rows, if it contains more.
    """
    listed = [{column: row.get(column) for column in columns} for row in rows]
    if json:
        answer(listed if data is None else data, json=True, with_secrets=with_secrets)
        return
    cells = [[_cell(row[column]) for column in columns] for row in listed]
    heads = [column.replace("_", " ").upper() for column in columns]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    _out(styled(_aligned(heads, widths), "bold", sys.stdout))
    for row in cells:
        _out(_aligned(row, widths), with_secrets=with_secrets)


def narrate(text: str = "", style: Style | None = None) -> None:
    """Print one line on stderr; it replaces a transient status line."""
    _erase_status()
    text = Mask.of()(text)
    print(styled(text, style) if style else text, file=sys.stderr, flush=True)  # noqa: T201 - printer


def status(text: str) -> None:
    """Show a transient line on a terminal, until the next line; nothing when piped."""
    global _status_shown
    if not sys.stderr.isatty():
        return
    width = max(os.get_terminal_size(sys.stderr.fileno()).columns - 1, 10)
    sys.stderr.write(CLEAR_LINE + text[:width])
    sys.stderr.flush()
    _status_shown = True


def problem(error: StackyardError, *, json: bool) -> None:
    """Print an expected error: text on stderr, or one JSON object on stdout."""
    if json:
        facts = {"error": error.message, "code": int(error.code), "hint": error.hint}
        answer(facts | dict(error.facts), json=True)
        return
    for detail in error.details:
        narrate(detail)
    narrate(f"{styled('error:', 'red')} {error.message}")
    if error.hint:
        narrate(f"{styled('hint:', 'cyan')} {error.hint}")


def ask(question: str) -> str:
    """Ask a person and return the answer; raises StackyardError without a terminal."""
    if not interactive():
        message = f"a confirmation is needed, and there is no terminal: {question}"
        raise StackyardError(message, hint="add `--yes` to confirm", code=ExitCode.INVALID)
    _erase_status()
    sys.stderr.write(f"{question} ")
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def confirm(question: str, *, yes: bool, refusal: str, expected: str = "yes") -> None:
    """Ask before a change, unless `yes` (the option `--yes`) already answers.

    `expected` is the required answer: `yes`, or the name of the affected resource or stack. Raises
    StackyardError with `refusal` and exit code 2 for any other answer.
    """
    if not yes and ask(f"{question} Type `{expected}`:") != expected:
        message = f"{refusal}: the answer was not `{expected}`"
        raise StackyardError(message, code=ExitCode.INVALID)


def _erase_status() -> None:
    global _status_shown
    if _status_shown:
        sys.stderr.write(CLEAR_LINE)
        _status_shown = False


def _cell(value: Any) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "-"
    return str(value)


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return "  ".join(padded).rstrip()


def _out(text: str, *, with_secrets: bool = False) -> None:
    _erase_status()
    print(text if with_secrets else Mask.of()(text), flush=True)  # noqa: T201 - the only printer
