"""The limits of expressions and diagrams: the defaults, the settings that change them, and what happens beyond.

The bounds of XML are walked in ``bpmn/test_reader.py``, those of a step in ``bpmn/test_budgets.py``, those of timers in
``bpmn/test_timers.py``, those of FEEL in ``feel/test_budget.py``.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from engine import drafts
from engine.bpmn import DEFAULTS, Environment, Execution, Limits, build_program, compile_processes, limits_of
from engine.bpmn.dialects import translate
from engine.bpmn.reader import read_xml
from engine.deployments import examine, trial
from engine.domain_functions import expression_limits, host_for
from engine.errors import DeploymentRejected, ExecutionFailed, InvalidInput
from engine.feel import LIMITS, SCRIPT_LIMITS, BudgetExceeded, Host, compile_expression
from engine.instances.limits import limits
from engine.owed import run_due
from engine.settings import Settings
from engine.storage import Incident, ProcessInstance

NOW = datetime(2026, 11, 18, tzinfo=UTC)
MULTI = (
    '<bpmn:multiInstanceLoopCharacteristics xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL">'
    "<bpmn:loopCardinality>{}</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>"
)


def test_the_defaults_are_those_that_were_tried_against_naive_engines():
    assert limits_of(Settings()) == DEFAULTS
    assert (LIMITS.source, SCRIPT_LIMITS.source, LIMITS.nesting, LIMITS.nodes) == (2_000, 20_000, 40, 1_500)
    assert (LIMITS.steps, LIMITS.seconds, LIMITS.string, LIMITS.items) == (50_000, 0.25, 100_000, 10_000)
    assert (LIMITS.result_nodes, LIMITS.result_depth) == (20_000, 20)
    assert (DEFAULTS.steps, DEFAULTS.scope_depth, DEFAULTS.cardinality) == (500, 20, 1_000)
    assert (DEFAULTS.cycle_period, DEFAULTS.cycle_count) == (timedelta(seconds=60), 1_000)
    assert timedelta(days=36_500) <= DEFAULTS.timer_span <= timedelta(days=36_530)
    assert (DEFAULTS.state_bytes, DEFAULTS.file_bytes, DEFAULTS.elements) == (4_000_000, 2_000_000, 20_000)
    assert DEFAULTS.xml_depth == 100


@pytest.fixture
def house(monkeypatch):
    """An installation with settings of its own."""

    def have(**settings: object) -> None:
        for name, value in settings.items():
            monkeypatch.setenv(f"CITYLOOP_{name.upper()}", str(value))
        limits.cache_clear()
        expression_limits.cache_clear()

    yield have
    limits.cache_clear()
    expression_limits.cache_clear()


def test_an_installation_may_want_them_otherwise(house):
    house(
        max_steps=7, max_step_seconds=1, max_state_mb=1, max_instances=3, max_depth=4, max_tokens=5, max_diagram_mb=0.5,
        max_diagram_elements=9, max_expression_steps=100, max_expression_seconds=0.1,
    )  # fmt: skip
    assert limits() == Limits(
        steps=7, seconds=1.0, state_bytes=1_000_000, cardinality=3, scope_depth=4, live_tokens=5, file_bytes=500_000,
        elements=9,
    )  # fmt: skip
    assert expression_limits() == replace(LIMITS, steps=100, seconds=0.1)


def test_whatever_asks_an_expression_is_held_to_the_installation_s_limits(house, session, database, publish, draw):
    house(max_expression_steps=100)
    assert host_for(session).limits == expression_limits(), "forms, choices, signal scopes, what is tried out"
    long = "count(for i in 1..500 return i) &gt; 1"
    condition = f'<bpmn:condition xsi:type="bpmn:tFormalExpression">={long}</bpmn:condition>'
    start = f'<bpmn:conditionalEventDefinition id="cd">{condition}</bpmn:conditionalEventDefinition>'
    publish(draw("report").user("write", "clerk").xml(start))
    run_due(database, Settings(), worker="w")
    told = session.scalars(select(Incident)).one()
    assert told.kind == "trigger_failed" and "100" in told.message
    session.commit()
    house(max_expression_steps=10_000)
    run_due(database, Settings(), worker="w")
    assert session.scalars(select(ProcessInstance.process_key)).all() == ["report"]


def test_the_workbench_takes_files_as_large_as_the_installation_wants(house, session, people, publish, draw):
    publish(draw("small").user("look", "clerk"))
    draft = drafts.open_draft(session, people.designer, "small")
    path = "workflows/small/small.bpmn"
    drawing = draw("small").user("look", "clerk").xml()
    house(max_diagram_mb=(len(drawing) - 1) / 1_000_000)
    with pytest.raises(InvalidInput) as refused:
        drafts.save(session, people.designer, draft.id, path, drawing, revision=1)
    assert refused.value.problems[0].facts["limit"] == len(drawing) - 1
    with pytest.raises(DeploymentRejected):
        translate(drawing, path, limits=limits())
    house(max_diagram_mb=len(drawing) / 1_000_000)
    drafts.save(session, people.designer, draft.id, path, drawing, revision=1)


def test_publication_holds_a_diagram_to_the_installation_s_limits(house, session, draw, remark):
    def codes(count: int) -> set[str]:
        drawing = draw("looks").user("look", extra=MULTI.format(count))
        problems = examine(session, {"forms/remark.form": remark, "workflows/looks/looks.bpmn": drawing.xml()})
        return {problem.code for problem in problems if problem.severity == "error"}

    assert codes(1000) == set() and codes(1001) == {"count_out_of_bounds"}
    house(max_instances=1001, max_diagram_elements=15)
    assert codes(1001) == {"too_many_elements"}


@pytest.mark.parametrize("count", [-1, 1001, 1.5])
def test_a_number_of_instances_outside_the_limits_is_refused_while_running_too(draw, remark, count):
    program = build_program({"a.bpmn": draw("looks").user("look", extra=MULTI.format("= n")).xml()}, "looks")
    with pytest.raises(ExecutionFailed) as failed:
        Execution.start(program, Environment(), {"n": count})
    assert failed.value.kind == "cardinality"


def test_the_trial_is_given_only_so_much_time_and_its_end_is_told(draw, monkeypatch):
    files = {"a.bpmn": draw("looks").user("look").xml()}
    assert trial.try_out(files, ["looks"]) == []
    monkeypatch.setattr(trial, "WALL_SECONDS", 0.01)
    assert [found["code"] for found in trial.try_out(files, ["looks"])] == ["trial_too_long"]


@pytest.mark.parametrize(("bound", "value"), [("MEMORY_BYTES", 1_000_000), ("CPU_SECONDS", 0)])
def test_a_trial_that_eats_all_memory_or_time_is_no_end_of_the_server(draw, tmp_path, monkeypatch, bound, value):
    child = Path(trial.__file__).read_text(encoding="utf-8").replace(f"{bound} = ", f"{bound} = {value}  # ", 1)
    (tmp_path / "trial.py").write_text(child, encoding="utf-8")
    monkeypatch.setattr(trial, "__file__", str(tmp_path / "trial.py"))
    many = "".join(f'<bpmn:task id="t{number}"/>' for number in range(3_000))
    (found,) = trial.try_out({"a.bpmn": draw("looks").user("look").raw(many).xml()}, ["looks"])
    assert found["code"] in {"trial_failed", "trial_memory"}


def test_the_house_bounds_what_an_expression_may_take():
    expression = compile_expression("count(for a in 1..5000 return a * a)")
    assert expression.evaluate({}, Host(now=NOW)) is not None
    with pytest.raises(BudgetExceeded):
        expression.evaluate({}, Host(now=NOW, limits=replace(LIMITS, steps=1_000)))


def test_an_expression_or_script_that_is_too_long_is_refused_at_publication(draw):
    for length, too_long in ((19_000, False), (20_100, True)):
        text = '= "' + "字" * length + '"'
        _, problems = compile_processes({"a.bpmn": draw("p").script("s", text, "x").xml()})
        assert ("bad_expression" in {problem.code for problem in problems}) is too_long, problems


def test_a_file_as_large_as_allowed_is_read_and_one_byte_more_is_not():
    whole = f'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">{" " * 100}</definitions>'.encode()
    assert read_xml(whole, "x.bpmn", replace(DEFAULTS, file_bytes=len(whole)))[0] is not None
    assert read_xml(whole, "x.bpmn", replace(DEFAULTS, file_bytes=len(whole) - 1))[0] is None
