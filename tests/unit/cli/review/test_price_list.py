"""Prices from the price API, as recorded answers; its own fields are in its documentation."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

from stackyard.budget.prices import AS_OF, prices_of
from stackyard_cli.review import price_list


class PriceApi:
    """Answers one price for every instance type, and nothing for databases."""

    def get_products(self, **query: Any) -> dict[str, Any]:
        wanted = {each["Field"]: each["Value"] for each in query["Filters"]}
        assert wanted["regionCode"] == "eu-central-1"
        if query["ServiceCode"] != "AmazonEC2":
            return {"PriceList": []}
        dimension = {"unit": "Hrs", "pricePerUnit": {"USD": "7.5000000000"}}
        terms = {"OnDemand": {"A.B": {"priceDimensions": {"A.B.C": dimension}}}}
        return {"PriceList": [json.dumps({"terms": terms})]}


def test_what_the_api_says_wins_and_the_rest_stays_as_entered(tmp_path: Path) -> None:
    entered = prices_of("eu-central-1")
    assert price_list.prices(tmp_path, "eu-central-1") == entered
    price_list.refresh(tmp_path, "eu-central-1", PriceApi(), datetime.date(2027, 1, 2))
    found = price_list.prices(tmp_path, "eu-central-1")
    assert (found.as_of, found.of("ec2:g5.xlarge")) == ("2027-01-02", 7.5)
    assert found.of("kms:key") == entered.of("kms:key")
    assert found.of("rds:gp3") == entered.of("rds:gp3")
    assert price_list.prices(tmp_path, "us-east-1").as_of == AS_OF
