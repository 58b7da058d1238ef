"""Activities that wait for somebody outside: a person or a connector."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from engine.bpmn.activities import Activity
from engine.bpmn.facts import Facts, OpenJob, OpenTask
from engine.bpmn.model import Element
from engine.bpmn.nodes import ProcessSpec, text_list
from engine.bpmn.scripts import Formula, formula
from engine.errors import ExecutionFailed

if TYPE_CHECKING:
    from engine.bpmn.tokens import Token

DEFAULT_RETRIES = 3


class UserTask(Activity):
    """Waits for a person."""

    waits_outside = True

    def __init__(self, process: ProcessSpec, element: Element, name: str = "") -> None:
        super().__init__(process, element, name)
        fields = (
            "assignee",
            "candidate_groups",
            "candidate_users",
            "form_id",
            "due_date",
            "follow_up_date",
            "priority",
        )
        formulas = {field: formula(getattr(element, field)) for field in fields}
        self.static = {f: x.source for f, x in formulas.items() if x is not None and not x.is_feel}
        self.dynamic = {f: x for f, x in formulas.items() if x is not None and x.is_feel}

    def perform(self, token: Token) -> bool | None:
        if self.dynamic:
            workflow = token.workflow
            scope = workflow.visible(token)
            token.internal_data["task"] = {
                field: expression.evaluate(scope, workflow.environment, self.element.id)
                for field, expression in self.dynamic.items()
            }
        return None

    def describe(self, token: Token, facts: Facts) -> None:
        fields: dict[str, Any] = {**self.static, **token.internal_data.get("task", {})}
        priority = fields.get("priority")
        facts.tasks.append(
            OpenTask(
                token.key,
                self.element.id,
                self.element.name,
                str(fields.get("form_id") or ""),
                str(fields["assignee"]) if fields.get("assignee") else None,
                text_list(fields.get("candidate_groups")),
                text_list(fields.get("candidate_users")),
                fields.get("due_date"),
                fields.get("follow_up_date"),
                _whole_number(priority, self.element.id),
                self.evaluate_properties(token),
                self.process_key,
                self.element.documentation,
                partial(token.workflow.plain, token),
            )
        )


def _whole_number(value: Any, element_id: str) -> int | None:
    if value is None or value == "":
        return None
    try:
        return int(value)
    except (TypeError, ValueError):
        raise ExecutionFailed(
            "the priority is no whole number", kind="bad_value", element_id=element_id, value=repr(value)[:100]
        ) from None


class JobTask(Activity):
    """Waits for a connector (service task, send task with a job type, …)."""

    waits_outside = True

    def __init__(self, process: ProcessSpec, element: Element, name: str = "") -> None:
        super().__init__(process, element, name)
        self.job_type = Formula(element.task_type)
        self.retries = formula(element.retries)

    def perform(self, token: Token) -> bool | None:
        workflow = token.workflow
        evaluated = {
            key: source.evaluate(workflow.visible(token), workflow.environment, self.element.id)
            for key, source in (("type", self.job_type), ("retries", self.retries))
            if source is not None and source.is_feel
        }
        if evaluated:
            token.internal_data["job"] = evaluated
        return None

    def describe(self, token: Token, facts: Facts) -> None:
        kept = token.internal_data.get("job", {})
        retries = kept.get("retries", self.retries.source if self.retries else None)
        count = _whole_number(retries, self.element.id)
        facts.jobs.append(
            OpenJob(
                token.key,
                self.element.id,
                self.element.name,
                str(kept.get("type", self.job_type.source)),
                DEFAULT_RETRIES if count is None else count,
                dict(self.element.headers),
                self.given(token),
                self.process_key,
                self.evaluate_properties(token),
            )
        )
