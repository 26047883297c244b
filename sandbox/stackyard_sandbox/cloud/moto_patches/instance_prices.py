"""Prices of instance types: on-demand ones by the price list, spot ones by EC2's history.

The numbers are Karpenter's own table (`pkg/providers/pricing` of its module): those of us-east-1,
taken here for every region. A spot price is a fixed share of them.
"""

import functools
import json
import re
from collections.abc import Iterator
from typing import Any

from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import utcnow
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.responses.spot_instances import SpotInstances

from stackyard_sandbox.toolchain import karpenter_prices

TARGET = "AWSPriceListService."
"""How requests for the price list begin their `X-Amz-Target`."""

_SPOT_SHARE = 0.4
_PRICE = re.compile(r'"([a-z0-9-]+\.[a-z0-9-]+)": ([0-9.]+)')


def install() -> None:
    """Answer with prices that differ by type: the emulator's spot prices are all one."""
    SpotInstances.describe_spot_price_history = _history  # type: ignore[method-assign]  # a repair


@functools.cache
def on_demand() -> dict[str, float]:
    """US dollars an hour by instance type."""
    return {name: float(price) for name, price in _PRICE.findall(karpenter_prices())}


def spot(instance: str) -> float | None:
    """US dollars an hour, or None for a type without a price."""
    price = on_demand().get(instance)
    return None if price is None else price * _SPOT_SHARE


class PriceList(BaseResponse):
    """The API of the price list, as far as it is asked for prices of instances.

    Shapes: botocore's model `pricing/2017-10-15`, and for the products
    https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html.
    """

    def __init__(self) -> None:
        super().__init__(service_name="pricing")
        self.automated_parameter_parsing = True

    def get_products(self) -> ActionResult:
        """List products that all filters match, in pages."""
        filters = {each["Field"]: each["Value"] for each in self._get_param("Filters", [])}
        start = int(self._get_param("NextToken") or 0)
        size = int(self._get_param("MaxResults") or 100)
        products = list(_products(filters))
        page = {
            "FormatVersion": "aws_v1",
            "PriceList": [json.dumps(each) for each in products[start : start + size]],
        }
        if start + size < len(products):
            page["NextToken"] = str(start + size)
        return ActionResult(page)


def _products(filters: dict[str, str]) -> Iterator[dict[str, Any]]:
    metal = "bare metal" in filters.get("productFamily", "")
    for name, price in sorted(on_demand().items()):
        if name not in INSTANCE_TYPES or (".metal" in name) is not metal:
            continue
        if filters.get("instanceType", name) != name:
            continue
        dimension = {"unit": "Hrs", "pricePerUnit": {"USD": f"{price:.10f}"}}
        yield {
            "serviceCode": "AmazonEC2",
            "product": {"attributes": {"instanceType": name}},
            "terms": {"OnDemand": {"term": {"priceDimensions": {"rate": dimension}}}},
        }


def _history(self: SpotInstances) -> ActionResult:
    result = self.ec2_backend.describe_spot_price_history(
        self._get_param("InstanceTypes", []), self._filters_from_querystring()
    )
    history = [
        {
            "InstanceType": each["InstanceType"],
            "ProductDescription": "Linux/UNIX",
            "SpotPrice": f"{price:.6f}",
            "AvailabilityZone": each["Location"],
            "Timestamp": utcnow(),
        }
        for each in result
        if (price := spot(each["InstanceType"])) is not None
    ]
    return ActionResult({"SpotPriceHistory": history})
