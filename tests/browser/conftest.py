"""A real browser on a live server: Debian's Chromium through pytest-playwright.

Where there is no Chromium these tests are skipped with a line that says so, except when ``CI`` is set: there they fail.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler, make_server

from engine.demonstration import PASSWORD
from engine.settings import Settings
from engine.storage import Database
from web.app import create_app

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
AXE = Path(__file__).parents[2] / "web" / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
SIZES = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
HERE = Path(__file__).parent


def _shared() -> Any:
    """The people and the drawn process of ``tests/web``."""
    spec = importlib.util.spec_from_file_location("cityloop_web_tests", HERE.parent / "web" / "conftest.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


_web = _shared()
desk, picture = _web.desk, _web.picture


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies here, and skip it where there is no browser."""
    for item in items:
        if not item.path.is_relative_to(HERE):
            continue
        item.add_marker(pytest.mark.browser)
        item.add_marker(pytest.mark.xdist_group("browser"))
        if CHROMIUM is None and not os.environ.get("CI"):
            item.add_marker(pytest.mark.skip(reason="no Chromium on this machine; install it to run the browser tests"))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium; without its sandbox, which root does not get."""
    if CHROMIUM is None:
        pytest.fail("no Chromium on this machine, and CI is set")
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": ["--no-sandbox"]}


@pytest.fixture
def database_url(tmp_path: Path, sqlite_city_template: Path) -> str:
    """Browsers are tested on SQLite only: what differs between databases is tested below the pages."""
    path = tmp_path / "cityloop.sqlite3"
    shutil.copy(sqlite_city_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of this test."""
    return Settings(data_dir=tmp_path / "var", secret_key="for tests only")


@pytest.fixture
def app(database: Database, settings: Settings) -> Flask:
    """The application with its real bundles."""
    return create_app(settings, database)


class Handler(WSGIRequestHandler):
    """Gives up a connection on which nobody asks anything."""

    timeout = 5


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """Where the live server answers; at the end it finishes what was asked before the database goes."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Handler)
    assert isinstance(server, ThreadedWSGIServer)
    server.daemon_threads = False
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


class Person:
    """Somebody at a browser window; what goes wrong in it is kept in ``complaints``."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.context, self.address = context, address
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _listen(self, message: Any) -> None:
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def go(self, path: str) -> Page:
        self.page.goto(self.address + path)
        return self.page

    def login(self, username: str) -> Person:
        page = self.go("/login")
        page.fill("#username", username)
        page.fill("#password", PASSWORD)
        page.locator("main button.btn-primary").click()
        page.wait_for_url("**/desk**")
        return self

    def say(self, locale: str) -> Person:
        if locale != "zh":
            self.page.goto(f"{self.address}/account")
            with self.page.expect_navigation():
                self.page.locator(f'main button[name="locale"][value="{locale}"]').click()
        return self

    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        width: int = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return width

    def barriers(self) -> list[str]:
        """What axe-core finds against WCAG 2.2 AA."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate(
            """() => axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa',
               'best-practice'], rules: {'target-size': {enabled: true}}}).then(r => r.violations)"""
        )
        return [f"{each['id']}: {node['target']} {node['failureSummary']}" for each in found for node in each["nodes"]]


@pytest.fixture
def person(browser: Browser, address: str, desk: Any) -> Iterator[Callable[..., Person]]:
    """``person("clerk", size="phone")``: a window of their own, logged in; without a name at the login page."""
    opened: list[BrowserContext] = []

    def open_window(username: str = "", *, size: str = "desktop", scripts: bool = True, locale: str = "zh") -> Person:
        phone = size == "phone"
        context = browser.new_context(
            reduced_motion="reduce",  # a colour on its way to another is no colour to judge
            viewport=SIZES[size],
            is_mobile=phone,
            has_touch=phone,
            java_script_enabled=scripts,
            locale="zh-CN",
        )
        context.set_default_timeout(10_000)
        opened.append(context)
        someone = Person(context, address)
        return someone.login(username).say(locale) if username else someone

    yield open_window
    for context in opened:
        context.close()
