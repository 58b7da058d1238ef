"""Owed work: claimed with a lease, done after the commit that owed it, retried with back-off, then an incident."""

from engine.jobs.claiming import next_owed, owes
from engine.jobs.failing import answer_with_error
from engine.jobs.running import run_owed

__all__ = ["answer_with_error", "next_owed", "owes", "run_owed"]
