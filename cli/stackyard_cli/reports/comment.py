"""Renders receipts as one Markdown comment below the host's size limit, risks first.

GitHub limits a comment to 65,536 characters; this one has fewer bytes than that, so it is valid
whether bytes or characters are counted. A part that does not fit is omitted completely, and the
comment says so. Other people choose the names in it, so names are in code spans, where they cannot
be links, mentions or tags.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stackyard.resource_risk import PROTECTED, data_class_of, risk_of
from stackyard_cli.engine.messages import kind_of

MARKER = "<!-- stackyard: review -->"
"""First line of the comment; later runs find the comment with it and update it."""

LIMIT = 65_000
"""Maximum size of a comment in bytes."""

RISKS, TABLE, LEFT_OUT = 16_000, 22_000, 4_000
"""Maximum size of the parts in bytes; the details get the remaining bytes."""

LOSS, NODES = "may lose data", "replaces nodes"
ACCESS, NETWORK = "changes access", "changes the network"
KINDS = (LOSS, NODES, ACCESS, NETWORK)
"""Kinds of risks, the worst first."""

OPERATIONS = ("create", "update", "replace", "delete")


@dataclass(frozen=True)
class Entry:
    """One stack of the comment."""

    stack: str
    operation: str
    steps: Sequence[Mapping[str, Any]] = ()
    problem: str | None = None
    stops: Sequence[str] = ()
    warnings: Sequence[str] = ()
    nodes: Sequence[str] = ()
    """What happens to running nodes, a line for each NodePool."""

    cost: str = ""
    digest: str = ""
    counts: Counter[str] = field(default_factory=Counter)
    risks: Sequence[tuple[str, str]] = ()
    """Kind and line of each risk, the worst first."""

    @property
    def rank(self) -> tuple[int, int, int, str]:
        """Sort key: stacks that are stopped or lose data are first."""
        lost = sum(kind == LOSS for kind, _ in self.risks)
        return (-len(self.stops) - bool(self.problem), -lost, -len(self.risks), self.stack)


def entry(content: Mapping[str, Any]) -> Entry:
    """Return the entry of a receipt, or of one stack of `preview --json`."""
    steps = [_step(step) for step in content.get("steps") or ()]
    steps = [step for step in steps if step["operation"] in OPERATIONS]
    outcome = content.get("outcome", "succeeded")
    nodes: Sequence[Mapping[str, Any]] = content.get("nodes") or ()
    return Entry(
        stack=str(content.get("stack", "?")),
        operation=str(content.get("operation", "preview")),
        steps=steps,
        problem=None if outcome == "succeeded" else str(content.get("problem") or outcome),
        stops=[f"{one['kind']}: {one['message']}" for one in content.get("stops") or ()],
        warnings=[str(text) for text in content.get("warnings") or ()],
        nodes=[str(one["message"]) for one in nodes],
        cost=_cost(content.get("cost")),
        digest=str(content.get("digest", ""))[:12],
        counts=Counter(step["operation"] for step in steps),
        risks=sorted([*_risks(steps), *_running(nodes)], key=lambda risk: KINDS.index(risk[0])),
    )


def rendered(entries: Iterable[Entry]) -> str:
    """Return the comment, always below the limit."""
    ordered = sorted(entries, key=lambda each: each.rank)
    changing = [each for each in ordered if each.steps or each.problem or each.stops]
    lines = [MARKER, f"### Stackyard: {_title(ordered, changing)}", ""]
    lines += _bounded(_risk_lines(ordered), RISKS, lambda n: f"- and {n} more, in the receipts")
    rows = [_row(each) for each in changing]
    if rows:
        lines += ["", "| stack | create | update | replace | delete | cost a month | receipt |"]
        lines += ["|---|---|---|---|---|---|---|"]
        lines += _bounded(rows, TABLE, lambda n: f"| and {n} more | | | | | | |")
    text = "\n".join(lines)
    return text + _details(changing, LIMIT - _size(text) - LEFT_OUT)


def code(text: object, limit: int = 120) -> str:
    """Return a text as a code span of one line; a long text is shortened in the middle."""
    shown = "".join(each if each.isprintable() else " " for each in str(text))
    shown = shown.replace("`", "'").replace("|", "¦").strip() or "-"
    if len(shown) > limit:
        half = limit // 2 - 1
        shown = f"{shown[:half]}…{shown[-half:]}"
    return f"`{shown}`"


def _title(ordered: Sequence[Entry], changing: Sequence[Entry]) -> str:
    stopped = sum(bool(each.stops or each.problem) for each in ordered)
    text = f"{len(changing)} of {len(ordered)} affected stacks change"
    return text + (f", {stopped} cannot be applied" if stopped else "")


def _risk_lines(ordered: Sequence[Entry]) -> list[str]:
    lines: list[tuple[int, str]] = []
    for each in ordered:
        if each.problem:
            lines.append((0, f"- ⛔ {code(each.stack)} no preview: {code(each.problem, 300)}"))
        lines += [(0, f"- ⛔ {code(each.stack)} stopped: {code(s, 300)}") for s in each.stops]
        for kind, line in each.risks:
            sign = "🔥" if kind == LOSS else "⚠️"
            level = KINDS.index(kind) + 1
            lines.append((level, f"- {sign} {code(each.stack)} {kind}: {line}"))
    return [line for _, line in sorted(lines, key=lambda item: item[0])]


def _risks(steps: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for step in steps:
        line = f"{step['operation']} {code(step['type'], 80)} {code(step['name'], 80)}"
        lost = step["operation"] in {"delete", "replace"} and step["data_class"] in PROTECTED
        if lost and not step["kept"]:
            why = ", ".join(step["replace_reasons"])
            yield LOSS, line + (f" because of {code(why)}" if why else "")
            continue
        risk = risk_of(step["type"])
        if risk.access:
            yield ACCESS, line
        elif risk.network:
            yield NETWORK, line


def _running(nodes: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield what happens to nodes that run, or may run: the cluster did not answer."""
    for one in nodes:
        if one["nodes"] != 0:
            yield NODES, code(one["message"], 300)


def _row(each: Entry) -> str:
    numbers = " | ".join(str(each.counts[one] or "") for one in OPERATIONS)
    mark = "⛔ " if each.stops or each.problem else ""
    removed = " (removed)" if each.operation == "destroy" else ""
    receipt = code(each.digest) if each.digest else ""
    return f"| {mark}{code(each.stack)}{removed} | {numbers} | {each.cost} | {receipt} |"


def _details(changing: Sequence[Entry], room: int) -> str:
    parts: list[str] = []
    left_out: list[str] = []
    for each in changing:
        part = _folded(each)
        if _size(part) <= room:
            parts.append(part)
            room -= _size(part)
        else:
            left_out.append(code(each.stack))
    if left_out:
        named = _bounded(left_out, LEFT_OUT - 300, lambda n: f"and {n} more")
        parts.append(
            "\n\nDetails left out, as a comment has a limit; they are in the receipts: "
            + ", ".join(named)
        )
    return "".join(parts) + "\n"


def _folded(each: Entry) -> str:
    if not (each.steps or each.warnings):
        return ""
    lines = [f"\n\n<details><summary><code>{_html(each.stack)}</code></summary>\n"]
    lines += [f"- warning: {code(text, 300)}" for text in each.warnings]
    lines += [f"- nodes: {code(text, 300)}" for text in each.nodes]
    for step in each.steps:
        kept = ", kept in the cloud" if step["kept"] else ""
        line = f"- {step['operation']} {code(step['type'])} {code(step['name'])}{kept}"
        paths, origins = (", ".join(map(str, step[key])) for key in ("paths", "origins"))
        line += f": {code(paths, 200)}" if paths else ""
        lines.append(line + (f" from {code(origins, 200)}" if origins else ""))
    return "\n".join([*lines, "\n</details>"])


def _html(text: str) -> str:
    return code(text)[1:-1].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    """Return a step of a receipt and a step of a report in the same form."""
    operation = kind_of(str(step.get("operation", "")))
    kind = str(step.get("type", ""))
    paths = step.get("paths") or [change.get("path") for change in step.get("changes") or ()]
    return {
        "operation": operation,
        "type": kind,
        "name": str(step.get("name", "")),
        "paths": paths,
        "origins": step.get("origins") or (),
        "replace_reasons": step.get("replace_reasons") or step.get("replace_keys") or (),
        "data_class": step.get("data_class") or data_class_of(kind),
        "kept": bool(step.get("kept_in_the_cloud") or step.get("retained")),
    }


def _cost(cost: Mapping[str, Any] | None) -> str:
    if not cost:
        return ""
    delta = cost.get("delta") or {}
    moved = f"{delta.get('floor', 0):+,.2f} to {delta.get('ceiling', 0):+,.2f} {cost['currency']}"
    unknown = len(cost.get("unknown") or ())
    return moved + (f", {unknown} prices not known" if unknown else "")


def _bounded(lines: Sequence[str], limit: int, rest: Callable[[int], str]) -> list[str]:
    """Return as many lines as fit, and a line with the number of the others."""
    kept: list[str] = []
    room = limit - 100
    for line in lines:
        room -= _size(line) + 2
        if room < 0:
            return [*kept, rest(len(lines) - len(kept))]
        kept.append(line)
    return kept


def _size(text: str) -> int:
    return len(text.encode(errors="replace"))
