"""Mistakes designers make, seeded into shipped processes: how many the check catches, and no false alarm."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import drafts
from engine.deployments import deploy, load_folder
from engine.permissions import Actor
from engine.storage import Draft, DraftFile

LEAST = 0.95
TOLD = {"table_gap", "table_undecided"}
"""True of shipped tables and only told: inputs that no row is meant for."""


@dataclass(frozen=True)
class Fault:
    """One mistake: ``old`` in a file becomes ``new``."""

    name: str
    path: str
    old: str
    new: str


FAULTS = [Fault(**row) for row in yaml.safe_load((Path(__file__).parent / "seeded_faults.yaml").read_text("utf-8"))]
NOISE_FORM = "forms/noise_facts.form"


@pytest.fixture
def city_with_everything(city: None, session: Session) -> Session:
    """Every shipped process is published."""
    deploy(session, Actor.system("test"), load_folder(), name="shipped", source="folder")
    session.commit()
    return session


def opened(session: Session, people: object, path: str) -> Draft:
    bundle = path.split("/")[1] if path.startswith("workflows") else "community_service"
    return drafts.open_draft(session, people["designer"], bundle)  # type: ignore[index]


def seed(session: Session, draft: Draft, fault: Fault) -> bool:
    row = session.scalars(select(DraftFile).where(DraftFile.draft_id == draft.id, DraftFile.path == fault.path)).one()
    text = (row.content or b"").decode()
    changed = re.sub(fault.old, fault.new, text) if fault.old not in text else text.replace(fault.old, fault.new)
    row.content = changed.encode()
    session.flush()
    return changed != text


def test_seeded_faults_are_caught(
    city_with_everything: Session, people: object, capsys: pytest.CaptureFixture[str]
) -> None:
    session = city_with_everything
    escaped, unseeded = [], []
    for fault in FAULTS:
        draft = opened(session, people, fault.path)
        if not seed(session, draft, fault):
            unseeded.append(fault.name)
        if not [p for p in drafts.findings(session, draft) if p.file == fault.path or fault.path == NOISE_FORM]:
            escaped.append(fault.name)
        session.rollback()
    share = 1 - len(escaped) / len(FAULTS)
    with capsys.disabled():
        print(
            f"\nseeded faults caught: {len(FAULTS) - len(escaped)} of {len(FAULTS)} ({share:.0%}); escaped: {escaped}"
        )
    assert unseeded == []
    assert len(FAULTS) >= 30 and share >= LEAST


def test_shipped_processes_raise_no_false_alarm(
    city_with_everything: Session, people: object, capsys: pytest.CaptureFixture[str]
) -> None:
    session = city_with_everything
    found = {}
    for bundle in drafts.bundles(session):
        draft = drafts.open_draft(session, people["designer"], bundle.name)  # type: ignore[index]
        problems = [p for p in drafts.findings(session, draft) if p.code not in TOLD]
        if problems:
            found[bundle.name] = [(p.code, p.element_id, dict(p.facts)) for p in problems]
    assert found == {}
