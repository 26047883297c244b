"""A receipt as text for people."""

from __future__ import annotations

from typing import Any


def lines(content: dict[str, Any]) -> list[str]:
    """Return a receipt as lines: cost, stops, warnings, steps."""
    cost = content["cost"]
    moved = f"{cost['delta']['floor']:+,.2f} to {cost['delta']['ceiling']:+,.2f}"
    shown = [
        f"{content['stack']}  {content['created_at']}  digest {content['digest']}",
        f"  cost: {cost['floor']:,.2f} to {cost['ceiling']:,.2f} USD a month ({moved})",
    ]
    if cost["unknown"]:
        shown.append(f"  price not known: {', '.join(cost['unknown'])}")
    shown += [f"  stopped by {stop['kind']}: {stop['message']}" for stop in content["stops"]]
    shown += [f"  warning: {text}" for text in content["warnings"]]
    shown += [f"  nodes: {one['message']}" for one in content.get("nodes", [])]
    for step in content["steps"]:
        paths = f"  [{', '.join(step['paths'])}]" if step["paths"] else ""
        because = f"  because of {', '.join(step['replace_reasons'])}"
        reason = because if step["replace_reasons"] else ""
        origin = f"  ({', '.join(step['origins'])})" if step["origins"] else ""
        shown.append(f"  {step['operation']} {step['type']}  {step['name']}{paths}{reason}{origin}")
    return shown
