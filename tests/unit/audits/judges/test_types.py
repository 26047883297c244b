from __future__ import annotations

from audits.judges.handlers import schema
from audits.judges.types import COUNTERPARTS, WITHOUT
from stackyard_sandbox.provider.aws import catalogue


def test_every_type_of_the_sandbox_has_its_counterpart_or_a_reason() -> None:
    assert set(COUNTERPARTS) | set(WITHOUT) == catalogue.tokens()
    assert not set(COUNTERPARTS) & set(WITHOUT)


def test_every_counterpart_is_in_the_registry_with_that_property() -> None:
    for counterpart in COUNTERPARTS.values():
        found = schema(counterpart.kind)
        assert counterpart.part is None or counterpart.part in found["properties"]
