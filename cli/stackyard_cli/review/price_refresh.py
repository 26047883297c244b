"""Reads current prices from the AWS Price List API, with the caller's own credentials."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from stackyard_cli.clients.aws import Aws
from stackyard_cli.errors import StackyardError
from stackyard_cli.review import price_list
from stackyard_cli.review.dates import today


def refresh_prices(home: Path, regions: Iterable[str]) -> Iterator[str]:
    """Store the prices of each region below `home`; yield a line for each that was read.

    Raises StackyardError if the API refuses or does not answer.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    client = Aws({}, price_list.PRICE_API_REGION).client("pricing")
    for region in sorted(regions):
        try:
            prices = price_list.refresh(home, region, client, today())
        except (BotoCoreError, ClientError) as error:
            raise StackyardError(
                f"the price API cannot be read: {error}",
                hint="use credentials with `pricing:GetProducts`, or leave out `--refresh`",
            ) from error
        yield f"{region}: {len(prices)} prices read"
