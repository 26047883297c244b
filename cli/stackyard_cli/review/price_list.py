"""Reads and stores prices: from the last answer of the price API, else from the table.

Fields of the API: https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stackyard.budget.prices import TABLES, Prices, prices_of

PRICE_API_REGION = "us-east-1"
"""The price API exists in few regions, and has the prices of all of them."""


def prices(home: Path, region: str) -> Prices:
    """Return the prices of a region; those missing in the API's answer are from the table."""
    table = prices_of(region)
    path = _file(home, region)
    if not path.is_file():
        return table
    kept = Prices(**json.loads(path.read_text(encoding="utf-8")))
    return Prices(region, kept.as_of, kept.source, {**table.known, **kept.known})


def refresh(home: Path, region: str, client: Any, today: datetime.date) -> dict[str, float]:
    """Read the prices of the table's instances and databases from the price API; store the answer.

    Prices of gateways, endpoints, keys and secrets stay those of the table: the API has no stable
    names for them.
    """
    read: dict[str, float] = {}
    for item in sorted(TABLES.get(region, {})):
        if (query := _query(item, region)) is not None:
            answer = client.get_products(**query, MaxResults=1)
            for price in (each for text in answer["PriceList"] for each in _hourly(text)):
                read[item] = price
    kept = Prices(region, today.isoformat(), "price API for instances and databases", read)
    path = _file(home, region)
    path.write_text(json.dumps(asdict(kept)), encoding="utf-8")
    return read


def _file(home: Path, region: str) -> Path:
    return home / f"prices-{region}.json"


def _query(item: str, region: str) -> dict[str, Any] | None:
    kind, _, rest = item.partition(":")
    if kind == "ec2":
        filters = {
            "instanceType": rest,
            "operatingSystem": "Linux",
            "tenancy": "Shared",
            "capacitystatus": "Used",
            "preInstalledSw": "NA",
        }
        return _request("AmazonEC2", filters, region)
    if kind == "rds" and rest.startswith("postgres:"):
        filters = {
            "instanceType": rest.removeprefix("postgres:"),
            "databaseEngine": "PostgreSQL",
            "deploymentOption": "Single-AZ",
        }
        return _request("AmazonRDS", filters, region)
    return None


def _request(service: str, filters: dict[str, str], region: str) -> dict[str, Any]:
    fields = {**filters, "regionCode": region}
    return {
        "ServiceCode": service,
        "Filters": [
            {"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in fields.items()
        ],
    }


def _hourly(text: str) -> Iterator[float]:
    """Yield the on-demand price of a product, which the API returns as JSON in JSON."""
    for offer in json.loads(text)["terms"].get("OnDemand", {}).values():
        for dimension in offer["priceDimensions"].values():
            price = float(dimension["pricePerUnit"].get("USD", 0))
            if price and dimension["unit"] == "Hrs":
                yield price
