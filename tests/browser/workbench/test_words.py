"""The workbench speaks Chinese throughout, and nobody is kept out of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

MISSING = "() => [...window.cityloopWorkbench.missing]"


def test_no_english_is_left_on_a_walk_through_the_diagram_editor(bench: Callable[..., Any], walk: str) -> None:
    designer = bench("designer")
    page = designer.begin("walk_through", "走一遍", "shared")
    broken, missing = page.evaluate(walk)
    assert broken == {}
    page.locator('[data-deed="table"]').click()
    page.locator('[data-deed="table"]').click()
    page.locator(".bts-toggle-mode").click()
    page.locator(".bts-toggle-mode").click()
    page.locator('[data-deed="new-file"]').click()
    page.keyboard.press("Escape")
    page.locator('[data-deed="versions"]').click()
    page.keyboard.press("Escape")
    assert sorted({*missing, *page.evaluate(MISSING)}) == []
    assert designer.complaints == []


def test_no_english_is_left_in_decisions_forms_and_scenarios(bench: Callable[..., Any]) -> None:
    designer = bench("designer")
    page = designer.change("community_service")
    page.locator('[data-path$=".dmn"]').click()
    for view in (0, 1):
        page.locator(".cl-decision-views button").nth(view).click()
    page.locator("td.cell").nth(3).click(button="right")
    page.keyboard.press("Escape")
    for header in (".input-cell", ".output-cell"):
        page.locator(f"th{header}").first.dblclick()
        page.keyboard.press("Escape")
    page.locator('[data-path="forms/noise_facts.form"]').click()
    fields = page.locator(".fjs-form-editor .fjs-element[data-id]")
    expect(fields.first).to_be_visible()
    for index in range(1, fields.count()):
        fields.nth(index).click(position={"x": 10, "y": 8})
    page.locator('[data-deed="preview"]').click()
    expect(page.locator(".cl-form-preview .field").first).to_be_visible()
    page.locator('[data-path$=".yaml"]').first.click()
    expect(page.locator(".cl-scenario:visible")).to_have_count(1)
    assert sorted(page.evaluate(MISSING)) == []
    assert designer.complaints == []


def test_the_maker_of_the_editor_is_named_and_nothing_covers_it(bench: Callable[..., Any]) -> None:
    page = bench("designer").change("check")
    logo = page.locator(".bjs-powered-by")
    expect(logo).to_be_visible()
    assert logo.evaluate(
        """each => { const box = each.getBoundingClientRect();
        return each.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)); }"""
    )
