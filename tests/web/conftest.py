"""People at browsers: ``desk.browser("clerk")`` logs in; a small drawn process of three steps gives them work."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select
from werkzeug.test import TestResponse

from engine.demonstration import PASSWORD
from engine.deployments import deploy
from engine.intake import open_case
from engine.permissions import Actor, actor_for
from engine.settings import Settings
from engine.storage import Case, Database, Person, Task, TaskStatus
from web.app import create_app

DRAWING = (Path(__file__).parent / "three_steps.bpmn").read_bytes()

ACCEPT = {
    "type": "default",
    "id": "accept",
    "components": [
        {"type": "text", "id": "t", "text": "## 受理\n先问清地点。"},
        {
            "type": "radio",
            "key": "decision",
            "label": "受理结果",
            "id": "d",
            "validate": {"required": True},
            "values": [{"label": "受理", "value": "accept"}, {"label": "不予受理", "value": "reject"}],
        },
        {
            "type": "textarea",
            "key": "why",
            "label": "理由",
            "id": "w",
            "conditional": {"hide": '= decision != "reject"'},
            "validate": {"required": True, "minLength": 4},
        },
        {"type": "number", "key": "bags", "label": "袋数", "id": "b", "validate": {"min": 0, "max": 50}},
    ],
}
CLEAN = {
    "type": "default",
    "id": "clean",
    "components": [
        {"type": "textarea", "key": "feedback", "label": "处置情况", "id": "f", "validate": {"required": True}},
        {
            "type": "photo",
            "key": "photo_after",
            "label": "处置后照片",
            "id": "p",
            "properties": {"slot": "after"},
            "validate": {"required": True},
        },
        {"type": "point", "key": "point", "label": "现场位置", "id": "x"},
        {
            "type": "dynamiclist",
            "path": "material",
            "label": "用料",
            "id": "m",
            "components": [{"type": "textfield", "key": "name", "label": "名称", "id": "n"}],
        },
    ],
}
CHECK = {
    "type": "default",
    "id": "check",
    "components": [{"type": "checkbox", "key": "clean_now", "label": "已整洁", "id": "c"}],
}
REPORT = {
    "title": "路边堆放生活垃圾袋",
    "description": "人行道树池旁堆了七八袋生活垃圾。",
    "service_type": "sanitation",
    "district": "福田区",
    "street": "莲花街道",
    "place": "景田北街人行道树池旁",
    "reporter": {"name": "张三丰", "phone": "13812345678"},
}
_TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')


class Browser:
    """Somebody's browser. ``post`` sends the token of the last page along, as the page's forms do."""

    def __init__(self, app: Flask, username: str = "") -> None:
        self.client: FlaskClient = app.test_client()
        self.token = ""
        if username:
            answer = self.login(username)
            assert answer.status_code == 302, answer.text

    def get(self, path: str, **more: Any) -> TestResponse:
        answer = self.client.get(path, **more)
        if found := _TOKEN.search(answer.text if answer.mimetype == "text/html" else ""):
            self.token = found[1]
        return answer

    def post(self, path: str, data: Any = None, **more: Any) -> TestResponse:
        if not self.token:
            self.get("/login")
        return self.client.post(path, data={"csrf_token": self.token, **(data or {})}, **more)

    def login(self, username: str, password: str = PASSWORD) -> TestResponse:
        self.get("/login")
        answer = self.post("/login", {"username": username, "password": password})
        if answer.status_code == 302:
            self.get("/account")
        return answer


class Desk:
    """The application on this test's database, with people and their work."""

    def __init__(self, app: Flask, database: Database) -> None:
        self.app, self.database = app, database

    def browser(self, username: str = "") -> Browser:
        return Browser(self.app, username)

    def actor(self, username: str) -> Actor:
        with self.database.reading() as session:
            key = session.scalars(select(Person.id).where(Person.username == username)).one()
            return actor_for(session, key, "test")

    def open_case(self, **changes: Any) -> int:
        with self.database.transaction() as session:
            return open_case(session, self.actor("clerk"), {**REPORT, **changes}).id

    def task(self, case_id: int) -> Task:
        """The one open task of a case."""
        with self.database.reading() as session:
            wanted = select(Task).where(Task.case_id == case_id, Task.status == TaskStatus.OPEN)
            return session.scalars(wanted).one()

    def case(self, case_id: int) -> Case:
        with self.database.reading() as session:
            return session.get_one(Case, case_id)

    def person(self, username: str) -> Person:
        with self.database.reading() as session:
            return session.scalars(select(Person).where(Person.username == username)).one()


@pytest.fixture
def settings(tmp_path: Any) -> Settings:
    """Settings of this test: its own folder, no limits from outside."""
    return Settings(data_dir=tmp_path / "var", secret_key="for tests only")


@pytest.fixture
def app(database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The application on this test's database."""
    monkeypatch.setattr("web.bundles._manifest", lambda: _NoBundles())
    return create_app(settings, database)


class _NoBundles(dict[str, Any]):
    """Pages are tested without the browser bundles; the browser tests have them."""

    def __missing__(self, name: str) -> dict[str, Any]:
        return {"file": "nothing.js"}


@pytest.fixture
def desk(city: None, app: Flask, database: Database) -> Desk:
    """The application with the demonstration's people and a drawn process of three steps."""
    bundle = {
        "workflows/sanitation/sanitation.bpmn": DRAWING,
        "forms/accept.form": json.dumps(ACCEPT).encode(),
        "forms/check.form": json.dumps(CHECK).encode(),
        "forms/clean.form": json.dumps(CLEAN).encode(),
    }
    with database.transaction() as session:
        deploy(session, Actor.system("test"), bundle, name="test", source="test")
    return Desk(app, database)


@pytest.fixture
def picture() -> Callable[..., tuple[io.BytesIO, str]]:
    """``picture("近景.jpg")``: a small photo as a form sends it."""

    def make(name: str = "照片.jpg", shade: int = 90) -> tuple[io.BytesIO, str]:
        stream = io.BytesIO()
        Image.new("RGB", (120, 90), (shade, 120, 80)).save(stream, "JPEG")
        stream.seek(0)
        return stream, name

    return make
