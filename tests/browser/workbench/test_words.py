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


def test_no_english_is_left_in_decisions(bench: Callable[..., Any]) -> None:
    designer = bench("designer")
    page = designer.change("community_service")
    page.locator('[data-path$=".dmn"]').click()
    for view in (0, 1):
        page.locator(".cl-decision-views button").nth(view).click()
    for cell in (".hit-policy", "td.cell.input-cell", "td.cell.output-cell", "td.cell.annotation"):
        page.locator(cell).first.click()
    for place in ("td.rule-index", "td.cell.output-cell", "th.input-cell", "th.output-cell"):
        page.locator(place).first.click(button="right")
        page.keyboard.press("Escape")
    for header in ("th.input-cell", "th.output-cell"):
        page.locator(header).first.dblclick()
        page.keyboard.press("Escape")
    page.locator(".cl-decision-views button").first.click()
    page.locator(".cl-decision .djs-palette .entry").first.hover()
    page.locator('.cl-decision .djs-element[data-element-id="noise_duty"]').click()
    expect(page.locator(".cl-decision .djs-context-pad .entry").first).to_be_visible()
    assert sorted(page.evaluate(MISSING)) == []
    assert designer.complaints == []


EVERY_SETTING = """async () => {
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const { editor } = window.cityloopWorkbench.workbench.current.editor;
  const host = window.cityloopWorkbench.workbench.current.editor.host;
  for (const field of editor.get('formFieldRegistry').getAll()) {
    editor.get('selection').set(field); await wait(60);
    for (const header of host.querySelectorAll('.bio-properties-panel-group-header:not(.open)')) header.click();
    await wait(40);
    for (const add of host.querySelectorAll('.bio-properties-panel-add-entry')) add.click();
    await wait(40);
  }
}"""


def test_no_english_is_left_in_forms_and_scenarios(bench: Callable[..., Any]) -> None:
    designer = bench("designer")
    page = designer.change("community_service")
    page.locator('[data-path="forms/noise_facts.form"]').click()
    expect(page.locator(".fjs-form-editor .fjs-element[data-id]").first).to_be_visible()
    for kind in page.locator(".fjs-palette-field:visible").all():
        kind.press("Enter")
    page.evaluate(EVERY_SETTING)
    page.locator(".fjs-palette-search, .fjs-palette-search-container input").first.fill("没有这个组件")
    assert sorted(page.evaluate(MISSING)) == []
    page.locator('[data-path="forms/report_community.form"]').click()
    expect(page.locator('[data-path="forms/report_community.form"].active')).to_be_visible()
    page.locator('[data-deed="preview"]').click()
    expect(page.locator(".cl-form-preview:visible .field").first).to_be_visible()
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
