"""A return that the table refused brings the same work back; the form says why."""

from __future__ import annotations

import json

import pytest

from engine.forms import present
from engine.settings import shipped


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (None, False),
        ({"outcome": "redispatch", "note": "不属职责：须引用清单条目"}, False),
        ({"outcome": "refused", "note": "理由不具体，系统不予退单"}, True),
    ],
)
def test_the_order_that_came_back_says_why_its_return_was_refused(rule: dict[str, str] | None, said: bool) -> None:
    schema = json.loads(shipped("forms").joinpath("order_receipt.form").read_text(encoding="utf-8"))
    shown = present(schema, variables={} if rule is None else {"return_rule": rule})
    assert any("退单未获受理：理由不具体，系统不予退单" in node.text for node in shown) is said
