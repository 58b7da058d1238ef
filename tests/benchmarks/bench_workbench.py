"""The workbench: from opening a draft to a usable canvas, and how long the check of a 100-element diagram takes."""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
import time
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median

from playwright.sync_api import Page, sync_playwright
from sqlalchemy import select
from werkzeug.serving import make_server

from engine import clock, drafts
from engine.demonstration import PASSWORD, load_demonstration
from engine.deployments import deploy, load_folder
from engine.permissions import Actor, actor_for
from engine.reference import load_reference_data
from engine.scenarios import Sandbox
from engine.settings import Settings
from engine.storage import Database, Person
from web.app import create_app

TASKS = 49
ROUNDS = 5
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><bpmn:definitions '
    'xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" '
    'xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" '
    'xmlns:di="http://www.omg.org/spec/DD/20100524/DI" id="definitions" targetNamespace="http://cityloop">'
)


def hundred() -> bytes:
    """A chain of a start, 49 tasks, 49 flows more than that, and an end: 101 elements."""
    chain = ["begin", *(f"step_{number}" for number in range(TASKS)), "done"]
    flows = list(pairwise(chain))
    nodes, shapes = [], []
    for place, name in enumerate(chain):
        ways = f"<bpmn:incoming>f{place - 1}</bpmn:incoming>" if place else ""
        ways += f"<bpmn:outgoing>f{place}</bpmn:outgoing>" if place < len(flows) else ""
        tag = "startEvent" if not place else "endEvent" if name == "done" else "userTask"
        said = (
            '<bpmn:extensionElements><zeebe:assignmentDefinition candidateGroups="clerk"/><zeebe:formDefinition '
            'formId="check_result"/><zeebe:properties><zeebe:property name="limit" value="4 工作时"/><zeebe:property '
            'name="escalateTo" value="duty_chief"/></zeebe:properties></bpmn:extensionElements>'
            if tag == "userTask"
            else ""
        )
        nodes.append(f'<bpmn:{tag} id="{name}" name="{name}">{said}{ways}</bpmn:{tag}>')
        x, y = 100 + place % 10 * 160, 100 + place // 10 * 140
        shapes.append(
            f'<bpmndi:BPMNShape id="{name}_di" bpmnElement="{name}"><dc:Bounds x="{x}" y="{y}" width="100" '
            f'height="80"/></bpmndi:BPMNShape>'
        )
    for number, (source, target) in enumerate(flows):
        nodes.append(f'<bpmn:sequenceFlow id="f{number}" sourceRef="{source}" targetRef="{target}"/>')
        ends = [(100 + p % 10 * 160 + 50, 100 + p // 10 * 140 + 40) for p in (number, number + 1)]
        points = "".join(f'<di:waypoint x="{x}" y="{y}"/>' for x, y in ends)
        shapes.append(f'<bpmndi:BPMNEdge id="f{number}_di" bpmnElement="f{number}">{points}</bpmndi:BPMNEdge>')
    return (
        f'{HEAD}<bpmn:process id="hundred" name="hundred" isExecutable="true"><bpmn:extensionElements>'
        f'<zeebe:properties><zeebe:property name="kind" value="shared"/></zeebe:properties>'
        f"</bpmn:extensionElements>{''.join(nodes)}"
        f'</bpmn:process><bpmndi:BPMNDiagram id="d"><bpmndi:BPMNPlane id="p" bpmnElement="hundred">{"".join(shapes)}'
        f"</bpmndi:BPMNPlane></bpmndi:BPMNDiagram></bpmn:definitions>"
    ).encode()


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="cityloop-bench-") as folder:
        database = Database(f"sqlite:///{folder}/bench.sqlite3")
        database.create_all()
        with database.transaction() as session:
            load_reference_data(session)
            load_demonstration(session)
        with database.transaction() as session:
            deploy(session, Actor.system("bench"), load_folder(), name="shipped", source="folder")
        with database.transaction() as session:
            key = session.scalars(select(Person.id).where(Person.username == "designer")).one()
            designer = actor_for(session, key, "bench")
            draft = drafts.new_bundle(
                session, designer, "hundred", "hundred", {"workflows/hundred/hundred.bpmn": hundred()}
            )
            number = draft.id
            seconds = [_timed(lambda: drafts.findings(session, draft)) for _ in range(ROUNDS + 1)]
        print(f"check of a 100-element diagram: first {seconds[0]:.2f} s, then {median(seconds[1:]):.2f} s (aim 1 s)")
        _sandboxes(Settings(data_dir=Path(folder)))
        if CHROMIUM is None:
            print("no Chromium on this machine: opening the workbench not measured")
        else:
            _open(database, Settings(data_dir=Path(folder), secret_key="bench"), number)
        database.close()


def _sandboxes(settings: Settings) -> None:
    """A trial's sandbox with every process of the city: the first of all, another moment, a changed draft."""
    files = load_folder()
    changed = {**files, "workflows/hundred/hundred.bpmn": hundred()}
    seconds = []
    for day, brought in enumerate((files, files, changed)):
        with tempfile.TemporaryDirectory() as folder:
            moment = clock.now() + timedelta(days=day)
            seconds.append(_timed(lambda: Sandbox.create(settings, Path(folder), brought, moment).close()))  # noqa: B023
    first, again, other = seconds
    print(f"a sandbox of the whole city: first {first:.2f} s, again {again:.2f} s, with a changed draft {other:.2f} s")


def _timed(deed: object) -> float:
    began = time.perf_counter()
    deed()  # type: ignore[operator]
    return time.perf_counter() - began


def _open(database: Database, settings: Settings, number: int) -> None:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, create_app(settings, database), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{address}/login")
        page.fill("#username", "designer")
        page.fill("#password", PASSWORD)
        page.locator("main button.btn-primary").click()
        page.wait_for_url("**/desk**")
        seconds = [_timed(lambda: _usable(page, f"{address}/workbench/drafts/{number}")) for _ in range(ROUNDS + 1)]
        print(f"opening to a usable canvas: cold {seconds[0]:.2f} s, warm {median(seconds[1:]):.2f} s (aim 2 s)")
        began = time.perf_counter()
        with page.expect_response("**/check"):
            page.locator('[data-deed="check"]').click()
        print(f"check from the button to the answer: {time.perf_counter() - began:.2f} s (aim 1 s)")
        browser.close()
    server.shutdown()


def _usable(page: Page, address: str) -> None:
    page.goto("about:blank")
    page.goto(address)
    page.wait_for_selector('#workbench-place[data-ready] [data-element-id="step_1"]')


if __name__ == "__main__":
    main()
