"""Designers at the workbench: ``bench("designer")`` opens windows on a city that has every shipped process."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from engine.demonstration import PASSWORD
from engine.deployments import deploy, load_folder
from engine.permissions import Actor
from engine.storage import Database

HERE = Path(__file__).parent
WALK = HERE / "walk.js"
READY = "#workbench-place[data-ready]"
PATIENCE = 90_000
expect.set_options(timeout=PATIENCE)  # scenarios and sandboxes of a whole city, on machines that do other things too


class Designer:
    """Somebody at the workbench. ``complaints``: what the page threw or wrote to the console as an error."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.address = address
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _listen(self, message: Any) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def login(self, username: str) -> Designer:
        self.go("/login")
        self.page.fill("#username", username)
        self.page.fill("#password", PASSWORD)
        self.page.locator("main button.btn-primary").click()
        self.page.wait_for_url("**/desk**")
        return self

    def go(self, path: str) -> Page:
        self.page.goto(self.address + path)
        return self.page

    def change(self, bundle: str) -> Page:
        """Open the editor of a bundle."""
        self.go(f"/workbench/bundles/{bundle}")
        self.page.locator('form[action$="/draft"] button').click()
        return self.ready()

    def begin(self, name: str, title: str, kind: str = "service") -> Page:
        """Begin a new process from an empty canvas."""
        self.go("/workbench/")
        self.page.fill("#new-title", title)
        self.page.fill("#new-name", name)
        self.page.select_option("#new-kind", kind)
        self.page.locator('form[action$="/workbench/new"] button').click()
        return self.ready()

    def ready(self) -> Page:
        self.page.wait_for_selector(READY)
        return self.page

    def table(self) -> None:
        self.page.locator('[data-deed="table"]').click()

    def set(self, element: str, field: str, value: str) -> None:
        """Set one setting in the table view, as a keyboard does."""
        control = self.page.locator(f'[data-field="{element}/{field}"]')
        if control.evaluate("each => each.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(value)
            control.blur()

    def append(self, element: str, kind: str) -> str:
        """Append an element after another in the table view; answers its id."""
        self.choose(element, "在其后添加", kind)
        focused = self.page.evaluate("document.activeElement.dataset.field")
        return str(focused).removesuffix("/name")

    def choose(self, element: str, menu: str, label: str) -> None:
        """Choose from a menu of an element's row in the table view, which is filled when one comes to it."""
        control = self.page.locator(f'[data-element="{element}"] select[aria-label="{menu}"]')
        control.focus()
        control.select_option(label=label)

    def is_sound(self, sound: bool = True) -> None:
        """The server has nothing to object to (or has)."""
        self.page.locator('[data-deed="check"]').click()
        errors = "0" if sound else re.compile("[1-9]")
        expect(self.page.locator(".cl-problems-head")).to_have_attribute("data-errors", errors)

    def saved(self) -> None:
        expect(self.page.locator('[data-part="state"]')).to_have_attribute("data-state", "saved")

    def to_review(self) -> str:
        """Go on to the page of the review; answers its address."""
        self.page.locator(".cl-workbench-bar a", has_text="审核与发布").click()
        self.page.wait_for_url("**/review")
        return self.page.url

    def ask_for_review(self, note: str) -> None:
        """Hand the draft in, and see it there."""
        self.page.fill("#note", note)
        self.page.get_by_role("button", name="提交审核").click()
        expect(self.page.get_by_text(note).first).to_be_visible()

    def approve(self, address: str, then: str = "已发布") -> Page:
        """Approve the draft of another person at the address of its review; ``then`` is what it is afterwards."""
        self.page.goto(address)
        self.page.locator('form[action$="/approve"] button.btn-success').click()
        expect(self.page.locator(".badge", has_text=then).first).to_be_visible()
        return self.page


@pytest.fixture
def shipped(city: None, database: Database) -> None:
    """Every shipped process is published."""
    with database.transaction() as session:
        deploy(session, Actor.system("test"), load_folder(), name="shipped", source="folder")


@pytest.fixture
def bench(browser: Browser, address: str, shipped: None) -> Iterator[Callable[..., Designer]]:
    """``bench("designer")``: a window of theirs, logged in."""
    opened: list[BrowserContext] = []

    def open_window(username: str, locale: str = "zh-CN") -> Designer:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, locale=locale, reduced_motion="reduce")
        context.set_default_timeout(PATIENCE)
        opened.append(context)
        return Designer(context, address).login(username)

    yield open_window
    for context in opened:
        context.close()


@pytest.fixture
def walk() -> str:
    """The script that opens everything the diagram editor has."""
    return WALK.read_text(encoding="utf-8")
