"""The prices in use: what the price API said when it was last asked, else what was entered by hand.

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
"""The price API answers in few regions, and for all of them."""


def prices(home: Path, region: str) -> Prices:
    """Return the prices of a region; what the API did not say is as it was entered."""
    entered = prices_of(region)
    path = _file(home, region)
    if not path.is_file():
        return entered
    kept = Prices(**json.loads(path.read_text(encoding="utf-8")))
    return Prices(region, kept.as_of, kept.source, {**entered.known, **kept.known})


def refresh(home: Path, region: str, client: Any, today: datetime.date) -> dict[str, float]:
    """Ask the price API for instances and databases that the table names, and keep the answer.

    Prices of gateways, endpoints, keys and secrets stay as entered: the API has no stable names for
    them.
    """
    found: dict[str, float] = {}
    for item in sorted(TABLES.get(region, {})):
        if (query := _query(item, region)) is not None:
            answer = client.get_products(**query, MaxResults=1)
            for price in (each for text in answer["PriceList"] for each in _hourly(text)):
                found[item] = price
    kept = Prices(region, today.isoformat(), "price API for instances and databases", found)
    path = _file(home, region)
    path.write_text(json.dumps(asdict(kept)), encoding="utf-8")
    return found


def _file(home: Path, region: str) -> Path:
    return home / f"prices-{region}.json"


def _query(item: str, region: str) -> dict[str, Any] | None:
    kind, _, rest = item.partition(":")
    if kind == "ec2":
        wanted = {
            "instanceType": rest,
            "operatingSystem": "Linux",
            "tenancy": "Shared",
            "capacitystatus": "Used",
            "preInstalledSw": "NA",
        }
        return _asked("AmazonEC2", wanted, region)
    if kind == "rds" and rest.startswith("postgres:"):
        wanted = {
            "instanceType": rest.removeprefix("postgres:"),
            "databaseEngine": "PostgreSQL",
            "deploymentOption": "Single-AZ",
        }
        return _asked("AmazonRDS", wanted, region)
    return None


def _asked(service: str, wanted: dict[str, str], region: str) -> dict[str, Any]:
    fields = {**wanted, "regionCode": region}
    return {
        "ServiceCode": service,
        "Filters": [
            {"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in fields.items()
        ],
    }


def _hourly(text: str) -> Iterator[float]:
    """Yield the on-demand price of a product, which the API gives as JSON in JSON."""
    for offer in json.loads(text)["terms"].get("OnDemand", {}).values():
        for dimension in offer["priceDimensions"].values():
            price = float(dimension["pricePerUnit"].get("USD", 0))
            if price and dimension["unit"] == "Hrs":
                yield price
