"""`rehearse`: previews the changes of the installed code to every stack, before its release."""

from __future__ import annotations

from stackyard_cli import render
from stackyard_cli.options import EstateDir, Json, Parallel, Selection


def rehearse(
    stacks: Selection = None,
    parallel: Parallel = None,
    json: Json = False,
    estate_dir: EstateDir = None,
) -> None:
    """Show what this version of the code would replace, delete, permit and cost; changes nothing.

    Exit code 3 if a resource with data or keys would be replaced or deleted, waived or not.
    """
    from stackyard_cli.deploy.deployment import Deployment
    from stackyard_cli.deploy.options import pace_of
    from stackyard_cli.deploy.rehearsal import rehearse_stacks, stop_at_losses

    previews, blocks = rehearse_stacks(Deployment.open(estate_dir), stacks, pace_of(parallel))
    if json:
        render.answer({"stacks": [block.to_dict() for block in blocks]}, json=True)
    else:
        for line in (line for block in blocks for line in block.lines()):
            render.answer(line, json=False)
    stop_at_losses(blocks, json_printed=json)
    previews.end(json_printed=json)
