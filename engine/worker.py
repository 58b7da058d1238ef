"""The worker process: the only file that knows APScheduler. It wakes ``owed``; the truth is in the rows.

APScheduler holds no state: any number of workers may run, and each may be killed at any moment.
"""

from __future__ import annotations

import logging
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from types import FrameType

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.blocking import BlockingScheduler
from sqlalchemy.exc import DBAPIError

from engine.drafts import publish_due
from engine.owed import clean_house, keep_house, run_due, worker_name
from engine.owed.housekeeping import leave
from engine.settings import Settings
from engine.storage import Database

log = logging.getLogger(__name__)
HOUSEKEEPING_SECONDS = 10
CLEANING_SECONDS = 3600


class Worker:
    """One worker process on one database."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database = database
        self.settings = settings
        self.name = worker_name()
        self.counts: Counter[str] = Counter()
        self.scheduler = BlockingScheduler(executors={"default": ThreadPoolExecutor(2)})

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; what was begun is finished first."""
        every = max(1, self.settings.worker_interval_seconds)
        options = {"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
        self.scheduler.add_job(self.look, "interval", seconds=every, **options)
        self.scheduler.add_job(self.keep_house, "interval", seconds=HOUSEKEEPING_SECONDS, **options)
        self.scheduler.add_job(self.clean_house, "interval", seconds=CLEANING_SECONDS, **options)
        self.scheduler.add_listener(_tell_error, EVENT_JOB_ERROR)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        log.info("worker %s looks every %s s", self.name, every)
        _unless_away(self.keep_house)
        _unless_away(self.clean_house)
        self.scheduler.start()
        _unless_away(self._leave)

    def look(self) -> None:
        """Do everything due; as long as there was much, look again at once."""
        while True:
            done = run_due(self.database, self.settings, worker=self.name)
            self.counts.update(done)
            if sum(done.values()) < 100:
                return

    def once(self) -> Iterator[Counter[str]]:
        """Do what is due now, until nothing is, then keep house and stop; tells what each look has done."""
        while done := run_due(self.database, self.settings, worker=self.name):
            self.counts.update(done)
            yield done
        self.keep_house()
        self.clean_house()
        self._leave()

    def keep_house(self) -> None:
        """Heartbeat, seals, drafts to be published at a date; SQLite's log, so that people need not wait for it."""
        keep_house(self.database, self.settings, worker=self.name, counts=self.counts)
        publish_due(self.database, self.settings)
        self.database.checkpoint()

    def clean_house(self) -> None:
        """What is old goes."""
        clean_house(self.database, self.settings)

    def _leave(self) -> None:
        with self.database.transaction() as session:
            leave(session, self.name)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        log.info("worker %s stops", self.name)
        self.scheduler.shutdown(wait=False)


def _unless_away(deed: Callable[[], None]) -> None:
    """A database that restarts just now neither keeps a worker from starting nor makes its end a failure."""
    try:
        deed()
    except DBAPIError as error:
        log.warning("the database does not answer: %s", error.orig)


def _tell_error(event: JobExecutionEvent) -> None:
    log.error("a look failed: %s", event.exception)
